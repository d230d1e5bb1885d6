//! Shrinking: the shortest schedule that still violates the same oracle.

use super::run::Stage;
use super::schedule::{Schedule, Trouble};

/// How many runs may be spent on one schedule.
const RUNS: usize = 400;

/// A shorter schedule that violates what `schedule` does; itself where there is none.
pub fn shrink(stage: &Stage, schedule: &Schedule) -> Schedule {
    shortest(schedule, |candidate| violated(stage, candidate))
}

/// The shortest schedule that is found with the same answer as `schedule`.
pub(super) fn shortest(
    schedule: &Schedule,
    violated: impl Fn(&Schedule) -> Option<String>,
) -> Schedule {
    let Some(oracle) = violated(schedule) else {
        return schedule.clone();
    };
    let mut best = schedule.clone();
    let mut left = RUNS;
    loop {
        let before = best.clone();
        for candidate in shorter(&best) {
            if left == 0 {
                return best;
            }
            left -= 1;
            if violated(&candidate).as_ref() == Some(&oracle) {
                best = candidate;
                break;
            }
        }
        if best == before {
            return best;
        }
    }
}

/// The first oracle that a schedule violates; none where its acts make no good end even without troubles.
fn violated(stage: &Stage, schedule: &Schedule) -> Option<String> {
    if !stage.is_sound(schedule) {
        return None;
    }
    let outcome = stage.play(schedule, false);
    let first = outcome.violations.first()?;
    Some(first.chars().take(2).collect())
}

/// Schedules with less in them, the boldest cuts first.
fn shorter(schedule: &Schedule) -> Vec<Schedule> {
    let mut found = Vec::new();
    for keep in halves(schedule.troubles.len()) {
        let mut less = schedule.clone();
        retain(&mut less.troubles, &keep);
        found.push(less);
    }
    for keep in halves(schedule.acts.len()) {
        let mut less = schedule.clone();
        retain(&mut less.acts, &keep);
        found.push(less);
    }
    for (index, trouble) in schedule.troubles.iter().enumerate() {
        for milder in milder(trouble) {
            let mut less = schedule.clone();
            less.troubles[index] = milder;
            found.push(less);
        }
    }
    for (index, planned) in schedule.acts.iter().enumerate() {
        if planned.after > 1 {
            let mut less = schedule.clone();
            less.acts[index].after = planned.after / 2;
            found.push(less);
        }
    }
    if schedule.pace > 5 {
        let mut less = schedule.clone();
        less.pace = 5;
        found.push(less);
    }
    found
}

/// What to keep of so many: one half, the other, then all but one.
fn halves(count: usize) -> Vec<Vec<bool>> {
    let mut found = Vec::new();
    if count > 2 {
        found.push((0..count).map(|i| i < count / 2).collect());
        found.push((0..count).map(|i| i >= count / 2).collect());
    }
    found.extend((0..count).map(|out| (0..count).map(|i| i != out).collect()));
    found
}

fn retain<T>(things: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    things.retain(|_| keep.next().copied().unwrap_or(true));
}

fn milder(trouble: &Trouble) -> Vec<Trouble> {
    match *trouble {
        Trouble::Strike {
            door,
            nth,
            times,
            mishap,
        } if times > 1 => vec![Trouble::Strike {
            door,
            nth,
            times: times / 2,
            mishap,
        }],
        Trouble::Outage {
            party,
            from,
            lasts,
            mishap,
        } if lasts > 1_000 => vec![Trouble::Outage {
            party,
            from,
            lasts: lasts / 2,
            mishap,
        }],
        Trouble::Watches { from, lasts, stir } if lasts > 1_000 => vec![Trouble::Watches {
            from,
            lasts: lasts / 2,
            stir,
        }],
        Trouble::Crash { at, down } if down > 1_000 => vec![Trouble::Crash { at, down: down / 2 }],
        Trouble::Strike { .. }
        | Trouble::Outage { .. }
        | Trouble::Watches { .. }
        | Trouble::Crash { .. }
        | Trouble::Stop { .. } => Vec::new(),
    }
}
