//! The report on an Environment.

use crate::api::EnvironmentStatus;
use crate::api::condition::{ConditionType, Reason};
use crate::domain::condition::{Claim, Truth};
use crate::domain::target::{Blocked, EnvironmentSummary};
use crate::domain::verdict::Verdict;

use super::provider::refusal;
use super::readiness::{Serving, conditions};
use super::{Report, Telling};

/// What is told of an environment.
pub fn environment(
    target: &Result<EnvironmentSummary, Blocked>,
    mut memory: EnvironmentStatus,
    telling: &Telling<'_>,
) -> Report<EnvironmentStatus> {
    let (claims, verdict) = match target {
        Err(blocked) => {
            let (claim, verdict) = refusal(blocked);
            (vec![claim], verdict)
        }
        Ok(summary) => {
            let distinct = |values: Vec<String>| {
                let set: std::collections::BTreeSet<String> = values.into_iter().collect();
                set.into_iter().collect::<Vec<_>>()
            };
            memory.accounts = distinct(summary.members.iter().map(|m| m.account.clone()).collect());
            memory.regions = distinct(summary.members.iter().map(|m| m.region.clone()).collect());
            memory.applications = summary.applications;
            memory.providers.clone_from(&summary.members);
            let waiting: Vec<&str> = summary
                .members
                .iter()
                .filter(|m| !m.ready)
                .map(|m| m.name.as_str())
                .collect();
            memory.summary = format!(
                "{}/{}",
                summary.members.len() - waiting.len(),
                summary.members.len()
            );
            let accepted = Claim::new(
                ConditionType::Accepted,
                Truth::True,
                Reason::Valid,
                "the spec is valid and its providers exist",
            );
            let (providers, verdict) = if waiting.is_empty() {
                let claim = Claim::new(
                    ConditionType::ProvidersReady,
                    Truth::True,
                    Reason::Succeeded,
                    "every provider is ready",
                );
                (claim, Verdict::Settled)
            } else {
                let message = format!(
                    "the EnvironmentProvider {} is not ready; its own status says why",
                    waiting.join(", ")
                );
                let claim = Claim::new(
                    ConditionType::ProvidersReady,
                    Truth::False,
                    Reason::DependencyNotReady,
                    message.clone(),
                );
                (claim, Verdict::Waiting(Reason::DependencyNotReady, message))
            };
            (vec![accepted, providers], verdict)
        }
    };
    memory.observed_generation = Some(telling.generation);
    memory.conditions = conditions(telling, claims, &verdict, Serving::Nothing);
    Report {
        notice: telling.notice(&memory.conditions, &verdict),
        // Only its own spec and its providers matter, and changes of either wake us.
        requeue: None,
        status: memory,
        verdict,
    }
}
