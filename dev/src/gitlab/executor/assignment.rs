//! Everything a runner is told about one job.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::super::instance::Instance;
use super::super::model::{Data, Job, Pipeline, Project, User, Variable};
use super::super::pipeline::{Facts, expand_all, expand_text, job_variables};
use super::{Trace, claims};

/// One job, ready to run.
#[derive(Debug)]
pub struct Assignment {
    /// The project.
    pub project: Project,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The job.
    pub job: Job,
    /// The job's variables, expanded.
    pub variables: BTreeMap<String, String>,
    /// Where the repository is checked out.
    pub folder: PathBuf,
    /// Seconds it may take.
    pub timeout: u64,
    /// Its log.
    pub trace: Trace,
    /// The jobs whose artifacts it gets.
    pub before: Vec<u64>,
}

struct Found {
    project: Project,
    pipeline: Pipeline,
    job: Job,
    user: User,
    before: Vec<u64>,
    dotenv: Vec<Variable>,
}

impl Assignment {
    /// Gathers everything.
    pub async fn of(instance: &Instance, id: u64) -> io::Result<Self> {
        let gone = || {
            io::Error::new(
                io::ErrorKind::NotFound,
                "its project, pipeline or user is gone",
            )
        };
        let found = instance
            .store
            .read(|data| find(data, id))
            .ok_or_else(gone)?;
        let Found {
            project,
            pipeline,
            job,
            user,
            before,
            dotenv,
        } = found;
        let commit = instance
            .repository(project.id)
            .commit_at(&pipeline.sha)
            .await?
            .unwrap_or_default();
        let folder = instance.build_folder(id).join(&project.path);
        let timeout = job
            .spec
            .timeout
            .or_else(|| project.setting("build_timeout").as_u64())
            .unwrap_or(3600);
        let facts = Facts {
            url: &instance.url,
            project: &project,
            user: &user,
            commit: &commit,
            ref_name: &pipeline.ref_name,
            tag: pipeline.tag,
            before_sha: &pipeline.before_sha,
            source: &pipeline.source,
        };
        let own = job_variables(
            &instance.url,
            &project,
            &pipeline,
            &job,
            &folder.to_string_lossy(),
        );
        // GitLab's order of precedence, the weakest first.
        let all = [
            facts.variables(),
            own,
            job.spec.variables.clone(),
            dotenv,
            pipeline.variables.clone(),
        ];
        let all = all.concat();
        let mut variables = expand_all(&all);
        for (name, audiences) in &job.spec.id_tokens {
            let audiences: Vec<String> = audiences
                .iter()
                .map(|audience| expand_text(audience, &variables))
                .collect();
            let claims = claims::of(
                instance,
                (&project, &pipeline, &job, &user),
                &audiences,
                timeout,
            );
            variables.insert(name.clone(), instance.key.sign(&claims)?);
        }
        let files = instance.build_folder(id).join("variables");
        for variable in all.iter().filter(|variable| variable.file) {
            tokio::fs::create_dir_all(&files).await?;
            let path = files.join(&variable.key);
            tokio::fs::write(&path, &variable.value).await?;
            variables.insert(variable.key.clone(), path.to_string_lossy().into_owned());
        }
        // A shell can only hold names like these; GitLab refuses others when they are written.
        variables.retain(|name, _| is_shell_name(name));
        let trace = Trace::start(&instance.job_folder(id).join("trace.log"))?;
        trace.line("Running with gitlab-runner 19.5.0 on local runner");
        trace.line(&format!(
            "Checking out {} as detached HEAD (ref is {})...",
            &commit.id.get(..8).unwrap_or(""),
            pipeline.ref_name
        ));
        Ok(Self {
            project,
            pipeline,
            job,
            variables,
            folder,
            timeout,
            trace,
            before,
        })
    }
}

fn is_shell_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn find(data: &Data, id: u64) -> Option<Found> {
    let job = data.jobs.get(&id)?.clone();
    let pipeline = data.pipelines.get(&job.pipeline_id)?.clone();
    let project = data.projects.get(&job.project_id)?.clone();
    let user = data.users.get(&job.user)?.clone();
    let gives = |other: &&Job| match (&job.spec.dependencies, &job.spec.needs) {
        (Some(names), _) => names.contains(&other.spec.name),
        (None, Some(needs)) => needs
            .iter()
            .any(|need| need.artifacts && need.job == other.spec.name),
        (None, None) => other.stage_index < job.stage_index,
    };
    let givers: Vec<&Job> = data.latest_jobs(pipeline.id).filter(gives).collect();
    let dotenv = givers
        .iter()
        .flat_map(|giver| {
            giver
                .dotenv
                .iter()
                .map(|(key, value)| Variable::new(key, value))
        })
        .collect();
    let before = givers.iter().map(|giver| giver.id).collect();
    Some(Found {
        project,
        pipeline,
        job,
        user,
        before,
        dotenv,
    })
}
