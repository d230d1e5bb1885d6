//! The ledger: records of effects go to their tables, each once, those of one table oldest first.

use std::collections::BTreeSet;

use crate::api::condition::Reason;
use crate::api::{AuditEntry, EffectJournal};
use crate::domain::audit::{self, AuditRecord, AuditScope};
use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::identity::Identity;
use crate::domain::observed::OpenIntent;
use crate::domain::report::Journal as _;
use crate::domain::runtime::AuditInsert;
use crate::domain::target::{Place, Scope};
use crate::domain::verdict::reason_of;
use crate::ports::AuditTable;

use super::Context;
use super::failpoint::{Point, reach};

/// Writes every waiting record whose table is known. `stale` are the providers whose chains the status may
/// not know to their end.
///
/// # Errors
/// Why a record could not be written: no further effect may happen until it is.
pub(super) async fn flush(
    context: &Context,
    scope: &Scope,
    stale: &mut BTreeSet<String>,
    journal: &mut EffectJournal,
    place: impl Fn(&str) -> Option<Place>,
) -> Result<(), Failure> {
    while let Some(Next {
        index,
        entry,
        place,
        table,
    }) = next(journal, &place)
    {
        let access = place.access(&scope.identity, &context.settings.key.installation_id());
        let head = async {
            let session = context.ports.clouds.operations(&access).await?;
            let ledger = session.audit_table(&table);
            find_chain(journal, scope, stale, &entry.provider, &*ledger).await?;
            let head = journal.head(&entry.provider);
            let record = record(scope, &entry, &place, &head);
            Ok(match ledger.insert(&record).await? {
                AuditInsert::Inserted => Some(record.hash().to_owned()),
                // Written before the status that would have told of it was lost.
                AuditInsert::AlreadyThere { hash, previous } if previous == head => Some(hash),
                // Further back in the chain, which knows it: only the status did not know that it was settled.
                AuditInsert::AlreadyThere { .. } => None,
            })
        }
        .await
        .map_err(|failure| unwritable(&failure, &table))?;
        reach(scope.identity.kind, &entry.action, Point::Recorded);
        journal.recorded(index, head.as_deref());
    }
    Ok(())
}

/// The providers in whose tables another pass may have written records that this status does not tell of: of
/// intents that were left open, or of what waits, in another order.
pub(super) fn stale(open: &[OpenIntent], journal: &EffectJournal) -> BTreeSet<String> {
    if open.is_empty() && journal.backlog.is_empty() {
        return BTreeSet::new();
    }
    let chains = journal.chains.iter();
    chains.map(|chain| chain.provider.clone()).collect()
}

/// Reads the end of a chain that the next record hangs on: before the first record of an object in a
/// table, since a cluster that was lost, or an object that was made again, has records there already; and
/// where a pass ended before it told of its records, or could not tell of them because its view was an old
/// one. A record of those is met when it is recorded again, and is counted already.
async fn find_chain(
    journal: &mut EffectJournal,
    scope: &Scope,
    stale: &mut BTreeSet<String>,
    provider: &str,
    ledger: &dyn AuditTable,
) -> Result<(), Failure> {
    let mut chains = journal.chains.iter();
    if chains.any(|chain| chain.provider == provider) && !stale.contains(provider) {
        return Ok(());
    }
    let links = ledger.links(&scope.identity.to_string()).await?;
    stale.remove(provider);
    journal.chains.retain(|chain| chain.provider != provider);
    journal.chains.extend(audit::chain(provider, &links));
    Ok(())
}

/// A record that can be written now.
struct Next {
    index: usize,
    entry: AuditEntry,
    place: Place,
    table: String,
}

/// The oldest record whose table is known. A table comes with its provider; until then its records
/// wait in the status, and hold back none for another.
fn next(journal: &EffectJournal, place: impl Fn(&str) -> Option<Place>) -> Option<Next> {
    let mut waiting = journal.backlog.iter().enumerate();
    waiting.find_map(|(index, entry)| {
        let place = place(&entry.provider)?;
        let table = place.audit_table.clone()?;
        let entry = entry.clone();
        Some(Next {
            index,
            entry,
            place,
            table,
        })
    })
}

/// Tells records that still wait when their object goes: with it goes the only place they stand in.
pub(super) fn tell_lost(object: &Identity, journal: &EffectJournal) {
    for entry in &journal.backlog {
        tracing::warn!(
            %object,
            record = entry.id,
            created_at = entry.created_at,
            provider = entry.provider,
            action = entry.action,
            subject = entry.subject,
            requested_by = entry.requested_by,
            generation = entry.generation,
            outcome = ?entry.outcome,
            external_id = entry.external_id,
            why = entry.message,
            "an audit record never got a table and ends here: keep this line"
        );
    }
}

fn unwritable(failure: &Failure, table: &str) -> Failure {
    if reason_of(failure) == Reason::RoleDenied {
        // It says itself what to do, and says the same of whatever else the role was wanted for.
        return failure.clone();
    }
    Failure {
        party: Party::Aws,
        // Whatever it is: the record waits, and so does everything else.
        kind: match failure.kind {
            FailureKind::Throttled(after) => FailureKind::Throttled(after),
            FailureKind::Denied => FailureKind::Denied,
            FailureKind::Retryable
            | FailureKind::Conflict
            | FailureKind::Missing
            | FailureKind::Invalid => FailureKind::Retryable,
        },
        message: format!(
            "the audit table {table} cannot be written, so nothing more is done: {}",
            failure.message
        ),
    }
}

fn record(scope: &Scope, entry: &AuditEntry, place: &Place, previous: &str) -> AuditRecord {
    let mut entry = entry.clone();
    if entry.requested_by.is_empty() {
        // It waits since a version that did not keep who asked.
        entry.requested_by.clone_from(&scope.requested_by);
    }
    AuditRecord::new(
        &AuditScope {
            object: scope.identity.to_string(),
            app_name: scope.identity.name.clone(),
            uid: scope.uid.clone(),
            owner: scope.owner.clone(),
            assumed_role: place.operations_role.as_str().to_owned(),
            account: place.account.clone(),
            region: place.region.clone(),
            prefix: place.prefix.clone(),
            provider: place.name.clone(),
        },
        &entry,
        previous,
    )
}
