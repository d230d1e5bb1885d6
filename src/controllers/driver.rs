//! The one loop body: look, decide, act, tell.
//!
//! A pass goes round until nothing is left to do, so that a status is written once for everything
//! that happened. Effects are durable as intents before they happen; what they did is in the status
//! afterwards; a crash between the two is found out by the next pass.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::api::{EffectJournal, FINALIZER};
use crate::domain::failure::Failure;
use crate::domain::intent::{Action, Intent, IntentId};
use crate::domain::notice::Notice;
use crate::domain::observed::{EffectsObserved, OpenIntent};
use crate::domain::plan::{Plan, has_time};
use crate::domain::report::{Journal as _, Report, Telling};
use crate::domain::stage::stage;
use crate::domain::step::{Step, StepResult};
use crate::domain::target::{Mode, Scope};
use crate::domain::verdict::Verdict;
use crate::domain::version::Version;
use crate::ports::{Acted, StoreError};

use super::failpoint::{Point, reach};
use super::managed::{Depth, Managed, intents, open_intents, version};
use super::setback::{after_failure, unaudited};
use super::{Context, denial, execute, ledger, letgo};

/// How often a pass may go round. More is never needed; the bound only keeps a mistake from spinning.
const ROUNDS: usize = 12;
/// How long a pass waits for something it has just started to show.
const SHOW: Duration = Duration::from_millis(300);

/// One pass over one object. Answers when to look again.
///
/// # Errors
/// Only when our own object could not be written.
pub(super) async fn pass<K: Managed>(
    context: &Context,
    object: &K,
) -> Result<Option<Duration>, StoreError> {
    let scope = object.scope(context);
    let version = version(object, scope.identity.clone());
    if !context.is_current(&version) {
        return Ok(Some(context.behind(&version)));
    }
    context.see(object, &scope, K::conditions(&object.status()));
    let target = match object.target(context) {
        Ok(target) => target,
        Err(_) if scope.mode == Mode::LetGo => {
            return letgo::without_target(context, object, version).await;
        }
        Err(blocked) => {
            let memory = object.status();
            let previous = memory.clone();
            let telling = telling(context, &scope, K::conditions(&previous), &[]);
            let report = K::refuse(memory, &blocked, &telling);
            return tell::<K>(context, &version, &previous, report).await;
        }
    };
    Pass {
        context,
        object,
        scope,
        target,
        version,
        intents: Vec::new(),
        altered: false,
    }
    .run()
    .await
}

pub(super) struct Pass<'a, K: Managed> {
    pub(super) context: &'a Context,
    pub(super) object: &'a K,
    pub(super) scope: Scope,
    pub(super) target: K::Target,
    pub(super) version: Version,
    /// What the annotation holds, or held when this process wrote it last.
    pub(super) intents: Vec<Intent>,
    /// Whether somebody took intents out of the annotation that may still come to pass.
    pub(super) altered: bool,
}

