//! How audit tables take records, and what is wrong with a record.

use harmonix::domain::audit::AuditRecord;
use harmonix::domain::failure::FailureKind;
use harmonix::domain::intent::Intent;
use harmonix::domain::runtime::AuditInsert;

use super::broken::Broken;
use super::call::Answer;
use super::outside::Row;
use super::scene::Scene;
use super::serve::Arrival;
use super::state::{State, Wrong};

/// One conditional insert.
pub(super) fn insert(
    scene: &Scene,
    state: &mut State,
    arrival: &Arrival<'_>,
    table: &str,
    record: &AuditRecord,
) -> Answer {
    let Some(rows) = state.outside.tables.get(table) else {
        return arrival.write.failed(FailureKind::Missing, "no such table");
    };
    let row = row(record);
    if scene.is(Broken::ReleaseUnrecorded) && row.action == "LetGo" {
        return Answer::Insert(Ok(AuditInsert::Inserted));
    }
    let keyless = scene.is(Broken::UnconditionalInsert);
    let same = |known: &&Row| known.id == row.id && known.created_at == row.created_at;
    if let (false, Some(known)) = (keyless, rows.iter().find(same)) {
        let hash = known.hash.clone();
        let previous = known.previous.clone();
        return Answer::Insert(Ok(AuditInsert::AlreadyThere { hash, previous }));
    }
    judge(state, arrival.lane, table, &row);
    let rows = state.outside().tables.entry(table.to_owned()).or_default();
    rows.push(row);
    Answer::Insert(Ok(AuditInsert::Inserted))
}

fn row(record: &AuditRecord) -> Row {
    let value = |name: &str| record.attributes.get(name).cloned().unwrap_or_default();
    Row {
        id: record.id.clone(),
        created_at: record.created_at.clone(),
        object: value("objectRef"),
        uid: value("uid"),
        action: value("actionType"),
        status: value("status"),
        previous: value("previousHash"),
        hash: record.hash().to_owned(),
    }
}

/// What is wrong with a new record.
fn judge(state: &mut State, lane: usize, table: &str, row: &Row) {
    let mut wrongs = Vec::new();
    if state
        .outside
        .tables
        .values()
        .flatten()
        .any(|known| known.id == row.id)
    {
        wrongs.push(Wrong::Twice);
    }
    let rows = state.outside.tables.get(table);
    let mut own = rows
        .into_iter()
        .flatten()
        .filter(|known| known.object == row.object);
    let head = own.next_back().map_or("", |last| last.hash.as_str());
    if row.previous != head {
        wrongs.push(Wrong::Chain);
    }
    let effects = state.lanes.get(lane).map(|lane| lane.effects.as_slice());
    let mut effects = effects.unwrap_or_default().iter();
    let happened = effects.any(|effect| effect.intent == row.id);
    let is_effect = !matches!(row.action.as_str(), "LetGo" | "AssumeRole" | "TakeOver");
    match (is_effect, row.status.as_str(), happened) {
        (true, "SUCCESS", false) => wrongs.push(Wrong::NoEffect),
        (true, "FAILED" | "DENIED", true) => wrongs.push(Wrong::FalseRefusal),
        _ => {}
    }
    for wrong in wrongs {
        state.wrong(wrong);
    }
}

/// A broken controller records what it is about to do as done.
pub(super) fn fabricated(scene: &Scene, state: &mut State, lane: usize, intent: &Intent) {
    let table = format!("acme-{}-audit", intent.ledger);
    let row = Row {
        id: intent.id.as_str().to_owned(),
        created_at: intent.created_at.to_string(),
        object: scene
            .lane(lane)
            .map(|f| f.identity.to_string())
            .unwrap_or_default(),
        uid: String::new(),
        action: intent.action.name().to_owned(),
        status: "SUCCESS".into(),
        previous: String::new(),
        hash: String::new(),
    };
    let rows = state.outside.tables.get(&table);
    if rows.into_iter().flatten().any(|known| known.id == row.id) {
        return;
    }
    judge(state, lane, &table, &row);
    state.outside().tables.entry(table).or_default().push(row);
}
