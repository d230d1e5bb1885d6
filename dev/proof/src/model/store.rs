//! How the API server takes writes to our own objects, and what is wrong with a status.

use harmonix::api::{Application, ApplicationStatus, FINALIZER, INTENTS_ANNOTATION};
use harmonix::domain::version::Version;
use harmonix::ports::StoreError;
use kube::ResourceExt as _;
use serde_json::Value;

use super::broken::Broken;
use super::call::Answer;
use super::course::FIRST_VERSION;
use super::scene::Scene;
use super::serve::Arrival;
use super::state::{State, Wrong};

/// Changes the object at exactly this version; else says why not.
fn change(
    state: &mut State,
    arrival: &Arrival<'_>,
    version: &Version,
    careless: bool,
    change: impl FnOnce(&mut Application),
) -> Result<Version, StoreError> {
    let lane = state.lanes.get_mut(arrival.lane);
    let lane = lane.ok_or(StoreError::Gone)?;
    let thing = lane.thing.as_ref().ok_or(StoreError::Gone)?;
    let seen: u64 = version.resource_version.parse().unwrap_or_default();
    let seen = (seen + arrival.base).saturating_sub(FIRST_VERSION);
    if !careless && (thing.uid != version.uid || lane.version != seen) {
        return Err(StoreError::Stale);
    }
    let changed = thing.with(change);
    lane.store(changed);
    lane.keep_identities();
    let now = (lane.version + FIRST_VERSION).saturating_sub(arrival.base);
    Ok(Version {
        resource_version: now.to_string(),
        ..version.clone()
    })
}

/// Makes intents durable, and holds the finalizer.
pub(super) fn hold(
    scene: &Scene,
    state: &mut State,
    arrival: &Arrival<'_>,
    version: &Version,
    finalizers: &[String],
    intents: &str,
) -> Answer {
    let careless = scene.is(Broken::HoldUnversioned);
    let unheld = scene.is(Broken::NoFinalizer);
    let held = change(state, arrival, version, careless, |app| {
        let kept = finalizers.iter().filter(|f| !unheld || *f != FINALIZER);
        app.metadata.finalizers = Some(kept.cloned().collect());
        app.annotations_mut()
            .insert(INTENTS_ANNOTATION.into(), intents.into());
    });
    Answer::Version(held)
}

/// Takes a whole status.
pub(super) fn status(
    scene: &Scene,
    state: &mut State,
    arrival: &Arrival<'_>,
    version: &Version,
    status: &Value,
) -> Answer {
    let careless = scene.is(Broken::ReadyOnOldGeneration);
    let Ok(status) = serde_json::from_value::<ApplicationStatus>(status.clone()) else {
        return Answer::Version(Err(StoreError::Unavailable("the status is damaged".into())));
    };
    let before = state
        .lanes
        .get(arrival.lane)
        .and_then(|lane| lane.thing.clone());
    let told = change(state, arrival, version, careless, |app| {
        app.status = Some(status.clone());
    });
    if told.is_ok() {
        let old = before.and_then(|thing| thing.app.status.as_ref()?.observed_generation);
        if status.observed_generation < old {
            state.wrong(Wrong::Backwards);
        }
        is_true(scene, state, arrival.lane);
    }
    Answer::Version(told)
}

/// What must hold whenever an application says that everything is as its spec says.
fn is_true(scene: &Scene, state: &mut State, lane: usize) {
    let Some(thing) = state.lanes.get(lane).and_then(|lane| lane.thing.clone()) else {
        return;
    };
    let Some(ready) = thing.ready() else { return };
    if ready.status != "True" || ready.reason != "Succeeded" {
        return;
    }
    let told = thing
        .app
        .status
        .as_ref()
        .and_then(|status| status.observed_generation);
    if told != Some(thing.generation()) || !runs(scene, state, lane) {
        state.wrong(Wrong::TooEarly);
    }
}

/// Whether what runs is what the present spec of an application asks for.
pub(super) fn runs(scene: &Scene, state: &State, lane: usize) -> bool {
    let thing = state.lanes.get(lane).and_then(|lane| lane.thing.as_ref());
    let (Some(thing), Some(facts)) = (thing, scene.lane(lane)) else {
        return false;
    };
    facts.places.iter().all(|spot| {
        let mut wanted = thing.app.spec.environments.iter();
        let wanted = wanted.find(|environment| environment.name == spot.environment);
        let replicas = wanted.map_or(0, |environment| environment.replicas);
        let configuration = facts
            .configurations
            .get(&(spot.environment.clone(), replicas));
        let key = (spot.cluster.clone(), spot.service.clone());
        let running = state.outside.services.get(&key);
        running.is_some_and(|running| Some(&running.configuration) == configuration)
    })
}

/// Releases the finalizer; what is being deleted is gone then.
pub(super) fn release(
    scene: &Scene,
    state: &mut State,
    arrival: &Arrival<'_>,
    version: &Version,
    finalizers: &[String],
) -> Answer {
    let done = change(state, arrival, version, false, |app| {
        app.metadata.finalizers = Some(finalizers.to_vec());
    });
    if done.is_ok() {
        let lane = state.lanes.get_mut(arrival.lane);
        let thing = lane.and_then(|lane| {
            let thing = lane.thing.clone()?;
            let gone = thing.is_deleting() && finalizers.is_empty();
            gone.then(|| {
                // The API server tells of the removal only.
                lane.news.pop();
                lane.remove();
                thing
            })
        });
        if let Some(thing) = thing {
            is_let_go(scene, state, arrival.lane, &thing.uid);
        }
    }
    Answer::Released(done.map(|_| ()))
}

/// What must hold when an object goes: a record says so, and nothing it did is without one.
fn is_let_go(_scene: &Scene, state: &mut State, lane: usize, uid: &str) {
    let rows = state.outside.tables.values().flatten();
    let told = rows
        .clone()
        .any(|row| row.action == "LetGo" && row.status == "SUCCESS" && row.uid == uid);
    let whole = state.lanes.get(lane).is_none_or(|lane| {
        let mut effects = lane.effects.iter();
        effects.all(|effect| effect.forgotten || rows.clone().any(|row| row.id == effect.intent))
    });
    if !told {
        state.wrong(Wrong::GoneUntold);
    }
    if !whole {
        state.wrong(Wrong::GoneHalfOpen);
    }
}
