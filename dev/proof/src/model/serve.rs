//! How the world does what it is asked to do, and what it holds against whoever asks.

use harmonix::domain::failure::FailureKind;
use harmonix::domain::forge::{Commit, NewProject, PipelineStart, ProjectSettings};
use harmonix::domain::identity::Ownership;
use harmonix::domain::intent::{Action, parse_intents};

use super::broken::Broken;
use super::call::{Answer, Write};
use super::outside::{Deploys, RunState};
use super::scene::Scene;
use super::state::{Effect, Kind, State, Wrong};
use super::{insert, store};

/// A request as it arrives.
pub(super) struct Arrival<'a> {
    pub(super) write: &'a Write,
    pub(super) lane: usize,
    /// The version that the pass which sent it began with.
    pub(super) base: u64,
    /// The durable intent that it belongs to, as it stood when it was sent.
    pub(super) intent: Option<String>,
}

/// The durable intent that a write belongs to; none where there is none.
pub(super) fn intent_of(state: &State, lane: usize, write: &Write) -> Option<String> {
    let intents = state.lanes.get(lane)?.thing.as_ref()?.intents();
    let of = |wanted: &dyn Fn(&Action) -> bool| {
        // What is tried stands after what came before it.
        let mut newest_first = intents.iter().rev();
        let found = newest_first.find(|intent| wanted(&intent.action));
        found.map(|intent| intent.id.as_str().to_owned())
    };
    let named = |id: &str| {
        let found = intents.iter().find(|intent| intent.id.as_str() == id);
        found.map(|intent| intent.id.as_str().to_owned())
    };
    match write {
        Write::Group { path: wanted, .. } => {
            of(&|action| matches!(action, Action::CreateGroup { path } if path == wanted))
        }
        Write::Project(project) => {
            let wanted = format!("{}/{}", project.group, project.path);
            of(&|action| matches!(action, Action::CreateProject { path } if *path == wanted))
        }
        Write::Settings(path, applied) => {
            let applied = applied.digest();
            of(
                &|action| matches!(action, Action::ApplySettings { project, settings } if project == path && *settings == applied),
            )
        }
        Write::Commit(commit) => named(trailer(&commit.message)?),
        Write::Start(start) => named(variable(start, "HARMONIX_INTENT")),
        Write::Hold { .. }
        | Write::Status { .. }
        | Write::Release { .. }
        | Write::Insert { .. } => None,
    }
}

fn trailer(message: &str) -> Option<&str> {
    let mut lines = message.lines();
    lines.find_map(|line| line.strip_prefix("Harmonix-Intent: "))
}

fn variable<'a>(start: &'a PipelineStart, name: &str) -> &'a str {
    let found = start.variables.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.as_str())
}

/// What must hold the moment an effect is sent: its intent is durable, and so is the finalizer.
pub(super) fn is_announced(state: &mut State, lane: usize, write: &Write) {
    if write.is_ours() || matches!(write, Write::Insert { .. }) {
        return;
    }
    if intent_of(state, lane, write).is_none() {
        state.wrong(Wrong::WithoutIntent);
    }
    let thing = state.lanes.get(lane).and_then(|lane| lane.thing.as_ref());
    if !thing.is_some_and(|thing| thing.is_held()) {
        state.wrong(Wrong::WithoutFinalizer);
    }
}

/// Does what is asked, and answers.
pub(super) fn serve(scene: &Scene, state: &mut State, arrival: &Arrival<'_>) -> Answer {
    let write = arrival.write;
    match write {
        Write::Hold {
            version,
            finalizers,
            intents,
        } => {
            if scene.is(Broken::RecordFirst) {
                for intent in parse_intents(Some(intents)).unwrap_or_default() {
                    insert::fabricated(scene, state, arrival.lane, &intent);
                }
            }
            store::hold(scene, state, arrival, version, finalizers, intents)
        }
        Write::Status { version, status } => store::status(scene, state, arrival, version, status),
        Write::Release {
            version,
            finalizers,
        } => store::release(scene, state, arrival, version, finalizers),
        Write::Group { path, description } => group(state, arrival, path, description),
        Write::Project(project) => self::project(state, arrival, project),
        Write::Commit(commit) => self::commit(scene, state, arrival, commit),
        Write::Settings(path, settings) => self::settings(scene, state, arrival, path, settings),
        Write::Start(start) => self::start(scene, state, arrival, start),
        Write::Insert { table, record } => insert::insert(scene, state, arrival, table, record),
    }
}

