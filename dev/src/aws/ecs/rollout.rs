//! What becomes of a service next: a decision without any effect of its own.
//!
//! The rules are those of a Fargate service with 100 % minimum and 200 % maximum: new tasks come up beside the old
//! ones, which go once the new ones are healthy. The circuit breaker ends a deployment whose tasks keep failing.

use jiff::{SignedDuration, Timestamp};

use super::service::{Deployment, Rollout, Service, Status};
use crate::aws::task::{Task, TaskState};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Start a task of this deployment.
    Start {
        /// The deployment's id.
        deployment: String,
        /// The task definition's ARN.
        definition: String,
    },
    /// Stop this task.
    Stop {
        /// The task's id.
        task: String,
        /// The reason ECS gives.
        reason: String,
    },
}

/// Ended tasks that are still shown.
const REMEMBERED: usize = 20;

/// Decides, and writes down what the decision means for the service.
pub fn step(service: &mut Service, now: Timestamp) -> Vec<Command> {
    let mut commands = Vec::new();
    match service.status {
        Status::Inactive => return commands,
        Status::Draining => {
            stop_all(service, |_| true, "Service deleted", &mut commands);
            if !service.tasks.iter().any(Task::is_alive) {
                service.status = Status::Inactive;
                service.deployments.clear();
            }
            return commands;
        }
        Status::Active => {}
    }
    count_failures(service, now);
    break_circuit(service, now);
    keep_count(service, now, &mut commands);
    retire_others(service, &mut commands);
    complete(service, now);
    forget_ended(service);
    commands
}

/// Counts the tasks that ended on their own since the last look.
fn count_failures(service: &mut Service, now: Timestamp) {
    let mut told = Vec::new();
    for task in service.tasks.iter_mut().filter(|task| !task.counted) {
        let TaskState::Stopped {
            reason,
            expected,
            unhealthy,
        } = &task.state
        else {
            continue;
        };
        task.counted = true;
        if *expected {
            continue;
        }
        told.push(format!("task {} stopped: {reason}", task.id));
        let deployment = service
            .deployments
            .iter_mut()
            .find(|d| d.id == task.deployment);
        if let Some(deployment) = deployment {
            // Each failure doubles the pause before the next attempt, up to a few seconds.
            let pause = 200_i64 << deployment.failed_tasks.min(5);
            deployment.next_start = now + SignedDuration::from_millis(pause);
            deployment.failed_tasks += 1;
            deployment.expired |= *unhealthy;
            deployment.updated = now;
        }
    }
    for message in told {
        service.tell(message, now);
    }
}

/// Ends the primary deployment where its tasks keep failing and the circuit breaker is on.
fn break_circuit(service: &mut Service, now: Timestamp) {
    let (enabled, rollback) = service.breaker();
    // ECS' rule: half of the desired tasks, at least 3, at most 200.
    let threshold = u32::try_from(service.desired.div_ceil(2))
        .unwrap_or(200)
        .clamp(3, 200);
    let Some(primary) = service.deployments.first_mut() else {
        return;
    };
    let failed = primary.failed_tasks >= threshold || primary.expired;
    if !enabled || primary.rollout != Rollout::InProgress || !failed {
        return;
    }
    primary.rollout = Rollout::Failed;
    primary.reason = "ECS deployment circuit breaker: tasks failed to start.".into();
    primary.updated = now;
    let failed = primary.clone();
    service.tell(
        format!(
            "(deployment {}) deployment failed: tasks failed to start.",
            failed.id
        ),
        now,
    );
    let previous = service
        .completed
        .clone()
        .filter(|previous| rollback && previous.id != failed.id);
    if let Some(previous) = previous {
        service.tell(format!("rolling back to deployment {}.", previous.id), now);
        roll_back(service, &previous, now);
    }
}

/// Makes the last completed deployment's task definition the primary one again; its tasks that still run are kept.
fn roll_back(service: &mut Service, previous: &Deployment, now: Timestamp) {
    service.deploy(&previous.definition, now);
    let Some(back) = service.deployments.first_mut() else {
        return;
    };
    back.reason = format!(
        "ECS deployment circuit breaker: rolling back to deploymentId {}.",
        previous.id
    );
    for task in service
        .tasks
        .iter_mut()
        .filter(|task| task.deployment == previous.id)
    {
        task.deployment.clone_from(&back.id);
    }
    service
        .deployments
        .retain(|deployment| deployment.id != previous.id);
}

