//! What moves pipelines on: starts jobs, ends them, retries them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::executor::{self, Outcome};
use super::instance::Instance;
use super::model::{Data, Job, Status};
use super::pipeline::{advance, composite, retry_copy};
use super::{moment, token};

mod deployment;

/// The engine.
#[derive(Debug, Default)]
pub struct Engine {
    wake: Notify,
    running: Mutex<BTreeMap<u64, Arc<Notify>>>,
}

impl Engine {
    /// Looks again soon.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Moves everything on, for ever.
    pub async fn run(&self, instance: Arc<Instance>) {
        loop {
            for job in self.start_ready(&instance) {
                let stop = Arc::new(Notify::new());
                self.with_running(|running| running.insert(job, Arc::clone(&stop)));
                let instance = Arc::clone(&instance);
                tokio::spawn(async move {
                    let outcome = executor::run(&instance, job, &stop).await;
                    instance.engine.with_running(|running| running.remove(&job));
                    instance.engine.finish(&instance, job, &outcome);
                });
            }
            // The pause bounds how late a change is seen whose waking was missed.
            let _woken = tokio::time::timeout(Duration::from_secs(1), self.wake.notified()).await;
        }
    }

    fn with_running<T>(&self, look: impl FnOnce(&mut BTreeMap<u64, Arc<Notify>>) -> T) -> T {
        look(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Moves pipelines on and marks the jobs that a runner takes now.
    fn start_ready(&self, instance: &Instance) -> Vec<u64> {
        let idle = instance
            .store
            .read(|data| data.pipelines.values().all(|p| p.status.is_complete()));
        if idle {
            return Vec::new();
        }
        let now = moment::now();
        let free = instance
            .executor
            .concurrency
            .saturating_sub(self.with_running(|r| r.len()));
        instance.store.write(|data| {
            let open: Vec<u64> = data
                .pipelines
                .values()
                .filter(|pipeline| !pipeline.status.is_complete())
                .map(|pipeline| pipeline.id)
                .collect();
            for pipeline in &open {
                advance_pipeline(data, *pipeline, now);
            }
            let ready: Vec<u64> = data
                .jobs
                .values()
                .filter(|job| job.status == Status::Pending && has_runner(data, job))
                .map(|job| job.id)
                .take(free)
                .collect();
            for id in &ready {
                if let Some(job) = data.jobs.get_mut(id) {
                    job.status = Status::Running;
                    job.started_at = Some(now);
                    job.token = Some(token::secret("glcbt-"));
                }
                deployment::started(data, *id, now);
            }
            for pipeline in open {
                refresh(data, pipeline, now);
            }
            ready
        })
    }

    /// Ends a job, and runs it again where its configuration says so.
    pub fn finish(&self, instance: &Instance, id: u64, outcome: &Outcome) {
        let now = moment::now();
        instance.store.write(|data| {
            let Some(job) = data.jobs.get_mut(&id) else {
                return;
            };
            job.finished_at = Some(now);
            job.token = None;
            match outcome {
                Outcome::Success => job.status = Status::Success,
                Outcome::Canceled => job.status = Status::Canceled,
                Outcome::Failed { reason, exit_code } => {
                    job.status = Status::Failed;
                    job.failure_reason = Some((*reason).into());
                    job.exit_code = *exit_code;
                    job.allow_failure |=
                        exit_code.is_some_and(|code| job.spec.allowed_exit_codes.contains(&code));
                }
            }
            let job = job.clone();
            deployment::ended(data, &job, now);
            if retries(&job) {
                replace(data, &job, &job.user, job.attempt + 1, now);
            }
            refresh(data, job.pipeline_id, now);
        });
        self.wake();
    }

    /// Stops a job.
    pub fn cancel_job(&self, instance: &Instance, id: u64) {
        let now = moment::now();
        let running = instance.store.write(|data| {
            let Some(job) = data.jobs.get_mut(&id) else {
                return false;
            };
            match job.status {
                Status::Running => return true,
                Status::Created | Status::WaitingForResource | Status::Pending | Status::Manual => {
                    job.status = Status::Canceled;
                    job.finished_at = Some(now);
                    let pipeline = job.pipeline_id;
                    refresh(data, pipeline, now);
                }
                Status::Success | Status::Failed | Status::Canceled | Status::Skipped => {}
            }
            false
        });
        if running && let Some(stop) = self.with_running(|running| running.get(&id).cloned()) {
            stop.notify_one();
        }
        self.wake();
    }

    /// Stops everything that runs and waits a moment for it.
    pub async fn stop_all(&self) {
        for _ in 0..50 {
            let running: Vec<_> = self.with_running(|running| running.values().cloned().collect());
            if running.is_empty() {
                return;
            }
            running.iter().for_each(|stop| stop.notify_one());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Makes a new run of an ended job and lets what was skipped after it run; answers its number.
    pub fn retry_job(&self, instance: &Instance, id: u64, user: &str) -> Option<u64> {
        let now = moment::now();
        let copy = instance.store.write(|data| {
            let job = data.jobs.get(&id)?.clone();
            let copy = replace(data, &job, user, 0, now);
            for other in data.jobs.values_mut() {
                let later = other.pipeline_id == job.pipeline_id
                    && !other.retried
                    && other.status == Status::Skipped
                    && (other.stage_index > job.stage_index || other.spec.needs.is_some());
                if later {
                    other.status = Status::Created;
                }
            }
            reopen(data, job.pipeline_id, now);
            Some(copy)
        });
        self.wake();
        copy
    }

    /// Lets a manual job run.
    pub fn play_job(&self, instance: &Instance, id: u64, user: &str) {
        let now = moment::now();
        instance.store.write(|data| {
            if let Some(job) = data.jobs.get_mut(&id) {
                job.spec.when = super::pipeline::When::Always;
                job.status = Status::Created;
                job.user = user.into();
                let pipeline = job.pipeline_id;
                reopen(data, pipeline, now);
            }
        });
        self.wake();
    }

    /// Fails the jobs that a stopped process left running: their runner is gone.
    pub fn settle_after_restart(&self, instance: &Instance) {
        let lost = instance.store.read(|data| {
            let running = data
                .jobs
                .values()
                .filter(|job| job.status == Status::Running);
            running.map(|job| job.id).collect::<Vec<_>>()
        });
        for job in lost {
            let outcome = Outcome::Failed {
                reason: "runner_system_failure",
                exit_code: None,
            };
            self.finish(instance, job, &outcome);
        }
    }
}

fn has_runner(data: &Data, job: &Job) -> bool {
    let project = job.project_id;
    let shared = data
        .projects
        .get(&project)
        .is_none_or(|project| project.setting("shared_runners_enabled") == true);
    shared
        && data.runner.takes(&job.spec.tags)
        && !data.without_runner.contains(&0)
        && !data.without_runner.contains(&project)
}

fn advance_pipeline(data: &mut Data, id: u64, now: Timestamp) {
    let Some(project) = data.pipelines.get(&id).map(|pipeline| pipeline.project_id) else {
        return;
    };
    let mut busy: BTreeSet<String> = data
        .jobs
        .values()
        .filter(|job| job.project_id == project)
        .filter(|job| matches!(job.status, Status::Pending | Status::Running))
        .filter_map(|job| job.spec.resource_group.clone())
        .collect();
    let mut jobs: Vec<Job> = data.latest_jobs(id).cloned().collect();
    if advance(&mut jobs, &mut busy, now) {
        data.jobs.extend(jobs.into_iter().map(|job| (job.id, job)));
    }
}

/// Brings a pipeline's own state in line with its jobs'.
fn refresh(data: &mut Data, id: u64, now: Timestamp) {
    let jobs: Vec<&Job> = data.latest_jobs(id).collect();
    if jobs.is_empty() {
        return;
    }
    let status = composite(jobs.iter().copied());
    let started = data
        .jobs
        .values()
        .filter(|job| job.pipeline_id == id)
        .filter_map(|job| job.started_at)
        .min();
    if let Some(pipeline) = data.pipelines.get_mut(&id) {
        pipeline.started_at = pipeline.started_at.or(started);
        if pipeline.status != status {
            pipeline.status = status;
            pipeline.updated_at = now;
            pipeline.finished_at = status.is_complete().then_some(now);
        }
    }
}

/// A pipeline that gets a new job is open again, so that the engine looks at it.
fn reopen(data: &mut Data, id: u64, now: Timestamp) {
    if let Some(pipeline) = data.pipelines.get_mut(&id) {
        pipeline.status = Status::Running;
        pipeline.updated_at = now;
        pipeline.finished_at = None;
    }
}

fn replace(data: &mut Data, job: &Job, user: &str, attempt: u32, now: Timestamp) -> u64 {
    let id = data.next_id();
    if let Some(old) = data.jobs.get_mut(&job.id) {
        old.retried = true;
    }
    data.jobs
        .insert(id, retry_copy(job, id, user, attempt, now));
    id
}

fn retries(job: &Job) -> bool {
    let retry = &job.spec.retry;
    let reason = job.failure_reason.as_deref().unwrap_or_default();
    let code = job
        .exit_code
        .is_some_and(|code| retry.exit_codes.contains(&code));
    let any = retry.when.is_empty() && retry.exit_codes.is_empty();
    job.status == Status::Failed
        && job.attempt < retry.max
        && (any || code || retry.when.iter().any(|wanted| wanted == reason))
}
