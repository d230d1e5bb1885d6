//! An application that runs: what its status tells of builds, deployments and services, place by place.

use std::collections::BTreeMap;

use harmonix::api::{
    ApplicationStatus, DeploymentState, DeploymentStatus, PipelineStatus, ReleaseStatus,
    RolloutStatus,
};
use harmonix::domain::forge::Pipeline;
use harmonix::domain::observed::{ApplicationObserved, PipelineSeen};
use harmonix::domain::plan::{self, Plan};
use harmonix::domain::reading::Reading;
use harmonix::domain::report::{self, Report};
use harmonix::domain::runtime::Service;
use harmonix::domain::target::{ApplicationTarget, EnvironmentTarget};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::case::{Case, kept, now, telling};
use super::pipeline::job;
use crate::world::{environment, provider, settings};

/// The name of a deployment: its environment, its place.
type Where<'a> = (&'a str, &'a str);

const PLACES: [Where<'_>; 3] = [
    ("dev", "dev-place"),
    ("dev", "dev-other"),
    ("prod", "prod-place"),
];

/// A cart on two places of dev, and in prod; what its status remembers, and what is seen of it.
pub(super) struct Running {
    pub(super) target: ApplicationTarget,
    pub(super) memory: ApplicationStatus,
    pub(super) seen: ApplicationObserved,
    previous: Vec<Condition>,
}

impl Running {
    /// Release and parameters run healthy everywhere.
    pub(super) fn good() -> Self {
        let mut case = Case::good();
        case.environments[0] = environment("dev", 1, &["dev-place", "dev-other"]);
        case.providers.push(provider("dev-other"));
        let mut target = case.target().unwrap();
        let places = target
            .environments
            .iter_mut()
            .flat_map(|e| &mut e.deployments);
        places.for_each(|deployment| deployment.place.ready = true);
        target.home.ready = true;
        let memory = ApplicationStatus {
            repository: Some(kept(&target.repository)),
            pipeline: Some(pipeline(20)),
            release: Some(release()),
            rollouts: target.environments.iter().map(rollout).collect(),
            ..ApplicationStatus::default()
        };
        let mut seen = ApplicationObserved {
            build: seen_pipeline(20),
            release: Reading::Known(release()),
            ..ApplicationObserved::default()
        };
        for environment in &target.environments {
            let name = environment.name.clone();
            let id = number(environment);
            seen.rollouts.insert(name.clone(), seen_pipeline(id));
            for deployment in &environment.deployments {
                let key = (name.clone(), deployment.place.name.clone());
                let service = service(environment, &deployment.place.name);
                seen.services.insert(key, Reading::Known(service));
            }
        }
        Self {
            target,
            memory,
            seen,
            previous: Vec::new(),
        }
    }

    fn service(&mut self, (environment, place): Where<'_>) -> &mut Reading<Service> {
        let key = (environment.to_owned(), place.to_owned());
        self.seen.services.get_mut(&key).unwrap()
    }

    pub(super) fn plan(&self) -> Plan {
        plan::application(&self.target, &self.memory, &self.seen, &settings(), now())
    }

    fn told(&self) -> Report<ApplicationStatus> {
        let settings = settings();
        let plan = self.plan();
        let telling = telling(&settings, &self.previous);
        report::application(
            &self.target,
            self.memory.clone(),
            &self.seen,
            &plan,
            &telling,
        )
    }
}

fn release() -> ReleaseStatus {
    ReleaseStatus {
        commit: "c".repeat(40),
        image: format!("registry.example.com/cart@sha256:{}", "1".repeat(64)),
        pipeline_id: 20,
    }
}

/// A pipeline as the status keeps it.
fn pipeline(id: i64) -> PipelineStatus {
    PipelineStatus {
        id,
        status: "success".into(),
        intent: format!("intent of {id}"),
        ..PipelineStatus::default()
    }
}

