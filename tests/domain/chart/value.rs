//! `values.yaml`, read with its comments: `# -- …` above a value describes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

/// A value that is described.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands, as `--set` takes it.
    pub path: String,
    /// What it is when nobody says otherwise.
    pub default: Value,
    /// The description.
    pub what: String,
}

/// Every described value, in the file's order.
pub fn entries(text: &str) -> Vec<Entry> {
    let values: Value = serde_saphyr::from_str(text).unwrap();
    let mut path: Vec<&str> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    // A described value's own content holds no values of the chart.
    let mut inside: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('#') {
            match (rest.trim().strip_prefix("-- "), comment.is_empty()) {
                (Some(first), _) => comment = vec![first],
                (None, false) => comment.push(rest.trim()),
                (None, true) => {}
            }
            continue;
        }
        let Some((key, _)) = line.split_once(':') else {
            comment.clear();
            continue;
        };
        if inside.is_some_and(|depth| indent > depth) {
            continue;
        }
        inside = None;
        path.truncate(indent / 2);
        path.push(key);
        if comment.is_empty() {
            continue;
        }
        found.push(Entry {
            path: path.join("."),
            default: values
                .pointer(&format!("/{}", path.join("/")))
                .unwrap()
                .clone(),
            what: std::mem::take(&mut comment).join(" "),
        });
        inside = Some(indent);
    }
    found
}

/// The paths of all values: of what is described, and of every other one that holds no further ones.
pub fn leaves(values: &Value, described: &BTreeSet<String>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    walk("", values, described, &mut out);
    out
}

fn walk(path: &str, value: &Value, described: &BTreeSet<String>, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(inner) if !inner.is_empty() && !described.contains(path) => {
            for (name, value) in inner {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                walk(&path, value, described, out);
            }
        }
        _ => {
            out.insert(path.to_owned());
        }
    }
}

/// The table, in Markdown.
pub fn table(entries: &[Entry]) -> String {
    let mut table = String::from("| value | default | what it is |\n|---|---|---|\n");
    for Entry {
        path,
        default,
        what,
    } in entries
    {
        let what = what.replace('|', "\\|");
        let _ = writeln!(table, "| `{path}` | `{default}` | {what} |");
    }
    table
}

#[test]
fn values_are_found_with_their_comments() {
    let text = "# About the file.\n\na:\n  # -- First,\n  # in two lines.\n  b: 1\n  c:\n    # -- A list.\n    d:\n      - e: 2\n  f: 3\n# -- A map.\ng:\n  h: i\n";
    let found = entries(text);
    let told: Vec<(&str, String, &str)> = found
        .iter()
        .map(|entry| {
            (
                entry.path.as_str(),
                entry.default.to_string(),
                entry.what.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a.b", "1".to_owned(), "First, in two lines."),
            ("a.c.d", r#"[{"e":2}]"#.to_owned(), "A list."),
            ("g", r#"{"h":"i"}"#.to_owned(), "A map."),
        ]
    );
    let described = found.into_iter().map(|entry| entry.path).collect();
    let all = leaves(&serde_saphyr::from_str(text).unwrap(), &described);
    assert_eq!(all, ["a.b", "a.c.d", "a.f", "g"].map(str::to_owned).into());
}
