//! Which effects are told as an event of their own.

use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::intent::{Action, Intent, IntentId};
use harmonix::domain::lease::Epoch;
use harmonix::domain::notice::Notice;
use harmonix::domain::observed::External;
use harmonix::domain::step::{Outcome, StepResult};

use super::case::now;

fn told(action: Action, result: StepResult) -> Option<&'static str> {
    let intent = Intent {
        id: IntentId::new(now(), [1; 10]),
        created_at: now(),
        ledger: "dev-place".into(),
        requested_by: "ada".into(),
        generation: 2,
        epoch: Epoch::new(4),
        action,
    };
    Notice::of(&Outcome { intent, result }).map(|notice| notice.reason)
}

#[test]
fn only_a_project_that_was_taken_over_is_told() {
    let path = || "apps/shop/cart".to_owned();
    let failure = Failure {
        party: Party::GitLab,
        kind: FailureKind::Denied,
        message: "GitLab said so".into(),
    };
    let taken = Action::TakeOver { path: path() };
    let made = Action::CreateProject { path: path() };
    let done = || StepResult::Done(External::Nothing);
    assert_eq!(told(taken.clone(), done()), Some("TakenOver"));
    assert_eq!(told(taken, StepResult::Refused(failure)), None);
    assert_eq!(told(made, done()), None);
}
