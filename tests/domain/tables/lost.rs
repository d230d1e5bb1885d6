//! Effects whose answer was lost: what is known to have happened, what may still, and what is waited for.

use harmonix::api::condition::Reason;
use harmonix::api::{AuditOutcome, EffectJournal};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::forge::{Pipeline, Project};
use harmonix::domain::intent::{Action, Intent, IntentId};
use harmonix::domain::lease::Epoch;
use harmonix::domain::observed::{EffectsObserved, External, OpenIntent};
use harmonix::domain::plan::{Settlement, awaited, has_time, settle};
use harmonix::domain::reading::Reading;
use harmonix::domain::step::{Effect, Outcome, Step, StepResult};
use harmonix::domain::target::Mode;
use harmonix::domain::verdict::Verdict;
use jiff::ToSpan;

use super::case::{entry, now, place};
use super::provider::Case;
use crate::world::settings;

const PATH: &str = "places/dev-place";

/// An intent that was tried a second ago.
fn open(number: u8, action: Action, found: Reading<External>) -> OpenIntent {
    let intent = Intent {
        id: IntentId::new(now(), [number; 10]),
        created_at: now() - 1.second(),
        ledger: "dev-place".into(),
        requested_by: "ada".into(),
        generation: 2,
        epoch: Epoch::new(4),
        action,
    };
    OpenIntent {
        intent,
        found,
        last_sent: Some(now() - 1.second()),
        making: None,
    }
}

fn provision() -> Action {
    Action::Provision {
        project: PATH.into(),
        files: "files".into(),
        retry: String::new(),
    }
}

fn commit() -> Action {
    Action::CommitFiles {
        project: PATH.into(),
        files: "files".into(),
        first: true,
    }
}

fn take_over() -> Action {
    Action::TakeOver { path: PATH.into() }
}

fn create() -> Action {
    Action::CreateProject { path: PATH.into() }
}

fn group() -> Action {
    Action::CreateGroup {
        path: "places".into(),
    }
}

fn unreadable() -> Reading<External> {
    Reading::Unreadable(Failure {
        party: Party::GitLab,
        kind: FailureKind::Retryable,
        message: "GitLab said nothing".into(),
    })
}

fn made(commit: &str) -> Reading<External> {
    Reading::Known(External::Commit(commit.into()))
}

fn project(description: &str) -> Reading<External> {
    Reading::Known(External::Project(Project {
        id: 4,
        path: PATH.into(),
        description: description.into(),
        ..Project::default()
    }))
}

fn settled(open: Vec<OpenIntent>) -> Settlement {
    let effects = EffectsObserved {
        open,
        ..EffectsObserved::default()
    };
    settle(&effects, &place().scope.identity, &settings(), now())
}

/// How each that is settled ended.
fn ends(settlement: &Settlement) -> Vec<&'static str> {
    let end = |outcome: &Outcome| match outcome.result {
        StepResult::Done(_) => "done",
        StepResult::AlreadyDone(_) => "already done",
        StepResult::Refused(_) => "refused",
        StepResult::Open(_) => "open",
    };
    settlement.settled.iter().map(end).collect()
}

#[test]
fn what_was_sent_has_its_time_and_no_more() {
    let aged = |created: i64, sent: Option<i64>| {
        let mut open = open(1, provision(), Reading::Absent);
        open.intent.created_at = now() - created.milliseconds();
        open.last_sent = sent.map(|sent| now() - sent.milliseconds());
        has_time(&open, &settings(), now())
    };
    assert!(aged(0, None));
    assert!(aged(19_999, None));
    assert!(!aged(20_000, None));
    assert!(!aged(20_001, None));
    assert!(aged(90_000, Some(19_999)));
    assert!(!aged(90_000, Some(20_000)));
}

