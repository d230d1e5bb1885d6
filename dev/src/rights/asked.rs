//! What an account asked of the API server: the lines of its audit log.

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::failure::{Doing, Failure};

/// The controller's own account.
pub const ACCOUNT: &str = "system:serviceaccount:harmonix-system:harmonix";

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The API group; empty for the core.
    pub group: String,
    /// The resource, a subresource after a slash; the path, where the request is about no resource.
    pub resource: String,
    /// The verb.
    pub verb: String,
    /// The namespace; empty for what lies in none, and for all at once.
    pub namespace: String,
    /// The object's name; empty for all at once, and for a new one.
    pub name: String,
    /// Whether the API server refused it for want of a right.
    pub forbidden: bool,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, " of {}", self.group)?;
        }
        if !self.name.is_empty() {
            write!(f, " named {}", self.name)?;
        }
        if !self.namespace.is_empty() {
            write!(f, " in {}", self.namespace)?;
        }
        if self.forbidden {
            write!(f, ", which was refused")?;
        }
        Ok(())
    }
}

/// Reads what an account asked, from an audit log.
pub fn read(log: &Path, account: &str) -> Result<Vec<Asked>, Failure> {
    let what = || format!("read the audit log {}", log.display());
    let text = std::fs::read_to_string(log).doing(what)?;
    // What is being written at this moment has no end yet.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    of(whole, account).doing(what)
}

/// What an account asked, from the lines of an audit log.
pub fn of(log: &str, account: &str) -> Result<Vec<Asked>, serde_json::Error> {
    let mut all = Vec::new();
    for line in log.lines() {
        let event: Value = serde_json::from_str(line)?;
        if event["user"]["username"] == account {
            all.push(asked(&event));
        }
    }
    Ok(all)
}

fn asked(event: &Value) -> Asked {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let about = &event["objectRef"];
    let uri = word(&event["requestURI"]);
    let path = uri.split('?').next().unwrap_or_default();
    let resource = match (about["resource"].as_str(), about["subresource"].as_str()) {
        (Some(resource), Some(below)) => format!("{resource}/{below}"),
        (Some(resource), None) => resource.to_owned(),
        (None, _) => path.to_owned(),
    };
    let verb = word(&event["verb"]);
    Asked {
        group: word(&about["apiGroup"]),
        resource,
        // A new object's name is in its body, which RBAC does not look at.
        name: match verb.as_str() {
            "create" => String::new(),
            _ => word(&about["name"]),
        },
        verb,
        namespace: word(&about["namespace"]),
        forbidden: event["annotations"]["authorization.k8s.io/decision"] == "forbid",
    }
}
