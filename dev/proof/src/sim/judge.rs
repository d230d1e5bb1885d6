//! The oracles, as far as they make sense in process.
//!
//! O1 end state, O2 counts, O3 records and chains, O4 no leak, O9 no human and O10 honest status are judged
//! here; O5 quiet and O6 liveness by whoever lets a universe live.

mod outline;
mod status;

use harmonix_miniature::violations;

pub use outline::Outline;
pub use status::{status_step, status_truth};

use super::schedule::{Act, Schedule, Style};
use super::universe::Universe;

/// Everything that is wrong with a universe that has lived, compared with one where nothing went wrong.
pub fn judge(universe: &Universe, reference: Option<&Outline>) -> Vec<String> {
    let mut found = universe.core().journal.violations.clone();
    if !found.is_empty() {
        // What is not at rest differs in everything.
        return found;
    }
    found.extend(
        violations(universe.world())
            .into_iter()
            .map(|words| format!("O3: {words}")),
    );
    found.extend(leaks(universe));
    if let Some(reference) = reference {
        let schedule = universe.schedule();
        let strict = schedule.style == Style::Calm && !is_at_once(schedule);
        let mut outline = Outline::of(universe.world());
        if !strict
            && schedule
                .acts
                .iter()
                .any(|planned| matches!(planned.act, Act::Pin(..)))
        {
            // What runs above a pin depends on what came to run before it: nothing goes back by itself.
            outline.sources.clone_from(&reference.sources);
        }
        let last = schedule.acts.last().map(|planned| &planned.act);
        if strict || !matches!(last, Some(Act::Delete(_))) {
            // How far what was deleted at any time had come is nobody's promise.
            found.extend(outline.differs(reference, strict));
        }
    }
    found
}

/// Whether several acts take effect at once although one comes after the other: a build and a deployment that
/// failed and are mended together, or what was done while everything was suspended. How far the one gets before
/// the other overtakes it is a matter of minutes.
fn is_at_once(schedule: &Schedule) -> bool {
    let acts = || schedule.acts.iter().map(|planned| &planned.act);
    let fails = |wanted: &dyn Fn(&str) -> bool| {
        acts().any(|act| matches!(act, Act::Fail(_, whom) if wanted(whom)))
    };
    let mended = fails(&|whom| whom == "build") && fails(&|whom| whom != "build");
    let since = acts().skip_while(|act| !matches!(act, Act::Suspend(_)));
    let until = since
        .skip(1)
        .take_while(|act| !matches!(act, Act::Resume(_)));
    mended || until.count() > 1
}

/// O4: every project of ours has its object, or a record that says that it was let go.
fn leaks(universe: &Universe) -> Vec<String> {
    let state = universe.world().state();
    let let_go = |object: &str| {
        let mut records = state.tables.values().flatten();
        records.any(|record| {
            record.attributes["actionType"] == "LetGo"
                && record.attributes["status"] == "SUCCESS"
                && record.attributes["objectRef"] == object
        })
    };
    let mut found = Vec::new();
    for repository in &state.projects {
        let path = &repository.project.path;
        let (alive, object) = if let Some(key) = path.strip_prefix("apps/") {
            (
                state.applications.contains_key(key),
                format!("Application/{key}"),
            )
        } else {
            let name = path.rsplit('/').next().unwrap_or_default();
            (
                state.providers.contains_key(name),
                format!("EnvironmentProvider/{name}"),
            )
        };
        if !alive && !let_go(&object) {
            found.push(format!(
                "O4: {path} belongs to nobody, and no record says that {object} let go of it"
            ));
        }
    }
    found
}
