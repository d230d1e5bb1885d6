//! ECS: clusters, task definitions and tags are moto's; services, their deployments and tasks are the gate's, because
//! moto never runs anything and calls every roll-out finished.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use tokio::sync::Notify;

use super::Gate;
use super::answer::{Answer, Refusal};
use super::call::Call;
use super::config::TasksConfig;
use super::identity::Principal;
use super::moto::Place;
use super::resource::last;
use super::task::{Images, Outcomes, Task};

mod change;
mod drive;
mod read;
pub mod rollout;
pub mod service;
mod view;

pub use drive::drive;
pub use service::{Key, Service};

/// All services, and what their tasks run from.
#[derive(Debug)]
pub struct Services {
    /// How tasks are run.
    pub config: TasksConfig,
    /// The images that were unpacked.
    pub images: Images,
    /// What was declared to go wrong.
    pub outcomes: Outcomes,
    known: Mutex<BTreeMap<Key, Service>>,
    changed: Notify,
}

impl Services {
    /// Starts with none.
    pub fn new(config: &TasksConfig) -> io::Result<Self> {
        std::fs::create_dir_all(&config.logs)?;
        Ok(Self {
            images: Images::new(&config.folder)?,
            config: config.clone(),
            outcomes: Outcomes::default(),
            known: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Uses the services, and wakes whoever drives them.
    pub fn with<T>(&self, use_known: impl FnOnce(&mut BTreeMap<Key, Service>) -> T) -> T {
        let used = use_known(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
        used
    }

    /// Only looks at the services.
    pub fn look<T>(&self, look: impl FnOnce(&BTreeMap<Key, Service>) -> T) -> T {
        look(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes one task, where it is still known.
    pub fn with_task(&self, key: &Key, id: &str, change: impl FnOnce(&mut Task)) {
        self.with(|known| {
            let service = known.get_mut(key);
            if let Some(task) = service.and_then(|s| s.tasks.iter_mut().find(|task| task.id == id))
            {
                change(task);
            }
        });
    }

    /// Ends every task, and waits until all are gone or some seconds have passed.
    pub async fn stop_all(&self) {
        self.look(|known| {
            known
                .values()
                .flat_map(|service| &service.tasks)
                .for_each(|task| task.ask_to_stop());
        });
        for _ in 0..100 {
            let left =
                self.look(|known| known.values().any(|s| s.tasks.iter().any(Task::is_alive)));
            if !left {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        tracing::warn!("some tasks did not end in time; they end with this process");
    }
}

/// The name of AWS's target header for ECS.
const TARGET: &str = "AmazonEC2ContainerServiceV20141113";

impl Gate {
    pub(super) async fn ecs(&self, principal: &Principal, call: &Call) -> Result<Answer, Refusal> {
        match call.operation.as_str() {
            "CreateService" => self.create_service(principal, call).await,
            "UpdateService" => self.update_service(principal, call).await,
            "DeleteService" => self.delete_service(principal, call).await,
            "DescribeServices" => self.describe_services(principal, call).await,
            "ListServices" => self.list_services(principal, call).await,
            "ListTasks" => self.list_tasks(principal, call).await,
            "DescribeTasks" => self.describe_tasks(principal, call).await,
            "StopTask" => self.stop_task(principal, call).await,
            "DescribeClusters" => self.describe_clusters(principal, call).await,
            "DeleteCluster" => self.delete_cluster(principal, call).await,
            _ => self.moto.forward(call, &principal.account).await,
        }
    }

    /// Answers the place and the cluster's name that a call is about, where the cluster exists.
    async fn cluster(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<(Place, String), Refusal> {
        let place = Place {
            account: principal.account.clone(),
            region: call.region.clone(),
        };
        let name = last(call.text("cluster").unwrap_or("default")).to_owned();
        let asked = json!({ "clusters": [name] });
        let found = self
            .moto
            .json(&place, "ecs", &format!("{TARGET}.DescribeClusters"), &asked)
            .await?;
        if found["clusters"][0]["status"] == json!("ACTIVE") {
            return Ok((place, name));
        }
        Err(Refusal::code(
            "ClusterNotFoundException",
            "Cluster not found.",
        ))
    }
}
