//! An application with what it names, to be bent by a test.

use std::collections::BTreeMap;
use std::sync::Arc;

use harmonix::api::condition::Reason;
use harmonix::api::{Application, Environment, EnvironmentProvider};
use harmonix::domain::target::{self, ApplicationInput, ApplicationTarget, Blocked};
use harmonix::domain::version::NamespaceFacts;
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
