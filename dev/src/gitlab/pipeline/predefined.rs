//! The variables that GitLab predefines.

use super::super::VERSION;
use super::super::model::{Job, Pipeline, Project, User, Variable};
use super::super::moment;
use super::super::repository::Commit;

/// What the variables tell about.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Where the instance is reached.
    pub url: &'a str,
    /// The project.
    pub project: &'a Project,
    /// Who started the pipeline.
    pub user: &'a User,
    /// The commit.
    pub commit: &'a Commit,
    /// The branch or tag.
    pub ref_name: &'a str,
    /// Whether it is a tag.
    pub tag: bool,
    /// The commit before the push.
    pub before_sha: &'a str,
    /// `push` or `api`.
    pub source: &'a str,
}

/// Makes a name fit for host names, as GitLab does.
pub fn slug(text: &str) -> String {
    let lower: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(63)
        .collect();
    lower.trim_matches('-').to_owned()
}

impl Facts<'_> {
    /// Answers what is known before any job exists.
    pub fn variables(&self) -> Vec<Variable> {
        let Self {
            url,
            project,
            user,
            commit,
            ref_name,
            ..
        } = self;
        let namespace = project
            .full_path
            .rsplit_once('/')
            .map_or("", |(namespace, _)| namespace);
        let host = url.split("://").nth(1).unwrap_or_default();
        let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
        let version: Vec<&str> = VERSION.split('.').collect();
        let description = commit
            .message
            .split_once('\n')
            .map_or("", |(_, rest)| rest.trim_start_matches('\n'));
        let protected = project.protection(ref_name).is_some();
        let text = |text: &str| text.to_owned();
        let mut all = vec![
            ("CI", text("true")),
            ("GITLAB_CI", text("true")),
            ("CI_SERVER", text("yes")),
            ("CI_SERVER_NAME", text("GitLab")),
            ("CI_SERVER_URL", text(url)),
            ("CI_SERVER_HOST", text(name)),
            ("CI_SERVER_FQDN", text(host)),
            ("CI_SERVER_PORT", text(port)),
            (
                "CI_SERVER_PROTOCOL",
                text(url.split("://").next().unwrap_or_default()),
            ),
            ("CI_SERVER_VERSION", text(VERSION)),
            (
                "CI_SERVER_VERSION_MAJOR",
                text(version.first().unwrap_or(&"")),
            ),
            (
                "CI_SERVER_VERSION_MINOR",
                text(version.get(1).unwrap_or(&"")),
            ),
            (
                "CI_SERVER_VERSION_PATCH",
                text(version.get(2).unwrap_or(&"")),
            ),
            ("CI_SERVER_REVISION", text("0000000")),
            ("CI_API_V4_URL", format!("{url}/api/v4")),
            ("CI_API_GRAPHQL_URL", format!("{url}/api/graphql")),
            ("CI_PROJECT_ID", project.id.to_string()),
            ("CI_PROJECT_NAME", text(&project.path)),
            ("CI_PROJECT_TITLE", text(&project.name)),
            (
                "CI_PROJECT_DESCRIPTION",
                project.description.clone().unwrap_or_default(),
            ),
            ("CI_PROJECT_PATH", text(&project.full_path)),
            ("CI_PROJECT_PATH_SLUG", slug(&project.full_path)),
            ("CI_PROJECT_NAMESPACE", text(namespace)),
            ("CI_PROJECT_NAMESPACE_ID", project.namespace_id.to_string()),
            (
                "CI_PROJECT_ROOT_NAMESPACE",
                text(namespace.split('/').next().unwrap_or_default()),
            ),
            ("CI_PROJECT_URL", format!("{url}/{}", project.full_path)),
            ("CI_PROJECT_VISIBILITY", text(project.visibility.word())),
            ("CI_CONFIG_PATH", project.ci_config_path()),
            (
                "CI_DEFAULT_BRANCH",
                project.default_branch.clone().unwrap_or_default(),
            ),
            ("CI_COMMIT_SHA", commit.id.clone()),
            ("CI_COMMIT_SHORT_SHA", commit.id.chars().take(8).collect()),
            ("CI_COMMIT_BEFORE_SHA", text(self.before_sha)),
            ("CI_COMMIT_REF_NAME", text(ref_name)),
            ("CI_COMMIT_REF_SLUG", slug(ref_name)),
            ("CI_COMMIT_REF_PROTECTED", protected.to_string()),
            ("CI_COMMIT_TIMESTAMP", commit.committed.clone()),
            ("CI_COMMIT_MESSAGE", commit.message.clone()),
            ("CI_COMMIT_TITLE", text(commit.title())),
            ("CI_COMMIT_DESCRIPTION", text(description)),
            (
                "CI_COMMIT_AUTHOR",
                format!("{} <{}>", commit.author_name, commit.author_email),
            ),
            ("CI_PIPELINE_SOURCE", text(self.source)),
            ("GITLAB_USER_ID", user.id.to_string()),
            ("GITLAB_USER_LOGIN", text(&user.username)),
            ("GITLAB_USER_NAME", text(&user.name)),
            (
                "GITLAB_USER_EMAIL",
                format!("{}@users.noreply.gitlab.example.com", user.username),
            ),
        ];
        let kind = if self.tag {
            "CI_COMMIT_TAG"
        } else {
            "CI_COMMIT_BRANCH"
        };
        all.push((kind, text(ref_name)));
        // What people wrote into a commit or a description is text, never a template.
        all.into_iter()
            .map(|(key, value)| Variable::raw(key, value))
            .collect()
    }
}

