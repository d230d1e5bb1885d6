//! Going through stories, and what is told of it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use clap::ValueEnum as _;
use stateright::{Checker as _, HasDiscoveries, Model as _, Path};

use super::Options;
use super::action::Action;
use super::broken::Broken;
use super::check::{Check, Tally};
use super::scene::{Scene, SceneError};
use super::state::State;
use super::story::{Story, quick, stories};

/// Why the check could not be made.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error(transparent)]
    Scene(#[from] SceneError),
    #[error("the report cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// What one story came to.
struct Ended {
    unique: usize,
    generated: usize,
    depth: usize,
    /// How often the driver ran.
    runs: u64,
    seconds: f64,
    tally: Tally,
    /// What is refuted, with how it comes about.
    refuted: Vec<(&'static str, Vec<String>)>,
    /// What was never met.
    unmet: Vec<&'static str>,
}

/// Runs what is asked for.
pub(super) fn run(options: &Options) -> ExitCode {
    let mut out = io::stdout().lock();
    let result = if options.controls {
        controls(options, &mut out)
    } else {
        check(options, &mut out)
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody is left to tell when this fails, too.
            let _ = writeln!(out, "{error}");
            ExitCode::FAILURE
        }
    }
}

fn chosen(options: &Options) -> Vec<Story> {
    if let Some(applications) = options.applications {
        let (applications, stages) = (usize::from(applications), usize::from(options.stages));
        return vec![Story::own(
            applications,
            stages,
            options.edits,
            options.faults,
        )];
    }
    let all = if options.quick { quick() } else { stories() };
    let wanted = options.story.as_deref().unwrap_or_default();
    all.into_iter()
        .filter(|story| story.name.contains(wanted))
        .collect()
}

/// The check of the controller as it is, or of one broken one.
fn check(options: &Options, out: &mut impl Write) -> Result<bool, ReportError> {
    let began = Instant::now();
    let stories = chosen(options);
    let mut all = Vec::new();
    side_by_side(options, &stories, |story, ended| {
        let ended = ended?;
        tell(story, &ended, out)?;
        all.push(ended);
        Ok(())
    })?;
    let mut met: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut rounds: BTreeMap<u16, u64> = BTreeMap::new();
    let (mut unique, mut generated, mut rested, mut good) = (0, 0, 0, true);
    for ended in all {
        unique += ended.unique;
        generated += ended.generated;
        rested += ended.tally.rested;
        for (name, count) in ended.tally.reached {
            *met.entry(name).or_default() += count;
        }
        for (count, states) in ended.tally.rounds {
            *rounds.entry(count).or_default() += states;
        }
        for name in ended.unmet {
            met.entry(name).or_default();
        }
        good &= ended.refuted.is_empty();
    }
    writeln!(out, "\nsometimes, by the states in which it was so:")?;
    for (name, count) in &met {
        writeln!(out, "  {count:>9}  {name}")?;
        good &= *count > 0;
    }
    let share = 100.0 * ratio(rested, unique as u64);
    writeln!(
        out,
        "coming to rest was looked at from {rested} of {unique} states ({share:.1} %); rounds it took:"
    )?;
    for (count, states) in &rounds {
        writeln!(out, "  {count:>9}  {states} states")?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let stories = stories.len();
    writeln!(
        out,
        "{stories} stories, {unique} unique states of {generated} generated, {seconds:.1} s: {}",
        if good {
            "nothing is refuted, everything was met"
        } else {
            "NOT GOOD"
        }
    )?;
    Ok(good)
}

/// Goes through stories, several at once, and tells of each when it ended.
fn side_by_side(
    options: &Options,
    stories: &[Story],
    mut tell: impl FnMut(&Story, Result<Ended, ReportError>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let next = AtomicUsize::new(0);
    let (sender, ended) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some(story) = stories.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ended = go_through(story, options, options.broken);
                    // Whoever asked has given up: there is nobody to tell.
                    if sender.send((story, ended)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        ended
            .iter()
            .try_for_each(|(story, ended)| tell(story, ended))
    })
}

/// What one story came to.
fn tell(story: &Story, ended: &Ended, out: &mut impl Write) -> Result<(), ReportError> {
    let bound = story
        .depth
        .map(|depth| format!(" (no deeper than {depth})"));
    writeln!(
        out,
        "\n{}\n  {} unique states of {} generated, depth {}{}, {:.1} s; {} runs of the driver; at most {} rounds to rest",
        story.name,
        ended.unique,
        ended.generated,
        ended.depth,
        bound.unwrap_or_default(),
        ended.seconds,
        ended.runs,
        ended
            .tally
            .rounds
            .keys()
            .last()
            .copied()
            .unwrap_or_default(),
    )?;
    for (name, path) in &ended.refuted {
        writeln!(out, "  REFUTED: {name}")?;
        if let Some(why) = &ended.tally.unrest {
            writeln!(out, "  {why}")?;
        }
        for (number, line) in path.iter().enumerate() {
            writeln!(out, "    {:>3}  {line}", number + 1)?;
        }
    }
    out.flush()?;
    Ok(())
}

fn ratio(part: u64, whole: u64) -> f64 {
    let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole).max(1.0)
}

/// Every broken controller must be found out.
fn controls(options: &Options, out: &mut impl Write) -> Result<bool, ReportError> {
    let mut found_out = 0;
    for broken in Broken::value_variants() {
        let name = broken.to_possible_value();
        let name = name.as_ref().map_or("", |name| name.get_name());
        let began = Instant::now();
        let mut verdict = None;
        for story in chosen(options) {
            let ended = go_through(&story, options, Some(*broken))?;
            if let Some((property, path)) = ended.refuted.into_iter().next() {
                verdict = Some((story.name, property, path));
                break;
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        match verdict {
            Some((story, property, path)) => {
                found_out += 1;
                let steps = path.len();
                writeln!(
                    out,
                    "{name}: refuted by \"{property}\" in \"{story}\", {steps} steps, {seconds:.1} s"
                )?;
            }
            None => writeln!(out, "{name}: NOT FOUND OUT, {seconds:.1} s")?,
        }
    }
    let all = Broken::value_variants().len();
    writeln!(
        out,
        "{found_out} of {all} broken controllers were found out"
    )?;
    Ok(found_out == all)
}

/// Goes through every state of a story.
fn go_through(
    story: &Story,
    options: &Options,
    broken: Option<Broken>,
) -> Result<Ended, ReportError> {
    let began = Instant::now();
    let check = Check::new(Scene::new(story.clone(), broken)?, options.every)?;
    let mut builder = check
        .checker()
        .threads(options.threads)
        .finish_when(HasDiscoveries::AnyFailures);
    if let Some(depth) = options.depth.or(story.depth) {
        builder = builder.target_max_depth(depth);
    }
    if let Some(states) = options.states {
        builder = builder.target_state_count(states);
    }
    let checker = builder.spawn_bfs().join();
    let check = checker.model();
    let tally = check.tally();
    let mut refuted = Vec::new();
    let mut unmet = Vec::new();
    for property in check.properties() {
        let name = property.name;
        match property.expectation {
            stateright::Expectation::Sometimes if !tally.reached.contains_key(name) => {
                unmet.push(name);
            }
            stateright::Expectation::Always => {
                if let Some(path) = checker.discovery(name) {
                    refuted.push((name, told(check, path)));
                }
            }
            stateright::Expectation::Sometimes | stateright::Expectation::Eventually => {}
        }
    }
    Ok(Ended {
        unique: checker.unique_state_count(),
        generated: checker.state_count(),
        depth: checker.max_depth(),
        runs: check.runs(),
        seconds: began.elapsed().as_secs_f64(),
        tally,
        refuted,
        unmet,
    })
}

/// A path, one line for each thing that happened.
fn told(check: &Check, path: Path<State, Action>) -> Vec<String> {
    let last = path.last_state().clone();
    let mut lines = Vec::new();
    for (state, action) in path.into_vec() {
        let Some(action) = action else { continue };
        lines.push(line(check, &state, action));
    }
    if last.wrong == 0 {
        lines.push("and from here on nothing goes wrong any more:".to_owned());
        lines.extend(check.way_to_rest(&last));
    }
    lines
}

fn line(check: &Check, state: &State, action: Action) -> String {
    let name = |lane: usize| check.scene().lane(lane).map_or("", |facts| facts.name);
    let write = |lane: usize| {
        let pending = state.lanes.get(lane).and_then(|lane| lane.pending());
        pending.map(super::call::Write::told).unwrap_or_default()
    };
    match action {
        Action::Serve(lane)
        | Action::Lose(lane)
        | Action::Fail(lane)
        | Action::Deny(lane)
        | Action::Delay(lane)
        | Action::CrashAfter(lane) => {
            format!("{action:?} {}: {}", name(lane), write(lane))
        }
        Action::Crash => {
            let writes: Vec<String> = (0..state.lanes.len()).map(write).collect();
            format!("Crash before: {}", writes.join(", "))
        }
        Action::Arrive(flight) => {
            let flight = state.flights.get(flight).map(|flight| &*flight.request);
            match flight {
                Some(super::course::Request::Write(write)) => format!("Arrive: {}", write.told()),
                _ => "Arrive".to_owned(),
            }
        }
        other => format!("{other:?}"),
    }
}
