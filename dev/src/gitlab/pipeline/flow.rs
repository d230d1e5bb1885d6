//! How jobs and pipelines move on: pure, given the jobs as they are.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::model::{Job, Status};
use super::spec::When;

/// Moves every job on that can move; answers whether any did.
///
/// `busy` holds the resource groups that jobs of other pipelines of the project hold.
pub fn advance(jobs: &mut [Job], busy: &mut BTreeSet<String>, now: Timestamp) -> bool {
    let mut moved = false;
    loop {
        let mut again = false;
        for index in 0..jobs.len() {
            if let Some(status) = next(jobs, index, busy) {
                let Some(job) = jobs.get_mut(index) else {
                    continue;
                };
                if status == Status::Pending {
                    job.queued_at = Some(now);
                    busy.extend(job.spec.resource_group.clone());
                }
                if status == Status::Skipped {
                    job.finished_at = None;
                }
                job.status = status;
                again = true;
            }
        }
        moved |= again;
        if !again {
            return moved;
        }
    }
}

fn next(jobs: &[Job], index: usize, busy: &BTreeSet<String>) -> Option<Status> {
    let job = jobs.get(index).filter(|job| !job.retried)?;
    let free = |job: &Job| {
        job.spec
            .resource_group
            .as_ref()
            .is_none_or(|group| !busy.contains(group))
    };
    match job.status {
        Status::WaitingForResource => free(job).then_some(Status::Pending),
        Status::Created => {
            let before = before(jobs, job)?;
            match decide(job, before) {
                Decision::Run if free(job) => Some(Status::Pending),
                Decision::Run => Some(Status::WaitingForResource),
                Decision::Ask => Some(Status::Manual),
                Decision::Skip => Some(Status::Skipped),
            }
        }
        Status::Pending
        | Status::Running
        | Status::Success
        | Status::Failed
        | Status::Canceled
        | Status::Skipped
        | Status::Manual => None,
    }
}

/// How everything before a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Well,
    Badly,
    Skipped,
}

/// Answers how everything before a job ended; nothing while something is still open.
fn before(jobs: &[Job], job: &Job) -> Option<Before> {
    let earlier: Vec<&Job> = jobs
        .iter()
        .filter(|other| !other.retried)
        .filter(|other| match &job.spec.needs {
            Some(needs) => needs.iter().any(|need| need.job == other.spec.name),
            None => other.stage_index < job.stage_index,
        })
        .collect();
    let settled = |other: &&Job| {
        other.status.is_complete() || (other.status == Status::Manual && other.allow_failure)
    };
    if !earlier.iter().all(settled) {
        return None;
    }
    let bad = |other: &&Job| match other.status {
        Status::Failed | Status::Canceled => !other.allow_failure,
        Status::Created
        | Status::WaitingForResource
        | Status::Pending
        | Status::Running
        | Status::Success
        | Status::Skipped
        | Status::Manual => false,
    };
    let skipped = |other: &&Job| matches!(other.status, Status::Skipped | Status::Manual);
    Some(if earlier.is_empty() {
        Before::Nothing
    } else if earlier.iter().any(bad) {
        Before::Badly
    } else if job.spec.needs.is_some() && earlier.iter().any(skipped) || earlier.iter().all(skipped)
    {
        Before::Skipped
    } else {
        Before::Well
    })
}

enum Decision {
    Run,
    Ask,
    Skip,
}

fn decide(job: &Job, before: Before) -> Decision {
    // A job in a later stage runs although a whole stage was skipped; one that needs a skipped job does not.
    let well = match before {
        Before::Nothing | Before::Well => true,
        Before::Skipped => job.spec.needs.is_none(),
        Before::Badly => false,
    };
    match job.spec.when {
        When::OnSuccess if well => Decision::Run,
        When::Manual if well => Decision::Ask,
        When::OnFailure if before == Before::Badly => Decision::Run,
        When::Always => Decision::Run,
        When::OnSuccess | When::Manual | When::OnFailure | When::Never => Decision::Skip,
    }
}

/// Answers a pipeline's state from its jobs' states, as GitLab composes it.
pub fn composite<'a>(jobs: impl Iterator<Item = &'a Job>) -> Status {
    let mut seen: BTreeSet<&'static str> = BTreeSet::new();
    for job in jobs {
        let forgiven = job.allow_failure;
        let word = match job.status {
            Status::Failed | Status::Canceled if forgiven => "success",
            Status::Manual if forgiven => "skipped",
            status => status.word(),
        };
        seen.insert(word);
    }
    let only = |words: &[&str]| seen.iter().all(|word| words.contains(word));
    let any = |words: &[&str]| words.iter().any(|word| seen.contains(word));
    if only(&["skipped"]) {
        Status::Skipped
    } else if only(&["success", "skipped"]) {
        Status::Success
    } else if only(&["created", "skipped"]) {
        Status::Created
    } else if only(&["canceled", "success", "skipped"]) {
        Status::Canceled
    } else if only(&["pending", "created", "skipped"]) {
        Status::Pending
    } else if any(&["running", "pending"]) {
        Status::Running
    } else if any(&["waiting_for_resource"]) {
        Status::WaitingForResource
    } else if any(&["manual"]) {
        Status::Manual
    } else if any(&["created"]) {
        Status::Running
    } else {
        Status::Failed
    }
}

/// Makes the job that runs instead of an ended one.
pub fn retry_copy(job: &Job, id: u64, user: &str, attempt: u32, now: Timestamp) -> Job {
    Job {
        id,
        status: Status::Created,
        retried: false,
        attempt,
        user: user.into(),
        token: None,
        failure_reason: None,
        exit_code: None,
        created_at: now,
        queued_at: None,
        started_at: None,
        finished_at: None,
        artifacts: Vec::new(),
        dotenv: Default::default(),
        ..job.clone()
    }
}

#[cfg(test)]
mod tests;
