//! What runs: services, their images, what the application answers.

use crate::demo::outcome::Outcome;
use crate::demo::standin::{Reply, Task};
use crate::demo::text::{short_digest, shorten, table};
use crate::failure::Failure;

/// Tells the services and whether all run the same image.
pub fn services(outcome: &Outcome) -> String {
    let rows = outcome.services.iter().map(|service| {
        [
            service.account.clone(),
            service.name.clone(),
            service.desired.to_string(),
            service.running.to_string(),
            service.rollout.clone(),
            service.digest().to_owned(),
        ]
    });
    let header = [
        "ACCOUNT",
        "SERVICE",
        "DESIRED",
        "RUNNING",
        "ROLLOUT",
        "DIGEST OF ITS IMAGE",
    ];
    format!("{}\n\n  {}", table(header, rows), digests(outcome))
}

/// Says whether the services and their tasks run one and the same image.
fn digests(outcome: &Outcome) -> String {
    let named = outcome.services.iter().map(|service| service.digest());
    let run = outcome
        .tasks
        .iter()
        .map(|(task, _)| task.digest.as_deref().unwrap_or("unknown"));
    let mut digests: Vec<&str> = named.chain(run).collect();
    digests.sort_unstable();
    digests.dedup();
    match digests.as_slice() {
        [] => "MISSED: no service runs".to_owned(),
        [one] => format!(
            "ok: every service and every task runs the image {}",
            short_digest(one)
        ),
        several => format!(
            "MISSED: {} different images run: {}",
            several.len(),
            several.join(", ")
        ),
    }
}

/// Tells what each running task answered.
pub fn answers(tasks: &[(Task, Result<Reply, Failure>)]) -> String {
    let rows = tasks.iter().map(|(task, reply)| {
        let (status, body) = match reply {
            Ok(reply) => (reply.status.to_string(), reply.body.clone()),
            Err(failure) => ("-".to_owned(), failure.to_string()),
        };
        let port = task.port.unwrap_or_default();
        [
            task.account.clone(),
            task.service.clone(),
            format!("http://127.0.0.1:{port}/"),
            status,
            shorten(&body, 160),
        ]
    });
    table(["ACCOUNT", "SERVICE", "GET", "STATUS", "BODY"], rows)
}