/// Starts what the primary deployment lacks and stops what it has too much.
fn keep_count(service: &mut Service, now: Timestamp, commands: &mut Vec<Command>) {
    let Some(primary) = service.deployments.first() else {
        return;
    };
    let of_primary =
        |task: &&Task| task.deployment == primary.id && task.is_alive() && !task.is_stopping();
    let mut alive: Vec<&Task> = service.tasks.iter().filter(of_primary).collect();
    if primary.rollout == Rollout::Failed {
        for task in alive {
            let reason = "Task stopped because its deployment failed".to_owned();
            commands.push(Command::Stop {
                task: task.id.clone(),
                reason,
            });
        }
        return;
    }
    if now >= primary.next_start {
        for _ in alive.len()..service.desired {
            commands.push(Command::Start {
                deployment: primary.id.clone(),
                definition: primary.definition.clone(),
            });
        }
    }
    // What is not healthy yet goes first.
    alive.sort_by_key(|task| !task.is_healthy());
    while alive.len() > service.desired {
        let Some(task) = alive.pop() else { break };
        let reason = format!("Scaling activity initiated by (deployment {})", primary.id);
        commands.push(Command::Stop {
            task: task.id.clone(),
            reason,
        });
    }
}

/// Stops the tasks of other deployments once the primary one stands, and those of failed ones at once.
fn retire_others(service: &mut Service, commands: &mut Vec<Command>) {
    let Some(primary) = service.deployments.first() else {
        return;
    };
    let stands =
        healthy(service, &primary.id) >= service.desired && primary.rollout != Rollout::Failed;
    let reason = format!("Scaling activity initiated by (deployment {})", primary.id);
    let gone: Vec<String> = service
        .deployments
        .iter()
        .skip(1)
        .filter(|other| stands || other.rollout == Rollout::Failed)
        .map(|other| other.id.clone())
        .collect();
    stop_all(
        service,
        |task| gone.contains(&task.deployment),
        &reason,
        commands,
    );
    let busy: Vec<String> = service
        .tasks
        .iter()
        .filter(|task| task.is_alive())
        .map(|task| task.deployment.clone())
        .collect();
    let primary = service
        .deployments
        .first()
        .map(|primary| primary.id.clone());
    service.deployments.retain(|deployment| {
        Some(&deployment.id) == primary.as_ref()
            || !gone.contains(&deployment.id)
            || busy.contains(&deployment.id)
    });
}

fn complete(service: &mut Service, now: Timestamp) {
    let desired = service.desired;
    let [primary] = &service.deployments[..] else {
        return;
    };
    if primary.rollout != Rollout::InProgress || healthy(service, &primary.id) != desired {
        return;
    }
    let Some(primary) = service.deployments.first_mut() else {
        return;
    };
    primary.rollout = Rollout::Completed;
    primary.reason = format!("ECS deployment {} completed.", primary.id);
    primary.updated = now;
    let done = primary.clone();
    service.tell(
        format!("(deployment {}) deployment completed.", done.id),
        now,
    );
    service.tell("has reached a steady state.", now);
    service.completed = Some(done);
}

fn stop_all(
    service: &Service,
    which: impl Fn(&Task) -> bool,
    reason: &str,
    commands: &mut Vec<Command>,
) {
    for task in service
        .tasks
        .iter()
        .filter(|task| task.is_alive() && !task.is_stopping())
    {
        if which(task) {
            commands.push(Command::Stop {
                task: task.id.clone(),
                reason: reason.to_owned(),
            });
        }
    }
}

fn forget_ended(service: &mut Service) {
    let ended = service.tasks.iter().filter(|task| !task.is_alive()).count();
    let mut surplus = ended.saturating_sub(REMEMBERED);
    service.tasks.retain(|task| {
        let forget = surplus > 0 && !task.is_alive() && task.counted;
        surplus -= usize::from(forget);
        !forget
    });
}

/// Counts the healthy tasks of a deployment.
#[must_use]
pub fn healthy(service: &Service, deployment: &str) -> usize {
    let mine =
        |task: &&Task| task.deployment == deployment && task.is_healthy() && !task.is_stopping();
    service.tasks.iter().filter(mine).count()
}

#[cfg(test)]
mod tests;
