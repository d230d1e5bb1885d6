//! Configuration: flags and environment, read once, checked before anything starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use url::Url;

use crate::domain::identity::InstallationKey;
use crate::domain::settings::Settings;

use super::telemetry::LogFormat;

/// Options of `harmonix run`. Each is also read from the environment variable it names.
#[derive(Args, Debug)]
pub struct RunOptions {
    /// Base URL of the GitLab instance. Its token is sent nowhere else.
    #[arg(long, env = "HARMONIX_GITLAB_URL", value_name = "URL")]
    pub gitlab_url: Url,
    /// File with the GitLab token (scope api). Read again when it changes.
    #[arg(long, env = "HARMONIX_GITLAB_TOKEN_FILE", value_name = "FILE")]
    pub gitlab_token_file: PathBuf,
    /// File with the certificates of a private authority that signed GitLab's certificate, in PEM.
    #[arg(long, env = "HARMONIX_GITLAB_CA_FILE", value_name = "FILE")]
    pub gitlab_ca_file: Option<PathBuf>,
    /// How long one request to GitLab may take.
    #[arg(long, env = "HARMONIX_GITLAB_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub gitlab_timeout: Duration,
    /// GitLab group that holds a group for each namespace of applications.
    #[arg(
        long,
        env = "HARMONIX_GITLAB_APPLICATIONS_GROUP",
        value_name = "PATH",
        default_value = "aws-apps"
    )]
    pub gitlab_applications_group: String,
    /// GitLab group that holds providers' projects.
    #[arg(
        long,
        env = "HARMONIX_GITLAB_PROVIDERS_GROUP",
        value_name = "PATH",
        default_value = "aws-environment-providers"
    )]
    pub gitlab_providers_group: String,
    /// Issuer of GitLab's id tokens, as AWS IAM knows it. Default: the GitLab URL.
    #[arg(long, env = "HARMONIX_GITLAB_OIDC_ISSUER", value_name = "URL")]
    pub gitlab_oidc_issuer: Option<Url>,
    /// Audience of GitLab's id tokens, as AWS IAM knows it. Default: the issuer.
    #[arg(long, env = "HARMONIX_GITLAB_OIDC_AUDIENCE", value_name = "TEXT")]
    pub gitlab_oidc_audience: Option<String>,
    /// File with the installation key: at least 32 random bytes that mark what is ours.
    #[arg(long, env = "HARMONIX_INSTALLATION_KEY_FILE", value_name = "FILE")]
    pub installation_key_file: PathBuf,
    /// ARN of the controller's own role, which providers' operations roles trust.
    #[arg(long, env = "HARMONIX_CONTROLLER_PRINCIPAL", value_name = "ARN")]
    pub controller_principal: String,
    /// Image of jobs that run Terraform, the AWS CLI and skopeo, by digest.
    #[arg(long, env = "HARMONIX_TERRAFORM_IMAGE", value_name = "IMAGE")]
    pub terraform_image: String,
    /// Image of jobs that build images with buildah, by digest.
    #[arg(long, env = "HARMONIX_BUILD_IMAGE", value_name = "IMAGE")]
    pub build_image: String,
    /// Base image of Node applications, by digest.
    #[arg(long, env = "HARMONIX_NODE_IMAGE", value_name = "IMAGE")]
    pub node_image: String,
    /// Tags of the runners that take our jobs.
    #[arg(
        long,
        env = "HARMONIX_RUNNER_TAGS",
        value_name = "TAG",
        value_delimiter = ',',
        default_value = "harmonix"
    )]
    pub runner_tags: Vec<String>,
    /// Extra variable of every job of ours. May be given more than once.
    #[arg(long, env = "HARMONIX_JOB_VARIABLES", value_name = "NAME=VALUE", value_delimiter = ',', value_parser = job_variable)]
    pub job_variable: Vec<(String, String)>,
    /// How often something under way is looked at.
    #[arg(long, env = "HARMONIX_POLL_INTERVAL", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub poll_interval: Duration,
    /// How often something settled is looked at; everything is looked at every tenth time.
    #[arg(long, env = "HARMONIX_RESYNC_INTERVAL", value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub resync_interval: Duration,
    /// How long a pipeline may take to appear after a push.
    #[arg(long, env = "HARMONIX_PIPELINE_APPEARS_WITHIN", value_name = "TIME", default_value = "2m", value_parser = duration)]
    pub pipeline_appears_within: Duration,
    /// How long a pipeline may wait for a runner before that is told.
    #[arg(long, env = "HARMONIX_PIPELINE_STARTS_WITHIN", value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub pipeline_starts_within: Duration,
    /// How long a start whose answer was lost is waited for before it is tried again.
    #[arg(long, env = "HARMONIX_LOST_ANSWER_GRACE", value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub lost_answer_grace: Duration,
    /// How many objects of a kind are worked on at once.
    #[arg(long, env = "HARMONIX_CONCURRENCY", value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// Region of the AWS endpoint that roles are assumed at.
    #[arg(
        long,
        env = "AWS_REGION",
        value_name = "REGION",
        default_value = "us-east-1"
    )]
    pub aws_region: String,
    /// How log lines look.
    #[arg(long, env = "HARMONIX_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: a level, or a filter such as `info,harmonix=debug`.
    #[arg(
        long,
        env = "HARMONIX_LOG_LEVEL",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub log_level: String,
}

