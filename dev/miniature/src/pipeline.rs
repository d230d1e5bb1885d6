//! Pipelines that do what the rendered files say: read from the repository itself, so that what is
//! committed is what runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use harmonix::api::Application;
use harmonix::domain::failure::{Failure, FailureKind};
use harmonix::domain::forge::{Job, Pipeline};
use harmonix::domain::identity::digest;
use harmonix::domain::render::pipeline::{Job as PipelineJob, PipelineFile};
use harmonix::domain::runtime::Service;
use serde_json::Value;

use super::gitlab::failure;
use super::{Run, State};

/// A value of one of our jobs' variables.
fn variable(job: &PipelineJob, name: &str) -> String {
    job.variables
        .get(name)
        .map(|variable| variable.value.clone())
        .unwrap_or_default()
}

/// A pipeline's file, read. There are few, and each is read again with every pipeline; none where it cannot
/// be read.
fn parsed(text: &str) -> Option<Arc<PipelineFile>> {
    static KNOWN: Mutex<BTreeMap<String, Arc<PipelineFile>>> = Mutex::new(BTreeMap::new());
    let known = KNOWN.lock().unwrap().get(text).cloned();
    known.or_else(|| {
        let file = Arc::new(PipelineFile::from_yaml(text).ok()?);
        let mut files = KNOWN.lock().unwrap();
        files.insert(text.to_owned(), Arc::clone(&file));
        Some(file)
    })
}

