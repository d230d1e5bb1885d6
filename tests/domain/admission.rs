//! The table of what is accepted and what is rejected, applied to the controller's own validation.
//! The real API server gets the same table in `dev/tests/admission.rs`; both must agree.

mod table;

use std::path::Path;

use harmonix::domain::finding::{Finding, join};
use harmonix::domain::validate;
use serde::de::DeserializeOwned;
use serde_json::Value;

use table::{Row, Table, read};

fn tables() -> Vec<Table> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/admission"))
}

/// What the controller says of an object: nothing, or why not.
fn verdict(kind: &str, object: Value) -> Result<(), String> {
    fn check<T: DeserializeOwned>(
        object: Value,
        validate: impl Fn(&T) -> Vec<Finding>,
    ) -> Result<(), String> {
        // An object that is not even one of ours is told as the API server would tell it.
        let object = serde_json::from_value(object)
            .map_err(|e| format!("not an object of this kind: {e}"))?;
        let findings = validate(&object);
        if findings.is_empty() {
            Ok(())
        } else {
            Err(join(&findings))
        }
    }
    match kind {
        "EnvironmentProvider" => check(object, validate::provider),
        "Environment" => check(object, validate::environment),
        "Application" => check(object, validate::application),
        other => panic!("no such kind: {other}"),
    }
}

fn disagreement(table: &Table, row: &Row) -> Option<String> {
    let said = verdict(&table.kind, table.object(row));
    match (
        row.accept,
        row.controller.as_ref().or(row.reject.as_ref()),
        said,
    ) {
        (true, None, Ok(())) => None,
        (true, None, Err(message)) => Some(format!("{}: rejected: {message}", row.name)),
        (false, Some(_), Ok(())) => Some(format!("{}: accepted", row.name)),
        (false, Some(part), Err(message)) => {
            let told = message.contains(part.as_str()) || message.starts_with("not an object");
            (!told).then(|| format!("{}: \"{part}\" is not in: {message}", row.name))
        }
        _ => Some(format!(
            "{}: says neither or both of accept and reject",
            row.name
        )),
    }
}

#[test]
fn the_controller_accepts_and_rejects_what_the_table_says() {
    let wrong: Vec<String> = tables()
        .iter()
        .flat_map(|table| {
            table.rows.iter().filter_map(|row| {
                disagreement(table, row).map(|text| format!("{} {text}", table.kind))
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_is_long_enough_and_names_every_row_once() {
    let mut names = Vec::new();
    for table in tables() {
        names.extend(
            table
                .rows
                .iter()
                .map(|row| format!("{} {}", table.kind, row.name)),
        );
        names.extend(
            table
                .updates
                .iter()
                .map(|row| format!("{} {}", table.kind, row.name)),
        );
    }
    assert!(names.len() >= 100, "{} rows", names.len());
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "a name stands twice");
}

#[test]
fn a_row_that_says_the_opposite_is_noticed() {
    for table in tables() {
        for row in &table.rows {
            let opposite = Row {
                name: row.name.clone(),
                patch: row.patch.clone(),
                repeat: row.repeat,
                accept: !row.accept,
                reject: row.accept.then(|| "anything".to_owned()),
                controller: None,
            };
            assert!(disagreement(&table, &opposite).is_some(), "{}", row.name);
        }
    }
}
