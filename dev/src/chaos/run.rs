//! Runs plans: side by side in several lanes, each judged against a play of its scenario in which nothing went wrong.

use std::collections::{BTreeMap, VecDeque};
use std::iter::repeat;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;
use jiff::SignedDuration;
use tokio::sync::OnceCell;

use super::evidence::{Evidence, Happening};
use super::lane::{Lane, Played, RESYNC};
use super::oracle::{Bounds, Violation, judge};
use super::plan::Plan;
use super::report::{Outcome, Verdict};
use super::scenario::{Scenario, Step};
use super::shape::Shape;
use super::story;
use crate::failure::{Doing, Failure};
use crate::progress::{Progress, Task};
use crate::tools::Cache;

/// The longest that the controller lets something rest that failed, at the pace of a lane, and what a busy machine
/// adds.
const REST: Duration = Duration::from_secs(25);
/// How often more a plan is tried whose fault met nothing, or whose world failed.
const MORE_TRIES: u32 = 1;

/// How a scenario goes when nothing goes wrong.
#[derive(Debug)]
struct Reference {
    shape: Shape,
    bounds: Bounds,
}

/// Where in the row of plans a lane begins.
#[derive(Debug, Clone, Copy)]
enum End {
    Front,
    Back,
}

type References = BTreeMap<Scenario, Arc<OnceCell<Reference>>>;

/// A run of plans.
#[derive(Debug)]
pub struct Run {
    plans: Mutex<VecDeque<Plan>>,
    references: References,
    verdicts: Mutex<Vec<Verdict>>,
    total: usize,
    /// When no more plans are begun.
    until: Option<Instant>,
    progress: Progress,
}

impl Run {
    /// A run of these plans that begins no more of them after so long.
    #[must_use]
    pub fn of(plans: Vec<Plan>, most: Option<Duration>, progress: &Progress) -> Self {
        let references = plans
            .iter()
            .map(|plan| (plan.scenario, Arc::default()))
            .collect();
        let total = plans.len();
        let mut plans = plans;
        // What is heaviest comes first, and one lane begins there: several such plans at a time leave a machine no time
        // for anything else, and none is left for the end.
        plans.sort_by_key(|plan| plan.scenario != Scenario::TwentyApplications);
        Self {
            plans: Mutex::new(plans.into()),
            references,
            verdicts: Mutex::default(),
            total,
            until: most.map(|most| Instant::now() + most),
            progress: progress.clone(),
        }
    }

    /// Runs the plans in these lanes.
    pub async fn go(&self, lanes: &mut [Lane]) {
        let task = self.progress.bar("plans", self.total as u64);
        self.show(&task);
        let from = [End::Front].into_iter().chain(repeat(End::Back));
        let lanes = lanes.iter_mut().zip(from);
        join_all(lanes.map(|(lane, end)| self.follow(lane, end, &task))).await;
        task.done();
    }