/// Notes an effect. Whether its intent has not had one of this kind before.
fn note(state: &mut State, arrival: &Arrival<'_>, kind: Kind) -> bool {
    let Some(lane) = state.lanes.get_mut(arrival.lane) else {
        return true;
    };
    let intent = arrival.intent.clone().unwrap_or_default();
    let mut effects = lane.effects.iter();
    let known = effects.any(|effect| effect.intent == intent && effect.kind == kind);
    if !known {
        lane.effects.push(Effect {
            intent,
            kind,
            forgotten: false,
        });
    }
    if lane.undisturbed && kind != Kind::Settings {
        state.wrong(Wrong::Rebuilt);
    }
    !known
}

fn group(state: &mut State, arrival: &Arrival<'_>, path: &str, description: &str) -> Answer {
    if state.outside.groups.contains_key(path) {
        let taken = "Path has already been taken";
        return arrival.write.failed(FailureKind::Conflict, taken);
    }
    let groups = &mut state.outside().groups;
    groups.insert(path.to_owned(), description.to_owned());
    note(state, arrival, Kind::Group);
    Answer::Done(Ok(()))
}

fn project(state: &mut State, arrival: &Arrival<'_>, project: &NewProject) -> Answer {
    let path = format!("{}/{}", project.group, project.path);
    if !state.outside.groups.contains_key(&project.group) {
        let missing = "the group does not exist";
        return arrival.write.failed(FailureKind::Missing, missing);
    }
    if state.outside.project(&path).is_some() {
        let taken = "Path has already been taken";
        return arrival.write.failed(FailureKind::Conflict, taken);
    }
    let made = state.outside().put(&path, &project.description);
    let lane = state.lanes.get(arrival.lane);
    let before = lane.is_some_and(|lane| lane.effects.iter().any(|e| e.kind == Kind::Project));
    if before {
        state.wrong(Wrong::SecondProject);
    }
    note(state, arrival, Kind::Project);
    Answer::MadeProject(Ok(made))
}

/// Whatever is done to a project that does not carry the object's mark is done to somebody else's.
fn owned(scene: &Scene, state: &mut State, lane: usize, path: &str) {
    let (Some(facts), Some(project)) = (scene.lane(lane), state.outside.project(path)) else {
        return;
    };
    let key = &scene.settings.key;
    if key.ownership(&project.description, &facts.identity, &facts.path) != Ownership::Ours {
        state.wrong(Wrong::Foreign);
    }
}

fn commit(scene: &Scene, state: &mut State, arrival: &Arrival<'_>, commit: &Commit) -> Answer {
    let tick = state.tick;
    if state.outside.project(&commit.project).is_none() {
        let missing = "404 Project Not Found";
        return arrival.write.failed(FailureKind::Missing, missing);
    }
    owned(scene, state, arrival.lane, &commit.project);
    let project = state.outside().project_mut(&commit.project);
    let made = project.and_then(|p| p.commit(&commit.message, &commit.actions, tick));
    let Some(sha) = made else {
        let changed = "a file was changed in the meantime";
        return arrival.write.failed(FailureKind::Conflict, changed);
    };
    if !note(state, arrival, Kind::Commit) {
        state.wrong(Wrong::SecondCommit);
    }
    Answer::Text(Ok(sha))
}

