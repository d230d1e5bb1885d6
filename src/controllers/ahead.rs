//! What is written ahead of effects: the intents in the annotation, under our finalizer, on the version of the
//! object that was decided on.

use crate::api::{EffectJournal, FINALIZER};
use crate::domain::intent::{Intent, format_intents};
use crate::domain::report::Journal as _;
use crate::domain::stage::written;
use crate::domain::step::{Outcome, Step, StepResult};
use crate::domain::target::Mode;
use crate::ports::StoreError;

use super::driver::Pass;
use super::failpoint::{Point, reach_each};
use super::managed::Managed;

impl<K: Managed> Pass<'_, K> {
    /// Makes a stage durable before any of it happens, and holds the finalizer.
    pub(super) async fn write_ahead(
        &mut self,
        staged: &[(Intent, Step)],
        stored: &EffectJournal,
        finalizers: &mut Vec<String>,
        journal: &mut EffectJournal,
    ) -> Result<(), StoreError> {
        let kind = self.scope.identity.kind;
        reach_each(kind, staged, Point::Decided);
        let wanted = written(&self.intents, stored, journal, staged);
        let held = finalizers.iter().any(|f| f == FINALIZER);
        if wanted == self.intents && held && !self.altered {
            return Ok(());
        }
        if !held {
            finalizers.push(FINALIZER.to_owned());
        }
        self.version = self
            .context
            .hold(&self.version, finalizers, &format_intents(&wanted))
            .await?;
        reach_each(kind, staged, Point::Held);
        self.note_written();
        journal.begin(&wanted);
        self.context
            .remember(&self.scope.uid, |r| r.held.clone_from(&wanted));
        self.intents = wanted;
        self.altered = false;
        Ok(())
    }

    /// The intents to go by, and whether they are others than the annotation's: what this process began is
    /// not undone by somebody who takes it out of the annotation, and has its records.
    pub(super) fn restored(
        &self,
        found: Vec<Intent>,
        journal: &EffectJournal,
    ) -> (Vec<Intent>, bool) {
        let held = self.context.recall(&self.scope.uid).held;
        let is_open = |intent: &Intent| !intent.is_settled(journal);
        let is_lost = |intent: &Intent| !found.iter().any(|found| found.id == intent.id);
        if held.iter().any(|intent| is_open(intent) && is_lost(intent)) {
            (held, true)
        } else {
            (found, false)
        }
    }

    /// Notes that an intent was refused. The status that tells so may be stored long after its write was given up, and must
    /// never meet a later try under the same identity that succeeded.
    pub(super) fn remember_refusal(&self, outcome: &Outcome) {
        if let StepResult::Refused(failure) = &outcome.result {
            let refused = (outcome.intent.clone(), failure.clone());
            let uid = &self.scope.uid;
            self.context.remember(uid, |r| r.refused.push(refused));
        }
    }

    /// Settles what this process knows to be refused though the stored status does not tell: what is tried then is another
    /// intent, whose write the late status cannot outlive.
    pub(super) fn recall_refusals(&self, journal: &mut EffectJournal) {
        let known = self.context.recall(&self.scope.uid).refused;
        // What left the annotation has its status.
        let held = |intent: &Intent| self.intents.iter().any(|held| held.id == intent.id);
        for (intent, failure) in known.into_iter().filter(|(intent, _)| held(intent)) {
            let result = StepResult::Refused(failure);
            journal.settle(&Outcome { intent, result });
        }
    }

    /// Whether somebody took our finalizer off an object that something was done for.
    pub(super) fn lacks_finalizer(&self, finalizers: &[String], journal: &EffectJournal) -> bool {
        self.scope.mode == Mode::Act
            && *journal != EffectJournal::default()
            && !finalizers.iter().any(|f| f == FINALIZER)
    }

    fn note_written(&self) {
        let written = self.version.resource_version.parse().ok();
        self.context
            .remember(&self.scope.uid, |r| r.written = written);
    }
}
