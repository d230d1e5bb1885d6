//! The chart holds what is generated elsewhere, and says of each of its values what it is.
//!
//! `HARMONIX_UPDATE=1 cargo test --test domain chart` writes the copies and the table of values.

mod value;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use value::Entry;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn chart(path: &str) -> PathBuf {
    root().join("charts/harmonix").join(path)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn updates() -> bool {
    std::env::var_os("HARMONIX_UPDATE").is_some()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// A chart is packed by itself, so what it needs of this repository lies in it as well.
fn same(ours: &str, theirs: &str) {
    let (ours, theirs) = (root().join(ours), chart(theirs));
    assert_eq!(names(&ours), names(&theirs), "{}", theirs.display());
    for name in names(&ours) {
        let wanted = text(&ours.join(&name));
        if updates() {
            std::fs::write(theirs.join(&name), &wanted).unwrap();
        }
        assert!(
            text(&theirs.join(&name)) == wanted,
            "{} is not fresh; run: HARMONIX_UPDATE=1 cargo test --test domain chart",
            theirs.join(&name).display()
        );
    }
}

#[test]
fn the_definitions_of_the_chart_are_what_the_binary_prints() {
    same("crds", "files/crds");
}

#[test]
fn the_admission_policy_of_the_chart_is_that_of_the_examples() {
    same("examples/admission", "files/admission");
}

#[test]
fn the_chart_is_of_the_controllers_version() {
    let chart: Value = serde_saphyr::from_str(&text(&chart("Chart.yaml"))).unwrap();
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_pages_table_of_values_is_made_of_the_values_comments() {
    let page = chart("README.md");
    let entries = value::entries(&text(&chart("values.yaml")));
    let committed = text(&page);
    let (before, rest) = committed.split_once("<!-- values -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /values -->").unwrap();
    let table = value::table(&entries);
    let wanted = format!("{before}<!-- values -->\n{table}<!-- /values -->{after}");
    if updates() {
        std::fs::write(&page, &wanted).unwrap();
    }
    assert!(
        text(&page) == wanted,
        "charts/harmonix/README.md is not fresh; run: HARMONIX_UPDATE=1 cargo test --test domain chart"
    );
}

#[test]
fn every_value_is_described() {
    let text = text(&chart("values.yaml"));
    let described: BTreeSet<String> = value::entries(&text)
        .into_iter()
        .map(|entry: Entry| entry.path)
        .collect();
    let all = value::leaves(&serde_saphyr::from_str(&text).unwrap(), &described);
    assert_eq!(all, described);
}

/// The paths of a schema's properties, and what in it would let a misspelt one through.
fn properties(path: &str, schema: &Value, out: &mut BTreeSet<String>, open: &mut Vec<String>) {
    let Some(properties) = schema["properties"].as_object() else {
        out.insert(path.to_owned());
        return;
    };
    if schema["additionalProperties"] != Value::Bool(false) {
        open.push(path.to_owned());
    }
    for (name, property) in properties {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        properties_of(&path, property, out, open);
    }
}

fn properties_of(path: &str, schema: &Value, out: &mut BTreeSet<String>, open: &mut Vec<String>) {
    if schema["type"].is_null() {
        open.push(format!("{path} has no type"));
    }
    properties(path, schema, out, open);
}

#[test]
fn the_schema_knows_every_value_and_nothing_else() {
    let schema: Value = serde_json::from_str(&text(&chart("values.schema.json"))).unwrap();
    let (mut known, mut open) = (BTreeSet::new(), Vec::new());
    properties("", &schema, &mut known, &mut open);
    assert!(open.is_empty(), "{open:?}");
    // What Helm itself puts into the values of every chart.
    assert!(known.remove("global"));
    let described: BTreeSet<String> = value::entries(&text(&chart("values.yaml")))
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert_eq!(known, described);
}

#[test]
fn the_schema_takes_the_defaults() {
    let schema: Value = serde_json::from_str(&text(&chart("values.schema.json"))).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in ["values.yaml", "ci/example-values.yaml"] {
        let values: Value = serde_saphyr::from_str(&text(&chart(name))).unwrap();
        let problems: Vec<String> = validator
            .iter_errors(&values)
            .map(|problem| problem.to_string())
            .collect();
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
}
