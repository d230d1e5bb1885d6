//! The journal in the status: what is settled, which records wait, and where each chain ends.

use harmonix::api::{AuditChain, AuditEntry, AuditOutcome, EffectJournal};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::intent::{Action, Intent, IntentId};
use harmonix::domain::lease::Epoch;
use harmonix::domain::observed::External;
use harmonix::domain::report::Journal as _;
use harmonix::domain::step::{Outcome, StepResult};

use super::case::{entry, now};

fn intent(number: u8) -> Intent {
    Intent {
        id: IntentId::new(now(), [number; 10]),
        created_at: now(),
        ledger: "dev-place".into(),
        requested_by: "ada".into(),
        generation: 2,
        epoch: Epoch::new(4),
        action: Action::CreateGroup {
            path: "apps/shop".into(),
        },
    }
}

fn done(intent: Intent) -> Outcome {
    let result = StepResult::Done(External::Nothing);
    Outcome { intent, result }
}

fn refused(intent: Intent, kind: FailureKind, message: &str) -> Outcome {
    let failure = Failure {
        party: Party::GitLab,
        kind,
        message: message.into(),
    };
    let result = StepResult::Refused(failure);
    Outcome { intent, result }
}

/// A journal in which these were settled.
fn journal(outcomes: &[Outcome]) -> EffectJournal {
    let mut journal = EffectJournal::default();
    for outcome in outcomes {
        journal.settle(outcome);
    }
    journal
}

fn ids(entries: &[AuditEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.id.as_str()).collect()
}

#[test]
fn a_stage_keeps_the_outcomes_of_what_is_still_written_down() {
    let mut journal = journal(&[done(intent(1)), done(intent(2))]);
    journal.begin(&[intent(2), intent(3)]);
    assert_eq!(journal.settled, [intent(2).settled_word()]);
}

#[test]
fn an_outcome_is_settled_once() {
    let both = journal(&[done(intent(1)), done(intent(1)), done(intent(2))]);
    assert_eq!((both.settled.len(), both.backlog.len()), (2, 2));
}

type Bend = fn(&mut Intent);

#[test]
fn a_refusal_that_is_met_again_is_told_once_and_any_other_by_itself() {
    let told = |second: Outcome| {
        let first = refused(intent(1), FailureKind::Denied, "request 17 was refused");
        journal(&[first, second]).backlog.len()
    };
    let denied = |intent: Intent| refused(intent, FailureKind::Denied, "request 4 was refused");
    assert_eq!(told(denied(intent(2))), 1);
    assert_eq!(told(refused(intent(2), FailureKind::Denied, "no")), 2);
    let invalid = refused(intent(2), FailureKind::Invalid, "request 4 was refused");
    assert_eq!(told(invalid), 2);
    assert_eq!(told(done(intent(2))), 2);
    let others: [Bend; 4] = [
        |intent| intent.ledger = "prod-place".into(),
        |intent| intent.requested_by = "grace".into(),
        |intent| {
            intent.action = Action::CreateGroup {
                path: "apps".into(),
            }
        },
        |intent| {
            intent.action = Action::CreateProject {
                path: "apps/shop".into(),
            };
        },
    ];
    for bend in others {
        let mut other = intent(2);
        bend(&mut other);
        assert_eq!(told(denied(other.clone())), 2, "{other:?}");
    }
    assert_eq!(
        journal(&[done(intent(1)), done(intent(2))]).backlog.len(),
        2
    );
}

#[test]
fn a_record_that_stands_in_its_table_is_the_end_of_its_own_chain() {
    let mut journal = EffectJournal {
        backlog: vec![
            entry("a", "dev", AuditOutcome::Success),
            entry("b", "prod", AuditOutcome::Success),
            entry("c", "dev", AuditOutcome::Success),
            entry("d", "dev", AuditOutcome::Success),
        ],
        ..EffectJournal::default()
    };
    journal.recorded(4, Some("nothing"));
    assert_eq!(ids(&journal.backlog), ["a", "b", "c", "d"]);
    assert_eq!(journal.head("dev"), "");
    journal.recorded(0, Some("hash of a"));
    journal.recorded(0, Some("hash of b"));
    journal.recorded(0, Some("hash of c"));
    // It stood there already, and others hang on it.
    journal.recorded(0, None);
    assert!(journal.backlog.is_empty());
    let chain = |provider: &str, head: &str, records| AuditChain {
        provider: provider.into(),
        head: head.into(),
        records,
    };
    assert_eq!(
        journal.chains,
        [chain("dev", "hash of c", 2), chain("prod", "hash of b", 1)]
    );
    assert_eq!(journal.head("dev"), "hash of c");
    assert_eq!(journal.head("prod"), "hash of b");
    assert_eq!(journal.head("test"), "");
}

/// Until the stored status says that it is over, the same intent may be tried again after a crash.
#[test]
fn a_refusal_that_no_stored_status_holds_waits_with_everything_after_it() {
    let backlog = || {
        vec![
            entry("a", "dev", AuditOutcome::Success),
            entry("b", "dev", AuditOutcome::Denied),
            entry("c", "dev", AuditOutcome::Success),
            entry("d", "dev", AuditOutcome::Failed),
        ]
    };
    let held = |stored: Vec<AuditEntry>| {
        let with = |backlog| EffectJournal {
            backlog,
            ..EffectJournal::default()
        };
        let mut journal = with(backlog());
        let held = journal.hold_back(&with(stored));
        assert_eq!(journal.backlog.len() + held.len(), 4);
        held.into_iter().map(|entry| entry.id).collect::<String>()
    };
    assert_eq!(held(vec![]), "bcd");
    assert_eq!(held(backlog().split_off(2)), "bcd");
    assert_eq!(held(backlog()[..3].to_vec()), "d");
    assert_eq!(held(backlog()), "");
}
