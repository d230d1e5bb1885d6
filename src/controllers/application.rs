//! Application, as the loop sees it.

mod builds;
mod services;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::api::condition::Reason;
use crate::api::{Application, ApplicationStatus, EffectJournal, RepositoryStatus};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::forge::Pipeline;
use crate::domain::observed::{ApplicationObserved, EffectsObserved, RepositoryObserved};
use crate::domain::plan::{self, Plan};
use crate::domain::reading::Reading;
use crate::domain::report::{self, Report, Telling};
use crate::domain::step::Outcome;
use crate::domain::target::{
    self, ApplicationInput, ApplicationTarget, Blocked, DEFAULT_BRANCH, Place, Scope,
};

use super::managed::{Depth, Managed};
use super::{Context, look};

#[async_trait]
impl Managed for Application {
    type Target = ApplicationTarget;
    type Status = ApplicationStatus;
    type Observed = ApplicationObserved;

    fn scope(&self, context: &Context) -> Scope {
        target::application_scope(self, &context.settings)
    }

    fn status(&self) -> Self::Status {
        self.status.clone().unwrap_or_default()
    }

    fn target(&self, context: &Context) -> Result<ApplicationTarget, Blocked> {
        let store = &context.ports.store;
        let environments: BTreeMap<_, _> = self
            .spec
            .environments
            .iter()
            .map(|wanted| (wanted.name.clone(), store.environment(&wanted.name)))
            .collect();
        let providers = environments
            .values()
            .flatten()
            .flat_map(|environment| &environment.spec.providers)
            .map(|reference| (reference.name.clone(), store.provider(&reference.name)))
            .collect();
        let name = self.namespace().unwrap_or_default();
        // Its annotations and labels decide what the application may use: without them nothing is known.
        let Some(namespace) = store.namespace(&name) else {
            return Err(Blocked {
                stalled: false,
                reason: Reason::ReferenceNotFound,
                message: format!("the namespace {name} has not been seen yet; it is waited for"),
            });
        };
        let input = ApplicationInput {
            application: self,
            namespace,
            environments,
            providers,
        };
        target::application(&input, &context.settings)
    }

    fn conditions(status: &Self::Status) -> &[Condition] {
        &status.conditions
    }

    fn journal(status: &mut Self::Status) -> &mut EffectJournal {
        status.effects.get_or_insert_default()
    }

    async fn observe(
        target: &ApplicationTarget,
        memory: &Self::Status,
        effects: EffectsObserved,
        context: &Context,
        depth: Depth,
    ) -> ApplicationObserved {
        let mut observed = ApplicationObserved {
            effects: look::open(effects, context).await,
            ..ApplicationObserved::default()
        };
        let repository = &target.repository;
        let Some(mut known) = memory.repository.clone() else {
            let journal = memory.effects.as_ref();
            let whose = (&target.scope, &target.home);
            let effects = &observed.effects;
            observed.repository =
                look::unknown_repository(repository, whose, journal, effects, context).await;
            return observed;
        };
        let known = &mut known;
        let whose = (&target.scope, &target.home);
        let told = &memory.conditions;
        observed.repository = look::project(repository, whose, known, told, context, depth).await;
        let mut foreign_push = false;
        match recent(known, &mut observed.repository, context).await {
            Ok(recent) => {
                let newest = builds::pushed(&recent);
                observed.repository.pushed = newest.map(|pipeline| pipeline.sha.clone());
                foreign_push = newest.is_some_and(|pipeline| pipeline.sha != known.head);
                builds::look(target, memory, known, &recent, &mut observed, context).await;
            }
            Err(failure) if failure.kind == FailureKind::Missing => {
                observed.build = Reading::Absent;
            }
            Err(failure) => {
                for rollout in &memory.rollouts {
                    observed.rollouts.insert(
                        rollout.environment.clone(),
                        Reading::Unreadable(failure.clone()),
                    );
                }
                observed.build = Reading::Unreadable(failure);
            }
        }
        services::look(target, &mut observed, context).await;
        let look_at_files = foreign_push || depth == Depth::Full;
        let seen = &mut observed.repository;
        look::files(repository, known, seen, context, look_at_files).await;
        observed
    }

    fn learn(memory: &mut Self::Status, observed: &ApplicationObserved) -> bool {
        report::learn_project(&mut memory.repository, &observed.repository)
    }

    fn plan(
        target: &ApplicationTarget,
        memory: &Self::Status,
        observed: &ApplicationObserved,
        context: &Context,
        now: Timestamp,
    ) -> Plan {
        plan::application(target, memory, observed, &context.settings, now)
    }

    fn absorb(memory: &mut Self::Status, outcome: &Outcome) {
        report::absorb_application(memory, outcome);
    }

    fn place(target: &ApplicationTarget, _memory: &Self::Status, provider: &str) -> Option<Place> {
        target
            .environments
            .iter()
            .flat_map(|environment| &environment.deployments)
            .map(|deployment| &deployment.place)
            .find(|place| place.name == provider)
            .cloned()
    }

    fn home(&self, context: &Context) -> Option<Place> {
        context.place(&self.status.as_ref()?.home)
    }

    fn denials(
        _target: &ApplicationTarget,
        observed: &ApplicationObserved,
    ) -> BTreeMap<String, Failure> {
        let refused = |((_, provider), service): (&(String, String), &Reading<_>)| {
            let failure = service.failure()?;
            // Only the role itself: a look that it may not take changes nothing, and is told, not recorded.
            failure
                .is_refused_role()
                .then(|| (provider.clone(), failure.clone()))
        };
        observed.services.iter().filter_map(refused).collect()
    }

    fn is_about_to_show(observed: &ApplicationObserved, memory: &Self::Status) -> bool {
        memory.repository.is_some()
            && memory.pipeline.is_none()
            && matches!(observed.build, Reading::Absent)
    }

    fn report(
        target: &ApplicationTarget,
        memory: Self::Status,
        observed: &ApplicationObserved,
        plan: &Plan,
        telling: &Telling<'_>,
    ) -> Report<Self::Status> {
        report::application(target, memory, observed, plan, telling)
    }

    fn refuse(
        memory: Self::Status,
        blocked: &Blocked,
        telling: &Telling<'_>,
    ) -> Report<Self::Status> {
        report::blocked_application(memory, blocked, telling)
    }

    fn project_path(status: &Self::Status) -> String {
        status
            .repository
            .as_ref()
            .map(|known| known.path.clone())
            .unwrap_or_default()
    }
}

/// The newest pipelines. Where GitLab knows no project of this path, its number says where it is now.
async fn recent(
    known: &mut RepositoryStatus,
    seen: &mut RepositoryObserved,
    context: &Context,
) -> Result<Vec<Pipeline>, Failure> {
    let pipelines = &context.ports.pipelines;
    let found = pipelines.recent(&known.path, DEFAULT_BRANCH).await;
    let missing = matches!(&found, Err(failure) if failure.kind == FailureKind::Missing);
    if missing && look::has_moved(known, seen, context).await {
        return pipelines.recent(&known.path, DEFAULT_BRANCH).await;
    }
    found
}
