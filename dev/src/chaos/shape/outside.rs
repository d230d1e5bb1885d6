//! The shape of what is outside: groups, projects with everything in them, services.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Facts, field};
use crate::chaos::evidence::{Evidence, Project};

pub fn tell(evidence: &Evidence, facts: &mut Facts<'_>) {
    for group in &evidence.groups {
        facts.note(&format!("group {group}"), "there");
    }
    for project in &evidence.projects {
        tell_project(project, facts);
    }
    for service in &evidence.services {
        let text = |name: &str| service[name].as_str().unwrap_or_default();
        let name = format!("service {} in {}", text("serviceName"), text("clusterArn"));
        facts.note(&name, text("status"));
        for count in ["desiredCount", "runningCount", "pendingCount"] {
            facts.note(&format!("{name} {count}"), &service[count].to_string());
        }
        field::tell(facts, &format!("{name} tags"), &service["tags"], |key| {
            key == "key"
        });
    }
}

fn tell_project(project: &Project, facts: &mut Facts<'_>) {
    let name = format!("project {}", project.path);
    facts.note(&name, "there");
    field::tell(
        facts,
        &format!("{name} setting"),
        &project.shown,
        is_passing,
    );
    for (path, text) in &project.files {
        facts.note(&format!("{name} file {path}"), text);
    }
    for (at, commit) in project.commits.iter().enumerate() {
        let message = commit["message"].as_str().unwrap_or_default();
        let subject = message.lines().next().unwrap_or_default();
        let who = commit["author_name"].as_str().unwrap_or_default();
        facts.note(
            &format!("{name} commit {}", at + 1),
            &format!("{subject} ({who})"),
        );
    }
    let mut pipelines: BTreeMap<String, usize> = BTreeMap::new();
    for pipeline in &project.pipelines {
        *pipelines.entry(does(pipeline)).or_default() += 1;
    }
    for (does, count) in pipelines {
        facts.note(&format!("{name} pipelines that {does}"), &count.to_string());
    }
}

/// What a pipeline does and how it ended.
fn does(pipeline: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let variables = &pipeline["variables"];
    let (action, environment) = (
        text(&variables["HARMONIX_ACTION"]),
        text(&variables["HARMONIX_ENVIRONMENT"]),
    );
    // One that a push started says what it does by its name alone.
    let name = text(&pipeline["name"]);
    let action = if action.is_empty() {
        name.split(' ').next().unwrap_or_default().to_owned()
    } else {
        action
    };
    let words = [
        text(&pipeline["source"]),
        action,
        environment,
        "ended".to_owned(),
        text(&pipeline["status"]),
    ];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// What GitLab shows of a project that is numbers it gives out, times, and addresses made of both.
fn is_passing(key: &str) -> bool {
    let ends = ["_at", "_url", "_on", "_count", "_html", "_token"];
    matches!(
        key,
        "id" | "creator_id" | "namespace" | "_links" | "owner" | "statistics" | "permissions"
    ) || ends.iter().any(|end| key.ends_with(end))
        || key.ends_with("_url_to_repo")
}
