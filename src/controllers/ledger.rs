//! The ledger: records of effects go to their tables, oldest first, each once.

use crate::api::{AuditEntry, EffectJournal};
use crate::domain::audit::{AuditRecord, AuditScope};
use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::report::Journal as _;
use crate::domain::runtime::AuditInsert;
use crate::domain::target::{Place, Scope};

use super::Context;

/// Writes every waiting record whose table is known.
///
/// # Errors
/// Why a record could not be written: no further effect may happen until it is.
pub(super) async fn flush(
    context: &Context,
    scope: &Scope,
    journal: &mut EffectJournal,
    place: impl Fn(&str) -> Option<Place>,
) -> Result<(), Failure> {
    while let Some(entry) = journal.backlog.first().cloned() {
        let Some((place, table)) = place(&entry.provider)
            .and_then(|place| place.audit_table.clone().map(|table| (place, table)))
        else {
            // The table comes with the provider; until then records wait in the status.
            return Ok(());
        };
        let record = record(scope, &entry, &place, &journal.head(&entry.provider));
        let access = place.access(&scope.identity, &context.settings.key.installation_id());
        let hash = async {
            let session = context.ports.clouds.operations(&access).await?;
            session.audit_table(&table).insert(&record).await
        }
        .await
        .map_err(|failure| unwritable(&failure, &table))?;
        match hash {
            AuditInsert::Inserted => journal.recorded(record.hash()),
            AuditInsert::AlreadyThere { hash } => journal.recorded(&hash),
        }
    }
    Ok(())
}

fn unwritable(failure: &Failure, table: &str) -> Failure {
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
