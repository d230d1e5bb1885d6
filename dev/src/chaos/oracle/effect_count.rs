//! O2, effect counts: what is made once is made once, however often it was asked for.
//!
//! One creation for each group and project, one commit and one pipeline for each intent; and of everything as much as
//! in the run without faults. Both are counted in GitLab's journal, where an effect stands also when its answer was
//! lost. Settings are put, not added: twice is once, and what is recorded of them is compared instead.

use std::collections::BTreeMap;

use super::effect::{Effect, effects};
use super::{Action, Case, Finding, Proof};

pub fn look(case: &Case<'_>) -> Vec<Finding> {
    let effects = effects(case.evidence);
    let happened: Vec<&Effect> = effects.iter().filter(|effect| effect.happened).collect();
    let mut found = doubled(&happened);
    found.extend(nameless(&happened));
    let counts = &case.shape().effects;
    let meant = &case.reference.effects;
    for (what, count) in counts {
        let meant = meant.get(what).copied().unwrap_or_default();
        if *count != meant {
            found.push(Finding::new(format!(
                "{what} happened {count} times, and {meant} times without faults"
            )));
        }
    }
    for (what, meant) in meant {
        if !counts.contains_key(what) {
            found.push(Finding::new(format!(
                "{what} never happened, and {meant} times without faults"
            )));
        }
    }
    found
}

/// What happened more than once under one name.
fn doubled(happened: &[&Effect]) -> Vec<Finding> {
    let mut by_name: BTreeMap<(Action, &str), Vec<&Effect>> = BTreeMap::new();
    for effect in happened {
        let name = match (effect.action, &effect.intent) {
            (Action::CreateGroup | Action::CreateProject, _) => effect.path.as_str(),
            (Action::ApplySettings, _) | (_, None) => continue,
            (_, Some(intent)) => intent.as_str(),
        };
        by_name
            .entry((effect.action, name))
            .or_default()
            .push(effect);
    }
    let more = by_name.into_iter().filter(|(_, effects)| effects.len() > 1);
    let findings = more.map(|((action, name), effects)| {
        let path = effects.first().map_or("", |effect| effect.path.as_str());
        let under = if action.bears_intent() {
            format!(" under the intent {name}")
        } else {
            String::new()
        };
        let sentence = format!(
            "{} in {path}{under} happened {} times",
            action.name(),
            effects.len()
        );
        Finding::new(sentence).with(effects.iter().map(|effect| Proof::Request(effect.request)))
    });
    findings.collect()
}

/// Commits and pipelines that nobody can find again.
fn nameless(happened: &[&Effect]) -> Vec<Finding> {
    let lost = happened
        .iter()
        .filter(|effect| effect.action.bears_intent() && effect.intent.is_none());
    let findings = lost.map(|effect| {
        let sentence = format!(
            "{} in {} bears no intent",
            effect.action.name(),
            effect.path
        );
        Finding::new(sentence).with([Proof::Request(effect.request)])
    });
    findings.collect()
}
