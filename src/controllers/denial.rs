//! Role denials are audited: once each time a role begins to be refused.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::condition::Reason;
use crate::api::{AuditEntry, AuditOutcome, EffectJournal};
use crate::domain::condition::shorten;
use crate::domain::failure::Failure;
use crate::domain::intent::IntentId;
use crate::domain::target::Scope;

use super::Context;

/// Puts a record of a refused role into the backlog, unless this process or the last status knows of
/// it already. What else goes on with the object may be told first, so the status alone does not do.
pub(super) fn note(
    context: &Context,
    scope: &Scope,
    previous: &[Condition],
    journal: &mut EffectJournal,
    (provider, failure): (String, Failure),
) {
    let waiting = journal
        .backlog
        .iter()
        .any(|entry| entry.action == "AssumeRole" && entry.provider == provider);
    let known = match context.recall(&scope.uid).denied {
        Some(before) => before.contains(&provider),
        // A new process: what the status tells was recorded by the one before.
        None => previous
            .iter()
            .any(|condition| condition.reason == Reason::RoleDenied.as_str()),
    };
    if known || waiting {
        return;
    }
    let now = context.ports.clock.now();
    journal.backlog.push(AuditEntry {
        id: IntentId::new(now, context.ports.clock.entropy())
            .as_str()
            .to_owned(),
        created_at: now.to_string(),
        subject: format!("the operations role of {provider}"),
        provider,
        action: "AssumeRole".to_owned(),
        requested_by: scope.requested_by.clone(),
        generation: scope.generation,
        epoch: context.epoch.number(),
        outcome: AuditOutcome::Denied,
        external_id: None,
        message: shorten(&failure.message, 1000),
    });
}
