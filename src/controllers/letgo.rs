//! Deletion: what was made outside stays as it is, one record says so, then the finalizer goes.

use std::time::Duration;

use crate::api::{EffectJournal, FINALIZER};
use crate::domain::failure::Failure;
use crate::domain::intent::{Action, Intent, format_intents};
use crate::domain::measure::PassResult;
use crate::domain::observed::{EffectsObserved, External};
use crate::domain::plan::{Settlement, awaited, settle};
use crate::domain::report::Journal as _;
use crate::domain::stage::{stage, written};
use crate::domain::step::{Effect, Outcome, Step, StepResult};
use crate::domain::target::{Blocked, Place, Scope};
use crate::domain::verdict::{Backoff, Verdict};
use crate::domain::version::Version;
use crate::ports::StoreError;

use super::driver::{is_let_go, tell, telling};
use super::failpoint::{Point, reach, reach_each};
use super::managed::{Managed, intents, open_intents};
use super::setback::unaudited;
use super::{Context, ledger, look};

/// What letting go is called in records.
const LET_GO: &str = "LetGo";

/// Releases the finalizer: the record is written. Records that never got a table are told.
pub(super) async fn finish(
    context: &Context,
    version: &Version,
    finalizers: &[String],
    journal: &EffectJournal,
) -> Result<Option<Duration>, StoreError> {
    let rest: Vec<String> = finalizers
        .iter()
        .filter(|f| *f != FINALIZER)
        .cloned()
        .collect();
    ledger::tell_lost(&version.identity, journal);
    context.release(version, &rest).await?;
    reach(version.identity.kind, LET_GO, Point::Told);
    context.forget(&version.uid);
    let kind = version.identity.kind;
    context.ports.telemetry.ended(kind, PassResult::Released);
    tracing::info!(object = %version.identity, "let go: what was made outside stays as it is");
    Ok(None)
}

/// Lets go of an object whose spec, or what it names, no longer makes a target. What may have happened
/// is found out first, as it is with a target: its record would be lost with the object.
pub(super) async fn without_target<K: Managed>(
    context: &Context,
    object: &K,
    version: Version,
) -> Result<Option<Duration>, StoreError> {
    let finalizers = object.finalizers().to_vec();
    if !finalizers.iter().any(|f| f == FINALIZER) {
        return Ok(None);
    }
    let scope = object.scope(context);
    let (intents, damaged) = intents(object, &scope);
    let farewell = Farewell {
        context,
        object,
        home: object.home(context),
        damaged,
        intents,
        scope,
        finalizers,
        version,
    };
    farewell.run().await
}

struct Farewell<'a, K: Managed> {
    context: &'a Context,
    object: &'a K,
    /// Where the letting go is recorded.
    home: Option<Place>,
    /// What is wrong with the annotation.
    damaged: Option<String>,
    intents: Vec<Intent>,
    scope: Scope,
    finalizers: Vec<String>,
    version: Version,
}

impl<K: Managed> Farewell<'_, K> {
    async fn run(mut self) -> Result<Option<Duration>, StoreError> {
        let context = self.context;
        let stored = self.object.status();
        let mut memory = stored.clone();
        let open = open_intents(
            &self.intents,
            K::journal(&mut memory),
            context,
            &self.scope.uid,
        );
        let effects = EffectsObserved {
            open: open.clone(),
            held: true,
            damaged: self.damaged.clone(),
        };
        let now = context.ports.clock.now();
        let effects = look::open(effects, context).await;
        let Settlement { settled, hold } =
            settle(&effects, &self.scope.identity, &context.settings, now);
        let hold = hold.or_else(|| awaited(&effects, &settled, &[], &context.settings, now));
        for outcome in &settled {
            K::absorb(&mut memory, outcome);
            K::journal(&mut memory).settle(outcome);
        }
        if let Some(hold) = hold {
            let hold = match self.flush(K::journal(&mut memory)).await {
                Ok(()) => hold,
                Err(failure) => unaudited(&failure),
            };
            return self.wait(&hold, &stored, memory).await;
        }
        if !is_let_go(&self.intents, K::journal(&mut memory)) {
            if let Some(home) = &self.home {
                let step = Step {
                    action: Action::LetGo {
                        project: K::project_path(&memory),
                    },
                    ledger: home.name.clone(),
                    effect: Effect::LetGo,
                };
                let when = (context.epoch, now);
                let staged = stage(vec![step], &open, &self.scope, when, || {
                    context.ports.clock.entropy()
                });
                let before = K::journal(&mut stored.clone()).clone();
                let wanted = written(&self.intents, &before, K::journal(&mut memory), &staged);
                let kind = self.scope.identity.kind;
                reach_each(kind, &staged, Point::Decided);
                if wanted != self.intents {
                    let text = format_intents(&wanted);
                    self.version = context.hold(&self.version, &self.finalizers, &text).await?;
                    reach_each(kind, &staged, Point::Held);
                    self.intents = wanted;
                }
                for (intent, _) in staged {
                    K::journal(&mut memory).settle(&Outcome {
                        intent,
                        result: StepResult::Done(External::Nothing),
                    });
                }
            } else {
                tracing::warn!(object = %self.version.identity, "let go without a record: no audit table was ever known");
            }
        }
        let journal = K::journal(&mut memory);
        if let Err(failure) = self.flush(journal).await {
            tracing::warn!(object = %self.version.identity, message = failure.message, "not let go yet");
            return Ok(Some(context.settings.resync_interval));
        }
        finish(context, &self.version, &self.finalizers, journal).await
    }

    async fn flush(&self, journal: &mut EffectJournal) -> Result<(), Failure> {
        let place = |provider: &str| {
            let home = self.home.as_ref().filter(|home| home.name == provider);
            home.cloned().or_else(|| self.context.place(provider))
        };
        ledger::flush(self.context, &self.scope, journal, place).await
    }

    /// Says why the object cannot go yet, and looks again.
    async fn wait(
        &self,
        hold: &Verdict,
        stored: &K::Status,
        memory: K::Status,
    ) -> Result<Option<Duration>, StoreError> {
        let context = self.context;
        let (reason, message) = hold.reason();
        let blocked = Blocked {
            stalled: matches!(hold, Verdict::Stalled(..)),
            reason,
            message: message.to_owned(),
        };
        let telling = telling(context, &self.scope, K::conditions(stored), &[]);
        let mut report = K::refuse(memory, &blocked, &telling);
        match hold {
            Verdict::Progressing(..) => report.requeue = Some(context.settings.poll_interval),
            Verdict::Blocked(_, _, Backoff::Exactly(after)) => report.requeue = Some(*after),
            Verdict::Blocked(_, _, Backoff::Growing)
            | Verdict::Settled
            | Verdict::Waiting(..)
            | Verdict::Stalled(..)
            | Verdict::Suspended => {}
        }
        tell::<K>(context, &self.version, stored, report).await
    }
}
