//! O7, tenants: nobody's credentials are used for somebody else's things.
//!
//! Whatever the controller asks of AWS, but for the sessions themselves, it asks with a session that names its object
//! (its own identity may do nothing but assume roles). What such a request names is that object's: its services and
//! task definitions, the records it inserts, and the cluster and table of the provider that the session is for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Case, Finding, Proof};
use crate::journal::Entry;

/// Whom a session is for.
struct Session {
    /// As audit records name it.
    owner: String,
    /// What the names of its services begin with; nothing for providers, which have none.
    services: Option<String>,
    provider: String,
}

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let evidence = case.evidence;
    let mut owners = BTreeMap::new();
    for record in &evidence.records {
        let text = |name: &str| record.attributes.get(name).map_or("", String::as_str);
        owners.insert(text("id"), text("objectRef"));
    }
    let mut found = Vec::new();
    for (at, request) in evidence.requests.iter().enumerate() {
        if matches!(request.service.as_str(), "gitlab" | "kubernetes" | "sts") {
            continue;
        }
        let told = |sentence: String| Finding::new(sentence).with([Proof::Request(at)]);
        let Some(session) = session(&request.detail) else {
            found.push(told(format!(
                "{} was asked for as {}, which is no session of an object",
                request.action, request.actor
            )));
            continue;
        };
        found.extend(strange(request, &session, &owners).map(|thing| {
            told(format!(
                "{} was asked for with the session of {} at {} and is about {thing}",
                request.action, session.owner, session.provider
            ))
        }));
    }
    found
}

fn session(detail: &Map<String, Value>) -> Option<Session> {
    let tags = detail.get("sessionTags")?;
    let tag = |name: &str| Some(tags.get(format!("harmonix:{name}"))?.as_str()?.to_owned());
    let provider = tag("provider")?;
    Some(match (tag("namespace"), tag("application")) {
        (Some(namespace), Some(name)) => Session {
            owner: format!("Application/{namespace}/{name}"),
            services: Some(format!("{namespace}-{name}-")),
            provider,
        },
        _ => Session {
            owner: format!("EnvironmentProvider/{provider}"),
            services: None,
            provider,
        },
    })
}

/// The first thing in a request that is not the session's.
fn strange(request: &Entry, session: &Session, owners: &BTreeMap<&str, &str>) -> Option<String> {
    let detail = &request.detail;
    let text = |name: &str| detail.get(name).and_then(Value::as_str);
    let listed = detail.get("services").and_then(Value::as_array);
    let definition = text("taskDefinition").map(|arn| arn.rsplit('/').next().unwrap_or(arn));
    let services = listed.into_iter().flatten().filter_map(Value::as_str);
    let mut services = services.chain(text("service")).chain(definition);
    let start = session.services.as_deref();
    if let Some(name) = services.find(|name| !start.is_some_and(|start| name.starts_with(start))) {
        return Some(name.to_owned());
    }
    let places = [("TableName", "audit"), ("cluster", "cluster")];
    for (name, what) in places {
        let own = format!("-{}-{what}", session.provider);
        if let Some(place) = text(name).filter(|place| !place.ends_with(&own)) {
            return Some(place.to_owned());
        }
    }
    let id = detail.get("key").and_then(|key| key["id"]["S"].as_str())?;
    let owner = owners.get(id).filter(|_| request.took_effect())?;
    (*owner != session.owner).then(|| format!("the record {id} of {owner}"))
}