impl RunOptions {
    /// The values that decisions depend on.
    ///
    /// # Errors
    /// One sentence that names the option.
    pub fn settings(&self) -> Result<Settings, String> {
        let key = read("--installation-key-file", &self.installation_key_file)?;
        let key = InstallationKey::new(key.trim_ascii()).map_err(|problem| {
            format!(
                "--installation-key-file {}: {problem}",
                self.installation_key_file.display()
            )
        })?;
        read("--gitlab-token-file", &self.gitlab_token_file)?;
        for (option, image) in [
            ("--terraform-image", &self.terraform_image),
            ("--build-image", &self.build_image),
            ("--node-image", &self.node_image),
        ] {
            if !image.contains("@sha256:") {
                return Err(format!(
                    "{option} {image:?} must name an image by digest, such as registry.example.com/tool@sha256:…"
                ));
            }
        }
        if crate::domain::name::RoleArn::parse(&self.controller_principal).is_none() {
            return Err(format!(
                "--controller-principal {:?} must be the ARN of an IAM role",
                self.controller_principal
            ));
        }
        let plain = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let issuer = plain(self.gitlab_oidc_issuer.as_ref().unwrap_or(&self.gitlab_url));
        Ok(Settings {
            key,
            applications_group: self.gitlab_applications_group.trim_matches('/').to_owned(),
            providers_group: self.gitlab_providers_group.trim_matches('/').to_owned(),
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
            poll_interval: self.poll_interval,
            resync_interval: self.resync_interval,
            pipeline_appears_within: self.pipeline_appears_within,
            pipeline_starts_within: self.pipeline_starts_within,
            lost_answer_grace: self.lost_answer_grace,
        })
    }
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, String> {
    let bytes = std::fs::read(path)
        .map_err(|error| format!("{option} {} cannot be read: {error}", path.display()))?;
    if bytes.trim_ascii().is_empty() {
        return Err(format!("{option} {} is empty", path.display()));
    }
    Ok(bytes)
}

/// A time such as `500ms`, `10s`, `2m` or `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text:?} is not a time such as 500ms, 10s, 2m or 1h"))?;
    let unit = match &text[digits.len()..] {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => return Err(format!("{text:?} needs a unit: ms, s, m or h")),
    };
    match u32::try_from(number) {
        Ok(number) if number > 0 => Ok(unit * number),
        Ok(_) | Err(_) => Err(format!(
            "{text:?} must be more than nothing, and less than a lifetime"
        )),
    }
}

fn job_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err(format!("{text:?} must read NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_are_more_than_nothing() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        for wrong in ["", "5", "0s", "s", "5d", "-1s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
