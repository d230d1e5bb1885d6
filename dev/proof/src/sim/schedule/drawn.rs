//! What a seed draws.

use super::{Act, CART, DESK, Door, Mishap, Party, Planned, Schedule, Start, Stir, Style, Trouble};
use crate::sim::draw::Draw;

const BOTH: &[&str] = &["dev", "prod"];
const DEV: &[&str] = &["dev"];

/// The schedule of a seed.
pub fn schedule(seed: u64) -> Schedule {
    let mut draw = Draw::of(seed);
    let style = if draw.percent(50) {
        Style::Calm
    } else {
        Style::Storm
    };
    let (start, acts) = story(&mut draw);
    let acts: Vec<Planned> = acts
        .into_iter()
        .map(|act| Planned {
            after: pause(&mut draw),
            act,
        })
        .collect();
    let count = draw.weighted(&[(10, 0), (35, 1), (30, 2), (15, 3), (7, 5), (3, 8)]);
    let span = 60_000 + 60_000 * acts.len() as u64;
    let mut troubles: Vec<Trouble> = (0..count).map(|_| trouble(&mut draw, span)).collect();
    troubles.sort_by_key(|trouble| trouble.ends().unwrap_or_default());
    Schedule {
        seed,
        start,
        style,
        acts,
        troubles,
        concurrency: draw.weighted(&[(6, 16), (1, 2), (1, 1)]),
        pace: draw.weighted(&[(3, 5), (4, 40), (2, 300), (1, 1500)]),
    }
}

fn pause(draw: &mut Draw) -> u64 {
    draw.weighted(&[
        (3, 0..50),
        (3, 50..2_000),
        (3, 2_000..20_000),
        (2, 20_000..180_000),
    ])
    .pipe(|range| draw.within(range))
}

/// A value handed on.
trait Pipe: Sized {
    fn pipe<T>(self, next: impl FnOnce(Self) -> T) -> T {
        next(self)
    }
}

impl<T> Pipe for T {}

fn story(draw: &mut Draw) -> (Start, Vec<Act>) {
    let cart = || CART.to_owned();
    match draw.within(0..100) {
        // Everything at once, in any order: places and environments may come late.
        0..12 => {
            let mut acts = vec![
                Act::Provider("dev"),
                Act::Environment("dev", 1),
                Act::Application(cart(), if draw.percent(50) { BOTH } else { DEV }),
                Act::Provider("prod"),
                Act::Environment("prod", 2),
            ];
            for _ in 0..4 {
                let (a, b) = (draw.within(0..5), draw.within(0..5));
                acts.swap(index(a), index(b));
            }
            (Start::Empty, acts)
        }
        12..17 => (
            Start::Empty,
            vec![Act::Provider("dev"), Act::Environment("dev", 1)],
        ),
        17..40 => {
            let mut acts = vec![Act::Application(
                cart(),
                if draw.percent(60) { BOTH } else { DEV },
            )];
            if draw.percent(40) {
                acts.extend(edits(draw, 2));
            }
            (Start::Platform, acts)
        }
        40..45 => (
            Start::Platform,
            vec![
                Act::Application(cart(), BOTH),
                Act::Application(DESK.to_owned(), BOTH),
            ],
        ),
        45 => (
            Start::Platform,
            (0..20)
                .map(|n| Act::Application(format!("shop/app-{n}"), DEV))
                .collect(),
        ),
        46..52 => {
            let mut acts = vec![Act::Rebuild];
            if draw.percent(50) {
                acts.extend(edits(draw, 1));
            }
            (Start::Running, acts)
        }
        52..60 => {
            let mut acts = Vec::new();
            if draw.percent(40) {
                // What is to be mended goes with the object.
                let whole = |act: &Act| !matches!(act, Act::Fail(..) | Act::Mend(_));
                acts.extend(edits(draw, 1).into_iter().filter(whole));
            }
            acts.push(Act::Delete(cart()));
            if draw.percent(80) {
                acts.push(Act::Application(cart(), BOTH));
            }
            (Start::Running, acts)
        }
        60..66 => {
            let (a, b) = (draw.within(0..3), draw.within(3..6));
            let stage = index(draw.within(0..2));
            let value = |n: u64| Act::Variable(cart(), stage, u8::try_from(n).unwrap_or_default());
            (Start::Running, vec![value(a), value(b), value(a)])
        }
        66..72 => {
            let mut acts = vec![Act::Suspend(cart())];
            acts.extend(edits(draw, 2));
            acts.push(Act::Resume(cart()));
            (Start::Running, acts)
        }
        _ => {
            let most = draw.within(1..5);
            (Start::Running, edits(draw, most))
        }
    }
}

