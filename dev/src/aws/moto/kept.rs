//! Answers of moto that are kept until something of theirs is changed.
//!
//! Whoever polls asks the same again and again, and moto needs milliseconds for each answer. Everything that is changed
//! is changed through the gate, so the gate knows when an answer is old.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::aws::answer::Answer;
use crate::aws::is_mutating;

/// The services of which nothing changes but by calls.
const KEPT: [&str; 3] = ["ecs", "iam", "ssm"];
/// As long as an answer is kept at most: whoever asks moto itself is noticed then.
const LONGEST: Duration = Duration::from_secs(10);
const MOST: usize = 2048;

/// What a change is about: an account's part of a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Scope {
    account: String,
    service: String,
}

/// A question to moto, or a change of what it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    scope: Scope,
    region: String,
    operation: String,
    body: Bytes,
}

#[derive(Debug, Default)]
struct State {
    answers: HashMap<Asked, (Instant, Answer)>,
    /// How often each was changed.
    changes: HashMap<Scope, u64>,
}

/// The answers that are kept.
#[derive(Debug, Default)]
pub struct Kept(Mutex<State>);

/// What is to be done with an answer.
pub enum Course {
    /// This was answered before.
    Answered(Answer),
    /// It may be kept, unless something was changed meanwhile: this many changes there were.
    Keep(u64),
    /// It changes something.
    Change,
    /// It is none of those that are kept.
    Pass,
}

impl Asked {
    /// Describes a question by what makes it different from others.
    pub fn of(account: &str, region: &str, action: (&str, &str), body: &Bytes) -> Self {
        let (service, operation) = action;
        Self {
            scope: Scope {
                account: account.to_owned(),
                service: service.to_owned(),
            },
            region: region.to_owned(),
            operation: operation.to_owned(),
            body: body.clone(),
        }
    }

    /// The one role that it is about: what is done to a role changes no answer about another.
    fn role(&self) -> Option<String> {
        if self.scope.service != "iam" {
            return None;
        }
        url::form_urlencoded::parse(&self.body)
            .find(|(name, _)| name == "RoleName")
            .map(|(_, role)| role.into_owned())
    }
}

impl Kept {
    fn with<T>(&self, use_state: impl FnOnce(&mut State) -> T) -> T {
        use_state(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says what to do about a question.
    pub fn course(&self, asked: &Asked) -> Course {
        let Scope { service, .. } = &asked.scope;
        if !KEPT.contains(&service.as_str()) {
            return Course::Pass;
        }
        if is_mutating(&format!("{service}:{}", asked.operation)) {
            return Course::Change;
        }
        self.with(|state| match state.answers.get(asked) {
            Some((since, answer)) if since.elapsed() < LONGEST => Course::Answered(answer.clone()),
            Some(_) | None => Course::Keep(state.changes.get(&asked.scope).copied().unwrap_or(0)),
        })
    }

    /// Keeps an answer that was asked for after so many changes.
    pub fn keep(&self, asked: Asked, answer: &Answer, changes: u64) {
        self.with(|state| {
            if state.changes.get(&asked.scope).copied().unwrap_or(0) != changes {
                return;
            }
            if state.answers.len() >= MOST {
                state.answers.clear();
            }
            let entry = (Instant::now(), answer.clone());
            state.answers.insert(asked, entry);
        });
    }

    /// Forgets what a change makes old; said before the change and after it, for answers come in between.
    pub fn changed(&self, change: &Asked) {
        let role = change.role();
        self.with(|state| {
            *state.changes.entry(change.scope.clone()).or_default() += 1;
            state.answers.retain(|asked, _| {
                let other_role = role.is_some() && asked.role().is_some_and(|of| Some(of) != role);
                asked.scope != change.scope || other_role
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(account: &str, service: &str, operation: &str, body: &str) -> Asked {
        let body = Bytes::from(body.to_owned());
        Asked::of(account, "eu-west-1", (service, operation), &body)
    }

    /// Asks, and keeps what is answered where it may be kept; answers whether it had been kept.
    fn ask(kept: &Kept, asked: &Asked) -> bool {
        match kept.course(asked) {
            Course::Answered(_) => true,
            Course::Keep(changes) => {
                kept.keep(
                    asked.clone(),
                    &Answer::json(&serde_json::json!({})),
                    changes,
                );
                false
            }
            Course::Change | Course::Pass => panic!("{asked:?} is no question that is kept"),
        }
    }

    #[test]
    fn an_answer_is_kept_until_something_of_its_account_and_service_changes() {
        let kept = Kept::default();
        let cluster = asked("1", "ecs", "DescribeClusters", "a");
        assert!(!ask(&kept, &cluster));
        assert!(ask(&kept, &cluster));
        assert!(!ask(&kept, &asked("1", "ecs", "DescribeClusters", "b")));
        kept.changed(&asked("2", "ecs", "DeleteCluster", "a"));
        kept.changed(&asked("1", "ssm", "PutParameter", "a"));
        assert!(ask(&kept, &cluster));
        kept.changed(&asked("1", "ecs", "TagResource", "z"));
        assert!(!ask(&kept, &cluster));
    }

    #[test]
    fn what_is_done_to_a_role_leaves_the_answers_about_another() {
        let kept = Kept::default();
        let role = asked("1", "iam", "GetRole", "Action=GetRole&RoleName=a");
        let roles = asked("1", "iam", "ListRoles", "Action=ListRoles");
        ask(&kept, &role);
        ask(&kept, &roles);
        kept.changed(&asked(
            "1",
            "iam",
            "PutRolePolicy",
            "RoleName=b&PolicyName=p",
        ));
        assert!(ask(&kept, &role));
        assert!(!ask(&kept, &roles));
        kept.changed(&asked("1", "iam", "CreatePolicyVersion", "PolicyArn=p"));
        assert!(!ask(&kept, &role));
    }

    #[test]
    fn an_answer_is_not_kept_where_something_changed_while_it_was_asked_for() {
        let kept = Kept::default();
        let cluster = asked("1", "ecs", "DescribeClusters", "a");
        let Course::Keep(changes) = kept.course(&cluster) else {
            panic!("nothing was kept yet")
        };
        kept.changed(&asked("1", "ecs", "DeleteCluster", "a"));
        kept.keep(
            cluster.clone(),
            &Answer::json(&serde_json::json!({})),
            changes,
        );
        assert!(!ask(&kept, &cluster));
    }

    #[test]
    fn changes_and_other_services_are_never_kept() {
        let kept = Kept::default();
        let change = asked("1", "ecs", "CreateService", "a");
        assert!(matches!(kept.course(&change), Course::Change));
        let other = asked("1", "dynamodb", "Query", "a");
        assert!(matches!(kept.course(&other), Course::Pass));
    }
}
