//! Environment: a stage of delivery, made of one or more providers.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ProviderType, condition, pattern, selector};

/// What a platform engineer writes of one stage of delivery.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "harmonix.io",
    version = "v1alpha1",
    kind = "Environment",
    plural = "environments",
    shortname = "hxenv",
    category = "harmonix",
    status = "EnvironmentStatus",
    derive = "PartialEq",
    doc = "A stage of delivery, made of one or more providers.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Level", type_ = "integer", json_path = ".spec.level"),
    printcolumn(name = "Providers", type_ = "string", json_path = ".status.summary"),
    printcolumn(name = "Apps", type_ = "integer", json_path = ".status.applications"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$')").message("metadata.name must be a label: lower-case letters, digits and '-', starting with a letter, no dots; choose such a name"),
    validation = Rule::new("size(self.metadata.name) <= 32").message("metadata.name must be at most 32 characters, since names in AWS and GitLab are made of it; choose a shorter one")
)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentSpec {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), extend("pattern" = pattern::ONE_LINE))]
    pub title: Option<String>,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), extend("pattern" = pattern::ONE_LINE))]
    pub description: Option<String>,
    /// The team that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), extend("pattern" = pattern::ONE_LINE))]
    pub owner: Option<String>,
    /// The system it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), extend("pattern" = pattern::ONE_LINE))]
    pub system: Option<String>,
    /// What runs applications here; every provider must be of this type. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.type is immutable; create another environment instead"))]
    pub r#type: ProviderType,
    /// What the stage is for.
    pub category: Category,
    /// Who may see what runs here. An application that everybody would reach, such as one with
    /// `exposure: public`, is accepted only where this is `public`.
    #[serde(default)]
    pub classification: Classification,
    /// Place in the order of promotion: 1 is the first, 10 the last.
    #[schemars(range(min = 1, max = 10))]
    pub level: i32,
    /// The providers; an application runs on every one of them.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub providers: Vec<EnvironmentProviderReference>,
    /// Namespaces whose applications may use the environment. Default: none.
    #[serde(default)]
    pub allowed_namespaces: AllowedNamespaces,
}

/// A provider of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentProviderReference {
    /// Name of the EnvironmentProvider.
    #[schemars(length(max = 63), extend("pattern" = pattern::LABEL))]
    pub name: String,
}

/// What a stage is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Where developers try things.
    #[default]
    Development,
    /// Where tests run.
    Testing,
    /// The last stop before users.
    Staging,
    /// For experiments. It is promoted to by its level like any other.
    Sandbox,
    /// Where users are.
    Production,
}

impl Category {
    /// The spelling in a spec.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Staging => "staging",
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }
}

/// Who may see what runs in a stage. What everybody reaches runs only where everybody may see it;
/// the other two differ for people, not for the controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Classification {
    /// The owning team.
    #[default]
    Private,
    /// The company.
    Internal,
    /// Everybody.
    Public,
}

impl Classification {
    /// The spelling in a spec.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }
}

/// Namespaces whose applications may use an environment.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[x_kube(validation = Rule::new("(self.from == 'Selector') == has(self.selector)").message("spec.allowedNamespaces.selector goes with from: Selector, and only with it; set from to Selector, or take the selector out"))]
pub struct AllowedNamespaces {
    /// `All`, those that `selector` matches, or `None`.
    #[serde(default)]
    pub from: NamespacesFrom,
    /// Labels of the namespaces. An empty selector matches every namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "selector::selector_schema")]
    pub selector: Option<LabelSelector>,
}

/// Where allowed namespaces come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NamespacesFrom {
    /// Every namespace.
    All,
    /// Those that the selector matches.
    Selector,
    /// None.
    #[default]
    None,
}

/// What is known about an environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentStatus {
    /// The generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is known, condition by condition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "condition::conditions_schema")]
    pub conditions: Vec<Condition>,
    /// Its providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub providers: Vec<EnvironmentProviderStatus>,
    /// `ready/all` providers, for the PROVIDERS column.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 16))]
    pub summary: String,
    /// Accounts it spans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 12)))]
    pub accounts: Vec<String>,
    /// Regions it spans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 32)))]
    pub regions: Vec<String>,
    /// How many applications name it.
    #[serde(default)]
    pub applications: i32,
}

/// One provider of an environment, as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentProviderStatus {
    /// Its name.
    #[schemars(length(max = 63))]
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Its account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 12))]
    pub account: String,
    /// Its region.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 32))]
    pub region: String,
}
