//! What a kind with effects outside says of itself; everything else is the driver's.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use kube::ResourceExt;
use serde::Serialize;

use crate::api::{EffectJournal, INTENTS_ANNOTATION};
use crate::domain::failure::Failure;
use crate::domain::identity::Identity;
use crate::domain::intent::{Action, Intent, parse_intents};
use crate::domain::observed::OpenIntent;
use crate::domain::plan::Plan;
use crate::domain::report::{Report, Telling};
use crate::domain::step::Outcome;
use crate::domain::target::{Blocked, Place, Scope};
use crate::domain::version::Version;

use super::Context;

/// How much a pass looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// What may have changed by itself.
    Usual,
    /// Everything: also what only somebody's meddling changes.
    Full,
}

/// A kind with effects outside.
#[async_trait]
pub(super) trait Managed: ResourceExt + Clone + Send + Sync + 'static {
    /// The valid middle.
    type Target: Send + Sync;
    /// Its status.
    type Status: Clone + Default + PartialEq + Serialize + Send + Sync;
    /// What is seen of it.
    type Observed: Send + Sync;

    /// Who, how, for whom; exists whether or not the spec is valid.
    fn scope(&self, context: &Context) -> Scope;
    /// Its status as stored.
    fn status(&self) -> Self::Status;
    /// Its target, or why there is none.
    fn target(&self, context: &Context) -> Result<Self::Target, Blocked>;
    /// The conditions of a status.
    fn conditions(
        status: &Self::Status,
    ) -> &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition];
    /// The account of effects in a status.
    fn journal(status: &mut Self::Status) -> &mut EffectJournal;
    /// Looks. Never changes anything, never decides.
    async fn observe(
        target: &Self::Target,
        memory: &Self::Status,
        effects: crate::domain::observed::EffectsObserved,
        context: &Context,
        depth: Depth,
    ) -> Self::Observed;
    /// Takes into the status what was seen and is needed to record effects. Whether everything is to be looked
    /// at again with that.
    fn learn(memory: &mut Self::Status, observed: &Self::Observed) -> bool;
    /// Decides, by what was seen from `now` on: what was not there at the beginning of a slow look may
    /// be there at its end.
    fn plan(
        target: &Self::Target,
        memory: &Self::Status,
        observed: &Self::Observed,
        context: &Context,
        now: Timestamp,
    ) -> Plan;
    /// Takes an outcome into the status.
    fn absorb(memory: &mut Self::Status, outcome: &Outcome);
    /// Where records for a provider's ledger go.
    fn place(target: &Self::Target, memory: &Self::Status, provider: &str) -> Option<Place>;
    /// Where this object's own effects are recorded, without a target.
    fn home(&self, context: &Context) -> Option<Place>;
    /// Every role that was refused in this pass, by the provider it belongs to.
    fn denials(target: &Self::Target, observed: &Self::Observed) -> BTreeMap<String, Failure>;
    /// Whether something that was just started outside is about to show.
    fn is_about_to_show(observed: &Self::Observed, memory: &Self::Status) -> bool;
    /// Tells.
    fn report(
        target: &Self::Target,
        memory: Self::Status,
        observed: &Self::Observed,
        plan: &Plan,
        telling: &Telling<'_>,
    ) -> Report<Self::Status>;
    /// Tells why there is no target.
    fn refuse(
        memory: Self::Status,
        blocked: &Blocked,
        telling: &Telling<'_>,
    ) -> Report<Self::Status>;
    /// The full path of its project, as far as it is known.
    fn project_path(status: &Self::Status) -> String;
}

/// The version that a decision about `object` is made on.
pub(super) fn version<K: ResourceExt>(object: &K, identity: Identity) -> Version {
    Version {
        identity,
        uid: object.uid().unwrap_or_default(),
        resource_version: object.resource_version().unwrap_or_default(),
    }
}

/// The intents that an object's annotation holds, and what is wrong with it.
pub(super) fn intents<K: ResourceExt>(object: &K, scope: &Scope) -> (Vec<Intent>, Option<String>) {
    let text = object.annotations().get(INTENTS_ANNOTATION);
    match parse_intents(text.map(String::as_str)) {
        Ok(intents) => {
            let intents = intents.into_iter().map(|intent| intent.completed(scope));
            (intents.collect(), None)
        }
        Err(problem) => (Vec::new(), Some(problem)),
    }
}

/// What is seen of effects: open intents with what is found of them are added by the looks.
pub(super) fn open_intents(
    intents: &[Intent],
    journal: &EffectJournal,
    context: &Context,
    uid: &str,
) -> Vec<OpenIntent> {
    let sent = context.recall(uid).sent;
    // An intent of a process before this one may have been tried until that one died, or until this one took its place.
    let since = |intent: &Intent| {
        let tried = sent.get(&intent.id).copied();
        let before = intent.epoch != context.epoch || intent.created_at < context.started;
        tried.or(before.then_some(context.started))
    };
    let mut newest_first = intents.iter().rev();
    let making = newest_first.find(|intent| matches!(intent.action, Action::CreateProject { .. }));
    intents
        .iter()
        .filter(|intent| !intent.is_settled(journal))
        .map(|intent| OpenIntent {
            intent: intent.clone(),
            found: crate::domain::reading::Reading::Unread,
            last_sent: since(intent),
            making: making.map(|making| making.id.clone()),
        })
        .collect()
}
