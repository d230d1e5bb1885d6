//! The configuration's file with what it includes and extends, as one tree.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Map, Value};

use super::super::repository::Repository;
use super::read;
use super::rule::{self, Scene};

/// Why there is no tree.
#[derive(Debug)]
pub enum Failure {
    /// The file is not in the commit.
    Missing,
    /// The file is wrong, in GitLab's words.
    Invalid(String),
    /// Our own failure.
    Broken(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Where includes are looked up.
#[derive(Debug)]
pub struct Source<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The commit.
    pub sha: &'a str,
    /// Its paths.
    pub paths: &'a BTreeSet<String>,
    /// Variables that include rules may use.
    pub values: &'a BTreeMap<String, String>,
    /// Paths changed by the push.
    pub changed: Option<&'a [String]>,
}

/// As many files as GitLab takes.
const MOST_INCLUDES: usize = 150;

impl Source<'_> {
    /// Reads the file at `path` and everything it refers to.
    pub async fn load(&self, path: &str) -> Result<Map<String, Value>, Failure> {
        match self.repository.blob(self.sha, path).await? {
            None => Err(Failure::Missing),
            Some(blob) => self.resolve(&String::from_utf8_lossy(&blob.content)).await,
        }
    }

    /// Resolves a text that is not in the repository.
    pub async fn resolve(&self, text: &str) -> Result<Map<String, Value>, Failure> {
        let mut included = 0;
        let merged = self.include(text, &mut included).await?;
        extended(merged).map_err(Failure::Invalid)
    }

    async fn include(
        &self,
        text: &str,
        included: &mut usize,
    ) -> Result<Map<String, Value>, Failure> {
        let mut document = parsed(text).map_err(Failure::Invalid)?;
        let Some(include) = document.remove("include") else {
            return Ok(document);
        };
        let mut merged = Map::new();
        for entry in read_includes(&include).map_err(Failure::Invalid)? {
            if !self.wanted(&entry).map_err(Failure::Invalid)? {
                continue;
            }
            for path in self.matching(&entry.path).map_err(Failure::Invalid)? {
                *included += 1;
                if *included > MOST_INCLUDES {
                    let text = format!("Maximum of {MOST_INCLUDES} nested includes are allowed!");
                    return Err(Failure::Invalid(text));
                }
                let Some(blob) = self.repository.blob(self.sha, &path).await? else {
                    return Err(Failure::Invalid(format!(
                        "Local file `{path}` does not exist!"
                    )));
                };
                let text = String::from_utf8_lossy(&blob.content);
                merge(&mut merged, Box::pin(self.include(&text, included)).await?);
            }
        }
        merge(&mut merged, document);
        Ok(merged)
    }

    fn wanted(&self, entry: &Include) -> Result<bool, String> {
        let Some(rules) = &entry.rules else {
            return Ok(true);
        };
        let scene = Scene {
            values: self.values.clone(),
            paths: self.paths,
            changed: self.changed,
        };
        let found = rule::first(rules, &scene)?;
        Ok(found.is_some_and(|rule| rule.when != Some(super::When::Never)))
    }

    fn matching(&self, path: &str) -> Result<Vec<String>, String> {
        let path = super::expand_text(path, self.values);
        let path = path.trim_start_matches('/');
        if !path.contains('*') {
            return Ok(vec![path.to_owned()]);
        }
        let pattern = rule::glob(path)?;
        let found: Vec<String> = self
            .paths
            .iter()
            .filter(|path| pattern.is_match(path))
            .cloned()
            .collect();
        if found.is_empty() {
            Err(format!("Local file `{path}` does not exist!"))
        } else {
            Ok(found)
        }
    }
}

struct Include {
    path: String,
    rules: Option<Vec<rule::Rule>>,
}

fn read_includes(value: &Value) -> Result<Vec<Include>, String> {
    let entries = match value {
        Value::Array(entries) => entries.iter().collect(),
        one => vec![one],
    };
    entries
        .into_iter()
        .map(|entry| match entry {
            Value::String(path) if !path.contains("://") => Ok(Include {
                path: path.clone(),
                rules: None,
            }),
            Value::Object(object) => match object.get("local").and_then(Value::as_str) {
                Some(path) => Ok(Include {
                    path: path.into(),
                    rules: object
                        .get("rules")
                        .map(|rules| read::rules(rules, "include"))
                        .transpose()?,
                }),
                None => {
                    Err("this stand-in includes local files only: write `include: local`".into())
                }
            },
            _ => Err("this stand-in includes local files only: write `include: local`".into()),
        })
        .collect()
}

fn parsed(text: &str) -> Result<Map<String, Value>, String> {
    // The tag would be dropped in reading and leave a list that means something else.
    if text.contains("!reference") {
        return Err("!reference is a tag of GitLab that this stand-in does not read".into());
    }
    let value: Value = serde_saphyr::from_str(text)
        .map_err(|error| format!("Invalid configuration format: {error}"))?;
    match value {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Map::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("Invalid configuration format".into())
        }
    }
}

/// Lays `over` on top of `under`: objects are merged, everything else is replaced.
fn merge(under: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// Resolves `extends` everywhere.
fn extended(document: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut result = document.clone();
    for (name, value) in &document {
        if value.get("extends").is_some() {
            result.insert(
                name.clone(),
                Value::Object(extend(name, &document, &mut Vec::new())?),
            );
        }
    }
    Ok(result)
}

fn extend(
    name: &str,
    document: &Map<String, Value>,
    open: &mut Vec<String>,
) -> Result<Map<String, Value>, String> {
    if open.iter().any(|other| other == name) {
        return Err(format!("{name}: circular dependency detected in `extends`"));
    }
    if open.len() > 10 {
        return Err(format!("{name}: nesting too deep in `extends`"));
    }
    let Some(Value::Object(own)) = document.get(name) else {
        let user = open.last().map_or("", String::as_str);
        return Err(format!("{user}: unknown keys in `extends` ({name})"));
    };
    let bases: Vec<String> = match own.get("extends") {
        None => Vec::new(),
        Some(Value::String(base)) => vec![base.clone()],
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(_) => {
            return Err(format!(
                "jobs:{name}:extends config should be an array of strings or a string"
            ));
        }
    };
    open.push(name.to_owned());
    let mut result = Map::new();
    for base in bases {
        merge(&mut result, extend(&base, document, open)?);
    }
    open.pop();
    let mut own = own.clone();
    own.remove("extends");
    merge(&mut result, own);
    Ok(result)
}
