//! EnvironmentProvider: a place in AWS where applications may run.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EffectJournal, PipelineStatus, RepositoryStatus, TemplateStatus, condition, pattern};

/// What a platform engineer writes of one place in AWS.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "harmonix.io",
    version = "v1alpha1",
    kind = "EnvironmentProvider",
    plural = "environmentproviders",
    shortname = "envp",
    category = "harmonix",
    status = "EnvironmentProviderStatus",
    derive = "PartialEq",
    doc = "A place in AWS: one account and region with network, cluster, roles and audit table.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "Account", type_ = "string", json_path = ".spec.account"),
    printcolumn(name = "Region", type_ = "string", json_path = ".spec.region"),
    printcolumn(name = "Repository", type_ = "string", json_path = ".status.repository.webUrl", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$')").message("metadata.name must be a label: lower-case letters, digits and '-', starting with a letter, no dots; choose such a name"),
    validation = Rule::new("size(self.spec.prefix) + size(self.metadata.name) <= 44").message("spec.prefix and metadata.name together must be at most 44 characters, since AWS names are made of both; choose a shorter one"),
    validation = Rule::new("(has(self.spec.roles.provisioning) ? self.spec.roles.provisioning.substring(self.spec.roles.provisioning.lastIndexOf('/') + 1) : self.spec.prefix + '-' + self.metadata.name + '-provisioning-role').lowerAscii() != (has(self.spec.roles.operations) ? self.spec.roles.operations.substring(self.spec.roles.operations.lastIndexOf('/') + 1) : self.spec.prefix + '-' + self.metadata.name + '-operations-role').lowerAscii()").message("spec.roles.provisioning and spec.roles.operations must be two roles, their defaults included, and IAM tells roles apart by their names, not by paths or capitals: pipelines use one, the controller the other; name two")
)]
#[x_kube(
    validation = Rule::new("!has(self.roles.bootstrap) || self.roles.bootstrap.split(':')[4] == self.account").message("spec.roles.bootstrap must be a role of spec.account; correct the account in the ARN"),
    validation = Rule::new("!has(self.roles.provisioning) || self.roles.provisioning.split(':')[4] == self.account").message("spec.roles.provisioning must be a role of spec.account; correct the account in the ARN"),
    validation = Rule::new("!has(self.roles.operations) || self.roles.operations.split(':')[4] == self.account").message("spec.roles.operations must be a role of spec.account; correct the account in the ARN"),
    validation = Rule::new("!has(self.roles.provisioning) || !self.roles.provisioning.contains(':role/harmonix/')").message("spec.roles.provisioning must not be under the path /harmonix/, where pipelines may change roles; choose another path"),
    validation = Rule::new("!has(self.roles.operations) || !self.roles.operations.contains(':role/harmonix/')").message("spec.roles.operations must not be under the path /harmonix/, where pipelines may change roles; choose another path"),
    validation = Rule::new("[self.roles.bootstrap, has(self.roles.provisioning) ? self.roles.provisioning : self.roles.bootstrap, has(self.roles.operations) ? self.roles.operations : self.roles.bootstrap].all(arn, arn.split(':')[1] == (self.region.startsWith('cn-') ? 'aws-cn' : self.region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'))").message("the partition in the ARNs of spec.roles must be the one of spec.region: aws, aws-cn or aws-us-gov"),
    validation = Rule::new("(has(self.repository) && has(self.repository.name) ? self.repository.name : '') == (has(oldSelf.repository) && has(oldSelf.repository.name) ? oldSelf.repository.name : '') && (has(self.repository) && has(self.repository.group) ? self.repository.group : '') == (has(oldSelf.repository) && has(oldSelf.repository.group) ? oldSelf.repository.group : '')").message("spec.repository is immutable: the project would be left behind; create another provider instead")
)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentProviderSpec {
    /// What runs applications here: `ecs` is Amazon ECS on Fargate. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.type is immutable; create another provider instead"))]
    pub r#type: ProviderType,
    /// The AWS account, 12 digits. Immutable.
    #[schemars(length(max = 12), extend("pattern" = pattern::ACCOUNT))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.account is immutable; create another provider instead"))]
    pub account: String,
    /// The AWS region, of the partition aws, aws-cn or aws-us-gov. Immutable.
    #[schemars(length(max = 32), extend("pattern" = pattern::REGION))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.region is immutable; create another provider instead"))]
    pub region: String,
    /// First part of every AWS name of this provider. Immutable.
    #[schemars(length(max = 20), extend("pattern" = pattern::PREFIX))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.prefix is immutable; create another provider instead"))]
    pub prefix: String,
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
    /// `Provision`: a repository and a pipeline of its own build it.
    #[serde(default)]
    pub management: Management,
    /// How it is built.
    #[serde(default)]
    pub infrastructure: Infrastructure,
    /// The IAM roles around it.
    pub roles: Roles,
    /// A new network, or one that exists.
    pub network: Network,
    /// Where its GitLab project is. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<ProviderRepository>,
    /// GitLab groups (subgroups included) whose projects may deploy here. An application outside
    /// them is refused before anything happens.
    #[schemars(length(min = 1, max = 32), inner(length(max = 255), regex(pattern = pattern::GROUP)), extend("x-kubernetes-list-type" = "set"))]
    pub gitlab_groups: Vec<String>,
    /// Observe, never act.
    #[serde(default)]
    pub suspend: bool,
}

