//! O2: what is made once is made once.

use harmonix_dev::chaos::evidence::Evidence;
use harmonix_dev::chaos::oracle::Oracle::EffectCount;
use serde_json::json;

use super::control::{accepts, rejects};
use super::history::{CART_PROJECT, effect};

fn again(evidence: &mut Evidence, action: &str, resource: &str) {
    let at = effect(evidence, action, resource);
    let entry = evidence.requests[at].clone();
    evidence.requests.insert(at + 1, entry);
}

#[test]
fn a_project_or_group_that_is_made_twice() {
    rejects(
        EffectCount,
        "CreateProject in aws-apps/p0001/cart happened 2 times",
        |evidence| {
            again(evidence, "projects.create", CART_PROJECT);
        },
    );
    rejects(
        EffectCount,
        "CreateGroup in aws-apps/p0001 happened 2 times",
        |evidence| {
            again(evidence, "groups.create", "aws-apps/p0001");
        },
    );
}

#[test]
fn a_commit_or_pipeline_that_is_made_twice_under_one_intent() {
    rejects(
        EffectCount,
        "CommitFiles in aws-apps/p0001/cart under the intent",
        |evidence| {
            again(evidence, "commits.create", CART_PROJECT);
        },
    );
    rejects(
        EffectCount,
        "Deploy in aws-apps/p0001/cart under the intent",
        |evidence| {
            again(evidence, "pipelines.create", CART_PROJECT);
        },
    );
}

#[test]
fn an_effect_whose_answer_was_lost_counts() {
    rejects(EffectCount, "happened 2 times", |evidence| {
        again(evidence, "pipelines.create", CART_PROJECT);
        let at = effect(evidence, "pipelines.create", CART_PROJECT);
        evidence.requests[at].fault = Some("lost_answer".into());
    });
}

#[test]
fn a_second_pipeline_for_the_same_under_another_intent() {
    rejects(
        EffectCount,
        "Deploy in aws-apps/{run}/cart (dev) happened 3 times",
        |evidence| {
            again(evidence, "pipelines.create", CART_PROJECT);
            let at = effect(evidence, "pipelines.create", CART_PROJECT);
            let other = json!("0".repeat(32));
            evidence.requests[at].detail["variables"]["HARMONIX_INTENT"] = other;
        },
    );
}

#[test]
fn a_commit_that_nobody_can_find_again() {
    rejects(EffectCount, "bears no intent", |evidence| {
        let at = effect(evidence, "commits.create", CART_PROJECT);
        evidence.requests[at].detail.remove("trailers");
    });
}

#[test]
fn an_effect_that_never_happened() {
    rejects(EffectCount, "never happened", |evidence| {
        let at = effect(evidence, "projects.create", CART_PROJECT);
        evidence.requests.remove(at);
    });
}

/// A request that was refused, or whose answer was never made, is none.
#[test]
fn a_try_that_did_nothing_is_no_effect() {
    accepts(|evidence| {
        again(evidence, "commits.create", CART_PROJECT);
        let at = effect(evidence, "commits.create", CART_PROJECT);
        evidence.requests[at].status = 0;
        evidence.requests[at].fault = Some("refuse".into());
    });
}

/// Nobody can see whether settings were applied, so they may be put again.
#[test]
fn settings_may_be_put_twice() {
    accepts(|evidence| again(evidence, "projects.update", CART_PROJECT));
}
