//! Makes pipelines, in the order in which GitLab's own chain of checks does.

use std::collections::BTreeSet;
use std::io;

use super::super::instance::Instance;
use super::super::model::{Project, Status, User, Variable};
use super::super::repository::{Commit, Repository, ZEROS};
use super::config::{Config, Template};
use super::document::{Failure, Source};
use super::rule::{self, Scene};
use super::spec::When;
use super::{Facts, JobSpec, expand_all, expand_text};

mod cancel;
mod insert;

use insert::insert;

/// What starts a pipeline.
#[derive(Debug, Clone)]
pub enum Start {
    /// A push, with the commit before it.
    Push {
        /// The commit before; zeros for a new branch.
        before: String,
    },
    /// `POST /pipeline`, with its variables.
    Api {
        /// The variables.
        variables: Vec<Variable>,
    },
}

/// A pipeline that is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The project.
    pub project: Project,
    /// The branch or tag.
    pub ref_name: String,
    /// Whether it is a tag.
    pub tag: bool,
    /// The commit.
    pub sha: String,
    /// What starts it.
    pub start: Start,
    /// Who.
    pub user: User,
}

/// What became of it.
#[derive(Debug)]
pub enum Created {
    /// There is a pipeline of this number; for a push also one that failed or was skipped at once.
    Pipeline(u64),
    /// A push that starts nothing.
    Nothing,
    /// GitLab's reasons for not making one.
    Refused(Vec<String>),
}

const FILTERED: &str = "Pipeline filtered out by workflow rules.";
const EMPTY: &str = "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being added to the pipeline.";

struct Plan {
    config: Config,
    root: Vec<Variable>,
    name: Option<String>,
    auto_cancel: String,
    jobs: Vec<JobSpec>,
}

enum Verdict {
    Plan(Box<Plan>),
    /// Nothing to do, for this reason.
    Nothing(&'static str),
    Invalid(Vec<String>),
    Broken(io::Error),
}

impl From<Failure> for Verdict {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Missing => Self::Nothing("Missing CI config file"),
            Failure::Invalid(error) => Self::Invalid(vec![error]),
            Failure::Broken(error) => Self::Broken(error),
        }
    }
}

/// Makes a pipeline where there is to be one.
pub async fn create(instance: &Instance, request: &Request) -> io::Result<Created> {
    let repository = instance.repository(request.project.id);
    let commit = repository
        .commit_at(&request.sha)
        .await?
        .unwrap_or_default();
    let pushed = matches!(request.start, Start::Push { .. });
    if pushed && asks_to_skip(&commit.message) {
        return Ok(Created::Pipeline(insert(
            instance,
            request,
            None,
            Status::Skipped,
            None,
        )));
    }
    let verdict = plan(instance, request, &repository, &commit, None).await;
    match (verdict, pushed) {
        (Verdict::Plan(plan), _) => {
            let id = insert(instance, request, Some(*plan), Status::Created, None);
            cancel::redundant(instance, &request.project, id, &repository).await?;
            instance.engine.wake();
            Ok(Created::Pipeline(id))
        }
        (Verdict::Nothing(_), true) => Ok(Created::Nothing),
        (Verdict::Nothing(why), false) => Ok(Created::Refused(vec![why.into()])),
        (Verdict::Invalid(errors), true) => {
            let text = Some(errors.join(", "));
            Ok(Created::Pipeline(insert(
                instance,
                request,
                None,
                Status::Failed,
                text,
            )))
        }
        (Verdict::Invalid(errors), false) => Ok(Created::Refused(errors)),
        (Verdict::Broken(error), _) => Err(error),
    }
}

/// Checks a configuration as a push to the default branch would; answers errors and the merged file.
pub async fn lint(
    instance: &Instance,
    request: &Request,
    content: &str,
) -> io::Result<Result<Vec<JobSpec>, Vec<String>>> {
    let repository = instance.repository(request.project.id);
    let commit = match request.sha.as_str() {
        "" => Commit::default(),
        sha => repository.commit_at(sha).await?.unwrap_or_default(),
    };
    match plan(instance, request, &repository, &commit, Some(content)).await {
        Verdict::Plan(plan) => Ok(Ok(plan.jobs)),
        // What would start nothing is still valid.
        Verdict::Nothing(_) => Ok(Ok(Vec::new())),
        Verdict::Invalid(errors) => Ok(Err(errors)),
        Verdict::Broken(error) => Err(error),
    }
}

fn asks_to_skip(message: &str) -> bool {
    let lower = message.to_lowercase();
    [
        "[skip ci]",
        "[ci skip]",
        "[skip-ci]",
        "[ci-skip]",
        "[skip_ci]",
        "[ci_skip]",
    ]
    .iter()
    .any(|mark| lower.contains(mark))
}

