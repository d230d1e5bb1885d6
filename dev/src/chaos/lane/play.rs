//! Plays one scenario with its troubles, and gathers what is left of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::cluster::{condition, is_current, is_settled};
use super::super::evidence::{Evidence, Happening};
use super::super::gather::{Gather, Log};
use super::super::hosts::escaped;
use super::super::oracle::open_intents;
use super::super::plan::Trouble;
use super::super::scenario::{Scenario, Step};
use super::arm::{Armed, Arms};
use super::befall::Hand;
use super::tidy::{lose, tidy};
use super::{Ground, Lane, RESYNC, patience};
use crate::failure::Failure;
use crate::fault::Fault;

/// How long nothing may change before it is called quiet.
const STILL: Duration = Duration::from_millis(500);
/// How long what is Ready may take to be still.
const STILLNESS: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long a new token is in GitLab and not yet in its file.
const ROTATION: Duration = Duration::from_millis(300);

/// What came of one play.
#[derive(Debug)]
pub struct Played {
    /// What is left of it.
    pub evidence: Evidence,
    /// What did not strike; nothing where everything did.
    pub missed: Vec<String>,
    /// Where the scenario did not come further; nothing where it came to its end.
    pub stuck: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Lane {
    /// Plays a scenario with these troubles.
    ///
    /// # Errors
    /// When the world or the harness fails: then nothing is known of the plan, and the lane begins with a new world.
    pub async fn play(
        &mut self,
        scenario: Scenario,
        troubles: &[Trouble],
    ) -> Result<Played, Failure> {
        let played = self.try_play(scenario, troubles).await;
        if played.is_err() {
            // What failed here may fail the next one too.
            let _ = self.end().await;
        }
        played
    }

    async fn try_play(
        &mut self,
        scenario: Scenario,
        troubles: &[Trouble],
    ) -> Result<Played, Failure> {
        let (ground, run) = self.ground().await?;
        let since = Instant::now();
        ground.news().await?;
        drop(ground.cluster.take_versions(&run));
        let log = Log::of(&ground.keeper.log())?;
        drop(ground.keeper.diary.take());
        let mut play = Play {
            ground,
            run: &run,
            troubles,
            until: since + patience(scenario),
            applied: Vec::new(),
            pushed: String::new(),
            armed: Vec::new(),
        };
        if troubles.iter().any(Trouble::is_of_clocks) {
            // A clock that is set while it runs is right before.
            play.ground.keeper.set_clock(SignedDuration::ZERO)?;
        }
        if troubles.iter().any(Trouble::is_of_replicas) {
            play.ground.keeper.start_two(None).await?;
        } else {
            play.ground.keeper.start(None)?;
        }
        let stuck = play.through(&scenario.steps(&run)).await?;
        for armed in &mut play.armed {
            armed.over(&play.ground.hosts, &play.ground.keeper).await?;
        }
        if stuck.is_none() {
            play.quiet().await;
        }
        let mut missed = Vec::new();
        let said = log.since()?;
        for (armed, trouble) in std::mem::take(&mut play.armed).into_iter().zip(troubles) {
            let Ground { hosts, keeper, .. } = &*play.ground;
            if !armed.struck(hosts, keeper, &said).await? {
                missed.push(trouble.to_string());
            }
        }
        ground.keeper.stop().await;
        let requests = ground.news().await?;
        let gather = Gather {
            world: &ground.world,
            cluster: &ground.cluster,
            hosts: &ground.hosts,
            run: &run,
        };
        let diary = ground.keeper.diary.take();
        let evidence = gather.evidence(requests, diary, log.since()?).await?;
        ground.keeper.rest().await;
        tidy(&ground.cluster, &ground.hosts, &run).await?;
        Ok(Played {
            evidence,
            missed,
            stuck,
            took: since.elapsed(),
        })
    }
}

struct Play<'a> {
    ground: &'a mut Ground,
    run: &'a str,
    troubles: &'a [Trouble],
    until: Instant,
    /// What was applied last, of each object.
    applied: Vec<Value>,
    /// The commit that was pushed last.
    pushed: String,
    armed: Vec<Armed>,
}

