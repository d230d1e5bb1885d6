//! All oracles together, and what they find wherever the one thing is that is wrong.

use std::collections::BTreeSet;

use harmonix_dev::chaos::evidence::Evidence;
use harmonix_dev::chaos::oracle::{Oracle, judge, judge_by};
use harmonix_dev::chaos::shape::Shape;

use super::control::accepts;
use super::history::{BOUNDS, history};

#[test]
fn the_true_history_passes() {
    accepts(|_| {});
}

#[test]
fn the_same_history_under_another_name_has_the_same_shape() {
    let text = include_str!("history.json").replace("p0001", "p7310");
    let renamed: Evidence = serde_json::from_str(&text).unwrap();
    assert_eq!(Shape::of(&renamed), Shape::of(&history()));
}

/// Nothing at all is no proof of anything.
#[test]
fn an_empty_history_does_not_pass() {
    let empty = Evidence::default();
    let found = judge(&empty, &Shape::of(&empty), &BOUNDS);
    let by: BTreeSet<Oracle> = found.iter().map(|violation| violation.oracle).collect();
    let silent = [Oracle::Convergence, Oracle::Secret];
    assert_eq!(by, BTreeSet::from(silent), "{found:#?}");
}

/// Whether an oracle says something of the truth with this changed.
fn is_found(oracle: Oracle, truth: &Evidence, change: impl FnOnce(&mut Evidence)) -> bool {
    let mut broken = truth.clone();
    change(&mut broken);
    !judge_by(&[oracle], &broken, &Shape::default(), &BOUNDS).is_empty()
}

#[test]
fn any_record_that_is_missing_or_doubled_is_found_by_the_audit() {
    let truth = history();
    assert!(!is_found(Oracle::Audit, &truth, |_| {}));
    for at in 0..truth.records.len() {
        let missing = |evidence: &mut Evidence| drop(evidence.records.remove(at));
        assert!(is_found(Oracle::Audit, &truth, missing), "missing {at}");
        let doubled = |evidence: &mut Evidence| {
            let mut again = evidence.records[at].clone();
            let other = "2026-01-01T00:00:00Z".to_owned();
            again.attributes.insert("createdAt".into(), other);
            evidence.records.push(again);
        };
        assert!(is_found(Oracle::Audit, &truth, doubled), "doubled {at}");
    }
}

#[test]
fn any_word_of_any_record_that_is_changed_is_found_by_the_audit() {
    let truth = history();
    for (at, record) in truth.records.iter().enumerate() {
        for name in record.attributes.keys() {
            let changed = |evidence: &mut Evidence| {
                let value = evidence.records[at].attributes.get_mut(name);
                value.unwrap().push('x');
            };
            assert!(is_found(Oracle::Audit, &truth, changed), "{name} of {at}");
        }
    }
}

#[test]
fn any_effect_that_is_missing_or_doubled_is_found_by_the_counts() {
    let truth = history();
    let meant = Shape::of(&truth);
    let effects = truth.requests.iter().enumerate().filter(|(_, request)| {
        request.service == "gitlab" && request.took_effect() && request.action != "projects.update"
    });
    let found = |change: &dyn Fn(&mut Evidence)| {
        let mut broken = truth.clone();
        change(&mut broken);
        !judge_by(&[Oracle::EffectCount], &broken, &meant, &BOUNDS).is_empty()
    };
    let mut looked = 0;
    for (at, request) in effects {
        looked += 1;
        let missing = |evidence: &mut Evidence| drop(evidence.requests.remove(at));
        assert!(found(&missing), "{request:?}");
        assert!(is_found(Oracle::Audit, &truth, missing), "{request:?}");
        let doubled = |evidence: &mut Evidence| {
            let again = evidence.requests[at].clone();
            evidence.requests.insert(at, again);
        };
        assert!(found(&doubled), "{request:?}");
    }
    assert!(looked >= 10, "{looked} effects");
}

#[test]
fn any_fact_that_is_missing_or_another_is_found_by_the_end_state() {
    let truth = history();
    let shape = Shape::of(&truth);
    assert!(shape.facts.len() > 100, "{}", shape.facts.len());
    let end_state = |meant: &Shape| judge_by(&[Oracle::EndState], &truth, meant, &BOUNDS).len();
    assert_eq!(end_state(&shape), 0);
    for name in shape.facts.keys() {
        let mut meant = shape.clone();
        meant.facts.insert(name.clone(), "something else".into());
        assert_eq!(end_state(&meant), 1, "{name}");
        meant.facts.remove(name);
        assert_eq!(end_state(&meant), 1, "{name}");
    }
}