fn seen_pipeline(id: i64) -> Reading<PipelineSeen> {
    Reading::Known(PipelineSeen {
        pipeline: Pipeline {
            id,
            status: "success".into(),
            ..Pipeline::default()
        },
        ..PipelineSeen::default()
    })
}

fn number(environment: &EnvironmentTarget) -> i64 {
    30 + i64::from(environment.level)
}

fn rollout(environment: &EnvironmentTarget) -> RolloutStatus {
    RolloutStatus {
        environment: environment.name.clone(),
        release: release(),
        configuration: environment.configuration.clone(),
        pipeline: Some(pipeline(number(environment))),
    }
}

fn service(environment: &EnvironmentTarget, place: &str) -> Service {
    let tags = [
        ("harmonix:release", release().commit),
        ("harmonix:configuration", environment.configuration.clone()),
        ("harmonix:endpoint", format!("http://{place}.example.com")),
    ];
    Service {
        status: "ACTIVE".into(),
        desired: environment.replicas,
        running: environment.replicas,
        rollout: "COMPLETED".into(),
        image: release().image,
        tags: tags
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        ..Service::default()
    }
}

fn deployment<'a>(
    status: &'a ApplicationStatus,
    (environment, place): Where<'_>,
) -> &'a DeploymentStatus {
    let is = |d: &&DeploymentStatus| d.environment == environment && d.provider == place;
    status.deployments.iter().find(is).unwrap()
}