    /// Answers what came of the plans that were run, by id.
    #[must_use]
    pub fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = lock(&self.verdicts).clone();
        verdicts.sort_by(|one, other| one.id.cmp(&other.id));
        verdicts
    }

    fn next(&self, end: End) -> Option<Plan> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return None;
        }
        let mut plans = lock(&self.plans);
        match end {
            End::Front => plans.pop_front(),
            End::Back => plans.pop_back(),
        }
    }

    async fn follow(&self, lane: &mut Lane, end: End, task: &Task) {
        while let Some(plan) = self.next(end) {
            let verdict = self.verdict(lane, &plan).await;
            if verdict.outcome != Outcome::Passed {
                self.progress.say(&verdict.to_string());
            }
            lock(&self.verdicts).push(verdict);
            self.show(task);
        }
    }

    fn show(&self, task: &Task) {
        let verdicts = lock(&self.verdicts);
        let of = |outcome: Outcome| verdicts.iter().filter(|v| v.outcome == outcome).count();
        let how = format!(
            "{} passed, {} failed, {} not struck, {} broken",
            of(Outcome::Passed),
            of(Outcome::Failed),
            of(Outcome::NotStruck),
            of(Outcome::Broken)
        );
        task.step(verdicts.len() as u64, self.total as u64, &how);
    }

    /// Plays a plan and judges it; again where its fault met nothing, or where the world failed.
    pub async fn verdict(&self, lane: &mut Lane, plan: &Plan) -> Verdict {
        let mut tries = 0;
        loop {
            let since = Instant::now();
            let tried = self.attempt(lane, plan).await;
            let mut verdict = match tried {
                Ok((played, violations)) => told(plan, &played, &violations),
                Err(failure) => Verdict::broken(plan, &failure),
            };
            verdict.seconds = since.elapsed().as_secs_f64();
            let again = matches!(verdict.outcome, Outcome::NotStruck | Outcome::Broken);
            if !again || tries >= MORE_TRIES {
                return verdict;
            }
            tries += 1;
        }
    }

    /// Plays a plan once, and answers what it left as well.
    pub async fn once(&self, lane: &mut Lane, plan: &Plan) -> Result<(Verdict, Evidence), Failure> {
        let since = Instant::now();
        let (played, violations) = self.attempt(lane, plan).await?;
        let mut verdict = told(plan, &played, &violations);
        verdict.seconds = since.elapsed().as_secs_f64();
        Ok((verdict, played.evidence))
    }

    async fn attempt(
        &self,
        lane: &mut Lane,
        plan: &Plan,
    ) -> Result<(Played, Vec<Violation>), Failure> {
        let reference = self
            .references
            .get(&plan.scenario)
            .ok_or_else(|| Failure::new(format!("{} has no reference", plan.scenario)))?;
        let reference = reference
            .get_or_try_init(|| reference_of(lane, plan.scenario))
            .await?;
        let played = lane.play(plan.scenario, &plan.troubles).await?;
        let violations = judge(&played.evidence, &reference.shape, &reference.bounds);
        if !violations.is_empty() {
            // What is wrong here is not to be the next plan's.
            lane.end().await?;
            let kept = keep(plan, &played.evidence)?;
            self.progress.say(&format!(
                "the evidence of {} is in {}",
                plan.id,
                kept.display()
            ));
        }
        Ok((played, violations))
    }
}

/// Writes down what a plan left that did not pass, for whoever looks for the reason.
fn keep(plan: &Plan, evidence: &Evidence) -> Result<PathBuf, Failure> {
    let folder = Cache::of_user()?.path("chaos");
    let name = |c: char| {
        if c.is_ascii_alphanumeric() || ".-+#".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = plan.id.chars().map(name).collect();
    let path = folder.join(format!("{name}.json"));
    let what = || format!("write {}", path.display());
    std::fs::create_dir_all(&folder).doing(what)?;
    let text = serde_json::to_vec_pretty(evidence).doing(what)?;
    std::fs::write(&path, text).doing(what)?;
    Ok(path)
}

/// Plays a scenario with nothing going wrong.
async fn reference_of(lane: &mut Lane, scenario: Scenario) -> Result<Reference, Failure> {
    let played = lane.play(scenario, &[]).await?;
    let shape = Shape::of(&played.evidence);
    let bounds = bounds(&played);
    let violations = judge(&played.evidence, &shape, &bounds);
    if let Some(first) = violations.first() {
        return Err(Failure::new(format!(
            "{scenario} is not right though nothing goes wrong: {first}"
        )));
    }
    Ok(Reference { shape, bounds })
}

/// Three times what it takes when nothing goes wrong, and the longest rest.
fn bounds(played: &Played) -> Bounds {
    let mark = Step::Mark.to_string();
    let timeline = &played.evidence.timeline;
    let from = timeline
        .iter()
        .find(|moment| matches!(&moment.what, Happening::Step { name } if *name == mark));
    let until = timeline
        .iter()
        .find(|moment| matches!(moment.what, Happening::Converged));
    let took = match (from, until) {
        (Some(from), Some(until)) => until.time.duration_since(from.time),
        (None, _) | (_, None) => SignedDuration::ZERO,
    };
    Bounds {
        converge: took * 3 + SignedDuration::try_from(REST).unwrap_or_default(),
        quiet: SignedDuration::try_from(RESYNC).unwrap_or_default(),
        attempts: None,
    }
}

/// What is told of a plan that was played.
fn told(plan: &Plan, played: &Played, violations: &[Violation]) -> Verdict {
    let outcome = match (violations, played.missed.as_slice()) {
        ([], []) => Outcome::Passed,
        ([], _) => Outcome::NotStruck,
        _ => Outcome::Failed,
    };
    Verdict {
        id: plan.id.clone(),
        family: plan.family,
        scenario: plan.scenario,
        outcome,
        struck: played.missed.is_empty(),
        violations: violations.iter().map(ToString::to_string).collect(),
        seconds: 0.0,
        story: match outcome {
            Outcome::Failed => story::tell(plan, played, violations),
            Outcome::NotStruck => played.missed.join("; "),
            Outcome::Passed | Outcome::Broken => String::new(),
        },
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
