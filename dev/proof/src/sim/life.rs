//! One run: processes of the controller, one after the other, in one universe.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use harmonix::adapters::kube::{KubeStore, feeds};
use harmonix::adapters::silence::Silence;
use harmonix::controllers::{self, Context, Ports};
use harmonix_miniature::settings;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::api;
use super::outside::Outside;
use super::rest::Rest;
use super::schedule::{Start, Style, Trouble};
use super::universe::{Event, Universe};

/// How often somebody looks whether all is well.
const LOOK: i64 = 5_000;
/// How long nothing may be written before an act's consequences count as complete.
const PAUSE: i64 = 15_000;
/// How long nothing is written where only what does not exist yet helps.
const STUCK: i64 = 800_000;
/// How long nothing may be written at the end: O5.
const QUIET: i64 = 600_000;
/// How long a universe that nothing disturbs any more may take to come to rest: O6.
pub const BOUND: i64 = 8_000_000;
/// How long a process that is stopped may take.
const GRACE: Duration = Duration::from_secs(15);

/// How one process ended.
enum End {
    Crashed,
    Stopped(u64),
    Over,
}

/// Lets a universe run until it is at rest, or should have been long ago.
pub fn live(universe: &Universe) {
    prepare(universe);
    let mut away = 0;
    loop {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let Ok(runtime) = runtime else {
            universe.violation("no runtime".into());
            return;
        };
        let end = runtime.block_on(async {
            universe.begin(away);
            let end = process(universe).await;
            universe.end();
            end
        });
        drop(runtime);
        away = match end {
            End::Crashed => {
                universe.note(1, || "the process died".into());
                universe.core().down
            }
            End::Stopped(down) => down,
            End::Over => return,
        };
    }
}

fn prepare(universe: &Universe) {
    universe.set_clock();
    if let Some(first) = universe.schedule().acts.first() {
        universe.plan(universe.moment(first.after), Event::Act);
    }
    universe.plan(universe.moment(1), Event::Check);
    let mut last = 0;
    for trouble in &universe.schedule().troubles {
        last = last.max(trouble.ends().unwrap_or_default());
        match *trouble {
            Trouble::Crash { at, down } => universe.plan(universe.moment(at), Event::Crash(down)),
            Trouble::Stop { at, down } => universe.plan(universe.moment(at), Event::Stop(down)),
            Trouble::Strike { .. } | Trouble::Outage { .. } | Trouble::Watches { .. } => {}
        }
        if let Trouble::Watches {
            from,
            stir: super::schedule::Stir::Gone,
            ..
        } = *trouble
        {
            let compacting = universe.clone();
            let land = Event::Land(Box::new(move || {
                let version = compacting.world().state().version;
                compacting.server().compact(version);
                compacting.tell_change();
            }));
            universe.plan(universe.moment(from), land);
        }
    }
    let mut core = universe.core();
    let moment = core.disturbed + i64::try_from(last).unwrap_or_default();
    core.disturbed = moment;
}

async fn process(universe: &Universe) -> End {
    let outside = Arc::new(Outside::new(universe));
    let client = api::client(universe);
    let (feeds, stores) = feeds(&client);
    let ports = Ports {
        store: Arc::new(KubeStore::new(client, stores.clone(), Some("sim".into()))),
        projects: outside.clone(),
        files: outside.clone(),
        pipelines: outside.clone(),
        access: outside.clone(),
        clouds: outside.clone(),
        clock: outside,
        telemetry: Arc::new(Silence),
    };
    let context = Arc::new(Context::new(ports, settings()));
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let concurrency = universe.schedule().concurrency;
    let controllers = controllers::run(context, feeds, stores, concurrency, stopped.boxed());
    let mut controllers = tokio::spawn(controllers);
    let mut stop = Some(stop);
    let mut down = None;
    loop {
        let due = universe.core().queue.due();
        let due = due.map(|due| universe.instant(due));
        let next = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = universe.crashed() => return End::Crashed,
            ended = &mut controllers => {
                if let (Ok(()), Some(down)) = (ended, down) {
                    return End::Stopped(down);
                }
                universe.violation("the controllers ended by themselves".into());
                return End::Over;
            }
            () = universe.rung() => {}
            () = next => {
                let now = universe.now();
                loop {
                    let event = universe.core().queue.pop(now);
                    let Some(event) = event else { break };
                    match happen(universe, event) {
                        Then::Go => {}
                        Then::Die(after) => {
                            universe.core().down = after;
                            return End::Crashed;
                        }
                        Then::Stop(after) => {
                            if let Some(stop) = stop.take() {
                                let _ = stop.send(());
                                down = Some(after);
                                let deadline = universe.now()
                                    + i64::try_from(GRACE.as_millis()).unwrap_or_default();
                                let life = universe.core().lives;
                                universe.plan(deadline, Event::Deadline(life, after));
                            }
                        }
                        Then::End => return End::Over,
                    }
                }
            }
        }
    }
}

