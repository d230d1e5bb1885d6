//! A pipeline that takes long: its jobs are looked at then, once a pass, and told once.

use std::time::Duration;

use harmonix::domain::forge::Job;
use harmonix::ports::Cache as _;

use crate::world::{Runner, World};

const CART: &str = "apps/shop/cart";

fn reads_of_jobs(runner: &Runner) -> usize {
    let state = runner.world.state();
    state.reads.iter().filter(|read| *read == "jobs").count()
}

fn reconciling(runner: &Runner) -> String {
    let object = runner.world.application("shop", "cart").unwrap();
    let conditions = object.status.as_ref().unwrap().conditions.clone();
    let found = conditions.iter().find(|c| c.type_ == "Reconciling");
    found.map_or(String::new(), |c| format!("{} {}", c.reason, c.message))
}

#[test]
fn a_job_without_a_runner_is_told_once_and_looked_at_only_while_the_pipeline_takes_long() {
    let mut runner = Runner::new(World::with_stages(&[("dev", 1)]));
    runner.settle();
    {
        let mut state = runner.world.state();
        state.commit(CART, "Work", &[]).unwrap();
        let run = state
            .repository(CART)
            .unwrap()
            .pipelines
            .last_mut()
            .unwrap();
        run.jobs = Some(vec![
            Job {
                id: 1,
                name: "harmonix-build".into(),
                status: "success".into(),
                ..Job::default()
            },
            Job {
                id: 2,
                name: "unit-tests".into(),
                status: "pending".into(),
                tags: vec!["gpu".into()],
                queued: Some(Duration::from_mins(11)),
                ..Job::default()
            },
        ]);
    }
    let before = reads_of_jobs(&runner);
    runner.round();
    runner.world.state().second += 600;
    runner.round();
    assert_eq!(
        reads_of_jobs(&runner),
        before,
        "nothing is read in good time"
    );
    assert!(reconciling(&runner).starts_with("PipelineRunning"));
    runner.world.state().second += 1;
    runner.round();
    assert_eq!(reads_of_jobs(&runner), before + 1);
    let told = reconciling(&runner);
    assert!(
        told.starts_with("PipelinePending") && told.contains("unit-tests"),
        "{told}"
    );
    let writes = runner.world.state().writes.len();
    for passes in 2..5 {
        runner.world.state().second += 5;
        runner.round();
        assert_eq!(reads_of_jobs(&runner), before + passes);
    }
    assert_eq!(runner.world.state().writes.len(), writes, "it is told once");
    runner
        .world
        .state()
        .repository(CART)
        .unwrap()
        .pipelines
        .last_mut()
        .unwrap()
        .jobs = None;
    runner.settle();
    assert_eq!(runner.ready("cart"), ("True".into(), "Succeeded".into()));
    runner.assert_sound();
}
