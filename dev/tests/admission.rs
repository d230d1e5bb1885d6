//! The table of what is accepted and what is rejected, applied to a real API server. The controller's
//! own validation gets the same table in `tests/domain/admission.rs`; both must agree.
//!
//! `HARMONIX_TEST_KUBECONFIG` names an API server to use instead of a world of the test's own; the
//! CustomResourceDefinitions are applied there, and `kubectl` is taken from PATH.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "journeys/guardian.rs"]
mod guardian;
#[path = "../../tests/domain/admission/table.rs"]
mod table;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use harmonix_dev::world::kubectl::Kubectl;
use serde_json::Value;

use guardian::Guardian;
use table::{Table, Update, read};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An API server with our definitions; a world of the test's own ends with it.
struct Server {
    kubectl: Kubectl,
    guardian: Option<Guardian>,
}

impl Server {
    fn ready() -> Self {
        let server = match std::env::var_os("HARMONIX_TEST_KUBECONFIG") {
            Some(kubeconfig) => Self {
                kubectl: Kubectl::of("kubectl".into(), kubeconfig.into()),
                guardian: None,
            },
            None => Self::of_own_world(),
        };
        let folder = repository().join("crds");
        let folder = folder.to_str().unwrap();
        server
            .kubectl(&["apply", "--server-side", "-f", folder], None)
            .unwrap();
        server.wait();
        server
    }

    fn of_own_world() -> Self {
        let (guardian, world) = Guardian::bring_up("admission");
        Self {
            kubectl: Kubectl::of_administrator(&world),
            guardian: Some(guardian),
        }
    }

    /// Definitions are served a moment after they were accepted.
    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(30);
        for table in tables() {
            while let Err(message) = self.create(&table.base) {
                assert!(
                    Instant::now() < end,
                    "{} is not served: {message}",
                    table.kind
                );
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }

    /// What the server says: nothing but success, or why not.
    fn kubectl(&self, arguments: &[&str], input: Option<&Value>) -> Result<(), String> {
        let input = input.map(Value::to_string).unwrap_or_default();
        self.kubectl.run(arguments, &input).map(drop)
    }

    fn create(&self, object: &Value) -> Result<(), String> {
        self.kubectl(&["create", "--dry-run=server", "-f", "-"], Some(object))
    }

    fn update(&self, table: &Table, row: &Update) -> Result<(), String> {
        let old = table.patched(&row.old);
        self.kubectl(&["create", "-f", "-"], Some(&old)).unwrap();
        let new = table.patched(&row.new);
        let said = self.kubectl(&["replace", "--dry-run=server", "-f", "-"], Some(&new));
        self.kubectl(&["delete", "--wait=true", "-f", "-"], Some(&old))
            .unwrap();
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(guardian) = &self.guardian
        {
            guardian.keep();
        }
    }
}

fn tables() -> Vec<Table> {
    read(&repository().join("tests/admission"))
}

/// How what the server said differs from what the table says.
fn disagreement(name: &str, reject: Option<&String>, said: Result<(), String>) -> Option<String> {
    match (reject, said) {
        (None, Ok(())) => None,
        (None, Err(message)) => Some(format!("{name}: rejected: {message}")),
        (Some(_), Ok(())) => Some(format!("{name}: accepted")),
        (Some(part), Err(message)) => (!message.contains(part.as_str()))
            .then(|| format!("{name}: \"{part}\" is not in: {message}")),
    }
}

#[test]
fn the_api_server_accepts_and_rejects_what_the_table_says() {
    let server = Server::ready();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for table in tables() {
        for row in &table.rows {
            rows += 1;
            let said = server.create(&table.object(row));
            wrong.extend(disagreement(&row.name, row.reject.as_ref(), said));
        }
        for row in &table.updates {
            rows += 1;
            let said = server.update(&table, row);
            wrong.extend(disagreement(&row.name, row.reject.as_ref(), said));
        }
    }
    assert!(rows >= 100, "{rows} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
