//! A positive control: the true history with one thing broken, and the oracle that must say so.

use harmonix_dev::chaos::evidence::Evidence;
use harmonix_dev::chaos::oracle::{Bounds, Oracle, Violation, judge};
use harmonix_dev::chaos::shape::Shape;

use super::history::{BOUNDS, history};

/// Judges the true history with this changed, against the true one.
pub fn judged(change: impl FnOnce(&mut Evidence)) -> Vec<Violation> {
    judged_by(&BOUNDS, change)
}

/// The same with bounds of one's own.
pub fn judged_by(bounds: &Bounds, change: impl FnOnce(&mut Evidence)) -> Vec<Violation> {
    let truth = history();
    let reference = Shape::of(&truth);
    let mut broken = truth;
    change(&mut broken);
    judge(&broken, &reference, bounds)
}

/// What an oracle says when this is changed: it says something, and its sentences name what they are about.
pub fn rejected(oracle: Oracle, change: impl FnOnce(&mut Evidence)) -> Vec<String> {
    let violations = judged(change);
    let own = violations.iter().filter(|v| v.oracle == oracle);
    let sentences: Vec<String> = own.map(|v| v.sentence.clone()).collect();
    assert!(
        !sentences.is_empty(),
        "{oracle} saw nothing; what was seen: {violations:#?}"
    );
    sentences
}

/// An oracle says something of this kind when this is changed.
pub fn rejects(oracle: Oracle, words: &str, change: impl FnOnce(&mut Evidence)) {
    let sentences = rejected(oracle, change);
    assert!(
        sentences.iter().any(|sentence| sentence.contains(words)),
        "none says {words:?}: {sentences:#?}"
    );
}

/// No oracle says anything when this is changed.
pub fn accepts(change: impl FnOnce(&mut Evidence)) {
    let violations = judged(change);
    assert!(violations.is_empty(), "{violations:#?}");
}
