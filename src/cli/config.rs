//! Configuration: flags and environment, read once, checked before anything starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use url::Url;

use crate::domain::group;
use crate::domain::settings::{Settings, Stamp};

use super::telemetry::LogFormat;
use super::value;

/// Options of `harmonix run`. Each is also read from the environment variable it names.
#[derive(Args, Debug)]
pub struct RunOptions {
    /// Base URL of the GitLab instance. Its token is sent nowhere else.
    #[arg(long, env = "HARMONIX_GITLAB_URL", value_name = "URL", value_parser = value::url)]
    pub gitlab_url: Url,
    /// File with the GitLab token (scope api). Read again when it changes.
    #[arg(long, env = "HARMONIX_GITLAB_TOKEN_FILE", value_name = "FILE", value_parser = value::filled_file())]
    pub gitlab_token_file: PathBuf,
    /// File with the certificates of a private authority that signed GitLab's certificate, in PEM.
    /// Default: none, the public authorities.
    #[arg(long, env = "HARMONIX_GITLAB_CA_FILE", value_name = "FILE", value_parser = value::filled_file())]
    pub gitlab_ca_file: Option<PathBuf>,
    /// How long one request to GitLab may take.
    #[arg(long, env = "HARMONIX_GITLAB_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = value::duration)]
    pub gitlab_timeout: Duration,
    /// GitLab group that holds a group for each namespace of applications.
    #[arg(
        long,
        env = "HARMONIX_GITLAB_APPLICATIONS_GROUP",
        value_name = "PATH",
        default_value = "aws-apps",
        value_parser = value::group
    )]
    pub gitlab_applications_group: String,
    /// GitLab group that holds providers' projects. Neither group may lie inside the other.
    #[arg(
        long,
        env = "HARMONIX_GITLAB_PROVIDERS_GROUP",
        value_name = "PATH",
        default_value = "aws-environment-providers",
        value_parser = value::group
    )]
    pub gitlab_providers_group: String,
    /// Issuer of GitLab's id tokens, as AWS IAM knows it. Default: the GitLab URL.
    #[arg(long, env = "HARMONIX_GITLAB_OIDC_ISSUER", value_name = "URL", value_parser = value::issuer)]
    pub gitlab_oidc_issuer: Option<Url>,
    /// Audience of GitLab's id tokens, as AWS IAM knows it. Default: the issuer.
    #[arg(long, env = "HARMONIX_GITLAB_OIDC_AUDIENCE", value_name = "TEXT", value_parser = value::filled)]
    pub gitlab_oidc_audience: Option<String>,
    /// File with the installation key: at least 32 random bytes that mark what is ours.
    #[arg(long, env = "HARMONIX_INSTALLATION_KEY_FILE", value_name = "FILE", value_parser = value::key_file())]
    pub installation_key_file: PathBuf,
    /// ARN of the controller's own role, which providers' operations roles trust.
    #[arg(long, env = "HARMONIX_CONTROLLER_PRINCIPAL", value_name = "ARN", value_parser = value::role_arn)]
    pub controller_principal: String,
    /// Image of jobs that run Terraform, the AWS CLI and skopeo, by digest.
    #[arg(long, env = "HARMONIX_TERRAFORM_IMAGE", value_name = "IMAGE", value_parser = value::image)]
    pub terraform_image: String,
    /// Image of jobs that build images with buildah, by digest.
    #[arg(long, env = "HARMONIX_BUILD_IMAGE", value_name = "IMAGE", value_parser = value::image)]
    pub build_image: String,
    /// Base image of Node applications, by digest.
    #[arg(long, env = "HARMONIX_NODE_IMAGE", value_name = "IMAGE", value_parser = value::image)]
    pub node_image: String,
    /// Tags of the runners that take our jobs, separated by commas.
    #[arg(
        long,
        env = "HARMONIX_RUNNER_TAGS",
        value_name = "TAG",
        value_delimiter = ',',
        default_value = "harmonix",
        value_parser = value::filled
    )]
    pub runner_tags: Vec<String>,
    /// Extra variable of every job of ours. May be given more than once. A comma begins the next one,
    /// so no value holds a comma. Default: none.
    #[arg(long, env = "HARMONIX_JOB_VARIABLES", value_name = "NAME=VALUE", value_delimiter = ',', value_parser = value::job_variable)]
    pub job_variable: Vec<(String, String)>,
    /// Believe the annotation harmonix.io/requested-by, which then names who asked in every audit
    /// record and commit. Give this only where the admission policy that stamps it is installed
    /// (examples/admission): without the policy anybody can sign for another.
    #[arg(long, env = "HARMONIX_REQUESTED_BY_STAMPED", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = clap::ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new())]
    pub requested_by_stamped: bool,
    /// How often something under way is looked at.
    #[arg(long, env = "HARMONIX_POLL_INTERVAL", value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub poll_interval: Duration,
    /// How often something settled is looked at; everything is looked at every tenth time.
    #[arg(long, env = "HARMONIX_RESYNC_INTERVAL", value_name = "TIME", default_value = "1m", value_parser = value::duration)]
    pub resync_interval: Duration,
    /// How long a pipeline may take to appear after a push.
    #[arg(long, env = "HARMONIX_PIPELINE_APPEARS_WITHIN", value_name = "TIME", default_value = "2m", value_parser = value::duration)]
    pub pipeline_appears_within: Duration,
    /// How long a pipeline may wait for a runner before that is told.
    #[arg(long, env = "HARMONIX_PIPELINE_STARTS_WITHIN", value_name = "TIME", default_value = "10m", value_parser = value::duration)]
    pub pipeline_starts_within: Duration,
    /// How long a start whose answer was lost is waited for before it is tried again.
    #[arg(long, env = "HARMONIX_LOST_ANSWER_GRACE", value_name = "TIME", default_value = "1m", value_parser = value::duration)]
    pub lost_answer_grace: Duration,
    /// Take turns with the other replicas: this one acts only while it holds the Lease, and fills its caches meanwhile.
    #[arg(long, env = "HARMONIX_LEADER_ELECTION", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = clap::ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new())]
    pub leader_election: bool,
    /// Name of the Lease that replicas take turns by.
    #[arg(long, env = "HARMONIX_LEASE_NAME", value_name = "NAME", default_value = "harmonix", value_parser = value::lease_name)]
    pub lease_name: String,
    /// Namespace of the Lease. Default: the pod's own; outside of a pod harmonix-system.
    #[arg(long, env = "HARMONIX_LEASE_NAMESPACE", value_name = "NAMESPACE", value_parser = value::namespace)]
    pub lease_namespace: Option<String>,
    /// How long nobody acts after a replica that held the Lease died. It has to renew the Lease in two thirds of
    /// that, or it stops acting.
    #[arg(long, env = "HARMONIX_LEASE_DURATION", value_name = "TIME", default_value = "15s", value_parser = value::lease_duration)]
    pub lease_duration: Duration,
    /// How many objects of a kind are worked on at once.
    #[arg(long, env = "HARMONIX_CONCURRENCY", value_name = "N", default_value_t = 16, value_parser = value::concurrency)]
    pub concurrency: u16,
    /// Region of the AWS endpoint that roles are assumed at.
    #[arg(
        long,
        env = "AWS_REGION",
        value_name = "REGION",
        default_value = "us-east-1",
        value_parser = value::region
    )]
    pub aws_region: String,
    /// Where probes (/livez, /readyz) and metrics (/metrics) are served, without TLS.
    #[arg(
        long,
        env = "HARMONIX_LISTEN",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:8080",
        value_parser = value::address
    )]
    pub listen: SocketAddr,
    /// Where a collector takes traces, by OTLP over HTTP (protobuf), such as http://otel-collector:4318.
    /// Default: none, no traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", value_parser = value::url)]
    pub otlp_endpoint: Option<Url>,
    /// How log lines look.
    #[arg(long, env = "HARMONIX_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: a level, or a filter such as `info,harmonix=debug`.
    #[arg(
        long,
        env = "HARMONIX_LOG_LEVEL",
        value_name = "FILTER",
        default_value = "info",
        value_parser = value::log_filter
    )]
    pub log_level: String,
}

