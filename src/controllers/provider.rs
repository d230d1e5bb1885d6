//! EnvironmentProvider, as the loop sees it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::api::condition::ConditionType;
use crate::api::{EffectJournal, EnvironmentProvider, EnvironmentProviderStatus, RepositoryStatus};
use crate::domain::condition::is_true;
use crate::domain::failure::Failure;
use crate::domain::forge::Pipeline;
use crate::domain::observed::{EffectsObserved, PipelineSeen, ProviderObserved};
use crate::domain::plan::{self, PipelineState, Plan};
use crate::domain::reading::Reading;
use crate::domain::report::{self, Report, Telling};
use crate::domain::step::Outcome;
use crate::domain::target::{self, Blocked, Place, ProviderInput, ProviderTarget, Scope};

use super::managed::{Depth, Managed};
use super::{Context, look};

#[async_trait]
impl Managed for EnvironmentProvider {
    type Target = ProviderTarget;
    type Status = EnvironmentProviderStatus;
    type Observed = ProviderObserved;

    fn scope(&self, context: &Context) -> Scope {
        target::provider_scope(self, &context.settings)
    }

    fn status(&self) -> Self::Status {
        self.status.clone().unwrap_or_default()
    }

    fn target(&self, context: &Context) -> Result<ProviderTarget, Blocked> {
        let name = self.name_any();
        let mut environments: Vec<String> = context
            .ports
            .store
            .environments()
            .iter()
            .filter(|environment| environment.spec.providers.iter().any(|p| p.name == name))
            .map(|environment| environment.name_any())
            .collect();
        environments.sort();
        target::provider(
            &ProviderInput {
                provider: self,
                environments,
            },
            &context.settings,
        )
    }

    fn conditions(status: &Self::Status) -> &[Condition] {
        &status.conditions
    }

    fn journal(status: &mut Self::Status) -> &mut EffectJournal {
        status.effects.get_or_insert_default()
    }

    async fn observe(
        target: &ProviderTarget,
        memory: &Self::Status,
        effects: EffectsObserved,
        context: &Context,
        depth: Depth,
    ) -> ProviderObserved {
        let mut observed = ProviderObserved {
            effects: look::open(effects, context).await,
            ..ProviderObserved::default()
        };
        let repository = &target.repository;
        let Some(mut known) = memory.repository.clone() else {
            let journal = memory.effects.as_ref();
            let whose = (&target.scope, &target.place);
            let effects = &observed.effects;
            observed.repository =
                look::unknown_repository(repository, whose, journal, effects, context).await;
            return observed;
        };
        let known = &mut known;
        let whose = (&target.scope, &target.place);
        let told = &memory.conditions;
        observed.repository = look::project(repository, whose, known, told, context, depth).await;
        let seen = &mut observed.repository;
        look::files(repository, known, seen, context, depth == Depth::Full).await;
        observed.pipeline = pipeline(known, memory, context).await;
        // No pipeline: it was removed, or the project has another path now, or is gone.
        let absent = matches!(observed.pipeline, Reading::Absent);
        if absent && look::has_moved(known, seen, context).await {
            observed.pipeline = pipeline(known, memory, context).await;
        }
        let state = plan::provisioned(target, memory, &observed.pipeline);
        if state == Some(PipelineState::Succeeded) {
            look_inside(target, memory, &mut observed, context, depth).await;
        }
        observed
    }

    fn learn(memory: &mut Self::Status, observed: &ProviderObserved) -> bool {
        if let Some(outputs) = observed.outputs.known() {
            memory.outputs = Some(outputs.clone());
        }
        report::learn_project(&mut memory.repository, &observed.repository)
    }

    fn plan(
        target: &ProviderTarget,
        memory: &Self::Status,
        observed: &ProviderObserved,
        context: &Context,
        now: Timestamp,
    ) -> Plan {
        plan::provider(target, memory, observed, &context.settings, now)
    }

    fn absorb(memory: &mut Self::Status, outcome: &Outcome) {
        report::absorb_provider(memory, outcome);
    }

    fn place(target: &ProviderTarget, memory: &Self::Status, provider: &str) -> Option<Place> {
        let table = memory
            .outputs
            .as_ref()
            .map(|outputs| outputs.audit_table.clone());
        (provider == target.place.name).then(|| Place {
            audit_table: table,
            ..target.place.clone()
        })
    }

