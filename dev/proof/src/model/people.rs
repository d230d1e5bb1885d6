//! What people do to the world, and what befalls the cluster.

use harmonix::api::RETRY_ANNOTATION;
use harmonix::domain::file::{File, FileAction};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;

use super::action::Action;
use super::outside::moment;
use super::state::{Lane, State};
use super::step::{World, crash, is_calm};
use super::thing::Thing;

impl World<'_> {
    /// Does what somebody does; nothing where it cannot be done now.
    pub(super) fn people(&self, state: &mut State, action: Action) -> Option<()> {
        match action {
            Action::Replicas(number) => {
                state.used.replicas += 1;
                let lane = state.lanes.get_mut(number)?;
                edit(lane, |app| {
                    for environment in &mut app.spec.environments {
                        environment.replicas = 3 - environment.replicas;
                    }
                })
            }
            Action::Describe(number) => {
                state.used.described += 1;
                let lane = state.lanes.get_mut(number)?;
                edit(lane, |app| {
                    app.spec.description = match app.spec.description {
                        None => Some("The shop's cart".into()),
                        Some(_) => None,
                    };
                })
            }
            Action::Retry(number) => {
                state.used.retries += 1;
                let value = state.used.retries.to_string();
                let lane = state.lanes.get_mut(number)?;
                let thing = lane.thing.as_ref()?.with(|app| {
                    app.annotations_mut().insert(RETRY_ANNOTATION.into(), value);
                });
                lane.store(thing);
                Some(())
            }
            Action::Push(number) => self.push(state, number),
            Action::Delete(number) => delete(state, number),
            Action::Recreate(number) => {
                state.used.recreated += 1;
                let app = self.manifest(state, number)?;
                let lane = state.lanes.get_mut(number)?;
                lane.amnesia = true;
                lane.store(Thing::new(app));
                Some(())
            }
            Action::RivalGroup(number) => {
                state.used.rivals += 1;
                let path = &self.scene.lane(number)?.path;
                let (group, _) = path.rsplit_once('/')?;
                let groups = &mut state.outside().groups;
                groups.insert(group.to_owned(), String::new());
                Some(())
            }
            Action::Rival(number) => {
                state.used.rivals += 1;
                let path = &self.scene.lane(number)?.path;
                state.outside().put(path, "Somebody else's");
                Some(())
            }
            Action::Rebuild => {
                state.used.rebuilt += 1;
                let calm = is_calm(self.scene, state);
                crash(state);
                for number in 0..state.lanes.len() {
                    self.rebuild(state, number, calm)?;
                }
                Some(())
            }
            Action::Deliver(_)
            | Action::Pass(_)
            | Action::Look(_)
            | Action::Serve(_)
            | Action::Lose(_)
            | Action::Fail(_)
            | Action::Deny(_)
            | Action::Delay(_)
            | Action::CrashAfter(_)
            | Action::Crash
            | Action::Arrive(_)
            | Action::Tick
            | Action::Green(..)
            | Action::Red(..)
            | Action::Worn
            | Action::Refuse
            | Action::Renew => None,
        }
    }

    /// A developer pushes a commit.
    fn push(&self, state: &mut State, number: usize) -> Option<()> {
        state.used.pushed += 1;
        let (count, tick) = (state.used.pushed, state.tick);
        let path = &self.scene.lane(number)?.path;
        let file = File::new(format!("src/{count}.js"), "// new\n");
        let project = state.outside().project_mut(path)?;
        project.commit("Change", &[FileAction::Create(file)], tick)?;
        let lane = state.lanes.get_mut(number)?;
        lane.undisturbed = false;
        Some(())
    }

    /// The application as its manifest says: with the spec it has now, if it exists.
    fn manifest(&self, state: &mut State, number: usize) -> Option<harmonix::api::Application> {
        let facts = self.scene.lane(number)?;
        let lane = state.lanes.get_mut(number)?;
        lane.epoch += 1;
        let uid = format!("uid-{}-{}", facts.name, lane.epoch);
        let mut app = self.scene.application(facts.name, &uid).ok()?;
        if let Some(thing) = &lane.thing {
            app.spec = thing.app.spec.clone();
        }
        Some(app)
    }

    fn rebuild(&self, state: &mut State, number: usize, calm: bool) -> Option<()> {
        let app = self.manifest(state, number)?;
        let rows: Vec<String> = state
            .outside
            .tables
            .values()
            .flatten()
            .map(|row| row.id.clone())
            .collect();
        let lane = state.lanes.get_mut(number)?;
        for effect in &mut lane.effects {
            effect.forgotten |= !rows.contains(&effect.intent);
        }
        lane.amnesia = true;
        lane.undisturbed = calm;
        lane.view = None;
        lane.news.clear();
        lane.store(Thing::new(app));
        Some(())
    }
}

/// A person deletes an application: it goes at once, or when its finalizer does.
fn delete(state: &mut State, number: usize) -> Option<()> {
    state.used.deleted += 1;
    let now = moment(state.tick);
    let lane = state.lanes.get_mut(number)?;
    lane.undisturbed = false;
    let thing = lane.thing.clone()?;
    if thing.app.finalizers().is_empty() {
        lane.remove();
    } else {
        let deleting = thing.with(|app| {
            app.metadata.deletion_timestamp = Some(Time(now));
            app.metadata.generation = Some(thing.generation() + 1);
        });
        lane.store(deleting);
    }
    Some(())
}

/// A change of the spec.
fn edit(lane: &mut Lane, change: impl FnOnce(&mut harmonix::api::Application)) -> Option<()> {
    lane.undisturbed = false;
    let thing = lane.thing.clone()?;
    let edited = thing.with(|app| {
        change(app);
        app.metadata.generation = Some(thing.generation() + 1);
    });
    lane.store(edited);
    Some(())
}
