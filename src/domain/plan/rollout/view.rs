//! One environment: what it should run, how its last deployment went, and whether to start one.

use jiff::Timestamp;

use crate::api::condition::Reason;
use crate::api::{ApplicationStatus, DeploymentState, ReleaseStatus, RolloutStatus};
use crate::domain::forge::PipelineStart;
use crate::domain::intent::Action;
use crate::domain::observed::ApplicationObserved;
use crate::domain::plan::is_retried;
use crate::domain::plan::pipeline::{PipelineState, pipeline_state, verdict as pipeline_verdict};
use crate::domain::reading::Reading;
use crate::domain::runtime::Service;
use crate::domain::settings::Settings;
use crate::domain::step::{Effect, Step};
use crate::domain::target::{
    ApplicationTarget, DEFAULT_BRANCH, DeploymentTarget, EnvironmentTarget,
};
use crate::domain::verdict::Verdict;

use super::Below;
use super::health::{health, short};

/// What one environment should run.
pub(super) enum Wanted {
    Release(ReleaseStatus),
    Nothing(Verdict),
}

/// One environment with everything that decides about it.
pub(super) struct View<'a> {
    pub(super) target: &'a ApplicationTarget,
    pub(super) environment: &'a EnvironmentTarget,
    pub(super) memory: &'a ApplicationStatus,
    pub(super) observed: &'a ApplicationObserved,
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
}