/// Edits and pushes; whatever fails is mended at the end.
fn edits(draw: &mut Draw, most: u64) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut failed = false;
    for _ in 0..draw.within(1..most + 1) {
        let stage = index(draw.within(0..2));
        let cart = CART.to_owned();
        acts.push(match draw.within(0..16) {
            0..4 => Act::Replicas(cart, stage, i32::try_from(draw.within(0..4)).unwrap_or(1)),
            4..6 => Act::Variable(
                cart,
                stage,
                u8::try_from(draw.within(0..3)).unwrap_or_default(),
            ),
            6..9 => Act::Push(cart),
            9..11 => {
                failed = true;
                Act::Fail(cart, draw.one(&["build", "dev", "prod"]))
            }
            11 => Act::Overwrite(cart),
            12 => Act::Pin(cart, stage),
            13 => Act::Unpin(cart, stage),
            14 => Act::Retry(cart),
            _ => Act::Place(draw.one(&["dev", "prod"])),
        });
    }
    if failed {
        // What is pinned below holds a new push back.
        let pinned = acts.iter().any(|act| matches!(act, Act::Pin(..)));
        acts.push(if pinned || draw.percent(60) {
            Act::Mend(CART.to_owned())
        } else {
            Act::Push(CART.to_owned())
        });
    }
    acts
}

fn trouble(draw: &mut Draw, span: u64) -> Trouble {
    match draw.within(0..100) {
        0..62 => strike(draw),
        62..74 => Trouble::Outage {
            party: draw.weighted(&[
                (4, Party::GitLab),
                (3, Party::Aws),
                (2, Party::Sts),
                (3, Party::Kubernetes),
            ]),
            from: draw.within(0..span),
            lasts: lasting(draw),
            mishap: draw.weighted(&[
                (5, Mishap::Refused),
                (2, Mishap::Hang),
                (2, Mishap::Denied),
                (2, Mishap::Lost),
            ]),
        },
        74..84 => Trouble::Watches {
            from: draw.within(0..span),
            lasts: lasting(draw),
            stir: draw.one(&[Stir::Cut, Stir::Frozen, Stir::Frozen, Stir::Gone]),
        },
        84..96 => Trouble::Crash {
            at: draw.within(0..span),
            down: draw.weighted(&[(4, 500), (3, 8_000), (2, 45_000), (1, 700_000)]),
        },
        _ => Trouble::Stop {
            at: draw.within(0..span),
            down: draw.weighted(&[(4, 100), (1, 5_000)]),
        },
    }
}

fn lasting(draw: &mut Draw) -> u64 {
    draw.weighted(&[
        (3, 1_000..10_000),
        (3, 10_000..60_000),
        (3, 60_000..300_000),
        (1, 300_000..1_200_000),
    ])
    .pipe(|range| draw.within(range))
}

fn strike(draw: &mut Draw) -> Trouble {
    let door = draw.weighted(&[
        (3, Door::GitlabRead),
        (9, Door::GitlabWrite),
        (2, Door::Session),
        (2, Door::AwsRead),
        (6, Door::Record),
        (6, Door::Hold),
        (6, Door::Status),
        (1, Door::Release),
        (1, Door::Event),
        (1, Door::List),
        (1, Door::Watch),
    ]);
    let most = match door {
        Door::GitlabRead => 40,
        Door::GitlabWrite | Door::Record | Door::Hold => 9,
        Door::Status => 14,
        Door::Session | Door::AwsRead => 20,
        Door::Release => 2,
        Door::Event | Door::List | Door::Watch => 8,
    };
    let mut mishaps = vec![
        (3, Mishap::Refused),
        (2, Mishap::Denied),
        (1, Mishap::Throttled(draw.one(&[1, 10, 60, 120]))),
        (4, Mishap::Lost),
        (1, Mishap::Half),
        (1, Mishap::Hang),
        (3, Mishap::CrashBefore),
        (3, Mishap::CrashAfter),
    ];
    if door.writes() {
        mishaps.extend([
            (3, Mishap::Twice),
            (3, Mishap::Late),
            (3, Mishap::CrashDuring),
        ]);
    }
    if matches!(door, Door::Hold | Door::Status | Door::Release) {
        mishaps.extend([(4, Mishap::Rival), (2, Mishap::Unknown)]);
    }
    Trouble::Strike {
        door,
        nth: u32::try_from(draw.within(1..most + 1)).unwrap_or(1),
        times: draw.weighted(&[(7, 1), (2, 2), (1, 10)]),
        mishap: draw.weighted(&mishaps),
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