#[test]
fn what_may_still_come_is_waited_for_unless_it_is_tried_again() {
    let waits = |open: OpenIntent, settled: &[Outcome], steps: &[Step]| {
        let effects = EffectsObserved {
            open: vec![open],
            ..EffectsObserved::default()
        };
        awaited(&effects, settled, steps, &settings(), now()).is_some()
    };
    let absent = || open(1, commit(), Reading::Absent);
    assert!(waits(absent(), &[], &[]));
    assert!(waits(open(1, commit(), Reading::Unread), &[], &[]));
    assert!(waits(open(1, provision(), Reading::Absent), &[], &[]));
    assert!(waits(open(1, group(), Reading::Absent), &[], &[]));
    assert!(!waits(open(1, commit(), made("c")), &[], &[]));
    assert!(!waits(open(1, commit(), unreadable()), &[], &[]));
    assert!(!waits(open(1, take_over(), Reading::Absent), &[], &[]));
    let mut never = absent();
    never.last_sent = None;
    assert!(!waits(never, &[], &[]));
    let mut old = absent();
    old.last_sent = Some(now() - 20.seconds());
    assert!(!waits(old, &[], &[]));

    let outcome = |number| Outcome {
        intent: open(number, commit(), Reading::Absent).intent,
        result: StepResult::AlreadyDone(External::Nothing),
    };
    assert!(!waits(absent(), &[outcome(1)], &[]));
    assert!(waits(absent(), &[outcome(2)], &[]));

    let step = |action: Action, ledger: &str| Step {
        action,
        ledger: ledger.into(),
        effect: Effect::LetGo,
    };
    assert!(!waits(absent(), &[], &[step(commit(), "dev-place")]));
    assert!(waits(absent(), &[], &[step(commit(), "other-place")]));
    assert!(waits(absent(), &[], &[step(provision(), "dev-place")]));
}

#[test]
fn only_what_starts_a_pipeline_is_not_tried_again_before_its_time_is_over() {
    let held = |action: Action, ago: i64| {
        let mut open = open(1, action, Reading::Absent);
        open.last_sent = Some(now() - ago.seconds());
        settled(vec![open]).hold
    };
    let message = "the answer to Provision was lost; waiting to see whether it happened before it is tried again";
    assert_eq!(
        held(provision(), 19),
        Some(Verdict::Progressing(Reason::Updating, message.into()))
    );
    assert_eq!(held(provision(), 20), None);
    assert_eq!(held(commit(), 1), None);
}

#[test]
fn what_was_found_is_settled_in_order_up_to_what_nobody_can_see() {
    let found = |number| open(number, commit(), made("c"));
    let blind = || open(9, commit(), unreadable());
    let both = settled(vec![found(1), blind(), found(2)]);
    assert_eq!(ends(&both), ["already done"]);
    assert!(matches!(both.hold, Some(Verdict::Blocked(..))));
    let none = settled(vec![blind(), found(1)]);
    assert!(none.settled.is_empty());
    let gone = settled(vec![open(1, commit(), Reading::Absent), found(2)]);
    assert_eq!((ends(&gone), gone.hold), (vec!["already done"], None));
    let pipeline = External::Pipeline(Pipeline::default());
    let started = settled(vec![open(1, provision(), Reading::Known(pipeline))]);
    assert_eq!(ends(&started), ["already done"]);
}

/// Nobody can see whether a project was taken over; but what comes after was only tried once it was.
#[test]
fn a_project_was_taken_over_where_something_after_it_happened() {
    let taken = |found| open(1, take_over(), found);
    let known = || project("whatever");
    let after = |action, found| open(2, action, found);
    let ends = |open| ends(&settled(open)).len();
    assert_eq!(ends(vec![taken(known()), after(commit(), made("c"))]), 2);
    assert_eq!(
        ends(vec![taken(known()), after(commit(), Reading::Absent)]),
        0
    );
    assert_eq!(ends(vec![taken(known())]), 0);
    // It came before, or tells nothing.
    assert_eq!(ends(vec![after(commit(), made("c")), taken(known())]), 1);
    let own_group = open(2, group(), Reading::Absent).intent.id;
    let group_found = External::Group(own_group.described("x"));
    let group_after = after(group(), Reading::Known(group_found));
    assert_eq!(ends(vec![taken(known()), group_after]), 1);
}

