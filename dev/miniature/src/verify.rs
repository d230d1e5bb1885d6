//! What must hold of a world: one record for each effect, chains that verify, and one shape however
//! it came about.

use std::collections::BTreeMap;

use harmonix::api::EffectJournal;

use super::World;

/// Path, files and subjects of the commits of one project.
type ProjectShape = (String, Vec<(String, String)>, Vec<String>);

/// A world without what differs from run to run: identities, numbers and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Full paths.
    pub groups: Vec<String>,
    /// Each project with the digest-free content of its files and the subject of each commit.
    pub projects: Vec<ProjectShape>,
    /// How often each pipeline was started.
    pub pipelines: BTreeMap<String, usize>,
    /// How often each effect is recorded as a success.
    pub records: BTreeMap<String, usize>,
    /// The state and reason of each object.
    pub ready: Vec<(String, String)>,
    /// Replicas and configuration of each service.
    pub services: Vec<(String, i32, String)>,
}

/// The shape of a world.
pub fn shape(world: &World) -> Shape {
    let state = world.state();
    let mut pipelines = BTreeMap::new();
    for repository in &state.projects {
        for run in &repository.pipelines {
            let action = run
                .variables
                .get("HARMONIX_ACTION")
                .cloned()
                .unwrap_or_default();
            let environment = run
                .variables
                .get("HARMONIX_ENVIRONMENT")
                .cloned()
                .unwrap_or_default();
            let key = format!("{} {action} {environment}", repository.project.path);
            *pipelines.entry(key).or_insert(0) += 1;
        }
    }
    let mut records = BTreeMap::new();
    for (table, rows) in &state.tables {
        for row in rows
            .iter()
            .filter(|row| row.attributes["status"] == "SUCCESS")
        {
            let subject = row.attributes["actionName"]
                .split('@')
                .next()
                .unwrap_or_default();
            let key = format!("{table} {} {subject}", row.attributes["actionType"]);
            *records.entry(key).or_insert(0) += 1;
        }
    }
    let mut ready = Vec::new();
    let mut note = |name: &String, conditions: Option<Vec<_>>| {
        let conditions: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition> =
            conditions.unwrap_or_default();
        let told = conditions.iter().find(|c| c.type_ == "Ready");
        let told = told
            .map(|c| format!("{} {}", c.status, c.reason))
            .unwrap_or_default();
        ready.push((name.clone(), told));
    };
    for (name, o) in &state.providers {
        note(name, o.status.as_ref().map(|s| s.conditions.clone()));
    }
    for (name, o) in &state.environments {
        note(name, o.status.as_ref().map(|s| s.conditions.clone()));
    }
    for (name, o) in &state.applications {
        note(name, o.status.as_ref().map(|s| s.conditions.clone()));
    }
    let mut projects: Vec<_> = state.projects.iter().collect();
    projects.sort_by(|a, b| a.project.path.cmp(&b.project.path));
    Shape {
        groups: state.groups.iter().cloned().collect(),
        projects: projects
            .iter()
            .map(|r| {
                let files = r
                    .files
                    .iter()
                    .map(|(p, (c, _))| (p.clone(), c.clone()))
                    .collect();
                let subject = |m: &String| m.lines().next().unwrap_or_default().to_owned();
                (
                    r.project.path.clone(),
                    files,
                    r.commits.iter().map(|(_, m)| subject(m)).collect(),
                )
            })
            .collect(),
        pipelines,
        records,
        ready,
        services: state
            .services
            .iter()
            .map(|((cluster, _), s)| {
                (
                    cluster.clone(),
                    s.desired,
                    s.tags["harmonix:configuration"].clone(),
                )
            })
            .collect(),
    }
}