/// What an event leads to.
enum Then {
    Go,
    Die(u64),
    Stop(u64),
    End,
}

fn happen(universe: &Universe, event: Event) -> Then {
    match event {
        Event::Act => act(universe),
        Event::Pipeline(path, id) => {
            universe.set_clock();
            universe.note(2, || format!("the pipeline {id} of {path} ends"));
            universe.world().state().finish(&path, id);
        }
        Event::Land(operation) => {
            universe.note(3, || "a request arrives that nobody waits for".into());
            operation();
        }
        Event::Crash(down) => {
            if universe.core().armed {
                universe
                    .hit(|trouble| matches!(trouble, Trouble::Crash { down: d, .. } if *d == down));
                return Then::Die(down);
            }
        }
        Event::Stop(down) => {
            if universe.core().armed {
                universe
                    .hit(|trouble| matches!(trouble, Trouble::Stop { down: d, .. } if *d == down));
                universe.note(4, || "the process is told to stop".into());
                return Then::Stop(down);
            }
        }
        Event::Deadline(life, down) => {
            if life == universe.core().lives {
                return Then::Die(down);
            }
        }
        Event::Check => return check(universe),
    }
    Then::Go
}

/// The schedule's next act.
fn act(universe: &Universe) {
    let index = universe.core().journal.acts.len();
    let Some(planned) = universe.schedule().acts.get(index) else {
        return;
    };
    let now = universe.now();
    if !universe.act(&planned.act) {
        universe.plan(now + 1_000, Event::Act);
        return;
    }
    universe.note(5, || format!("ACT {:?}", planned.act));
    {
        let mut core = universe.core();
        core.journal.acts.push(planned.act.name());
        core.disturbed = core.disturbed.max(now);
    }
    if universe.schedule().style == Style::Storm
        && let Some(next) = universe.schedule().acts.get(index + 1)
    {
        let after = i64::try_from(next.after).unwrap_or_default();
        universe.plan(now + after, Event::Act);
    }
}

/// Whether all is well; in a calm run, whether the next act may come.
fn check(universe: &Universe) -> Then {
    let now = universe.now();
    let (done, quiet, disturbed, acting) = {
        let core = universe.core();
        (
            core.journal.acts.len(),
            now - core.written,
            core.disturbed,
            core.queue.is_acting(),
        )
    };
    let rest = universe.rest();
    let acts = &universe.schedule().acts;
    if let Some(next) = acts.get(done) {
        let calm = quiet > PAUSE && rest != Rest::Busy
            || quiet > STUCK && universe.schedule().start == Start::Empty;
        if universe.schedule().style == Style::Calm && !acting && calm {
            let after = i64::try_from(next.after).unwrap_or_default();
            universe.plan(now + after, Event::Act);
        }
    } else if now > disturbed && rest == Rest::Good && quiet > PAUSE {
        universe.core().armed = false;
        if quiet > QUIET {
            return Then::End;
        }
    }
    if now > disturbed + BOUND {
        universe.violation(format!(
            "O6: not at rest {} s after the last disturbance: {}",
            (now - disturbed) / 1000,
            universe.unrest()
        ));
        return Then::End;
    }
    let next = if rest == Rest::Good && quiet > PAUSE && done == acts.len() {
        now - quiet + QUIET + 1
    } else {
        now + LOOK
    };
    universe.plan(next.max(now + LOOK), Event::Check);
    Then::Go
}
