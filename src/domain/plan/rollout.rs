//! Deployment and promotion: which release each environment should run, and what that takes.
//!
//! A release moves to the next level when it runs healthy in every environment of the level below.
//! It only ever moves forward by itself; going back takes a pinned `release`.

mod health;
mod view;

use jiff::Timestamp;

use crate::api::condition::{ConditionType, Reason};
use crate::api::{ApplicationStatus, DeploymentState, ReleaseStatus};
use crate::domain::condition::{Claim, Truth};
use crate::domain::observed::ApplicationObserved;
use crate::domain::settings::Settings;
use crate::domain::step::Step;
use crate::domain::target::{ApplicationTarget, EnvironmentTarget};
use crate::domain::verdict::Verdict;

use view::{View, Wanted};

/// What is decided about all environments.
pub struct Rollouts {
    /// Deployments to start.
    pub steps: Vec<Step>,
    /// What to say of all environments together.
    pub verdict: Verdict,
    /// What to say of each, in ascending level.
    pub environments: Vec<(String, DeploymentState, Verdict)>,
}

impl Rollouts {
    /// `Deployed`, from what was decided.
    pub(super) fn claim(&self) -> Claim {
        let kind = ConditionType::Deployed;
        match &self.verdict {
            Verdict::Settled => Claim::new(
                kind,
                Truth::True,
                Reason::Succeeded,
                "the wanted release runs healthy in every environment",
            ),
            verdict @ (Verdict::Progressing(..)
            | Verdict::Waiting(..)
            | Verdict::Blocked(..)
            | Verdict::Stalled(..)
            | Verdict::Suspended) => {
                let (reason, message) = verdict.reason();
                let truth = if matches!(verdict, Verdict::Blocked(..)) {
                    Truth::Unknown
                } else {
                    Truth::False
                };
                Claim::new(kind, truth, reason, message)
            }
        }
    }
}

/// Decides about every environment, lowest level first.
pub fn decide(
    target: &ApplicationTarget,
    memory: &ApplicationStatus,
    observed: &ApplicationObserved,
    settings: &Settings,
    now: Timestamp,
) -> Rollouts {
    let mut rollouts = Rollouts {
        steps: Vec::new(),
        verdict: Verdict::Settled,
        environments: Vec::new(),
    };
    let mut below = Below::First;
    let mut levels: Vec<i32> = target.environments.iter().map(|e| e.level).collect();
    levels.dedup();
    for level in levels {
        let mut proven = Vec::new();
        for environment in target.environments.iter().filter(|e| e.level == level) {
            let view = View {
                target,
                environment,
                memory,
                observed,
                settings,
                now,
            };
            let wanted = view.wanted(&below);
            let (state, verdict, step) = view.decide(&wanted);
            proven.push(match (&wanted, &verdict) {
                (Wanted::Release(release), Verdict::Settled) => Some(release.clone()),
                _ => None,
            });
            rollouts.verdict = rollouts
                .verdict
                .or_worse(named(environment, verdict.clone()));
            rollouts
                .environments
                .push((environment.name.clone(), state, verdict));
            rollouts.steps.extend(step);
        }
        below = Below::of(proven);
    }
    rollouts
}

fn named(environment: &EnvironmentTarget, verdict: Verdict) -> Verdict {
    let name = |message: String| format!("{}: {message}", environment.name);
    match verdict {
        Verdict::Progressing(reason, message) => Verdict::Progressing(reason, name(message)),
        Verdict::Waiting(reason, message) => Verdict::Waiting(reason, name(message)),
        Verdict::Blocked(reason, message, backoff) => {
            Verdict::Blocked(reason, name(message), backoff)
        }
        Verdict::Stalled(reason, message) => Verdict::Stalled(reason, name(message)),
        other @ (Verdict::Settled | Verdict::Suspended) => other,
    }
}

/// What the level below proves.
enum Below {
    /// There is none: the newest build is what may run here.
    First,
    /// This release runs healthy in every environment below.
    Proven(ReleaseStatus),
    /// No one release does.
    Unproven,
}

impl Below {
    fn of(proven: Vec<Option<ReleaseStatus>>) -> Self {
        let mut all = proven.into_iter();
        let Some(Some(first)) = all.next() else {
            return Self::Unproven;
        };
        if all.all(|other| other.is_some_and(|other| other.commit == first.commit)) {
            Self::Proven(first)
        } else {
            Self::Unproven
        }
    }
}