impl State {
    /// A push to the default branch starts a pipeline of its own, or one that GitLab shows as skipped.
    pub(crate) fn pushed(&mut self, path: &str, sha: &str, skip: bool) {
        let builds = self
            .repository(path)
            .unwrap()
            .files
            .contains_key(".harmonix/build.sh");
        let variables = if builds {
            [
                ("HARMONIX_ACTION", "build"),
                ("HARMONIX_ENVIRONMENT", "-"),
                ("HARMONIX_INTENT", &sha[..8]),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into()
        } else {
            [
                ("HARMONIX_ACTION", "provision"),
                ("HARMONIX_INTENT", "push"),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into()
        };
        self.run(path, sha, "push", variables);
        if skip {
            let own = self.repository(path).unwrap().pipelines.last_mut().unwrap();
            own.pipeline.status = "skipped".into();
            own.variables.clear();
        }
    }

    /// A pipeline that is started through the API, on the head of the branch.
    pub(crate) fn start(
        &mut self,
        path: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<Pipeline, Failure> {
        let Some(sha) = self
            .repository(path)
            .and_then(|r| Some(r.commits.last()?.0.clone()))
        else {
            return Err(failure(FailureKind::Invalid, "Reference not found"));
        };
        self.check_start(path, variables);
        Ok(self.run(path, &sha, "api", variables.clone()))
    }

    fn run(
        &mut self,
        path: &str,
        sha: &str,
        source: &str,
        variables: BTreeMap<String, String>,
    ) -> Pipeline {
        let id = i64::try_from(self.next_number()).unwrap();
        let now = self.now();
        let name = ["HARMONIX_ACTION", "HARMONIX_ENVIRONMENT", "HARMONIX_INTENT"]
            .iter()
            .filter_map(|name| variables.get(*name).map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        let pipeline = Pipeline {
            id,
            name,
            status: "running".into(),
            source: source.into(),
            sha: sha.into(),
            web_url: format!("https://gitlab.example.com/{path}/-/pipelines/{id}"),
            created_at: Some(now),
            yaml_errors: None,
        };
        let repository = self.repository(path).unwrap();
        repository.pipelines.push(Run {
            pipeline: pipeline.clone(),
            files: Arc::clone(&repository.files),
            variables,
            failed_job: None,
            jobs: None,
        });
        pipeline
    }

    /// What must hold whenever a deployment begins.
    fn check_start(&mut self, path: &str, variables: &BTreeMap<String, String>) {
        let value = |name: &str| variables.get(name).cloned().unwrap_or_default();
        if value("HARMONIX_ACTION") != "deploy" {
            return;
        }
        let environment = value("HARMONIX_ENVIRONMENT");
        let release = value("HARMONIX_RELEASE");
        let repository = self.repository(path).unwrap();
        if repository.settings.is_none() {
            self.violations.push(format!(
                "{environment} is deployed before the project has its settings"
            ));
        }
        let repository = self.repository(path).unwrap();
        if repository.pipelines.iter().any(|run| {
            run.pipeline.status == "running"
                && run.variables.get("HARMONIX_ENVIRONMENT") == Some(&environment)
        }) {
            self.violations
                .push(format!("two deployments of {environment} at once"));
        }
        let repository = self.repository(path).unwrap();
        let of_it = |run: &&Run| run.variables.get("HARMONIX_ENVIRONMENT") == Some(&environment);
        let same = |name| move |run: &Run| run.variables.get(name) == variables.get(name);
        let before = repository.pipelines.iter().rev().find(of_it);
        let done = before.is_some_and(|run| {
            run.pipeline.status == "success"
                && same("HARMONIX_RELEASE")(run)
                && same("HARMONIX_CONFIGURATION")(run)
        });
        // What was taken away since may be wanted again.
        let runs = self.services.values().any(|service| {
            let tag = |name: &str| service.tags.get(name);
            tag("harmonix:release") == Some(&release)
                && tag("harmonix:configuration") == Some(&value("HARMONIX_CONFIGURATION"))
        });
        if done && runs {
            self.violations.push(format!(
                "{environment} gets {release} again, as it has been deployed already"
            ));
        }
        let repository = self.repository(path).unwrap();
        let file = format!(".harmonix/environments/{environment}.tfvars.json");
        let committed: Option<String> = repository
            .files
            .get(&file)
            .map(|(content, _)| digest([content.as_bytes()]).chars().take(16).collect());
        if committed != Some(value("HARMONIX_CONFIGURATION")) {
            self.violations.push(format!(
                "{environment} is deployed with parameters that are not committed"
            ));
        }
        self.check_promotion(path, &environment, &release);
    }

    /// What runs in an environment ran healthy in all of its application's that come before.
    fn check_promotion(&mut self, path: &str, environment: &str, release: &str) {
        let Some((key, application)) = self.owner(path) else {
            return;
        };
        let pin = (key.clone(), environment.to_owned(), release.to_owned());
        if self.pins.contains(&pin) {
            return;
        }
        let level = |name: &str| self.environments.get(name).map_or(0, |e| e.spec.level);
        let lower = application.spec.environments.iter().map(|e| e.name.clone());
        let lower: Vec<String> = lower
            .filter(|name| level(name) < level(environment))
            .collect();
        for name in lower {
            if !self.healthy.contains(&(name, release.to_owned())) {
                self.violations.push(format!(
                    "{environment} gets {release}, which never ran healthy in every environment before it"
                ));
            }
        }
    }

    /// The application whose project is at this path, with its key.
    fn owner(&self, path: &str) -> Option<(&String, &Application)> {
        self.applications.iter().find(|(key, application)| {
            let known = application
                .status
                .as_ref()
                .and_then(|s| s.repository.as_ref());
            known.map_or_else(
                || path.ends_with(&format!("/{key}")),
                |known| known.path == path,
            )
        })
    }

    /// Every pipeline that runs comes to its end.
    pub fn finish_pipelines(&mut self) -> usize {
        let running: Vec<(String, i64)> = self
            .projects
            .iter()
            .flat_map(|r| {
                r.pipelines
                    .iter()
                    .filter(|run| run.pipeline.status == "running")
                    .map(|run| (r.project.path.clone(), run.pipeline.id))
            })
            .collect();
        for (path, id) in &running {
            self.finish(path, *id);
        }
        running.len()
    }

    /// One pipeline comes to its end.
    pub fn finish(&mut self, path: &str, id: i64) {
        let failing = self.failing.clone();
        let repository = self.repository(path).unwrap();
        let run = repository
            .pipelines
            .iter_mut()
            .find(|run| run.pipeline.id == id)
            .unwrap();
        let release = run
            .variables
            .get("HARMONIX_RELEASE")
            .cloned()
            .unwrap_or_default();
        let fails = failing.iter().any(|begin| {
            run.pipeline.name.starts_with(begin.as_str())
                || run.pipeline.sha.starts_with(begin.as_str())
                || (!release.is_empty()
                    && format!("{} {release}", run.variables["HARMONIX_ENVIRONMENT"])
                        .starts_with(begin.as_str()))
        });
        run.pipeline.status = if fails { "failed" } else { "success" }.into();
        let run = run.clone();
        let text = run
            .files
            .get(".harmonix/pipeline.yml")
            .map(|(text, _)| text.clone());
        let Some(file) = text.and_then(|text| parsed(&text)) else {
            self.violations
                .push(format!("the pipeline file of {path} cannot be read"));
            return;
        };
        if fails {
            let job = match run.variables["HARMONIX_ACTION"].as_str() {
                "deploy" => format!("harmonix-deploy-{}", run.variables["HARMONIX_ENVIRONMENT"]),
                "build" => "harmonix-build".into(),
                _ => "provision".into(),
            };
            let repository = self.repository(path).unwrap();
            let own = repository
                .pipelines
                .iter_mut()
                .find(|run| run.pipeline.id == id)
                .unwrap();
            own.failed_job = file
                .jobs
                .keys()
                .find(|name| name.starts_with(&job))
                .cloned();
            return;
        }
        match run.variables["HARMONIX_ACTION"].as_str() {
            "deploy" => self.deploy(&file, &run),
            "provision" => self.provision(&run),
            _ => {}
        }
    }

    fn provision(&mut self, run: &Run) {
        let (text, _) = &run.files[".harmonix/provider.tfvars.json"];
        let values: Value = serde_json::from_str(text).unwrap();
        let name = format!(
            "{}-{}",
            values["prefix"].as_str().unwrap(),
            values["name"].as_str().unwrap()
        );
        self.clusters.insert(format!("{name}-cluster"));
        self.tables.entry(format!("{name}-audit")).or_default();
    }

    fn deploy(&mut self, file: &PipelineFile, run: &Run) {
        let environment = &run.variables["HARMONIX_ENVIRONMENT"];
        let release = &run.variables["HARMONIX_RELEASE"];
        let parameters = format!(".harmonix/environments/{environment}.tfvars.json");
        let (text, _) = &run.files[&parameters];
        let values: Value = serde_json::from_str(text).unwrap();
        let replicas = i32::try_from(values["replicas"].as_i64().unwrap()).unwrap();
        let wanted = format!("$HARMONIX_ENVIRONMENT == \"{environment}\"");
        for job in file
            .jobs
            .values()
            .filter(|job| job.rules.iter().any(|rule| rule.r#if.contains(&wanted)))
        {
            let cluster = format!(
                "{}-{}-cluster",
                variable(job, "HARMONIX_PROVIDER_PREFIX"),
                variable(job, "HARMONIX_PROVIDER_NAME")
            );
            let (_, image) = run.variables["HARMONIX_IMAGE"].split_once('@').unwrap();
            let service = Service {
                status: "ACTIVE".into(),
                desired: replicas,
                running: replicas,
                pending: 0,
                rollout: "COMPLETED".into(),
                rollout_reason: String::new(),
                image: format!(
                    "copy.example.com/{}@{image}",
                    variable(job, "HARMONIX_REPOSITORY")
                ),
                tags: [
                    ("harmonix:release".to_owned(), release.clone()),
                    (
                        "harmonix:configuration".to_owned(),
                        run.variables["HARMONIX_CONFIGURATION"].clone(),
                    ),
                ]
                .into(),
            };
            self.services
                .insert((cluster, variable(job, "HARMONIX_NAME")), service);
        }
        self.healthy.insert((environment.clone(), release.clone()));
    }

    pub(crate) fn jobs(&mut self, path: &str, id: i64) -> Option<Vec<Job>> {
        let repository = self.repository(path)?;
        let run = repository
            .pipelines
            .iter()
            .find(|run| run.pipeline.id == id)?;
        if let Some(jobs) = &run.jobs {
            return Some(jobs.clone());
        }
        let name = match (
            &run.failed_job,
            run.variables.get("HARMONIX_ACTION").map(String::as_str),
        ) {
            (Some(failed), _) => failed.clone(),
            (None, Some("build")) => "harmonix-build".into(),
            (None, _) => "other".into(),
        };
        Some(vec![Job {
            id: id + 1_000_000,
            name,
            status: run.pipeline.status.clone(),
            ..Job::default()
        }])
    }

    /// What the build job left: the image as the registry knows it.
    pub(crate) fn release_file(&mut self, path: &str, job: i64) -> Option<Vec<u8>> {
        if job - 1_000_000 <= self.lost_artifacts {
            return None;
        }
        let repository = self.repository(path)?;
        let run = repository
            .pipelines
            .iter()
            .find(|run| run.pipeline.id == job - 1_000_000)?;
        let file = parsed(&run.files.get(".harmonix/pipeline.yml")?.0)?;
        let name = variable(file.jobs.get("harmonix-build")?, "HARMONIX_REPOSITORY");
        let sha = &run.pipeline.sha;
        let image = format!(
            "home.example.com/{name}@sha256:{}",
            digest([sha.as_bytes()])
        );
        let text = serde_json::json!({ "commit": sha, "image": image, "digest": digest([sha.as_bytes()]) });
        Some(text.to_string().into_bytes())
    }
}
