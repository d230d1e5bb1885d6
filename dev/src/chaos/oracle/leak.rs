//! O4, no leak: whatever bears our mark outside belongs to an object that lives, or to one that let go of it and has a
//! record saying so; no object owns two; and whatever the controller made can be told to be ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::effect::effects;
use super::version::identity;
use super::{Action, Case, Finding, Proof};
use crate::chaos::evidence::Evidence;

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let owners = owners(evidence);
    let mut found = Vec::new();
    let mut owned: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for project in &evidence.projects {
        let description = project.shown["description"].as_str().unwrap_or_default();
        let Some(owner) = marked(description) else {
            continue;
        };
        if !owners.contains(&owner) {
            let sentence = format!(
                "the project {} is marked as {owner}'s, which is neither there nor let go",
                project.path
            );
            found.push(Finding::new(sentence).text(description));
        }
        owned.entry(owner).or_default().push(&project.path);
    }
    for (owner, paths) in owned.into_iter().filter(|(_, paths)| paths.len() > 1) {
        found.push(Finding::new(format!(
            "{owner} is the owner of {} projects: {}",
            paths.len(),
            paths.join(", ")
        )));
    }
    found.extend(unmarked(evidence));
    found.extend(services(evidence, &owners));
    found
}

/// Those who may own something outside: what is there, and what let go.
fn owners(evidence: &Evidence) -> BTreeSet<String> {
    let alive = evidence.objects.iter().map(identity);
    let gone = evidence.records.iter().filter_map(|record| {
        let is = |name: &str, value: &str| record.attributes.get(name).is_some_and(|v| v == value);
        (is("actionType", "LetGo") && is("status", "SUCCESS"))
            .then(|| record.attributes.get("objectRef").cloned())
            .flatten()
    });
    alive.chain(gone).collect()
}

/// The owner that a description's marker names: `harmonix:<installation>:<owner>:<proof>`.
fn marked(description: &str) -> Option<String> {
    let mark = description
        .split_whitespace()
        .find_map(|word| word.strip_prefix("harmonix:"))?;
    let (_, rest) = mark.split_once(':')?;
    let (owner, _) = rest.rsplit_once(':')?;
    Some(owner.to_owned())
}

/// Projects that the controller made and that bear no mark: nobody would find them again.
fn unmarked(evidence: &Evidence) -> Vec<Finding> {
    let made = effects(evidence)
        .into_iter()
        .filter(|effect| effect.happened && effect.action == Action::CreateProject);
    let bare = made.filter_map(|effect| {
        let project = evidence.projects.iter().find(|p| p.path == effect.path)?;
        let description = project.shown["description"].as_str().unwrap_or_default();
        let sentence = format!("the controller made {} and it bears no mark", effect.path);
        marked(description).is_none().then(|| {
            Finding::new(sentence)
                .with([Proof::Request(effect.request)])
                .text(description)
        })
    });
    bare.collect()
}

/// Services of applications: by the tag that the templates set, else by the name, which begins with the owner's.
fn services(evidence: &Evidence, owners: &BTreeSet<String>) -> Vec<Finding> {
    let orphaned = evidence.services.iter().filter_map(|service| {
        let name = service["serviceName"].as_str().unwrap_or_default();
        let tagged = tag(service, "harmonix:application").map(|who| format!("Application/{who}"));
        let has_owner = match &tagged {
            Some(owner) => owners.contains(owner),
            None => owners.iter().any(|owner| {
                let mut parts = owner.splitn(3, '/');
                let (kind, namespace, of) = (parts.next(), parts.next(), parts.next());
                kind == Some("Application")
                    && name.starts_with(&format!(
                        "{}-{}-",
                        namespace.unwrap_or_default(),
                        of.unwrap_or_default()
                    ))
            }),
        };
        (!has_owner).then(|| {
            let owner = tagged.unwrap_or_else(|| "nobody who is there or let go".to_owned());
            Finding::new(format!("the service {name} belongs to {owner}")).text(service.to_string())
        })
    });
    orphaned.collect()
}

fn tag<'a>(service: &'a Value, key: &str) -> Option<&'a str> {
    let tags = service["tags"].as_array()?;
    let tag = tags.iter().find(|tag| tag["key"] == key)?;
    tag["value"].as_str()
}
