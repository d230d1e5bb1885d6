//! Application: what runs, written by a developer.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    DeploymentStatus, EffectJournal, PipelineStatus, ReleaseStatus, RepositoryStatus,
    RolloutStatus, TemplateStatus, condition, pattern,
};

/// What a developer writes of one application.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "harmonix.io",
    version = "v1alpha1",
    kind = "Application",
    plural = "applications",
    shortname = "hxapp",
    category = "harmonix",
    namespaced,
    status = "ApplicationStatus",
    derive = "PartialEq",
    doc = "An application: its repository, and the environments it runs in.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Template", type_ = "string", json_path = ".spec.template.name"),
    printcolumn(name = "Environments", type_ = "string", json_path = ".status.summary"),
    printcolumn(name = "Repository", type_ = "string", json_path = ".status.repository.webUrl", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$')").message("metadata.name must be a label: lower-case letters, digits and '-', starting with a letter, no dots; choose such a name")
)]
#[x_kube(
    validation = Rule::new("(has(self.repository) && has(self.repository.name) ? self.repository.name : '') == (has(oldSelf.repository) && has(oldSelf.repository.name) ? oldSelf.repository.name : '')").message("spec.repository.name is immutable: the project would be left behind; create another application instead")
)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSpec {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), extend("pattern" = pattern::ONE_LINE))]
    pub title: Option<String>,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), extend("pattern" = pattern::ONE_LINE))]
    pub description: Option<String>,
    /// The team that answers for it. Written into audit records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), extend("pattern" = pattern::ONE_LINE))]
    pub owner: Option<String>,
    /// The system it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), extend("pattern" = pattern::ONE_LINE))]
    pub system: Option<String>,
    /// The template of the catalogue that it starts from.
    pub template: TemplateReference,
    /// Values for the template, in every environment.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "parameters_schema")]
    pub parameters: Map<String, Value>,
    /// Its GitLab project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<ApplicationRepository>,
    /// Where it runs; promoted in ascending level of the environments.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub environments: Vec<ApplicationEnvironment>,
    /// Observe, never act.
    #[serde(default)]
    pub suspend: bool,
}

/// A template of the catalogue.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateReference {
    /// Its name. Immutable: what it seeded belongs to the developers.
    #[schemars(length(max = 63), extend("pattern" = pattern::LABEL))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.template.name is immutable: what it seeded is yours now; create another application instead"))]
    pub name: String,
    /// Its version. Default: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), extend("pattern" = pattern::TEMPLATE_VERSION))]
    pub version: Option<String>,
}

/// The GitLab project of an application. Its group is not the developer's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationRepository {
    /// Path of the project in its group. Default: the application's name. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), extend("pattern" = pattern::PROJECT))]
    pub name: Option<String>,
    /// Who may read it.
    #[serde(default)]
    pub visibility: Visibility,
}

/// Who may read a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Visibility {
    /// Members.
    #[default]
    Private,
    /// Everybody who is signed in.
    Internal,
}

/// One environment of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationEnvironment {
    /// Name of the Environment.
    #[schemars(length(max = 32), extend("pattern" = pattern::LABEL))]
    pub name: String,
    /// Tasks on each provider.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 100))]
    pub replicas: i32,
    /// Environment variables of the application.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub variables: Vec<Variable>,
    /// Values for the template that differ here.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "parameters_schema")]
    pub parameters: Map<String, Value>,
    /// A commit to stay on, or to go back to, without a rebuild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), extend("pattern" = pattern::COMMIT))]
    pub release: Option<String>,
}

/// Any values, however deep: the template's own schema says what they may be.
fn parameters_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 64,
        "x-kubernetes-preserve-unknown-fields": true,
    })
}

const fn one() -> i32 {
    1
}

/// An environment variable: a value, or a secret by its ARN.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("has(self.value) != has(self.secretArn)").message("set exactly one of value and secretArn"),
    validation = Rule::new("!(self.name in ['PORT', 'PATH', 'BASH_ENV', 'ENV', 'GIT_SSH_COMMAND']) && !self.name.startsWith('HARMONIX_') && !self.name.startsWith('LD_') && !self.name.startsWith('CI_') && !self.name.startsWith('AWS_CONTAINER_')").message("this variable is set by the platform or would change how programs start; choose another name")
)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name.
    #[schemars(length(max = 128), extend("pattern" = pattern::VARIABLE))]
    pub name: String,
    /// Its value, readable by everybody who may read the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096), extend("pattern" = pattern::NO_NUL))]
    pub value: Option<String>,
    /// ARN of a Secrets Manager secret or SSM parameter; only the running application reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1200), extend("pattern" = pattern::SECRET_ARN))]
    pub secret_arn: Option<String>,
}

/// What is known about an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationStatus {
    /// The generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is known, condition by condition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "condition::conditions_schema")]
    pub conditions: Vec<Condition>,
    /// `environment:State` of each environment, for the ENVIRONMENTS column.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1024))]
    pub summary: String,
    /// Its GitLab project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositoryStatus>,
    /// The newest build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PipelineStatus>,
    /// The newest commit that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseStatus>,
    /// The template its owned files were made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateStatus>,
    /// The provider whose registry and audit table serve the application as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub home: String,
    /// The last deployment that was started in each environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["environment"]))]
    pub rollouts: Vec<RolloutStatus>,
    /// What runs, by environment and provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["environment", "provider"]))]
    pub deployments: Vec<DeploymentStatus>,
    /// Settled effects and audit records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<EffectJournal>,
}