async fn plan(
    instance: &Instance,
    request: &Request,
    repository: &Repository,
    commit: &Commit,
    content: Option<&str>,
) -> Verdict {
    let (before, given) = match &request.start {
        Start::Push { before } => (before.as_str(), Vec::new()),
        Start::Api { variables } => (ZEROS, variables.clone()),
    };
    let facts = Facts {
        url: &instance.url,
        project: &request.project,
        user: &request.user,
        commit,
        ref_name: &request.ref_name,
        tag: request.tag,
        before_sha: before,
        source: request.start.word(),
    };
    let look = async {
        let mut paths = BTreeSet::new();
        if !request.sha.is_empty() {
            for entry in repository.tree(&request.sha, "", true).await? {
                paths.insert(entry.path);
            }
        }
        let changed = match before {
            ZEROS => None,
            before => Some(repository.changed_paths(before, &request.sha).await?),
        };
        Ok::<_, io::Error>((paths, changed))
    };
    let (paths, changed) = match look.await {
        Ok(found) => found,
        Err(error) => return Verdict::Broken(error),
    };
    let predefined = facts.variables();
    let source = Source {
        repository,
        sha: &request.sha,
        paths: &paths,
        values: &expand_all(&[predefined.clone(), given.clone()].concat()),
        changed: changed.as_deref(),
    };
    let loaded = match content {
        Some(content) => source.resolve(content).await,
        None => source.load(&request.project.ci_config_path()).await,
    };
    let document = match loaded {
        Ok(document) => document,
        Err(failure) => return failure.into(),
    };
    let config = match Config::read(&document) {
        Ok(config) => config,
        Err(errors) => return Verdict::Invalid(errors),
    };
    let scene = |variables: &[Variable]| Scene {
        values: expand_all(variables),
        paths: &paths,
        changed: changed.as_deref(),
    };
    match select(config, &predefined, &given, scene) {
        Ok(verdict) => verdict,
        Err(error) => Verdict::Invalid(vec![error]),
    }
}

/// Looks at the rules of the workflow and of each job.
fn select<'a>(
    config: Config,
    predefined: &[Variable],
    given: &[Variable],
    scene: impl Fn(&[Variable]) -> Scene<'a>,
) -> Result<Verdict, String> {
    let mut root = config.variables.clone();
    let mut auto_cancel = config.workflow.auto_cancel.clone();
    if let Some(rules) = &config.workflow.rules {
        let all = [predefined, &root, given].concat();
        match rule::first(rules, &scene(&all))? {
            Some(rule) if rule.when != Some(When::Never) => {
                root.extend(rule.variables.clone());
                auto_cancel = rule.auto_cancel.clone().or(auto_cancel);
            }
            Some(_) | None => return Ok(Verdict::Nothing(FILTERED)),
        }
    }
    let values = expand_all(&[predefined, &root, given].concat());
    let name = config
        .workflow
        .name
        .as_ref()
        .map(|name| expand_text(name, &values).trim().to_owned());
    let mut jobs = Vec::new();
    for template in &config.jobs {
        jobs.extend(seed(template, &root, predefined, given, &scene)?);
    }
    if jobs
        .iter()
        .all(|job: &JobSpec| job.stage == ".pre" || job.stage == ".post")
    {
        return Ok(Verdict::Nothing(EMPTY));
    }
    for job in &jobs {
        for need in job.needs.iter().flatten().filter(|need| !need.optional) {
            if !jobs.iter().any(|other| other.name == need.job) {
                return Err(format!(
                    "'{}' job needs '{}' job, but '{}' does not exist in the pipeline. This might be because of the only, except, or rules keywords. To need a job that sometimes does not exist in the pipeline, use needs:optional.",
                    job.name, need.job, need.job
                ));
            }
        }
    }
    Ok(Verdict::Plan(Box::new(Plan {
        root,
        name: name.filter(|name| !name.is_empty()),
        auto_cancel: auto_cancel.unwrap_or_else(|| "conservative".into()),
        jobs,
        config,
    })))
}

fn seed<'a>(
    template: &Template,
    root: &[Variable],
    predefined: &[Variable],
    given: &[Variable],
    scene: &impl Fn(&[Variable]) -> Scene<'a>,
) -> Result<Option<JobSpec>, String> {
    let mut spec = template.spec.clone();
    let inherited: Vec<Variable> = root
        .iter()
        .filter(|variable| template.inherit_variables.takes(&variable.key))
        .cloned()
        .collect();
    let own = std::mem::take(&mut spec.variables);
    let named = [
        Variable::raw("CI_JOB_NAME", spec.name.clone()),
        Variable::raw("CI_JOB_STAGE", spec.stage.clone()),
    ];
    spec.variables = [inherited, own].concat();
    if let Some(rules) = &template.rules {
        let all = [predefined, &named, &spec.variables, given].concat();
        let Some(rule) = rule::first(rules, &scene(&all))? else {
            return Ok(None);
        };
        spec.when = rule.when.unwrap_or(When::OnSuccess);
        spec.variables.extend(rule.variables.clone());
        if let Some(needs) = &rule.needs {
            spec.needs = Some(needs.clone());
        }
        spec.interruptible = rule.interruptible.unwrap_or(spec.interruptible);
        spec.allow_failure = match rule.allow_failure {
            Some(flag) => flag,
            None if template.allow_failure_given => spec.allow_failure,
            // Under `rules` a manual job blocks unless it says otherwise.
            None => false,
        };
    }
    if spec.when == When::Never {
        return Ok(None);
    }
    let values = expand_all(&[predefined, &named, &spec.variables, given].concat());
    spec.resource_group = spec
        .resource_group
        .map(|group| expand_text(&group, &values));
    if let Some(environment) = &mut spec.environment {
        environment.name = expand_text(&environment.name, &values);
        environment.url = environment
            .url
            .as_ref()
            .map(|url| expand_text(url, &values));
    }
    Ok(Some(spec))
}

impl Start {
    /// Answers GitLab's word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Push { .. } => "push",
            Self::Api { .. } => "api",
        }
    }
}