impl Play<'_> {
    /// Goes through the steps; answers the step that it did not come beyond.
    async fn through(&mut self, steps: &[Step]) -> Result<Option<String>, Failure> {
        for step in steps {
            let name = step.to_string();
            self.note(Happening::Step { name: name.clone() });
            if !self.step(step).await? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    fn note(&self, what: Happening) {
        self.ground.keeper.diary.note(what);
    }

    /// Does a step; answers whether what it waits for came.
    async fn step(&mut self, step: &Step) -> Result<bool, Failure> {
        let Ground { cluster, hosts, .. } = &*self.ground;
        match step {
            Step::Mark => self.arm().await?,
            Step::Apply(object) => {
                cluster.apply(object).await?;
                self.remember(object);
            }
            Step::Merge { kind, name, change } => {
                cluster.merge(kind, name, None, change).await?;
            }
            Step::Delete { kind, name } => cluster.delete(kind, name).await?,
            Step::Gone { kind, name } => return Ok(self.wait(kind, name, |o| o.is_none()).await),
            Step::Ready { kind, name } => {
                return Ok(self.wait(kind, name, |o| o.is_some_and(is_settled)).await);
            }
            Step::Reason {
                kind,
                name,
                condition: wanted,
                reason,
            } => {
                let is_so = |object: &Value| {
                    is_current(object)
                        && condition(object, wanted).is_some_and(|c| c["reason"] == *reason)
                };
                return Ok(self.wait(kind, name, |o| o.is_some_and(is_so)).await);
            }
            Step::Deploying { name } => {
                return Ok(self
                    .wait("Application", name, |o| o.is_some_and(deploys))
                    .await);
            }
            Step::Push { project, text } => self.pushed = self.push(project, text).await?,
            Step::Runs { name, environments } => {
                let pushed = self.pushed.clone();
                let is_so = |object: &Value| {
                    is_settled(object) && environments.iter().all(|e| runs(object, e, &pushed))
                };
                return Ok(self
                    .wait("Application", name, |o| o.is_some_and(is_so))
                    .await);
            }
            Step::Script(script) => hosts.script(script).await?,
            Step::Runner { project, available } => hosts.runner(project, *available).await?,
            Step::RotateToken => self.rotate().await?,
            Step::ExpireSessions => hosts.expire_sessions("operations-role").await?,
            Step::LoseCluster => self.lose_cluster().await?,
            Step::Pause(time) => tokio::time::sleep(*time).await,
        }
        Ok(true)
    }

    async fn wait(&self, kind: &str, name: &str, is_so: impl Fn(Option<&Value>) -> bool) -> bool {
        let left = self.until.saturating_duration_since(Instant::now());
        self.ground.cluster.wait(kind, name, left, is_so).await
    }

    async fn arm(&mut self) -> Result<(), Failure> {
        let Ground {
            world,
            cluster,
            hosts,
            keeper,
            ..
        } = &*self.ground;
        let hand = Hand {
            world: world.clone(),
            cluster: cluster.clone(),
            hosts: hosts.clone(),
            keeper: Arc::clone(keeper),
            run: self.run.to_owned(),
            diary: keeper.diary.clone(),
        };
        let arms = Arms {
            hosts,
            keeper,
            hand: &hand,
            run: self.run,
            diary: &keeper.diary,
        };
        self.armed = arms.arm(self.troubles).await?;
        Ok(())
    }

    fn remember(&mut self, object: &Value) {
        let same = |known: &Value| {
            known["kind"] == object["kind"]
                && known["metadata"]["name"] == object["metadata"]["name"]
                && known["metadata"]["namespace"] == object["metadata"]["namespace"]
        };
        match self.applied.iter_mut().find(|known| same(known)) {
            Some(known) => known.clone_from(object),
            None => self.applied.push(object.clone()),
        }
    }

    /// A commit of somebody else's on the default branch.
    async fn push(&self, project: &str, text: &str) -> Result<String, Failure> {
        let path = format!("projects/{}/repository/commits", escaped(project));
        let body = json!({
            "branch": "main", "commit_message": text, "author_name": "A developer",
            "author_email": "developer@example.com",
            "actions": [{ "action": "update", "file_path": "README.md", "content": text }],
        });
        let made = self
            .ground
            .hosts
            .gitlab_write(Method::POST, &path, &body)
            .await?;
        Ok(made["id"].as_str().unwrap_or_default().to_owned())
    }

    async fn rotate(&self) -> Result<(), Failure> {
        let token = format!("glpat-{}", crate::world::secret::text(20));
        let user = json!({ "username": "harmonix", "token": token });
        self.ground.hosts.user(&user).await?;
        tokio::time::sleep(ROTATION).await;
        let layout = &self.ground.world.layout;
        layout.write(&layout.gitlab_token(), token)
    }

    async fn lose_cluster(&self) -> Result<(), Failure> {
        let Ground {
            cluster, keeper, ..
        } = &*self.ground;
        keeper.stop().await;
        lose(cluster, self.run).await?;
        for object in &self.applied {
            let metadata = &object["metadata"];
            let text = |name: &str| metadata[name].as_str().unwrap_or_default();
            let name = match text("namespace") {
                "" => text("name").to_owned(),
                namespace => format!("{namespace}/{}", text("name")),
            };
            let kind = object["kind"].as_str().unwrap_or_default();
            self.wait(kind, &name, |o| o.is_none()).await;
        }
        for object in &self.applied {
            cluster.apply(object).await?;
        }
        keeper.start(None)
    }

    /// Waits until nothing is open and nothing changes any more, then a while in which nothing may be written.
    async fn quiet(&self) {
        let until = Instant::now() + STILLNESS;
        let mut last = (self.look(), Instant::now());
        let still = self.stillness();
        while (last.1.elapsed() < still || self.is_busy()) && Instant::now() < until {
            tokio::time::sleep(LOOK_AGAIN).await;
            let now = self.look();
            if now != last.0 {
                last = (now, Instant::now());
            }
        }
        // What is Ready may still meet the last fault: a record, an event.
        self.note(Happening::Converged);
        self.note(Happening::QuietFrom);
        tokio::time::sleep(RESYNC + RESYNC / 4).await;
        self.note(Happening::QuietUntil);
    }

    /// How long nothing may change before it is called quiet. A controller that goes on after it died does so at once; one
    /// that was told something wrong looks again when its time has come.
    fn stillness(&self) -> Duration {
        let only_dies = |trouble: &Trouble| match trouble {
            Trouble::Request { fault, .. } => matches!(fault, Fault::Kill { .. }),
            Trouble::Point { .. } => true,
            Trouble::During { .. } | Trouble::AtMark(_) | Trouble::StandsStill { .. } => false,
        };
        if self.troubles.iter().all(only_dies) {
            STILL
        } else {
            STILL + RESYNC + RESYNC / 4
        }
    }

    /// Whether an effect's outcome or its record is still open, whatever the conditions say.
    fn is_busy(&self) -> bool {
        let Ground { cluster, .. } = &*self.ground;
        let objects = cluster.names(self.run).into_iter();
        objects
            .filter_map(|(kind, name)| cluster.now(&kind, &name))
            .any(|object| {
                let backlog = object["status"]["effects"]["backlog"].as_array();
                !open_intents(&object).is_empty() || backlog.is_some_and(|all| !all.is_empty())
            })
    }

    fn look(&self) -> Vec<Option<Value>> {
        let names = self.ground.cluster.names(self.run);
        let versions = names.iter().map(|(kind, name)| {
            let object = self.ground.cluster.now(kind, name)?;
            object["metadata"].get("resourceVersion").cloned()
        });
        versions.collect()
    }
}

/// Whether the newest deployment's pipeline is there and has not ended.
fn deploys(object: &Value) -> bool {
    let status = &object["status"]["rollouts"][0]["pipeline"]["status"];
    matches!(status.as_str(), Some("created" | "pending" | "running"))
}

/// Whether a release runs in an environment.
fn runs(object: &Value, environment: &str, commit: &str) -> bool {
    let rows = object["status"]["deployments"].as_array();
    let mut of = rows
        .into_iter()
        .flatten()
        .filter(|row| row["environment"] == environment)
        .peekable();
    of.peek().is_some() && of.all(|row| row["state"] == "Running" && row["revision"] == commit)
}