fn is_ready(status: &ApplicationStatus) -> bool {
    let mut conditions = status.conditions.iter();
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

#[test]
fn what_runs_everywhere_is_ready_and_told_place_by_place() {
    let running = Running::good();
    let report = running.told();
    assert!(is_ready(&report.status), "{:?}", report.verdict);
    assert_eq!(report.status.summary, "dev:Running prod:Running");
    for place in PLACES {
        let told = deployment(&report.status, place);
        assert_eq!(told.state, DeploymentState::Running);
        assert_eq!(told.endpoint, format!("http://{}.example.com", place.1));
        assert_eq!(told.revision, release().commit);
        assert_eq!(told.message, "");
        let target = running.target.environments.iter();
        let mut deployments = target.flat_map(|environment| &environment.deployments);
        let own = deployments.find(|deployment| deployment.place.name == place.1);
        assert_eq!(told.log_group, own.unwrap().log_group);
    }
}

#[test]
fn a_deployment_says_what_is_wrong_with_it() {
    let mut running = Running::good();
    if let Reading::Known(service) = running.service(("prod", "prod-place")) {
        service.running = 0;
    }
    let status = running.told().status;
    let told = deployment(&status, ("prod", "prod-place"));
    assert_eq!(told.state, DeploymentState::Updating);
    assert!(told.message.contains("fewer than"), "{}", told.message);
    assert_eq!(deployment(&status, ("dev", "dev-place")).message, "");
}

/// Where nobody could look, what was told of this very place stays.
#[test]
fn what_was_told_of_a_place_stays_while_it_cannot_be_looked_at() {
    let mut running = Running::good();
    running.memory = running.told().status;
    for place in PLACES {
        *running.service(place) = Reading::Unread;
    }
    let status = running.told().status;
    for place in PLACES {
        let told = deployment(&status, place);
        assert_eq!(told.endpoint, format!("http://{}.example.com", place.1));
        assert_eq!(told.revision, release().commit);
    }
}

#[test]
fn a_deployment_is_told_with_its_own_job() {
    let mut running = Running::good();
    if let Some(Reading::Known(seen)) = running.seen.rollouts.get_mut("dev") {
        seen.jobs = vec![
            job(1, "harmonix-deploy-dev-dev-other", "success"),
            job(2, "harmonix-deploy-dev-dev-place", "success"),
        ];
    }
    let status = running.told().status;
    let id = |place| deployment(&status, place).job.as_ref().map(|job| job.id);
    assert_eq!(PLACES.map(id), [Some(2), Some(1), None]);
}

#[test]
fn rollouts_of_environments_that_are_no_longer_asked_for_are_forgotten() {
    let mut running = Running::good();
    let mut other = running.memory.rollouts[0].clone();
    other.environment = "gone".into();
    running.memory.rollouts.push(other);
    let rollouts = running.told().status.rollouts;
    let names: Vec<&str> = rollouts.iter().map(|r| r.environment.as_str()).collect();
    assert_eq!(names, ["dev", "prod"]);
}

/// The intent belongs to the pipeline that it started, and failed jobs to the one that has them.
#[test]
fn a_build_that_a_push_started_has_no_intent() {
    let mut running = Running::good();
    let told = running.told().status.pipeline.unwrap();
    assert_eq!((told.id, told.intent.as_str()), (20, "intent of 20"));
    running.seen.build = seen_pipeline(21);
    if let Reading::Known(seen) = &mut running.seen.build {
        seen.pipeline.status = "failed".into();
        seen.jobs = vec![job(1, "test", "success"), job(2, "image", "failed")];
    }
    let told = running.told().status.pipeline.unwrap();
    assert_eq!((told.id, told.intent.as_str()), (21, ""));
    assert_eq!(
        (told.status.as_str(), told.failed_jobs),
        ("failed", vec!["image".to_owned()])
    );
}

/// What was seen is older than what this pass started.
#[test]
fn a_build_that_was_started_since_is_not_replaced_by_an_older_one_unless_it_is_gone() {
    let mut running = Running::good();
    running.memory.pipeline = Some(pipeline(22));
    assert_eq!(running.told().status.pipeline.unwrap().id, 22);
    running.seen.gone = Some(22);
    assert_eq!(running.told().status.pipeline.unwrap().id, 20);
}

/// What a person asked for is there already: the same annotation starts nothing later, in no environment that is settled.
#[test]
fn asking_again_for_what_runs_is_answered_where_it_runs() {
    for (degraded, answered) in [(None, ["again", "again"]), (Some("prod"), ["again", ""])] {
        let mut running = Running::good();
        running.target.scope.retry = "again".into();
        if degraded.is_some()
            && let Reading::Known(service) = running.service(("prod", "prod-place"))
        {
            service.running = 0;
        }
        let status = running.told().status;
        let retries: Vec<&str> = status
            .rollouts
            .iter()
            .filter_map(|rollout| Some(rollout.pipeline.as_ref()?.retry.as_str()))
            .collect();
        assert_eq!(retries, answered);
        assert_eq!(status.pipeline.unwrap().retry, "again");
    }
}

/// While a new release is on its way, what ran before serves as long as each place has all its tasks.
#[test]
fn what_was_ready_stays_so_while_every_place_has_its_tasks() {
    let ready = Condition {
        type_: "Ready".into(),
        status: "True".into(),
        reason: "Succeeded".into(),
        message: String::new(),
        last_transition_time: Time(now()),
        observed_generation: None,
    };
    for (running_tasks, stays) in [(2, true), (1, true), (0, false)] {
        let mut running = Running::good();
        running.previous = vec![ready.clone()];
        if let Some(Reading::Known(seen)) = running.seen.rollouts.get_mut("dev") {
            seen.pipeline.status = "running".into();
        }
        if let Reading::Known(service) = running.service(("dev", "dev-other")) {
            service.desired = 1;
            service.running = running_tasks;
        }
        let report = running.told();
        assert_eq!(is_ready(&report.status), stays, "{:?}", report.verdict);
    }
}

#[test]
fn a_status_follows_the_pipeline_that_it_names_and_no_other() {
    for (id, word) in [(31, "failed"), (99, "success")] {
        let mut running = Running::good();
        if let Some(Reading::Known(seen)) = running.seen.rollouts.get_mut("dev") {
            seen.pipeline.id = id;
            seen.pipeline.status = "failed".into();
        }
        let status = running.told().status;
        let dev = status.rollouts.iter().find(|r| r.environment == "dev");
        let told = dev.and_then(|rollout| rollout.pipeline.as_ref()).unwrap();
        assert_eq!((told.id, told.status.as_str()), (31, word));
    }
}
