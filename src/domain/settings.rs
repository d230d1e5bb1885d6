//! What the installation was started with, as far as decisions depend on it.

use std::time::Duration;

use super::identity::InstallationKey;

/// What the annotation that says who asked is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// An admission policy writes it and nobody else can: it is believed.
    Enforced,
    /// Anybody may have written it: it is not looked at.
    Unenforced,
}

/// Values that are the same for every object of an installation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The installation key.
    pub key: InstallationKey,
    /// Group of applications' groups (`<this>/<namespace>`).
    pub applications_group: String,
    /// Group of providers' projects.
    pub providers_group: String,
    /// GitLab's issuer of id tokens, as IAM knows it.
    pub oidc_issuer: String,
    /// Audience of id tokens.
    pub oidc_audience: String,
    /// The controller's own role, which operations roles trust.
    pub controller_principal: String,
    /// Image of jobs that run Terraform and the AWS CLI, by digest.
    pub terraform_image: String,
    /// Image of jobs that build and copy images, by digest.
    pub build_image: String,
    /// Base image of Node applications, by digest.
    pub node_image: String,
    /// Tags of the runners that take our jobs.
    pub runner_tags: Vec<String>,
    /// Extra variables of every job of ours, such as a registry without TLS in a test installation.
    pub job_variables: Vec<(String, String)>,
    /// What the annotation that says who asked is worth.
    pub requested_by: Stamp,
    /// How often something under way is looked at.
    pub poll_interval: Duration,
    /// How often something settled is looked at.
    pub resync_interval: Duration,
    /// How long a pipeline may take to appear.
    pub pipeline_appears_within: Duration,
    /// How long a pipeline may wait for a runner.
    pub pipeline_starts_within: Duration,
    /// How long an effect whose answer was lost may still come to pass.
    pub lost_answer_grace: Duration,
}
