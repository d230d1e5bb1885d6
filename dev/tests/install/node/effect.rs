//! What the controller brought about outside, counted by its name: nothing may have happened twice.

use std::collections::BTreeMap;

use harmonix_dev::journal::{self, Entry};
use harmonix_dev::world::World;
use serde_json::Value;

/// Effects by their names, with how often each happened: groups and projects by path, commits and pipelines by intent, records
/// by id.
pub fn effects(world: &World) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for service in ["gitlab", "aws"] {
        let entries = journal::read(&world.layout.journal(service)).unwrap();
        for name in entries
            .iter()
            .filter(|entry| entry.took_effect())
            .filter_map(name)
        {
            *counted.entry(name).or_default() += 1;
        }
    }
    counted
}

/// Those that happened more than once.
pub fn doubled(effects: &BTreeMap<String, usize>) -> Vec<String> {
    effects
        .iter()
        .filter(|(_, count)| **count > 1)
        .map(|(name, count)| format!("{name}: {count} times"))
        .collect()
}

fn name(entry: &Entry) -> Option<String> {
    // What people and jobs do has no label.
    entry.label.as_ref()?;
    let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
    let detail = |outer: &str, inner: &str| text(entry.detail.get(outer)?.get(inner));
    let own = match entry.action.as_str() {
        "groups.create" | "projects.create" => {
            text(entry.detail.get("project")).or_else(|| entry.resource.clone())
        }
        "commits.create" => detail("trailers", "Harmonix-Intent"),
        "pipelines.create" => detail("variables", "HARMONIX_INTENT"),
        "dynamodb:PutItem" => entry
            .detail
            .get("key")
            .map(|key| format!("{}{key}", entry.resource.as_deref().unwrap_or_default())),
        _ => return None,
    };
    Some(format!("{} {}", entry.action, own?))
}
