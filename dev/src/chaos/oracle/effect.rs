//! Effects: what GitLab did because the controller asked, as its journal has it, also where the answer was lost.

use serde_json::Value;

use super::Action;
use crate::chaos::evidence::Evidence;
use crate::journal::Entry;

/// One request that changed something in GitLab, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Its place among the requests.
    pub request: usize,
    /// What it is in audit records.
    pub action: Action,
    /// The full path of the group or project.
    pub path: String,
    /// What else tells it from others: the environment that a pipeline deploys into.
    pub environment: Option<String>,
    /// The intent that it bears.
    pub intent: Option<String>,
    /// Whether it happened.
    pub happened: bool,
}

/// Every request that changed something in GitLab, or tried to, in order.
#[must_use]
pub fn effects(evidence: &Evidence) -> Vec<Effect> {
    let requests = evidence.requests.iter().enumerate();
    requests.filter_map(|(at, entry)| read(at, entry)).collect()
}

fn read(request: usize, entry: &Entry) -> Option<Effect> {
    if entry.service != "gitlab" || !entry.mutating {
        return None;
    }
    let variable = |name: &str| {
        let variables = entry.detail.get("variables")?;
        Some(variables.get(name)?.as_str()?.to_owned())
    };
    let action = match entry.action.as_str() {
        "groups.create" => Action::CreateGroup,
        "projects.create" => Action::CreateProject,
        "commits.create" => Action::CommitFiles,
        "projects.update" => Action::ApplySettings,
        "pipelines.create" => match variable("HARMONIX_ACTION").as_deref() {
            Some("provision") => Action::Provision,
            Some("deploy") => Action::Deploy,
            // One that was refused before its variables were looked at is told by its label.
            Some(_) => Action::Build,
            None => by_label(entry),
        },
        _ => return None,
    };
    let trailer = || {
        let trailers = entry.detail.get("trailers")?;
        Some(trailers.get("Harmonix-Intent")?.as_str()?.to_owned())
    };
    Some(Effect {
        request,
        action,
        path: path(entry)?,
        environment: variable("HARMONIX_ENVIRONMENT").filter(|name| !name.is_empty()),
        intent: variable("HARMONIX_INTENT").or_else(trailer),
        happened: entry.took_effect(),
    })
}

fn by_label(entry: &Entry) -> Action {
    let step = entry.label.as_ref().map_or("", |label| label.step.as_str());
    match step.split(' ').next() {
        Some("provision") => Action::Provision,
        Some("deploy") => Action::Deploy,
        Some(_) | None => Action::Build,
    }
}

fn path(entry: &Entry) -> Option<String> {
    let named = entry.detail.get("project").and_then(Value::as_str);
    named.or(entry.resource.as_deref()).map(str::to_owned)
}