#[test]
fn a_project_was_made_by_the_intent_that_it_names() {
    let key = settings().key;
    let mark = key.mark(&place().scope.identity, PATH);
    let id = open(1, create(), Reading::Absent).intent.id;
    let end = |description: &str| {
        let settlement = settled(vec![open(1, create(), project(description))]);
        ends(&settlement).first().copied()
    };
    assert_eq!(end(&id.described(&mark)), Some("already done"));
    // Ours, and there before: it is taken over.
    assert_eq!(end(&mark), None);
    assert_eq!(end(&id.described("somebody's")), Some("refused"));
    let end = |description: String| {
        let found = Reading::Known(External::Group(description));
        ends(&settled(vec![open(1, group(), found)]))[0]
    };
    assert_eq!(end(id.described("Projects.")), "already done");
    assert_eq!(end("Projects.".into()), "refused");
}

#[test]
fn nothing_new_begins_before_what_was_found_is_recorded() {
    let mut case = Case::good();
    case.seen.effects.open = vec![open(1, commit(), made("c"))];
    case.target.scope.mode = Mode::Suspended;
    let recording = Verdict::Progressing(Reason::Updating, "recording what was found".into());
    assert_eq!(case.plan().verdict, recording);
    case.seen.effects.open.clear();
    assert_eq!(case.plan().verdict, Verdict::Suspended);
}

#[test]
fn nothing_new_begins_while_forty_records_wait_for_their_table() {
    let verdict = |waiting: usize| {
        let mut case = Case::good();
        case.memory.effects = Some(EffectJournal {
            backlog: vec![entry("a", "dev-place", AuditOutcome::Success); waiting],
            ..EffectJournal::default()
        });
        case.plan().verdict
    };
    assert_eq!(verdict(39), Verdict::Settled);
    for waiting in [40, 41] {
        let told = verdict(waiting);
        assert!(
            matches!(told, Verdict::Stalled(Reason::AuditUnavailable, _)),
            "{told:?}"
        );
    }
}

#[test]
fn an_object_is_let_go_once_it_is_known_what_happened() {
    let plan = |held: bool, open: Vec<OpenIntent>| {
        let mut case = Case::good();
        case.target.scope.mode = Mode::LetGo;
        case.seen.effects.held = held;
        case.seen.effects.open = open;
        case.plan()
    };
    let steps = |held, open| plan(held, open).steps.len();
    assert_eq!(steps(true, vec![]), 1);
    assert_eq!(steps(false, vec![]), 0);
    assert_eq!(steps(true, vec![open(1, commit(), made("c"))]), 0);
    let blind = || vec![open(1, commit(), unreadable())];
    assert!(matches!(plan(true, blind()).verdict, Verdict::Blocked(..)));
    let deleting = plan(false, blind()).verdict;
    assert!(
        matches!(deleting, Verdict::Progressing(Reason::Deleting, _)),
        "{deleting:?}"
    );
}

#[test]
fn what_neither_happened_nor_can_is_given_up_once_there_is_nothing_to_do() {
    let plan = |open: Vec<OpenIntent>, change: fn(&mut Case)| {
        let mut case = Case::good();
        case.seen.effects.open = open;
        change(&mut case);
        case.plan()
    };
    let old = || {
        let mut old = open(1, provision(), Reading::Absent);
        old.last_sent = Some(now() - 20.seconds());
        vec![old]
    };
    assert!(plan(old(), |_| ()).gives_up);
    assert!(!plan(vec![], |_| ()).gives_up);
    // Something goes on still.
    assert!(!plan(old(), |case| case.seen.session = Reading::Unread).gives_up);
    let young = plan(vec![open(1, commit(), Reading::Absent)], |_| ());
    assert!(!young.gives_up && young.steps.is_empty());
    assert!(matches!(young.verdict, Verdict::Progressing(..)));
}
