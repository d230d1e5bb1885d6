//! What came of it: everything the report tells, gathered once when all is ready.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::account::{Account, Service};
use super::audit::{self, Record};
use super::call::{self, Call};
use super::follow::Seen;
use super::stage::Stage;
use super::standin::{Reply, StandIn, Task};
use crate::failure::Failure;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What kubectl shows.
    pub listed: String,
    /// What was seen on the way.
    pub seen: Seen,
    /// All journals, by time, up to the last Ready.
    pub calls: Vec<Call>,
    /// The services, by account.
    pub services: Vec<Service>,
    /// The running tasks, each with what it answered.
    pub tasks: Vec<(Task, Result<Reply, Failure>)>,
    /// The audit records, by time.
    pub records: Vec<Record>,
    /// The controller's resident memory, in bytes.
    pub memory: Option<u64>,
    /// How long tools and binary took.
    pub preparation: Duration,
}

impl Outcome {
    /// Gathers everything. What is asked here is not in the journals that are told.
    pub async fn gather(stage: &Stage, seen: Seen) -> Result<Self, Failure> {
        let standin = StandIn::of(&stage.world);
        let memory = stage.controller.memory().map(|memory| memory.resident);
        let calls = calls(stage, &standin, &seen).await?;
        let listed = stage.kubectl(&["get", "envp,hxenv,hxapp", "-A"]).await?;
        let mut services = Vec::new();
        let mut records = Vec::new();
        for (account, provider) in providers(&seen) {
            let own = Account::of(stage, &account)?;
            for cluster in provider.clusters {
                services.extend(own.services(&account, &cluster).await?);
            }
            for table in provider.tables {
                records.extend(own.records(&table).await?);
            }
        }
        let mut tasks = Vec::new();
        for task in standin.tasks().await? {
            if let (Some(port), "RUNNING") = (task.port, task.state.as_str()) {
                let reply = standin.call(port).await;
                tasks.push((task, reply));
            }
        }
        Ok(Self {
            listed,
            seen,
            calls,
            services,
            tasks,
            records: audit::in_order(records),
            memory,
            preparation: stage.preparation,
        })
    }
}

/// What the providers of one account have there.
#[derive(Debug, Default)]
struct Places {
    clusters: BTreeSet<String>,
    tables: BTreeSet<String>,
}

fn providers(seen: &Seen) -> BTreeMap<String, Places> {
    let mut places: BTreeMap<String, Places> = BTreeMap::new();
    let outputs = seen.of_kind("EnvironmentProvider");
    for outputs in outputs.filter_map(|provider| provider.status.outputs.as_ref()) {
        let account = outputs.operations_role_arn.split(':').nth(4);
        let place = places
            .entry(account.unwrap_or_default().to_owned())
            .or_default();
        place.clusters.insert(outputs.cluster_name.clone());
        place.tables.insert(outputs.audit_table.clone());
    }
    places
}

async fn calls(stage: &Stage, standin: &StandIn, seen: &Seen) -> Result<Vec<Call>, Failure> {
    let operations: Vec<String> = seen
        .of_kind("EnvironmentProvider")
        .filter_map(|provider| provider.status.outputs.as_ref())
        .map(|outputs| outputs.operations_role_arn.clone())
        .collect();
    let kubernetes = stage.world.layout.journal("kubernetes");
    let mut calls = call::of_gitlab(standin.gitlab_journal().await?);
    calls.extend(call::of_aws(standin.aws_journal().await?, &operations));
    calls.extend(call::of_kubernetes(&kubernetes)?);
    calls.sort_by_key(|call| call.time);
    Ok(calls)
}