/// Everything that is wrong with a world that has come to rest.
pub fn violations(world: &World) -> Vec<String> {
    let mut found = world.state().violations.clone();
    let mut journals: Vec<(String, EffectJournal)> = Vec::new();
    {
        let state = world.state();
        for (name, o) in &state.providers {
            let effects = o
                .status
                .as_ref()
                .and_then(|s| s.effects.clone())
                .unwrap_or_default();
            journals.push((format!("EnvironmentProvider/{name}"), effects));
        }
        for (name, o) in &state.applications {
            let effects = o
                .status
                .as_ref()
                .and_then(|s| s.effects.clone())
                .unwrap_or_default();
            journals.push((format!("Application/{name}"), effects));
        }
    }
    let state = world.state();
    for (table, rows) in &state.tables {
        let mut heads: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        for row in rows {
            let object = row.attributes["objectRef"].as_str();
            let (head, count) = heads.get(object).copied().unwrap_or(("", 0));
            if row.attributes["previousHash"] != head {
                found.push(format!(
                    "{table}: the chain of {object} breaks at {}",
                    row.attributes["actionType"]
                ));
            }
            heads.insert(object, (row.hash(), count + 1));
        }
        for (object, journal) in &journals {
            for chain in &journal.chains {
                let of_table = table == &format!("acme-{}-audit", chain.provider);
                let (head, count) = heads.get(object.as_str()).copied().unwrap_or(("", 0));
                if of_table && (chain.head != head || usize::try_from(chain.records) != Ok(count)) {
                    found.push(format!(
                        "{table}: the status of {object} says {} records, the table has {count}",
                        chain.records
                    ));
                }
            }
        }
    }
    for (object, journal) in &journals {
        if !journal.backlog.is_empty() {
            found.push(format!(
                "{object}: {} records still wait",
                journal.backlog.len()
            ));
        }
    }
    found.extend(unrecorded(&state));
    found.extend(misnamed(&state));
    found
}

/// Effects without a record, and records without an effect.
fn unrecorded(state: &super::State) -> Vec<String> {
    let pairs = [
        ("group ", "CreateGroup"),
        ("project ", "CreateProject"),
        ("commit ", "CommitFiles"),
        ("pipeline deploy", "Deploy"),
        ("pipeline build", "Build"),
        ("pipeline provision", "Provision"),
    ];
    let recorded = |action: &str| {
        let of = |r: &&harmonix::domain::audit::AuditRecord| {
            r.attributes["actionType"] == action && r.attributes["status"] == "SUCCESS"
        };
        state.tables.values().flatten().filter(of).count()
    };
    let mut found: Vec<String> = pairs
        .into_iter()
        .filter_map(|(effect, action)| {
            let (happened, told) = (state.count(effect), recorded(action));
            (happened != told)
                .then(|| format!("{action}: {happened} happened, {told} are recorded"))
        })
        .collect();
    // Settings may be applied again under one intent, which is recorded once.
    let (happened, told) = (state.count("settings "), recorded("ApplySettings"));
    if told > happened || (happened > 0 && told == 0) {
        found.push(format!(
            "ApplySettings: {happened} happened, {told} are recorded"
        ));
    }
    found
}

/// Commits and pipelines of ours that are not told by exactly one record, under the identity that they
/// carry and with the number that GitLab gave them.
fn misnamed(state: &super::State) -> Vec<String> {
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for record in state.tables.values().flatten() {
        if record.attributes["status"] == "SUCCESS" {
            let external = record.attributes["externalRequestId"].as_str();
            *told.entry((&record.id, external)).or_default() += 1;
        }
    }
    let mut found = Vec::new();
    let mut expect = |intent: &str, external: &str, what: &str| {
        let records = told.get(&(intent, external)).copied().unwrap_or_default();
        if records != 1 {
            found.push(format!(
                "{what}: {records} records have its identity and number"
            ));
        }
    };
    for repository in &state.projects {
        let path = &repository.project.path;
        for (sha, message) in &repository.commits {
            let mut lines = message.lines();
            if let Some(intent) = lines.find_map(|line| line.strip_prefix("Harmonix-Intent: ")) {
                expect(intent, sha, &format!("a commit in {path}"));
            }
        }
        let started = |run: &&super::Run| run.pipeline.source == "api";
        for run in repository.pipelines.iter().filter(started) {
            if let Some(intent) = run.variables.get("HARMONIX_INTENT") {
                let pipeline = &run.pipeline;
                expect(intent, &pipeline.id.to_string(), &pipeline.name);
            }
        }
    }
    found
}