    fn home(&self, context: &Context) -> Option<Place> {
        Some(Place::of(self, &context.settings))
    }

    fn denials(target: &ProviderTarget, observed: &ProviderObserved) -> BTreeMap<String, Failure> {
        let failure = observed.session.failure();
        let denied = failure.filter(|f| f.is_refused_role()).cloned();
        let of = |failure| (target.place.name.clone(), failure);
        denied.into_iter().map(of).collect()
    }

    fn is_about_to_show(observed: &ProviderObserved, memory: &Self::Status) -> bool {
        // One that has a number was seen, so it does not show again.
        memory.pipeline.as_ref().is_some_and(|known| known.id == 0)
            && matches!(observed.pipeline, Reading::Absent)
    }

    fn report(
        target: &ProviderTarget,
        memory: Self::Status,
        observed: &ProviderObserved,
        plan: &Plan,
        telling: &Telling<'_>,
    ) -> Report<Self::Status> {
        report::provider(target, memory, observed, plan, telling)
    }

    fn refuse(
        memory: Self::Status,
        blocked: &Blocked,
        telling: &Telling<'_>,
    ) -> Report<Self::Status> {
        report::blocked_provider(memory, blocked, telling)
    }

    fn project_path(status: &Self::Status) -> String {
        status
            .repository
            .as_ref()
            .map(|known| known.path.clone())
            .unwrap_or_default()
    }
}

/// The pipeline that the status remembers, or the first one of our commit.
async fn pipeline(
    known: &RepositoryStatus,
    memory: &EnvironmentProviderStatus,
    context: &Context,
) -> Reading<PipelineSeen> {
    let Some(remembered) = &memory.pipeline else {
        return newest(known, context).await;
    };
    if remembered.id != 0 {
        return look::remembered_pipeline(&known.path, remembered, &[], context).await;
    }
    match context
        .ports
        .pipelines
        .of_commit(&known.path, &remembered.sha)
        .await
    {
        Ok(found) => first(found, known, context).await,
        Err(failure) => Reading::from(Err::<PipelineSeen, _>(failure)),
    }
}

/// After a take-over nothing is remembered: the newest pipeline of the branch speaks.
async fn newest(known: &RepositoryStatus, context: &Context) -> Reading<PipelineSeen> {
    match context
        .ports
        .pipelines
        .recent(&known.path, target::DEFAULT_BRANCH)
        .await
    {
        Ok(found) => first(found, known, context).await,
        Err(failure) => Reading::from(Err::<PipelineSeen, _>(failure)),
    }
}

async fn first(
    found: Vec<Pipeline>,
    known: &RepositoryStatus,
    context: &Context,
) -> Reading<PipelineSeen> {
    // One that its commit asked to skip did nothing: that is how our later commits look.
    let ran = found.iter().find(|pipeline| pipeline.status != "skipped");
    match ran.or_else(|| found.first()).cloned() {
        Some(found) => look::pipeline(&known.path, found, None, context).await,
        None => Reading::Absent,
    }
}

/// Looks at what the pipeline built, with the operations role.
async fn look_inside(
    target: &ProviderTarget,
    memory: &EnvironmentProviderStatus,
    observed: &mut ProviderObserved,
    context: &Context,
    depth: Depth,
) {
    let place = &target.place;
    let access = place.access(
        &target.scope.identity,
        &context.settings.key.installation_id(),
    );
    let session = match context.ports.clouds.operations(&access).await {
        Ok(session) => session,
        Err(failure) => {
            observed.session = Reading::Unreadable(failure);
            return;
        }
    };
    observed.session = Reading::Known(());
    observed.outputs = match &memory.outputs {
        Some(outputs) if depth == Depth::Usual => Reading::Known(outputs.clone()),
        Some(_) | None => Reading::from(session.outputs(&place.prefix, &place.name).await),
    };
    let Some(outputs) = observed.outputs.known() else {
        return;
    };
    observed.cluster = Reading::from(session.cluster(&outputs.cluster_name).await);
    let generation = Some(target.scope.generation);
    observed.audit = if is_true(&memory.conditions, ConditionType::AuditReady, generation) {
        Reading::Known(())
    } else {
        Reading::from(session.audit_table(&outputs.audit_table).probe().await)
    };
}
