//! What the status keeps of effects: how each ended, as its record will tell, and what it made.

use harmonix::api::{
    ApplicationStatus, AuditEntry, AuditOutcome, EffectJournal, EnvironmentProviderStatus,
    PipelineStatus, ReleaseStatus, RepositoryStatus, RolloutStatus,
};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::forge::{Pipeline, Project, ProjectSettings};
use harmonix::domain::intent::{Action, Intent, IntentId};
use harmonix::domain::lease::Epoch;
use harmonix::domain::observed::External;
use harmonix::domain::report::{Journal as _, absorb_application, absorb_provider};
use harmonix::domain::step::{Outcome, StepResult};

use super::case::now;

const PATH: &str = "apps/shop/cart";

fn outcome(action: Action, result: StepResult) -> Outcome {
    let created_at = now();
    let intent = Intent {
        id: IntentId::new(created_at, [1; 10]),
        created_at,
        ledger: "dev-place".into(),
        requested_by: "ada".into(),
        generation: 2,
        epoch: Epoch::new(5),
        action,
    };
    Outcome { intent, result }
}

fn done(action: Action, external: External) -> Outcome {
    outcome(action, StepResult::Done(external))
}

fn failure(kind: FailureKind) -> StepResult {
    StepResult::Refused(Failure {
        party: Party::GitLab,
        kind,
        message: "GitLab said so".into(),
    })
}

fn create() -> Action {
    Action::CreateProject { path: PATH.into() }
}

fn take_over() -> Action {
    Action::TakeOver { path: PATH.into() }
}

fn commit(first: bool) -> Action {
    Action::CommitFiles {
        project: PATH.into(),
        files: "new files".into(),
        first,
    }
}

fn deploy(environment: &str) -> Action {
    Action::Deploy {
        project: PATH.into(),
        environment: environment.into(),
        release: release(),
        configuration: "parameters".into(),
        retry: "again".into(),
    }
}

fn release() -> ReleaseStatus {
    ReleaseStatus {
        commit: "c".repeat(40),
        image: "registry.example.com/cart@sha256:1".into(),
        pipeline_id: 20,
    }
}

fn project() -> Project {
    Project {
        id: 4,
        path: PATH.into(),
        web_url: "https://gitlab.example.com/apps/shop/cart".into(),
        clone_url: "https://gitlab.example.com/apps/shop/cart.git".into(),
        settings: Some(ProjectSettings {
            pipeline_variables_role: "maintainer".into(),
            job_token_may_push: false,
            cancel_redundant_pipelines: false,
            description: String::new(),
        }),
        ..Project::default()
    }
}

fn pipeline() -> Pipeline {
    Pipeline {
        id: 30,
        sha: "d".repeat(40),
        web_url: "https://gitlab.example.com/-/30".into(),
        status: "pending".into(),
        ..Pipeline::default()
    }
}

/// As the status keeps the project once it was made.
fn remembered() -> RepositoryStatus {
    RepositoryStatus {
        project_id: 4,
        path: PATH.into(),
        web_url: project().web_url,
        clone_url: project().clone_url,
        ..RepositoryStatus::default()
    }
}

/// As the status keeps the pipeline once it was started.
fn started(outcome: &Outcome, retry: &str, files: &str) -> PipelineStatus {
    PipelineStatus {
        id: 30,
        status: "running".into(),
        sha: pipeline().sha,
        web_url: pipeline().web_url,
        failed_jobs: Vec::new(),
        intent: outcome.intent.id.as_str().into(),
        retry: retry.into(),
        files: files.into(),
    }
}

#[test]
fn the_record_of_an_intent_says_how_it_ended() {
    let found = "found after its answer was lost";
    let project = || External::Project(project());
    let table = [
        (
            create(),
            StepResult::Done(project()),
            AuditOutcome::Success,
            Some("4"),
            "",
        ),
        (
            create(),
            StepResult::AlreadyDone(project()),
            AuditOutcome::Success,
            Some("4"),
            found,
        ),
        (
            take_over(),
            StepResult::Done(project()),
            AuditOutcome::Success,
            Some("4"),
            "it was there before, and nothing was made",
        ),
        (
            create(),
            failure(FailureKind::Denied),
            AuditOutcome::Denied,
            None,
            "GitLab said so",
        ),
        (
            create(),
            failure(FailureKind::Invalid),
            AuditOutcome::Failed,
            None,
            "GitLab said so",
        ),
    ];
    for (action, result, ended, external_id, message) in table {
        let outcome = outcome(action, result);
        let mut journal = EffectJournal::default();
        journal.settle(&outcome);
        let intent = &outcome.intent;
        let entry = AuditEntry {
            id: intent.id.as_str().into(),
            created_at: intent.created_at.to_string(),
            provider: "dev-place".into(),
            action: intent.action.name().into(),
            subject: PATH.into(),
            requested_by: "ada".into(),
            generation: 2,
            epoch: 5,
            outcome: ended,
            external_id: external_id.map(str::to_owned),
            message: message.into(),
        };
        assert_eq!(journal.backlog, [entry]);
        // However often it is told.
        journal.settle(&outcome);
        assert_eq!((journal.backlog.len(), journal.settled.len()), (1, 1));
    }
}