impl View<'_> {
    fn last(&self) -> Option<&RolloutStatus> {
        self.memory
            .rollouts
            .iter()
            .find(|r| r.environment == self.environment.name)
    }

    pub(super) fn wanted(&self, below: &Below) -> Wanted {
        if let Some(commit) = &self.environment.pinned {
            return self.pinned(commit);
        }
        let current = self.last().map(|last| last.release.clone());
        let candidate = match below {
            Below::First => self.observed.release.known().cloned(),
            Below::Proven(release) => Some(release.clone()),
            Below::Unproven => None,
        };
        match (candidate, current) {
            (Some(candidate), Some(current)) if candidate.pipeline_id < current.pipeline_id => {
                // Older than what runs: held back below by a pin, or the newer build is gone from
                // GitLab. Never back by itself.
                Wanted::Release(current)
            }
            (Some(candidate), _) => Wanted::Release(candidate),
            (None, Some(current)) => Wanted::Release(current),
            (None, None) => Wanted::Nothing(match below {
                Below::First => Verdict::Waiting(
                    Reason::WaitingForRelease,
                    "waits for the first build".into(),
                ),
                Below::Proven(_) | Below::Unproven => Verdict::Waiting(
                    Reason::WaitingForRelease,
                    "waits for a release that runs healthy in every environment of the level below"
                        .into(),
                ),
            }),
        }
    }

    fn pinned(&self, commit: &str) -> Wanted {
        let known = self
            .memory
            .rollouts
            .iter()
            .map(|rollout| &rollout.release)
            .chain(self.observed.release.known())
            .find(|release| release.commit == commit);
        if let Some(release) = known {
            return Wanted::Release(release.clone());
        }
        match self.observed.pinned.get(commit) {
            Some(Reading::Known(release)) => Wanted::Release(release.clone()),
            Some(Reading::Unreadable(failure)) => Wanted::Nothing(Verdict::from_failure(failure)),
            Some(Reading::Absent) => Wanted::Nothing(Verdict::Stalled(
                Reason::ReleaseNotFound,
                format!(
                    "the pinned release {commit} has no successful build in {}; pin a commit of the default branch that was built",
                    self.target.repository.path
                ),
            )),
            None | Some(Reading::Unread) => Wanted::Nothing(Verdict::Progressing(
                Reason::WaitingForRelease,
                format!("looking up the build of {commit}"),
            )),
        }
    }

    pub(super) fn decide(&self, wanted: &Wanted) -> (DeploymentState, Verdict, Option<Step>) {
        let release = match wanted {
            Wanted::Release(release) => release,
            Wanted::Nothing(verdict) => {
                let state = if matches!(verdict, Verdict::Stalled(..)) {
                    DeploymentState::Failed
                } else {
                    DeploymentState::Waiting
                };
                return (state, verdict.clone(), None);
            }
        };
        let ran_before = self
            .memory
            .deployments
            .iter()
            .any(|d| d.environment == self.environment.name && !d.revision.is_empty());
        let under_way = if ran_before {
            DeploymentState::Updating
        } else {
            DeploymentState::Provisioning
        };
        let running = if self.environment.replicas == 0 {
            DeploymentState::Stopped
        } else {
            DeploymentState::Running
        };
        let health = self.health(release);
        let healthy = matches!(health, Verdict::Settled);
        match self.attempt(release) {
            Attempt::UnderWay(verdict) => (under_way, verdict, None),
            Attempt::Gone(_) | Attempt::Succeeded | Attempt::None if healthy => {
                (running, Verdict::Settled, None)
            }
            // Even where a service looks right: a roll-back to the same image looks right, too.
            Attempt::Failed(verdict) | Attempt::Gone(verdict) => {
                (DeploymentState::Failed, verdict, None)
            }
            Attempt::Succeeded => {
                let state = match health {
                    Verdict::Stalled(..) => DeploymentState::Failed,
                    // What ran is not known to have stopped.
                    Verdict::Waiting(..) => running,
                    Verdict::Settled
                    | Verdict::Progressing(..)
                    | Verdict::Blocked(..)
                    | Verdict::Suspended => DeploymentState::Updating,
                };
                (state, health, None)
            }
            // Somebody's deployment is under way there: ours, which nothing remembers, may be.
            Attempt::None if matches!(health, Verdict::Progressing(..)) => {
                (under_way, health, None)
            }
            Attempt::Again | Attempt::None => self.begin(release, under_way),
        }
    }

    /// Starts a deployment, or says what stands in its way.
    fn begin(
        &self,
        release: &ReleaseStatus,
        under_way: DeploymentState,
    ) -> (DeploymentState, Verdict, Option<Step>) {
        match self.obstacle() {
            Some(verdict) => (DeploymentState::Waiting, verdict, None),
            None => (
                under_way,
                Verdict::Progressing(
                    Reason::Deploying,
                    format!("starting the deployment of {}", short(&release.commit)),
                ),
                self.start(release),
            ),
        }
    }

    /// What stands in the way of a new deployment.
    fn obstacle(&self) -> Option<Verdict> {
        let waited: Vec<&str> = self
            .environment
            .deployments
            .iter()
            .filter(|deployment| !deployment.place.ready)
            .map(|deployment| deployment.place.name.as_str())
            .collect();
        if !waited.is_empty() {
            return Some(unready(&waited.join(", ")));
        }
        // Without a look at what runs, nothing is started: it may be there already.
        self.environment.deployments.iter().find_map(|deployment| {
            self.service(deployment)
                .failure()
                .map(Verdict::from_failure)
        })
    }

    fn service(&self, deployment: &DeploymentTarget) -> &Reading<Service> {
        const UNREAD: &Reading<Service> = &Reading::Unread;
        let key = (self.environment.name.clone(), deployment.place.name.clone());
        self.observed.services.get(&key).unwrap_or(UNREAD)
    }

    /// Whether the wanted release runs healthy on every provider.
    fn health(&self, release: &ReleaseStatus) -> Verdict {
        self.environment
            .deployments
            .iter()
            .fold(Verdict::Settled, |verdict, deployment| {
                let place = &deployment.place;
                verdict.or_worse(match self.service(deployment) {
                    // Nobody looks there before the provider is ready again.
                    Reading::Unread if !place.ready => unready(&place.name),
                    service => health(service, release, self.environment, &place.name),
                })
            })
    }

    /// Where the last deployment stands, if it was of this release with these parameters.
    fn attempt(&self, release: &ReleaseStatus) -> Attempt {
        let Some(last) = self.last() else {
            let unknown = self.observed.unknown.get(&self.environment.name);
            return unknown.map_or(Attempt::None, |pipeline| {
                Attempt::UnderWay(Verdict::Progressing(
                    Reason::Deploying,
                    format!(
                        "a deployment that an earlier object of this name started runs ({})",
                        pipeline.web_url
                    ),
                ))
            });
        };
        let what = format!("the deployment of {}", short(&last.release.commit));
        let same = last.release.commit == release.commit
            && last.configuration == self.environment.configuration;
        // A look at an earlier deployment says nothing about the one that was started since.
        let started = last.pipeline.as_ref().map(|pipeline| pipeline.id);
        let seen = self
            .observed
            .rollouts
            .get(&self.environment.name)
            .filter(|seen| {
                seen.known()
                    .is_none_or(|seen| Some(seen.pipeline.id) == started)
            });
        match seen {
            Some(Reading::Known(seen)) => match pipeline_state(&seen.pipeline.status) {
                // Whatever it deploys: a roll-out under way is never overtaken half-way.
                PipelineState::Running => Attempt::UnderWay(
                    pipeline_verdict(seen, &what, Reason::Deploying, self.settings, self.now)
                        .unwrap_or(Verdict::Settled),
                ),
                PipelineState::Failed if same && self.retried(last) => Attempt::Again,
                PipelineState::Failed if same => Attempt::Failed(
                    pipeline_verdict(seen, &what, Reason::Deploying, self.settings, self.now)
                        .unwrap_or(Verdict::Settled),
                ),
                // A green pipeline whose service then broke is started again when a person asks.
                PipelineState::Succeeded
                    if same
                        && self.retried(last)
                        && matches!(self.health(release), Verdict::Stalled(..)) =>
                {
                    Attempt::Again
                }
                PipelineState::Succeeded if same => Attempt::Succeeded,
                PipelineState::Failed | PipelineState::Succeeded => Attempt::None,
            },
            Some(Reading::Unreadable(failure)) => Attempt::UnderWay(Verdict::from_failure(failure)),
            Some(Reading::Absent) if same && !self.retried(last) => {
                Attempt::Gone(Verdict::Stalled(
                    Reason::PipelineMissing,
                    format!(
                        "the pipeline of {what} is gone from GitLab; set the annotation harmonix.io/retry to a new value"
                    ),
                ))
            }
            Some(Reading::Absent) => Attempt::None,
            None | Some(Reading::Unread) => Attempt::UnderWay(Verdict::Progressing(
                Reason::Deploying,
                format!("{what} runs"),
            )),
        }
    }

    fn retried(&self, last: &RolloutStatus) -> bool {
        is_retried(&self.target.scope, last.pipeline.as_ref())
    }

    fn start(&self, release: &ReleaseStatus) -> Option<Step> {
        let project = self.memory.repository.as_ref()?.path.clone();
        let ledger = self.environment.deployments.first()?.place.name.clone();
        let environment = &self.environment.name;
        let variables = [
            ("HARMONIX_ACTION", "deploy"),
            ("HARMONIX_ENVIRONMENT", environment),
            ("HARMONIX_RELEASE", &release.commit),
            ("HARMONIX_IMAGE", &release.image),
            ("HARMONIX_CONFIGURATION", &self.environment.configuration),
        ];
        Some(Step {
            action: Action::Deploy {
                project: project.clone(),
                environment: environment.clone(),
                release: release.clone(),
                configuration: self.environment.configuration.clone(),
                retry: self.target.scope.retry.clone(),
            },
            ledger,
            effect: Effect::StartPipeline(PipelineStart {
                project,
                branch: DEFAULT_BRANCH.to_owned(),
                variables: variables.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            }),
        })
    }
}

fn unready(providers: &str) -> Verdict {
    Verdict::Waiting(
        Reason::DependencyNotReady,
        format!("the EnvironmentProvider {providers} is not ready; its own status says why"),
    )
}

/// Where the last deployment stands.
enum Attempt {
    /// There was none of what is wanted.
    None,
    /// It runs.
    UnderWay(Verdict),
    /// It ended badly.
    Failed(Verdict),
    /// It ended badly, and a person asked for another try.
    Again,
    /// GitLab no longer knows it.
    Gone(Verdict),
    /// It ended green.
    Succeeded,
}