/// Answers what is known once the job starts.
pub fn job_variables(
    url: &str,
    project: &Project,
    pipeline: &Pipeline,
    job: &Job,
    folder: &str,
) -> Vec<Variable> {
    let token = job.token.clone().unwrap_or_default();
    let host = url.split("://").nth(1).unwrap_or_default();
    let protocol = url.split("://").next().unwrap_or_default();
    let text = |text: &str| text.to_owned();
    let started = job.started_at.unwrap_or(job.created_at);
    let mut all = vec![
        ("CI_PIPELINE_ID", pipeline.id.to_string()),
        ("CI_PIPELINE_IID", pipeline.iid.to_string()),
        (
            "CI_PIPELINE_URL",
            format!("{url}/{}/-/pipelines/{}", project.full_path, pipeline.id),
        ),
        ("CI_PIPELINE_CREATED_AT", moment::text(pipeline.created_at)),
        (
            "CI_PIPELINE_NAME",
            pipeline.name.clone().unwrap_or_default(),
        ),
        ("CI_JOB_ID", job.id.to_string()),
        (
            "CI_JOB_URL",
            format!("{url}/{}/-/jobs/{}", project.full_path, job.id),
        ),
        ("CI_JOB_NAME", text(&job.spec.name)),
        ("CI_JOB_NAME_SLUG", slug(&job.spec.name)),
        ("CI_JOB_STAGE", text(&job.spec.stage)),
        ("CI_JOB_IMAGE", job.spec.image.clone().unwrap_or_default()),
        ("CI_JOB_STARTED_AT", moment::text(started)),
        (
            "CI_JOB_TIMEOUT",
            job.spec.timeout.unwrap_or_default().to_string(),
        ),
        ("CI_JOB_TOKEN", text(&token)),
        (
            "CI_REPOSITORY_URL",
            format!(
                "{protocol}://gitlab-ci-token:{token}@{host}/{}.git",
                project.full_path
            ),
        ),
        ("CI_PROJECT_DIR", text(folder)),
        (
            "CI_BUILDS_DIR",
            folder
                .rsplit_once('/')
                .map_or("/", |(above, _)| above)
                .to_owned(),
        ),
        ("CI_NODE_TOTAL", text("1")),
        ("CI_RUNNER_ID", text("1")),
        ("CI_RUNNER_DESCRIPTION", text("local runner")),
        ("CI_RUNNER_VERSION", text(VERSION)),
        (
            "CI_RUNNER_TAGS",
            serde_json::json!(job.spec.tags).to_string(),
        ),
        (
            "CI_RUNNER_EXECUTABLE_ARCH",
            format!("linux/{}", std::env::consts::ARCH),
        ),
        ("CI_CONCURRENT_ID", text("0")),
        ("GIT_DEPTH", text("0")),
    ];
    if let Some(environment) = &job.spec.environment {
        all.push(("CI_ENVIRONMENT_NAME", text(&environment.name)));
        all.push(("CI_ENVIRONMENT_SLUG", slug(&environment.name)));
        all.push(("CI_ENVIRONMENT_ACTION", text(&environment.action)));
        all.push((
            "CI_ENVIRONMENT_TIER",
            tier(environment.tier.as_deref(), &environment.name),
        ));
        all.push((
            "CI_ENVIRONMENT_URL",
            environment.url.clone().unwrap_or_default(),
        ));
    }
    all.into_iter()
        .map(|(key, value)| Variable::raw(key, value))
        .collect()
}

/// Answers the tier of an environment: what is written, or what its name suggests.
pub fn tier(written: Option<&str>, name: &str) -> String {
    if let Some(written) = written {
        return written.to_owned();
    }
    let lower = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let tier = if has(&["dev", "review", "trunk"]) {
        "development"
    } else if has(&["test", "tst", "int", "qa", "qc", "control", "quality"]) {
        "testing"
    } else if has(&["stg", "stage", "staging", "pre", "model", "demo", "non"]) {
        "staging"
    } else if has(&["prod", "prd", "live"]) {
        "production"
    } else {
        "other"
    };
    tier.into()
}