impl<K: Managed> Pass<'_, K> {
    async fn run(mut self) -> Result<Option<Duration>, StoreError> {
        let context = self.context;
        let previous = self.object.status();
        let mut memory = previous.clone();
        let mut finalizers: Vec<String> = self.object.finalizers().to_vec();
        let (intents, damaged) = intents(self.object, &self.scope);
        (self.intents, self.altered) = self.restored(intents, K::journal(&mut memory));
        self.recall_refusals(K::journal(&mut memory));
        let now = context.ports.clock.now();
        let depth = self.depth(now);
        let mut acted: Vec<&str> = Vec::new();
        let mut denied = BTreeSet::new();
        let mut round = 0;
        let (observed, plan) = loop {
            round += 1;
            let effects = EffectsObserved {
                open: self.open(&mut memory),
                held: finalizers.iter().any(|f| f == FINALIZER),
                damaged: damaged.clone(),
            };
            let open = effects.open.clone();
            let looked = context.ports.clock.now();
            let observed = K::observe(&self.target, &memory, effects, context, depth).await;
            if K::learn(&mut memory, &observed) {
                continue;
            }
            let mut plan = K::plan(&self.target, &memory, &observed, context, looked);
            let progressed = Self::take(&plan, &mut memory);
            self.note_denials(&observed, &previous, &mut memory, &mut denied);
            if let Err(failure) = self.flush(&mut memory).await {
                plan.verdict = unaudited(&failure);
                break (observed, plan);
            }
            if round == ROUNDS || damaged.is_some() {
                break (observed, plan);
            }
            if self.scope.mode == Mode::LetGo && is_let_go(&self.intents, K::journal(&mut memory)) {
                let journal = K::journal(&mut memory);
                return letgo::finish(context, &self.version, &finalizers, journal).await;
            }
            if plan.steps.is_empty() {
                let waits =
                    !acted.is_empty() && round < ROUNDS && K::is_about_to_show(&observed, &memory);
                if waits {
                    tokio::time::sleep(SHOW).await;
                }
                if waits || progressed {
                    continue;
                }
                if plan.gives_up || self.lacks_finalizer(&finalizers, K::journal(&mut memory)) {
                    let stored = K::journal(&mut previous.clone()).clone();
                    let journal = K::journal(&mut memory);
                    self.write_ahead(&[], &stored, &mut finalizers, journal)
                        .await?;
                }
                break (observed, plan);
            }
            let steps = std::mem::take(&mut plan.steps);
            let stored = K::journal(&mut previous.clone()).clone();
            let when = (context.epoch, context.ports.clock.now());
            let staged = stage(steps, &open, &self.scope, when, || {
                context.ports.clock.entropy()
            });
            self.write_ahead(&staged, &stored, &mut finalizers, K::journal(&mut memory))
                .await?;
            acted.extend(staged.iter().map(|(intent, _)| intent.action.name()));
            if let Some(verdict) = self.act(staged, &open, &mut memory).await {
                plan.verdict = verdict;
                break (observed, plan);
            }
            if self.scope.mode == Mode::LetGo {
                let journal = K::journal(&mut memory);
                return letgo::finish(context, &self.version, &finalizers, journal).await;
            }
        };
        if depth == Depth::Full {
            context.note_verified(&self.scope.uid, now, &plan.verdict);
        }
        let advisories = context.advisories();
        let telling = telling(context, &self.scope, K::conditions(&previous), &advisories);
        let report = K::report(&self.target, memory, &observed, &plan, &telling);
        let settled = matches!(report.verdict, Verdict::Settled);
        let after = tell::<K>(context, &self.version, &previous, report).await?;
        for action in acted {
            reach(self.scope.identity.kind, action, Point::Told);
        }
        // Only now: a record that no status tells of would be lost with this pass.
        context.remember(&self.scope.uid, |r| {
            if !denied.is_empty() {
                r.denied.get_or_insert_default().extend(denied);
            } else if settled {
                r.denied = Some(BTreeSet::new());
            }
        });
        Ok(after)
    }

    /// The intents whose outcome is not known yet.
    fn open(&self, memory: &mut K::Status) -> Vec<OpenIntent> {
        let uid = &self.scope.uid;
        open_intents(&self.intents, K::journal(memory), self.context, uid)
    }

    fn depth(&self, now: jiff::Timestamp) -> Depth {
        if self.context.is_verification_due(&self.scope.uid, now) {
            Depth::Full
        } else {
            Depth::Usual
        }
    }

    /// Puts roles that were refused just now on record, each once in a pass.
    fn note_denials(
        &self,
        observed: &K::Observed,
        previous: &K::Status,
        memory: &mut K::Status,
        denied: &mut BTreeSet<String>,
    ) {
        let conditions = K::conditions(previous);
        for (provider, failure) in K::denials(&self.target, observed) {
            if denied.insert(provider.clone()) {
                let journal = K::journal(memory);
                let denial = (provider, failure);
                denial::note(self.context, &self.scope, conditions, journal, denial);
            }
        }
    }

    /// Takes what was found outside into the memory. Whether there was anything.
    fn take(plan: &Plan, memory: &mut K::Status) -> bool {
        for outcome in &plan.settled {
            K::absorb(memory, outcome);
            K::journal(memory).settle(outcome);
        }
        !plan.settled.is_empty()
    }

    /// Performs a stage. Answers what to say when it could not be finished.
    async fn act(
        &mut self,
        staged: Vec<(Intent, Step)>,
        open: &[OpenIntent],
        memory: &mut K::Status,
    ) -> Option<Verdict> {
        for (intent, step) in staged {
            let before = open.iter().find(|open| open.intent.id == intent.id);
            let again = before.is_some();
            let (id, name) = (intent.id.clone(), intent.action.name());
            let now = self.note_sent(&id);
            let settings = &self.context.settings;
            let under_way = before.is_some_and(|open| has_time(open, settings, now));
            let kind = self.scope.identity.kind;
            reach(kind, name, Point::Sent);
            self.context.ports.telemetry.acting(&self.scope.uid);
            let mut outcome = execute::execute(self.context, intent, &step, &self.intents).await;
            reach(kind, name, Point::Answered);
            if matches!(outcome.result, StepResult::Open(_)) {
                // However long nobody answered: only from now on is it waited for.
                self.note_sent(&id);
            }
            if under_way {
                outcome = outcome.before_the_last_word();
            }
            self.context.ports.telemetry.acted(&Acted {
                identity: &self.scope.identity,
                uid: &self.scope.uid,
                outcome: &outcome,
            });
            self.remember_refusal(&outcome);
            if let Some(notice) = Notice::of(&outcome) {
                self.context.notify(&self.version, &notice).await;
            }
            K::absorb(memory, &outcome);
            K::journal(memory).settle(&outcome);
            let failed = match &outcome.result {
                StepResult::Done(_) | StepResult::AlreadyDone(_) => None,
                StepResult::Refused(failure) | StepResult::Open(failure) => Some(failure.clone()),
            };
            tracing::info!(
                object = %self.scope.identity, step = name, intent = %id,
                result = if failed.is_none() { "done" } else { "failed" },
                message = failed.as_ref().map(|f| f.message.as_str()),
                "effect"
            );
            if let Err(failure) = self.flush(memory).await {
                return Some(unaudited(&failure));
            }
            if let Some(failure) = failed {
                return Some(after_failure(&step.effect, &failure, again));
            }
            self.context.remember(&self.scope.uid, |r| {
                r.sent.remove(&id);
            });
        }
        None
    }

    /// Notes that an intent is being tried.
    fn note_sent(&self, id: &IntentId) -> Timestamp {
        let now = self.context.ports.clock.now();
        self.context.remember(&self.scope.uid, |r| {
            r.sent.insert(id.clone(), now);
        });
        now
    }

    async fn flush(&self, memory: &mut K::Status) -> Result<(), Failure> {
        // Nearly always: a pass that has nothing to record copies no status for it.
        if K::journal(memory).backlog.is_empty() {
            return Ok(());
        }
        let view = memory.clone();
        let place = |provider: &str| {
            K::place(&self.target, &view, provider).or_else(|| self.context.place(provider))
        };
        let journal = K::journal(memory);
        let held = match self.scope.mode {
            Mode::Act | Mode::Suspended => journal.hold_back(K::journal(&mut self.object.status())),
            // Nothing is tried again, and no status comes after.
            Mode::LetGo => Vec::new(),
        };
        let flushed = ledger::flush(self.context, &self.scope, journal, place).await;
        journal.backlog.extend(held);
        flushed
    }
}

/// Whether letting go is recorded already: then only the finalizer is left.
pub(super) fn is_let_go(intents: &[Intent], journal: &EffectJournal) -> bool {
    intents
        .iter()
        .any(|intent| matches!(intent.action, Action::LetGo { .. }) && intent.is_settled(journal))
}

pub(super) fn telling<'a>(
    context: &'a Context,
    scope: &Scope,
    previous: &'a [k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition],
    advisories: &'a [crate::domain::condition::Claim],
) -> Telling<'a> {
    Telling {
        generation: scope.generation,
        previous,
        advisories,
        failures: context.recall(&scope.uid).failures,
        settings: &context.settings,
        now: context.ports.clock.now(),
    }
}

/// Writes the status where it changed, tells the transition, and says when to look again.
pub(super) async fn tell<K: Managed>(
    context: &Context,
    version: &Version,
    previous: &K::Status,
    report: Report<K::Status>,
) -> Result<Option<Duration>, StoreError> {
    let blocked = matches!(report.verdict, Verdict::Blocked(..));
    context.remember(&version.uid, |r| {
        r.failures = if blocked {
            r.failures.saturating_add(1)
        } else {
            0
        }
    });
    super::requeue::tell(context, version, previous, report).await
}
