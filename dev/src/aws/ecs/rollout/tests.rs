use std::path::Path;

use serde_json::{Map, json};

use super::*;
use crate::aws::ecs::Key;
use crate::aws::moto::Place;

const BREAKER: &str = r#"{"deploymentCircuitBreaker":{"enable":true,"rollback":true}}"#;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn service(desired: usize, breaker: &str) -> Service {
    let place = Place {
        account: "222222222222".into(),
        region: "eu-west-1".into(),
    };
    let key = Key {
        place,
        cluster: "demo-cluster".into(),
        name: "shop".into(),
    };
    let mut settings = Map::new();
    settings.insert(
        "deploymentConfiguration".into(),
        serde_json::from_str(breaker).unwrap(),
    );
    settings.insert("taskDefinition".into(), json!("shop:1"));
    Service::new(key, "shop:1", desired, settings, at(0))
}

/// Does what is commanded: tasks of a good definition become healthy at once, others exit.
fn obey(service: &mut Service, good: &[&str], now: Timestamp) -> usize {
    let commands = step(service, now);
    for command in &commands {
        match command {
            Command::Start {
                deployment,
                definition,
            } => {
                let mut task = Task::new(&service.key, deployment, definition, Path::new("/logs"));
                task.state = if good.contains(&definition.as_str()) {
                    TaskState::Running
                } else {
                    TaskState::Stopped {
                        reason: "exited".into(),
                        expected: false,
                        unhealthy: false,
                    }
                };
                service.tasks.push(task);
            }
            Command::Stop { task, reason } => {
                let task = service
                    .tasks
                    .iter_mut()
                    .find(|known| known.id == *task)
                    .unwrap();
                task.state = TaskState::Stopped {
                    reason: reason.clone(),
                    expected: true,
                    unhealthy: false,
                };
            }
        }
    }
    commands.len()
}

fn settle(service: &mut Service, good: &[&str], from: i64) {
    for second in from..from + 60 {
        obey(service, good, at(second));
    }
    assert_eq!(
        obey(service, good, at(from + 60)),
        0,
        "the service does not come to rest"
    );
}

fn running(service: &Service) -> Vec<&str> {
    let alive = service.tasks.iter().filter(|task| task.is_healthy());
    alive.map(|task| task.definition.as_str()).collect()
}

#[test]
fn a_new_service_completes_once_all_its_tasks_are_healthy() {
    let mut service = service(2, BREAKER);
    obey(&mut service, &["shop:1"], at(1));
    assert_eq!(service.deployments[0].rollout, Rollout::InProgress);
    settle(&mut service, &["shop:1"], 2);
    assert_eq!(service.deployments[0].rollout, Rollout::Completed);
    assert_eq!(running(&service), ["shop:1", "shop:1"]);
}

#[test]
fn old_tasks_stay_until_the_new_ones_are_healthy() {
    let mut service = service(1, BREAKER);
    settle(&mut service, &["shop:1"], 1);
    service.deploy("shop:2", at(100));
    // The new task is started but not healthy yet.
    let commands = step(&mut service, at(101));
    assert!(matches!(&commands[..], [Command::Start { definition, .. }] if definition == "shop:2"));
    let id = service.deployments[0].id.clone();
    service
        .tasks
        .push(Task::new(&service.key, &id, "shop:2", Path::new("/logs")));
    assert_eq!(step(&mut service, at(102)), []);
    assert_eq!(running(&service), ["shop:1"]);
    service.tasks.last_mut().unwrap().state = TaskState::Running;
    settle(&mut service, &["shop:1", "shop:2"], 103);
    assert_eq!(running(&service), ["shop:2"]);
    assert_eq!(service.deployments.len(), 1);
    assert_eq!(service.deployments[0].rollout, Rollout::Completed);
}

#[test]
fn a_failing_deployment_is_rolled_back_and_the_old_tasks_are_kept() {
    let mut service = service(2, BREAKER);
    settle(&mut service, &["shop:1"], 1);
    let kept: Vec<String> = service.tasks.iter().map(|task| task.id.clone()).collect();
    service.deploy("shop:2", at(100));
    settle(&mut service, &["shop:1"], 101);
    assert_eq!(service.deployments.len(), 1);
    assert_eq!(service.deployments[0].definition, "shop:1");
    assert_eq!(service.deployments[0].rollout, Rollout::Completed);
    assert_eq!(service.settings["taskDefinition"], json!("shop:1"));
    let alive: Vec<String> = service
        .tasks
        .iter()
        .filter(|task| task.is_healthy())
        .map(|task| task.id.clone())
        .collect();
    assert_eq!(alive, kept);
    assert!(
        service
            .events
            .iter()
            .any(|event| event.message.contains("rolling back to deployment"))
    );
}

#[test]
fn a_first_deployment_that_fails_has_nothing_to_go_back_to() {
    let mut service = service(1, BREAKER);
    settle(&mut service, &[], 1);
    assert_eq!(service.deployments[0].rollout, Rollout::Failed);
    assert_eq!(service.deployments[0].failed_tasks, 3);
    assert_eq!(running(&service), Vec::<&str>::new());
}

#[test]
fn without_a_circuit_breaker_a_failing_deployment_goes_on_trying() {
    let mut service = service(1, "{}");
    for second in 1..100 {
        obey(&mut service, &[], at(second));
    }
    assert_eq!(service.deployments[0].rollout, Rollout::InProgress);
    let failed = service.deployments[0].failed_tasks;
    assert!(
        (10..40).contains(&failed),
        "the pauses between attempts grow: {failed}"
    );
    settle(&mut service, &["shop:1"], 200);
    assert_eq!(service.deployments[0].rollout, Rollout::Completed);
}

#[test]
fn a_task_that_is_not_healthy_in_time_ends_the_deployment_at_once() {
    let mut service = service(1, BREAKER);
    let id = service.deployments[0].id.clone();
    let mut task = Task::new(&service.key, &id, "shop:1", Path::new("/logs"));
    task.state = TaskState::Stopped {
        reason: "unhealthy".into(),
        expected: false,
        unhealthy: true,
    };
    service.tasks.push(task);
    step(&mut service, at(1));
    assert_eq!(service.deployments[0].rollout, Rollout::Failed);
}

#[test]
fn the_count_follows_the_wish_without_a_deployment() {
    let mut service = service(1, BREAKER);
    settle(&mut service, &["shop:1"], 1);
    let deployment = service.deployments[0].id.clone();
    for desired in [3, 0, 2] {
        service.desired = desired;
        settle(&mut service, &["shop:1"], 100);
        assert_eq!(running(&service).len(), desired);
        assert_eq!(service.deployments[0].id, deployment);
    }
}

#[test]
fn a_deleted_service_drains_and_is_inactive() {
    let mut service = service(2, BREAKER);
    settle(&mut service, &["shop:1"], 1);
    service.status = Status::Draining;
    settle(&mut service, &["shop:1"], 100);
    assert_eq!(service.status, Status::Inactive);
    assert_eq!(running(&service), Vec::<&str>::new());
}