/// What a process tells late of its own try says nothing of what another one tries since, under the same identity.
#[test]
fn what_is_told_of_one_try_does_not_settle_another_ones() {
    let refused = outcome(create(), failure(FailureKind::Denied));
    let of = |epoch| Intent {
        epoch: Epoch::new(epoch),
        ..refused.intent.clone()
    };
    let mut late = EffectJournal::default();
    late.settle(&refused);
    assert!(of(5).is_settled(&late));
    for again in [of(4), of(6), of(0)] {
        assert!(!again.is_settled(&late), "{again:?}");
    }
    // Nor is it kept once that one is written down, and how that one ends is told as well.
    late.begin(&[of(6)]);
    assert_eq!(late.settled, Vec::<String>::new());
    late.backlog.clear();
    late.settle(&Outcome {
        intent: of(6),
        result: StepResult::Done(External::Project(project())),
    });
    assert!(of(6).is_settled(&late) && !of(5).is_settled(&late));
    assert_eq!(late.backlog[0].outcome, AuditOutcome::Success);
    assert_eq!(late.backlog[0].epoch, 6);
}

/// Versions that kept no epoch told the identity alone.
#[test]
fn an_intent_without_an_epoch_is_settled_by_its_identity_alone() {
    let intent = Intent {
        epoch: Epoch::default(),
        ..outcome(create(), failure(FailureKind::Denied)).intent
    };
    let told = EffectJournal {
        settled: vec![intent.id.as_str().to_owned()],
        ..EffectJournal::default()
    };
    assert!(intent.is_settled(&told));
    assert_eq!(intent.settled_word(), intent.id.as_str());
}

#[test]
fn what_may_still_happen_is_not_settled() {
    let StepResult::Refused(lost) = failure(FailureKind::Retryable) else {
        unreachable!();
    };
    let mut journal = EffectJournal::default();
    journal.settle(&outcome(create(), StepResult::Open(lost)));
    assert_eq!(journal, EffectJournal::default());
}

#[test]
fn a_project_is_remembered_as_it_was_made_or_found() {
    let mut memory = EnvironmentProviderStatus::default();
    absorb_provider(
        &mut memory,
        &outcome(create(), failure(FailureKind::Denied)),
    );
    assert_eq!(memory.repository, None);
    absorb_provider(&mut memory, &done(create(), External::Project(project())));
    assert_eq!(memory.repository, Some(remembered()));
    // Whoever takes it over knows its settings from it.
    absorb_provider(
        &mut memory,
        &done(take_over(), External::Project(project())),
    );
    let found = RepositoryStatus {
        settings: project().settings.unwrap().digest(),
        ..remembered()
    };
    assert_eq!(memory.repository, Some(found));
    let settings = Action::ApplySettings {
        project: PATH.into(),
        settings: "as wanted".into(),
    };
    absorb_provider(&mut memory, &done(settings, External::Nothing));
    assert_eq!(memory.repository.unwrap().settings, "as wanted");
}

#[test]
fn the_first_commit_of_a_provider_starts_its_pipeline_and_a_later_one_outdates_it() {
    let mut memory = EnvironmentProviderStatus {
        repository: Some(remembered()),
        ..EnvironmentProviderStatus::default()
    };
    absorb_provider(
        &mut memory,
        &done(commit(true), External::Commit("e".repeat(40))),
    );
    let known = memory.repository.clone().unwrap();
    assert_eq!(
        (known.head.as_str(), known.files.as_str()),
        (&*"e".repeat(40), "new files")
    );
    let created = PipelineStatus {
        status: "created".into(),
        sha: "e".repeat(40),
        files: "new files".into(),
        ..PipelineStatus::default()
    };
    assert_eq!(memory.pipeline, Some(created.clone()));
    absorb_provider(
        &mut memory,
        &done(commit(false), External::Commit("f".repeat(40))),
    );
    let outdated = PipelineStatus {
        files: String::new(),
        ..created
    };
    assert_eq!(memory.pipeline, Some(outdated));
    assert_eq!(memory.repository.as_ref().unwrap().head, "f".repeat(40));
    let provision = Action::Provision {
        project: PATH.into(),
        files: "new files".into(),
        retry: "again".into(),
    };
    let provision = done(provision, External::Pipeline(pipeline()));
    absorb_provider(&mut memory, &provision);
    assert_eq!(
        memory.pipeline,
        Some(started(&provision, "again", "new files"))
    );
}

#[test]
fn what_an_application_builds_and_deploys_is_remembered_each_environment_once() {
    let mut memory = ApplicationStatus {
        repository: Some(remembered()),
        ..ApplicationStatus::default()
    };
    let build = Action::Build {
        project: PATH.into(),
        retry: "again".into(),
    };
    let build = done(build, External::Pipeline(pipeline()));
    absorb_application(&mut memory, &build);
    assert_eq!(memory.pipeline, Some(started(&build, "again", "")));
    let rollout = |outcome: &Outcome, environment: &str| RolloutStatus {
        environment: environment.into(),
        release: release(),
        configuration: "parameters".into(),
        pipeline: Some(started(outcome, "again", "")),
    };
    let (prod, dev) = (deploy("prod"), deploy("dev"));
    for action in [prod.clone(), dev.clone(), prod, dev] {
        absorb_application(&mut memory, &done(action, External::Pipeline(pipeline())));
    }
    assert_eq!(
        memory.rollouts,
        [rollout(&build, "dev"), rollout(&build, "prod")]
    );
    absorb_application(
        &mut memory,
        &done(commit(false), External::Commit("f".repeat(40))),
    );
    assert_eq!(memory.repository.unwrap().files, "new files");
}
