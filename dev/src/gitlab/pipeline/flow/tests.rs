use super::super::spec::{Artifacts, JobSpec, Need, RetryOn};
use super::*;

fn job(name: &str, stage: usize) -> Job {
    let spec = JobSpec {
        name: name.into(),
        stage: String::new(),
        before_script: Vec::new(),
        script: vec!["true".into()],
        after_script: Vec::new(),
        variables: Vec::new(),
        when: When::OnSuccess,
        allowed_exit_codes: Vec::new(),
        allow_failure: false,
        needs: None,
        dependencies: None,
        resource_group: None,
        interruptible: false,
        timeout: None,
        retry: RetryOn::default(),
        artifacts: Artifacts::default(),
        id_tokens: Default::default(),
        environment: None,
        tags: Vec::new(),
        image: None,
    };
    Job {
        id: 1,
        pipeline_id: 1,
        project_id: 1,
        status: Status::Created,
        allow_failure: false,
        stage_index: stage,
        retried: false,
        attempt: 0,
        user: String::new(),
        token: None,
        failure_reason: None,
        exit_code: None,
        created_at: Timestamp::UNIX_EPOCH,
        queued_at: None,
        started_at: None,
        finished_at: None,
        artifacts: Vec::new(),
        dotenv: Default::default(),
        spec,
    }
}

fn moved(jobs: &mut [Job]) -> Vec<Status> {
    advance(jobs, &mut BTreeSet::new(), Timestamp::UNIX_EPOCH);
    jobs.iter().map(|job| job.status).collect()
}

#[test]
fn a_stage_waits_for_the_stage_before() {
    let mut jobs = [job("a", 1), job("b", 2)];
    assert_eq!(moved(&mut jobs), [Status::Pending, Status::Created]);
    jobs[0].status = Status::Success;
    assert_eq!(moved(&mut jobs), [Status::Success, Status::Pending]);
}

#[test]
fn a_failure_skips_what_follows_and_runs_what_is_for_failures() {
    let mut jobs = [job("a", 1), job("b", 2), job("c", 2), job("d", 3)];
    jobs[0].status = Status::Failed;
    jobs[2].spec.when = When::OnFailure;
    jobs[3].spec.when = When::Always;
    assert_eq!(moved(&mut jobs)[1..3], [Status::Skipped, Status::Pending]);
    jobs[2].status = Status::Success;
    assert_eq!(moved(&mut jobs)[3], Status::Pending);
    jobs[3].status = Status::Success;
    assert_eq!(composite(jobs.iter()), Status::Failed);
}

#[test]
fn a_forgiven_failure_is_a_success() {
    let mut jobs = [job("a", 1), job("b", 2)];
    jobs[0].status = Status::Failed;
    jobs[0].allow_failure = true;
    assert_eq!(moved(&mut jobs)[1], Status::Pending);
    jobs[1].status = Status::Success;
    assert_eq!(composite(jobs.iter()), Status::Success);
}

#[test]
fn needs_run_ahead_of_the_stage() {
    let mut jobs = [job("slow", 1), job("fast", 1), job("b", 2)];
    jobs[2].spec.needs = Some(vec![Need {
        job: "fast".into(),
        artifacts: true,
        optional: false,
    }]);
    jobs[0].status = Status::Running;
    jobs[1].status = Status::Success;
    assert_eq!(moved(&mut jobs)[2], Status::Pending);
}

#[test]
fn a_resource_group_lets_one_job_in() {
    let mut jobs = [job("a", 1), job("b", 1)];
    for job in &mut jobs {
        job.spec.resource_group = Some("dev".into());
    }
    assert_eq!(
        moved(&mut jobs),
        [Status::Pending, Status::WaitingForResource]
    );
}

#[test]
fn a_manual_job_blocks_only_where_it_says_so() {
    let mut jobs = [job("ask", 1), job("b", 2)];
    jobs[0].spec.when = When::Manual;
    jobs[0].allow_failure = true;
    assert_eq!(moved(&mut jobs), [Status::Manual, Status::Pending]);
    let mut jobs = [job("ask", 1), job("b", 2)];
    jobs[0].spec.when = When::Manual;
    assert_eq!(moved(&mut jobs), [Status::Manual, Status::Created]);
    assert_eq!(composite(jobs.iter()), Status::Manual);
}
