//! Carrying out what was decided for each service.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::rollout::{Command, step};
use super::service::Key;
use crate::aws::Gate;
use crate::aws::task::{self, Task};

/// How often services are looked at when nothing is known to have changed.
const LOOK: Duration = Duration::from_millis(100);

/// Drives all services, forever.
pub async fn drive(gate: Arc<Gate>) {
    loop {
        let commands: Vec<(Key, Command)> = {
            let mut known = gate
                .services
                .known
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let now = Timestamp::now();
            known
                .iter_mut()
                .flat_map(|(key, service)| {
                    step(service, now)
                        .into_iter()
                        .map(|command| (key.clone(), command))
                })
                .collect()
        };
        for (key, command) in commands {
            carry_out(&gate, &key, command);
        }
        // A change wakes this at once; the pause after it keeps a busy world from spinning.
        let _ = tokio::time::timeout(LOOK, gate.services.changed.notified()).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn carry_out(gate: &Arc<Gate>, key: &Key, command: Command) {
    match command {
        Command::Start {
            deployment,
            definition,
        } => {
            let task = Task::new(key, &deployment, &definition, &gate.services.config.logs);
            let (id, stop) = (task.id.clone(), task.stop_signal());
            let started = gate.services.with(|known| {
                let Some(service) = known.get_mut(key) else {
                    return false;
                };
                let now = Timestamp::now();
                service.tell(format!("has started 1 tasks: (task {id})."), now);
                service.tasks.push(task);
                true
            });
            if started {
                // Spawned here, on a worker thread that lasts: a container dies with the thread that started it.
                tokio::spawn(task::live(
                    Arc::clone(gate),
                    key.clone(),
                    id,
                    definition,
                    stop,
                ));
            }
        }
        Command::Stop { task: id, reason } => {
            gate.services.with_task(key, &id, |task| task.stop(&reason));
        }
    }
}