fn settings(
    scene: &Scene,
    state: &mut State,
    arrival: &Arrival<'_>,
    path: &str,
    settings: &ProjectSettings,
) -> Answer {
    if state.outside.project(path).is_none() {
        let missing = "404 Project Not Found";
        return arrival.write.failed(FailureKind::Missing, missing);
    }
    owned(scene, state, arrival.lane, path);
    if let Some(project) = state.outside().project_mut(path) {
        project.has_settings = true;
        project.description.clone_from(&settings.description);
    }
    note(state, arrival, Kind::Settings);
    Answer::Done(Ok(()))
}

fn start(scene: &Scene, state: &mut State, arrival: &Arrival<'_>, start: &PipelineStart) -> Answer {
    let tick = state.tick;
    let head = state
        .outside
        .project(&start.project)
        .and_then(|project| Some(project.commits.last()?.0.clone()));
    let Some(sha) = head else {
        let missing = "Reference not found";
        return arrival.write.failed(FailureKind::Invalid, missing);
    };
    owned(scene, state, arrival.lane, &start.project);
    let value = |name: &str| variable(start, name).to_owned();
    let environment = value("HARMONIX_ENVIRONMENT");
    let deploys = (value("HARMONIX_ACTION") == "deploy").then(|| Deploys {
        environment: environment.clone(),
        release: value("HARMONIX_RELEASE"),
        image: value("HARMONIX_IMAGE"),
        configuration: value("HARMONIX_CONFIGURATION"),
        replicas: 0,
    });
    if let Some(deploys) = &deploys {
        may_deploy(scene, state, arrival.lane, &start.project, deploys);
    }
    let name = format!(
        "{} {environment} {}",
        value("HARMONIX_ACTION"),
        value("HARMONIX_INTENT")
    );
    if let (Some(lane), true) = (state.lanes.get_mut(arrival.lane), deploys.is_some()) {
        lane.amnesia = false;
    }
    let Some(project) = state.outside().project_mut(&start.project) else {
        let missing = "404 Project Not Found";
        return arrival.write.failed(FailureKind::Missing, missing);
    };
    let deploys = deploys.map(|deploys| {
        let committed = project.parameters.get(&deploys.environment);
        Deploys {
            replicas: committed.map_or(0, |(_, replicas)| *replicas),
            ..deploys
        }
    });
    let begun = project.run(name, RunState::Running, &sha, tick, deploys);
    if !note(state, arrival, Kind::Pipeline) {
        state.wrong(Wrong::SecondPipeline);
    }
    Answer::Pipeline(Ok(begun))
}

/// What must hold whenever a deployment begins.
fn may_deploy(scene: &Scene, state: &mut State, lane: usize, path: &str, deploys: &Deploys) {
    let Some(project) = state.outside.project(path) else {
        return;
    };
    let amnesia = state.lanes.get(lane).is_some_and(|lane| lane.amnesia);
    let before = |run: &&super::outside::Run| {
        let other = run.deploys.as_ref();
        other.is_some_and(|other| other.environment == deploys.environment)
    };
    let mut wrongs = Vec::new();
    let mut runs = project.runs.iter().filter(before);
    if !amnesia && runs.clone().any(|run| run.state == RunState::Running) {
        wrongs.push(Wrong::Overlapping);
    }
    if let (false, Some(last)) = (amnesia, runs.next_back()) {
        let same = last.deploys.as_ref().is_some_and(|other| {
            other.release == deploys.release && other.configuration == deploys.configuration
        });
        if same && last.state != RunState::Red {
            wrongs.push(Wrong::Repeated);
        }
    }
    let committed = project.parameters.get(&deploys.environment);
    if committed.map(|(digest, _)| digest) != Some(&deploys.configuration) || !project.has_settings
    {
        wrongs.push(Wrong::Uncommitted);
    }
    let places = scene.lane(lane).map(|facts| facts.places.as_slice());
    let mut lower = places
        .unwrap_or_default()
        .iter()
        .take_while(|spot| spot.environment != deploys.environment);
    let proven = lower.all(|spot| {
        let run = (spot.environment.clone(), deploys.release.clone());
        state.outside.healthy.contains(&run)
    });
    if !proven {
        wrongs.push(Wrong::Unproven);
    }
    for wrong in wrongs {
        state.wrong(wrong);
    }
}