/// What runs applications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderType {
    /// Amazon ECS on Fargate.
    #[default]
    Ecs,
}

impl ProviderType {
    /// The spelling in a spec.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
        }
    }
}

/// What the controller may do with the place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Management {
    /// Build it and keep it as the spec says.
    #[default]
    Provision,
}

/// How the place is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Infrastructure {
    /// The language of its infrastructure code.
    #[serde(default)]
    pub engine: Engine,
}

/// The language of infrastructure code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Terraform or OpenTofu.
    #[default]
    Terraform,
}

/// The IAM roles around a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Roles {
    /// The role that the provider's own pipeline assumes to build it.
    #[schemars(length(max = 600), extend("pattern" = pattern::ROLE_ARN))]
    pub bootstrap: String,
    /// The role that applications' pipelines assume. Default: `<prefix>-<name>-provisioning-role` in the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 600), extend("pattern" = pattern::ROLE_ARN))]
    pub provisioning: Option<String>,
    /// The role that the controller assumes. Default: `<prefix>-<name>-operations-role` in the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 600), extend("pattern" = pattern::ROLE_ARN))]
    pub operations: Option<String>,
    /// What the operations role's trust policy asks for. Default: derived from the installation
    /// key and the provider's name, shown in status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), extend("pattern" = pattern::EXTERNAL_ID))]
    pub external_id: Option<String>,
}

/// A new network or one that exists: exactly one of both.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("has(self.create) != has(self.existing)").message("set exactly one of spec.network.create and spec.network.existing"),
    validation = Rule::new("has(self.create) == has(oldSelf.create)").message("spec.network cannot change between create and existing; create another provider instead")
)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Make a VPC with public and private subnets in two zones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.network.create is immutable; create another provider instead"))]
    pub create: Option<CreateNetwork>,
    /// Use a VPC that exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingNetwork>,
}

/// A VPC to make.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateNetwork {
    /// Its IPv4 block, from /16 to /24, without host bits.
    #[schemars(length(max = 18), extend("pattern" = pattern::CIDR))]
    #[x_kube(validation = Rule::new("isCIDR(self) && cidr(self).masked() == cidr(self) && cidr(self).prefixLength() >= 16 && cidr(self).prefixLength() <= 24").message("spec.network.create.cidr must be an IPv4 network from /16 to /24 without host bits, such as 10.20.0.0/16"))]
    pub cidr: String,
}

/// A VPC that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExistingNetwork {
    /// The VPC.
    #[schemars(length(max = 21), extend("pattern" = pattern::VPC))]
    pub vpc_id: String,
    /// Subnets for load balancers that face the internet, in two zones at least.
    #[schemars(length(min = 2, max = 16), inner(length(max = 24), regex(pattern = pattern::SUBNET)), extend("x-kubernetes-list-type" = "set"))]
    pub public_subnet_ids: Vec<String>,
    /// Subnets for tasks, in two zones at least.
    #[schemars(length(min = 2, max = 16), inner(length(max = 24), regex(pattern = pattern::SUBNET)), extend("x-kubernetes-list-type" = "set"))]
    pub private_subnet_ids: Vec<String>,
}

/// Where the provider's GitLab project is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderRepository {
    /// Full path of the group. Default: the controller's `--gitlab-providers-group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255), extend("pattern" = pattern::GROUP))]
    pub group: Option<String>,
    /// Path of the project in its group. Default: the provider's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), extend("pattern" = pattern::PROJECT))]
    pub name: Option<String>,
}

/// What is known about a provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentProviderStatus {
    /// The generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is known, condition by condition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "condition::conditions_schema")]
    pub conditions: Vec<Condition>,
    /// The external id that the operations role's trust policy must ask for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub external_id: String,
    /// Its GitLab project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositoryStatus>,
    /// Its newest pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PipelineStatus>,
    /// The template its infrastructure code was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateStatus>,
    /// What its infrastructure code built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<ProviderOutputs>,
    /// Environments that use it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 63)))]
    pub environments: Vec<String>,
    /// Settled effects and audit records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<EffectJournal>,
}

/// What a provider's infrastructure code built, as read from SSM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderOutputs {
    /// The VPC.
    #[schemars(length(max = 64))]
    pub vpc_id: String,
    /// Its public subnets.
    #[schemars(length(max = 16), inner(length(max = 64)))]
    pub public_subnet_ids: Vec<String>,
    /// Its private subnets.
    #[schemars(length(max = 16), inner(length(max = 64)))]
    pub private_subnet_ids: Vec<String>,
    /// Name of the cluster.
    #[schemars(length(max = 255))]
    pub cluster_name: String,
    /// ARN of the cluster.
    #[schemars(length(max = 512))]
    pub cluster_arn: String,
    /// Name of the audit table.
    #[schemars(length(max = 255))]
    pub audit_table: String,
    /// ARN of the role for pipelines.
    #[schemars(length(max = 600))]
    pub provisioning_role_arn: String,
    /// ARN of the role for the controller.
    #[schemars(length(max = 600))]
    pub operations_role_arn: String,
}
