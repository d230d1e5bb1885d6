//! An application with what it names, to be bent by a test; and what several tables begin with.

use std::collections::BTreeMap;
use std::sync::Arc;

use harmonix::api::condition::Reason;
use harmonix::api::{
    Application, AuditEntry, AuditOutcome, Environment, EnvironmentProvider, RepositoryStatus,
};
use harmonix::domain::report::Telling;
use harmonix::domain::settings::Settings;
use harmonix::domain::target::{
    self, ApplicationInput, ApplicationTarget, Blocked, ProviderInput, ProviderTarget,
    RepositoryTarget,
};
use harmonix::domain::version::NamespaceFacts;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::world::{application, environment, provider, settings};

/// An application with what it names.
pub(super) struct Case {
    pub(super) application: Application,
    pub(super) namespace: NamespaceFacts,
    pub(super) environments: Vec<Environment>,
    pub(super) providers: Vec<EnvironmentProvider>,
}

impl Case {
    /// A cart in dev and prod, all of which exist and are open.
    pub(super) fn good() -> Self {
        Self {
            application: application("cart", &["prod", "dev"]),
            namespace: NamespaceFacts::default(),
            environments: vec![
                environment("dev", 1, &["dev-place"]),
                environment("prod", 2, &["prod-place"]),
            ],
            providers: vec![provider("dev-place"), provider("prod-place")],
        }
    }

    pub(super) fn target(&self) -> Result<ApplicationTarget, Blocked> {
        let found = |name: &String| {
            let environment = self.environments.iter().find(|e| &e.name_any() == name);
            (name.clone(), environment.cloned().map(Arc::new))
        };
        let environments: BTreeMap<_, _> = self
            .application
            .spec
            .environments
            .iter()
            .map(|e| found(&e.name))
            .collect();
        let providers = self
            .providers
            .iter()
            .map(|p| (p.name_any(), Some(Arc::new(p.clone()))))
            .collect();
        let input = ApplicationInput {
            application: &self.application,
            namespace: self.namespace.clone(),
            environments,
            providers,
        };
        target::application(&input, &settings())
    }

    pub(super) fn refused(&self) -> Blocked {
        self.target().unwrap_err()
    }
}

/// When tables are read.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// What is told after these conditions, the first time that nothing went wrong.
pub(super) fn telling<'a>(settings: &'a Settings, previous: &'a [Condition]) -> Telling<'a> {
    Telling {
        generation: 3,
        previous,
        advisories: &[],
        failures: 0,
        settings,
        now: now(),
    }
}

/// A place.
pub(super) fn place() -> ProviderTarget {
    let place = provider("dev-place");
    let input = ProviderInput {
        provider: &place,
        environments: Vec::new(),
    };
    target::provider(&input, &settings()).unwrap()
}

/// As the status keeps a repository that is as it should be.
pub(super) fn kept(target: &RepositoryTarget) -> RepositoryStatus {
    RepositoryStatus {
        project_id: 4,
        path: target.path.clone(),
        files: target.files.digest(),
        settings: target.settings_digest(),
        ..RepositoryStatus::default()
    }
}

/// A record that waits for the table of this provider.
pub(super) fn entry(id: &str, provider: &str, outcome: AuditOutcome) -> AuditEntry {
    AuditEntry {
        id: id.into(),
        created_at: now().to_string(),
        provider: provider.into(),
        action: "CreateGroup".into(),
        subject: "apps/shop".into(),
        requested_by: "ada".into(),
        generation: 2,
        epoch: 4,
        outcome,
        external_id: None,
        message: String::new(),
    }
}

pub(super) fn assert_says(blocked: &Blocked, reason: Reason, parts: &[&str]) {
    assert_eq!(blocked.reason, reason, "{}", blocked.message);
    for part in parts {
        assert!(
            blocked.message.contains(part),
            "\"{part}\" is not in: {}",
            blocked.message
        );
    }
}