impl RunOptions {
    /// The values that decisions depend on.
    ///
    /// # Errors
    /// What is wrong, with the options it is about.
    pub fn settings(&self) -> Result<Settings, String> {
        let conflicts = self.conflicts();
        if !conflicts.is_empty() {
            return Err(conflicts.join("; "));
        }
        // Every option was checked when it was read; the file may be another by now.
        let key = value::key(&self.installation_key_file)
            .map_err(|problem| format!("--installation-key-file: {problem}"))?;
        let plain = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let issuer = plain(self.gitlab_oidc_issuer.as_ref().unwrap_or(&self.gitlab_url));
        Ok(Settings {
            key,
            applications_group: self.gitlab_applications_group.clone(),
            providers_group: self.gitlab_providers_group.clone(),
            oidc_audience: self
                .gitlab_oidc_audience
                .clone()
                .unwrap_or_else(|| issuer.clone()),
            oidc_issuer: issuer,
            controller_principal: self.controller_principal.clone(),
            terraform_image: self.terraform_image.clone(),
            build_image: self.build_image.clone(),
            node_image: self.node_image.clone(),
            runner_tags: self.runner_tags.clone(),
            job_variables: self.job_variable.clone(),
            requested_by: if self.requested_by_stamped {
                Stamp::Enforced
            } else {
                Stamp::Unenforced
            },
            poll_interval: self.poll_interval,
            resync_interval: self.resync_interval,
            pipeline_appears_within: self.pipeline_appears_within,
            pipeline_starts_within: self.pipeline_starts_within,
            lost_answer_grace: self.lost_answer_grace,
        })
    }

    /// What options say only together that cannot be used.
    fn conflicts(&self) -> Vec<String> {
        let mut conflicts = Vec::new();
        let applications = &self.gitlab_applications_group;
        let providers = &self.gitlab_providers_group;
        if group::overlap(applications, providers) {
            conflicts.push(format!(
                "--gitlab-applications-group {applications} and --gitlab-providers-group {providers} must be two groups, \
                 neither inside the other: whoever pushes below the providers' group can assume the bootstrap roles"
            ));
        }
        if self.gitlab_oidc_issuer.is_none()
            && let Err(problem) = value::issuer(self.gitlab_url.as_str())
        {
            conflicts.push(format!(
                "--gitlab-oidc-issuer is missing, and the GitLab URL cannot be used in its place: {problem}"
            ));
        }
        conflicts
    }
}
