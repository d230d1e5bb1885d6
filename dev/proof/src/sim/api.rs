//! An API server in memory: three kinds of ours, namespaces, and whatever a controller may ask of them.

mod patch;
mod route;
mod service;
mod stored;
mod watch;
mod write;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;

pub use route::Table;
pub use service::client;
pub use stored::Stored;

/// One table's objects and what became of them.
#[derive(Clone, Default)]
pub struct Rows {
    objects: BTreeMap<String, Bytes>,
    history: Vec<Change>,
    /// What happened until this version is no longer known.
    compacted: u64,
}

/// One line of a watch.
#[derive(Clone)]
struct Change {
    version: u64,
    at: i64,
    line: Bytes,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// There is one more.
    Added,
    /// It is another now.
    Modified,
    /// It is gone.
    Deleted,
}

impl Did {
    const fn word(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// The API server.
#[derive(Clone, Default)]
pub struct Server {
    tables: [Rows; 4],
}

/// An answer.
pub struct Reply {
    code: u16,
    body: Bytes,
}

impl Reply {
    const fn fine(body: Bytes) -> Self {
        Self { code: 200, body }
    }

    fn refusal(code: u16, reason: &str, message: &str) -> Self {
        Self {
            code,
            body: Bytes::from(status(code, reason, message).to_string()),
        }
    }
}

/// What Kubernetes says of a refusal.
fn status(code: u16, reason: &str, message: &str) -> serde_json::Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
}

impl Server {
    fn rows(&self, table: Table) -> &Rows {
        &self.tables[table as usize]
    }

    fn rows_mut(&mut self, table: Table) -> &mut Rows {
        &mut self.tables[table as usize]
    }

    /// Keeps what became of an object, and tells every watch.
    fn keep(&mut self, table: Table, key: &str, did: Did, version: u64, at: i64, object: Bytes) {
        let head = format!("{{\"type\":\"{}\",\"object\":", did.word());
        let mut line = Vec::with_capacity(head.len() + object.len() + 2);
        line.extend_from_slice(head.as_bytes());
        line.extend_from_slice(&object);
        line.extend_from_slice(b"}\n");
        let rows = self.rows_mut(table);
        rows.history.push(Change {
            version,
            at,
            line: line.into(),
        });
        match did {
            Did::Added | Did::Modified => rows.objects.insert(key.to_owned(), object),
            Did::Deleted => rows.objects.remove(key),
        };
    }

    /// The list of everything in a table.
    fn list(&self, table: Table, version: u64) -> Bytes {
        let rows = self.rows(table);
        let mut text = format!(
            "{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{{\"resourceVersion\":\"{version}\"}},\"items\":[",
            table.kind(),
            table.api_version(),
        )
        .into_bytes();
        for (index, object) in rows.objects.values().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            text.extend_from_slice(object);
        }
        text.extend_from_slice(b"]}");
        text.into()
    }

    /// Forgets what happened until now: whoever wants to go on from there has to list.
    pub fn compact(&mut self, version: u64) {
        for rows in &mut self.tables {
            rows.compacted = version;
        }
    }

    /// A table's objects as they are on the wire.
    pub fn objects(&self, table: Table) -> &BTreeMap<String, Bytes> {
        &self.rows(table).objects
    }

    /// The cluster is lost.
    pub fn lose(&mut self) {
        *self = Self::default();
    }
}
