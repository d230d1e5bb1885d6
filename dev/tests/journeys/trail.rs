//! What the journals say the controller did.

use std::path::PathBuf;

use harmonix_dev::journal::{self, Entry};
use harmonix_dev::world::World;
use jiff::Timestamp;
use serde_json::Value;

pub struct Trail {
    gitlab: PathBuf,
    aws: PathBuf,
    kubernetes: PathBuf,
}

/// No writes.
pub const NOTHING: [&str; 0] = [];

/// A moment in the journals.
#[derive(Clone, Copy)]
pub struct Mark(Timestamp);

impl Mark {
    /// When it is.
    pub fn time(self) -> Timestamp {
        self.0
    }
}

impl Trail {
    pub fn of(world: &World) -> Self {
        let journal = |service| world.layout.journal(service);
        Self {
            gitlab: journal("gitlab"),
            aws: journal("aws"),
            kubernetes: journal("kubernetes"),
        }
    }

    pub fn mark(&self) -> Mark {
        Mark(Timestamp::now())
    }

    /// From before everything.
    pub fn beginning(&self) -> Mark {
        Mark(Timestamp::UNIX_EPOCH)
    }

    /// Every request of the controller to GitLab about what lies at or below this path.
    pub fn gitlab(&self, since: Mark, path: &str) -> Vec<Entry> {
        let mut entries = journal::read(&self.gitlab).unwrap();
        let (plain, coded) = (path.to_owned(), path.replace('/', "%2F"));
        entries.retain(|entry| {
            let about = entry.resource.as_deref().unwrap_or_default();
            entry.actor == "harmonix"
                && entry.time >= since.0
                && (path.is_empty() || about.starts_with(&plain) || entry.path.contains(&coded))
        });
        entries
    }

    /// The controller's writes to GitLab, by name, in order.
    pub fn gitlab_writes(&self, since: Mark, path: &str) -> Vec<String> {
        let mut entries = self.gitlab(since, path);
        entries.retain(|entry| entry.mutating);
        entries.into_iter().map(|entry| entry.action).collect()
    }

    /// The controller's writes to AWS with the sessions of this source identity (`namespace@name`), by name: also those
    /// whose condition did not hold.
    pub fn aws_writes(&self, since: Mark, session: &str) -> Vec<String> {
        let entries = self.aws(since, session);
        entries.into_iter().map(|entry| entry.action).collect()
    }

    /// Those that were not refused.
    pub fn aws_effects(&self, since: Mark, session: &str) -> Vec<String> {
        let mut entries = self.aws(since, session);
        entries.retain(Entry::took_effect);
        entries.into_iter().map(|entry| entry.action).collect()
    }

    fn aws(&self, since: Mark, session: &str) -> Vec<Entry> {
        let mut entries = journal::read(&self.aws).unwrap();
        entries.retain(|entry| {
            let own = entry.actor.contains("operations-role/")
                || entry.actor.ends_with("role/harmonix-controller");
            own && entry.mutating
                && entry.time >= since.0
                && (session.is_empty() || entry.actor.ends_with(&format!("/{session}")))
        });
        entries
    }

    /// Those that came after a moment.
    pub fn kubernetes_writes_after(&self, moment: Timestamp, object: &str) -> Vec<String> {
        self.kubernetes_writes(Mark(moment), object)
    }

    /// The controller's writes to Kubernetes about an object (`namespace/name`), by verb and resource; events and leases are
    /// not counted.
    pub fn kubernetes_writes(&self, since: Mark, object: &str) -> Vec<String> {
        let text = std::fs::read_to_string(&self.kubernetes).unwrap();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let writes = lines.filter_map(|event| {
            let about = &event["objectRef"];
            let part = |name: &str| about[name].as_str().unwrap_or_default();
            let at: Timestamp = event["requestReceivedTimestamp"].as_str()?.parse().ok()?;
            let verb = event["verb"].as_str()?;
            let is_write = !["get", "list", "watch"].contains(&verb)
                // The last one stores nothing.
                && !["events", "leases", "selfsubjectaccessreviews"].contains(&part("resource"));
            let name = match part("namespace") {
                "" => part("name").to_owned(),
                namespace => format!("{namespace}/{}", part("name")),
            };
            (is_write && at >= since.0 && (object.is_empty() || name == object)).then(|| {
                let below = match part("subresource") {
                    "" => String::new(),
                    subresource => format!("/{subresource}"),
                };
                format!(
                    "{verb} {}{below} {name} {}",
                    part("resource"),
                    event["responseStatus"]["code"]
                )
            })
        });
        writes.collect()
    }
}
