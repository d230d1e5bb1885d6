//! The ledger: records of effects go to their tables, each once, those of one table oldest first.

use jiff::SignedDuration;

use crate::api::condition::Reason;
use crate::api::{AuditEntry, EffectJournal};
use crate::domain::audit::{self, AuditRecord, AuditScope, ChainLink};
use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::identity::{Identity, Kind};
use crate::domain::report::Journal as _;
use crate::domain::runtime::AuditInsert;
use crate::domain::target::{Place, Scope};
use crate::domain::verdict::reason_of;
use crate::ports::AuditTable;

use super::Context;
use super::failpoint::{Point, reach};
use super::term::withheld;

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
            find_chain(context, journal, scope, &entry.provider, &*ledger).await?;
            let head = journal.head(&entry.provider);
            let record = record(scope, &entry, &place, &head);
            // Until the answer is there nobody knows where the chain ends.
            context.remember(&scope.uid, |r| {
                r.chains.remove(&entry.provider);
            });
            let insert = context.while_leading(ledger.insert(&record)).await;
            let inserted = insert.unwrap_or_else(|| Err(withheld(Party::Aws)));
            Ok(match inserted? {
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
        note_end(context, &scope.uid, journal, &entry.provider);
    }
    Ok(())
}

/// Before this process writes its first record of an object into a table, and where a status tells of another
/// end than this process wrote, the table says where the chain ends: a cluster that was lost, or an object
/// that was made again, has records there already, an earlier pass may have ended before it told of its own, and
/// somebody may have altered the status. One that is met when it is recorded again is counted already.
async fn find_chain(
    context: &Context,
    journal: &mut EffectJournal,
    scope: &Scope,
    provider: &str,
    table: &dyn AuditTable,
) -> Result<(), Failure> {
    let told = end(journal, provider);
    if context.recall(&scope.uid).chains.get(provider) == Some(&told) {
        return Ok(());
    }
    let (told, _) = told;
    let links = table.links(&scope.identity.to_string()).await?;
    let shown = told.is_empty() || links.iter().any(|link| link.hash == told);
    if !shown && may_show_later(context) {
        return Err(Failure {
            party: Party::Aws,
            kind: FailureKind::Retryable,
            message: "it does not show the record yet that the status tells of last".into(),
        });
    }
    journal.chains.retain(|chain| chain.provider != provider);
    journal.chains.extend(audit::chain(provider, &links));
    note_end(context, &scope.uid, journal, provider);
    Ok(())
}

/// Whether a record that a process before this one wrote may be missing from an index for a moment.
fn may_show_later(context: &Context) -> bool {
    let grace = SignedDuration::try_from(context.settings.lost_answer_grace);
    let grace = grace.unwrap_or(SignedDuration::MAX);
    context.ports.clock.now().duration_since(context.started) < grace
}

/// The end of a provider's chain, as a status tells it.
fn end(journal: &EffectJournal, provider: &str) -> (String, i64) {
    let mut chains = journal.chains.iter();
    let chain = chains.find(|chain| chain.provider == provider);
    chain.map_or_else(Default::default, |chain| {
        (chain.head.clone(), chain.records)
    })
}

/// Remembers where a chain ends: nobody else writes to it.
fn note_end(context: &Context, uid: &str, journal: &EffectJournal, provider: &str) {
    let end = end(journal, provider);
    context.remember(uid, |r| {
        r.chains.insert(provider.to_owned(), end);
    });
}

/// Whether records of an object without a memory stand in its home's table: then it was here before.
///
/// # Errors
/// The table does not answer.
pub(super) async fn was_here_before(
    context: &Context,
    scope: &Scope,
    home: &Place,
) -> Result<bool, Failure> {
    let Some(table) = &home.audit_table else {
        // A place's own table comes with it, so nobody can tell. An application waits for that of its home.
        return Ok(scope.identity.kind == Kind::Provider);
    };
    if let Some((head, _)) = context.recall(&scope.uid).chains.get(&home.name) {
        return Ok(!head.is_empty());
    }
    let links = links(context, scope, home, table).await?;
    if links.is_empty() {
        context.remember(&scope.uid, |r| {
            r.chains.insert(home.name.clone(), Default::default());
        });
    }
    Ok(!links.is_empty())
}

/// Whether the records say that this very object, not an earlier one of its name, made its project or took it
/// over.
///
/// # Errors
/// The table does not answer.
pub(super) async fn tells_of_project(
    context: &Context,
    scope: &Scope,
    home: &Place,
) -> Result<bool, Failure> {
    let Some(table) = &home.audit_table else {
        return Ok(false);
    };
    let links = links(context, scope, home, table).await?;
    Ok(links.iter().any(|link| {
        let made = matches!(link.done.as_deref(), Some("CreateProject" | "TakeOver"));
        made && link.uid == scope.uid
    }))
}

async fn links(
    context: &Context,
    scope: &Scope,
    home: &Place,
    table: &str,
) -> Result<Vec<ChainLink>, Failure> {
    let access = home.access(&scope.identity, &context.settings.key.installation_id());
    let session = context.ports.clouds.operations(&access).await?;
    let table = session.audit_table(table);
    table.links(&scope.identity.to_string()).await
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
            | FailureKind::Unsent
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
