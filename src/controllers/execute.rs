//! Execution: one arm for each effect, one request for each arm. No decisions here.

use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::intent::{Intent, IntentId};
use crate::domain::observed::External;
use crate::domain::stage::{group_description, sealed};
use crate::domain::step::{Effect, Outcome, Step, StepResult};

use super::Context;
use super::term::withheld;

/// Performs one step, if this process leads. `held` are all intents of the object.
pub(super) async fn execute(
    context: &Context,
    intent: Intent,
    step: &Step,
    held: &[Intent],
) -> Outcome {
    let effect = sealed(&step.effect, &intent, held);
    let done = context
        .while_leading(perform(context, &intent.id, effect))
        .await;
    let result = done.unwrap_or_else(|| Err(withheld(Party::GitLab)));
    Outcome {
        intent,
        result: result.map_or_else(judge, StepResult::Done),
    }
}

/// One request. The identity goes into what cannot be sealed.
async fn perform(context: &Context, id: &IntentId, effect: Effect) -> Result<External, Failure> {
    let ports = &context.ports;
    match effect {
        Effect::CreateGroup(path) => ports
            .projects
            .create_group(&path, &group_description(id))
            .await
            .map(|()| External::Nothing),
        Effect::CreateProject(project) => ports
            .projects
            .create_project(&project)
            .await
            .map(External::Project),
        Effect::TakeOver(project) => Ok(External::Project(project)),
        Effect::Commit(commit) => ports.files.commit(&commit).await.map(External::Commit),
        Effect::ApplySettings(project, settings) => ports
            .projects
            .apply_settings(&project, &settings)
            .await
            .map(|()| External::Nothing),
        Effect::StartPipeline(start) => ports.pipelines.start(&start).await.map(External::Pipeline),
        Effect::LetGo => Ok(External::Nothing),
    }
}

/// Whether a failed effect stays open or is over.
fn judge(failure: Failure) -> StepResult {
    match failure.kind {
        // A conflict is a reason to look again, under the same intent.
        FailureKind::Retryable
        | FailureKind::Unsent
        | FailureKind::Throttled(_)
        | FailureKind::Conflict
        | FailureKind::Missing => StepResult::Open(failure),
        FailureKind::Denied | FailureKind::Invalid => StepResult::Refused(failure),
    }
}
