//! Records a scenario: plays it several times with nothing going wrong, and checks that it is the same each time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::label::Label;
use super::lane::Lane;
use super::recording::Recording;
use super::scenario::Scenario;
use crate::failure::Failure;

/// How often a scenario is played before it is believed.
pub const PLAYS: usize = 5;

/// What was recorded of a scenario.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The scenario.
    pub scenario: Scenario,
    /// Where it was written.
    pub path: PathBuf,
    /// How many writes it has from its mark on.
    pub writes: usize,
    /// What differed from play to play, a sentence each: how often something was told, not what was done.
    pub differing: Vec<String>,
}

/// Records a scenario.
///
/// # Errors
/// When it does not come to its end, or when what is done to GitLab and AWS is not the same each time.
pub async fn record(lane: &mut Lane, scenario: Scenario) -> Result<Recorded, Failure> {
    let mut plays = Vec::new();
    for _ in 0..PLAYS {
        let played = lane.play(scenario, &[]).await?;
        if let Some(step) = played.stuck {
            return Err(Failure::new(format!(
                "{scenario} does not come to its end though nothing goes wrong: it waits {step}"
            )));
        }
        plays.push(Recording::of(scenario, &played.evidence));
    }
    let differing = differing(&plays);
    if let Some(effect) = differing.iter().find(|(label, _)| is_effect(label)) {
        return Err(Failure::new(format!(
            "{scenario} is not the same each time: {}",
            effect.1
        )));
    }
    let recording =
        common(&plays).ok_or_else(|| Failure::new(format!("{scenario} was not played")))?;
    Ok(Recorded {
        scenario,
        path: recording.save()?,
        writes: recording.writes.values().map(Vec::len).sum(),
        differing: differing
            .into_iter()
            .map(|(_, sentence)| sentence)
            .collect(),
    })
}

/// Whether a label names something that is done, not only told: those have to be the same each time. Which of several
/// applications makes the group that they share is chance.
fn is_effect(label: &Label) -> bool {
    let told = label.service == "kubernetes";
    let probe = label.service == "dynamodb" && label.step == "probe";
    let shared = label.verb == "groups.create" || label.step == "CreateGroup";
    !told && !probe && !shared
}

/// What is not in every play as often, by object and label.
fn differing(plays: &[Recording]) -> Vec<(Label, String)> {
    let objects: BTreeSet<&String> = plays.iter().flat_map(|play| play.served.keys()).collect();
    let mut found = Vec::new();
    for object in objects {
        let counts: Vec<BTreeMap<&Label, usize>> = plays
            .iter()
            .map(|play| counts(play.served.get(object)))
            .collect();
        let labels: BTreeSet<&Label> = counts
            .iter()
            .flat_map(|count| count.keys().copied())
            .collect();
        for label in labels {
            let each: Vec<usize> = counts
                .iter()
                .map(|count| count.get(label).copied().unwrap_or_default())
                .collect();
            if each.iter().any(|count| Some(count) != each.first()) {
                found.push((
                    label.clone(),
                    format!("{object}: {label} comes {each:?} times"),
                ));
            }
        }
    }
    found
}

fn counts(labels: Option<&Vec<Label>>) -> BTreeMap<&Label, usize> {
    let mut counts = BTreeMap::new();
    for label in labels.into_iter().flatten() {
        *counts.entry(label).or_default() += 1;
    }
    counts
}

/// What is in every play: each label as often as it comes at least.
fn common(plays: &[Recording]) -> Option<Recording> {
    let mut recording = plays.first()?.clone();
    for (object, labels) in &mut recording.writes {
        let least: BTreeMap<Label, usize> = labels
            .iter()
            .map(|label| {
                let each = plays.iter().map(|play| {
                    counts(play.writes.get(object))
                        .get(label)
                        .copied()
                        .unwrap_or_default()
                });
                (label.clone(), each.min().unwrap_or_default())
            })
            .collect();
        let mut kept: BTreeMap<Label, usize> = BTreeMap::new();
        labels.retain(|label| {
            let count = kept.entry(label.clone()).or_default();
            *count += 1;
            *count <= least.get(label).copied().unwrap_or_default()
        });
    }
    recording.writes.retain(|_, labels| !labels.is_empty());
    for (label, count) in &mut recording.reads {
        let each = plays
            .iter()
            .map(|play| play.reads.get(label).copied().unwrap_or_default());
        *count = each.min().unwrap_or_default();
    }
    recording.reads.retain(|_, count| *count > 0);
    Some(recording)
}
