//! Deletion: what was made outside stays as it is, one record says so, then the finalizer goes.

use std::time::Duration;

use crate::api::{FINALIZER, INTENTS_ANNOTATION};
use crate::domain::intent::{Action, Intent, IntentId, parse_intents};
use crate::domain::observed::External;
use crate::domain::report::Journal as _;
use crate::domain::step::{Outcome, StepResult};
use crate::domain::version::Version;
use crate::ports::StoreError;

use super::managed::Managed;
use super::{Context, ledger};

/// Releases the finalizer: the record is written.
pub(super) async fn finish(
    context: &Context,
    version: &Version,
    finalizers: &[String],
) -> Result<Option<Duration>, StoreError> {
    let rest: Vec<String> = finalizers
        .iter()
        .filter(|f| *f != FINALIZER)
        .cloned()
        .collect();
    match context.ports.store.release(version, &rest).await {
        Ok(()) | Err(StoreError::Gone) => {}
        Err(error) => return Err(error),
    }
    context.forget(&version.uid);
    tracing::info!(object = %version.identity, "let go: what was made outside stays as it is");
    Ok(None)
}

/// Lets go of an object whose spec, or what it names, no longer makes a target. Its identity in the
/// ledger is the open intent's, where an earlier try left one.
pub(super) async fn without_target<K: Managed>(
    context: &Context,
    object: &K,
    version: &Version,
) -> Result<Option<Duration>, StoreError> {
    let finalizers = object.finalizers().to_vec();
    if !finalizers.iter().any(|f| f == FINALIZER) {
        return Ok(None);
    }
    let scope = object.scope(context);
    let mut memory = object.status();
    let home = object.home(context);
    let mut version = version.clone();
    if let Some(home) = home.filter(|home| home.audit_table.is_some()) {
        let now = context.ports.clock.now();
        let action = Action::LetGo {
            project: K::project_path(&memory),
        };
        let text = object
            .annotations()
            .get(INTENTS_ANNOTATION)
            .map(String::as_str);
        let open = parse_intents(text).unwrap_or_default();
        let known = open.into_iter().find(|intent| intent.action == action);
        let intent = if let Some(intent) = known {
            intent
        } else {
            let intent = Intent {
                id: IntentId::new(now, context.ports.clock.entropy()),
                created_at: now,
                ledger: home.name.clone(),
                requested_by: scope.requested_by.clone(),
                generation: scope.generation,
                action,
            };
            let text = crate::domain::intent::format_intents(std::slice::from_ref(&intent));
            version = context
                .ports
                .store
                .hold(&version, &finalizers, &text)
                .await?;
            intent
        };
        let journal = K::journal(&mut memory);
        let outcome = Outcome {
            intent,
            result: StepResult::Done(External::Nothing),
        };
        journal.settle(&outcome);
        let place = |provider: &str| (provider == home.name).then(|| home.clone());
        if let Err(failure) = ledger::flush(context, &scope, journal, place).await {
            tracing::warn!(object = %version.identity, message = failure.message, "not let go yet");
            return Ok(Some(context.settings.resync_interval));
        }
    } else {
        tracing::warn!(object = %version.identity, "let go without a record: no audit table was ever known");
    }
    finish(context, &version, &finalizers).await
}
