//! What is to come, whether or not the controller lives.

use std::collections::BTreeMap;

/// Something that is done to the world.
pub type Operation = Box<dyn FnOnce() + Send>;

/// What may come.
pub enum Event {
    /// The schedule's next act.
    Act,
    /// A pipeline ends.
    Pipeline(String, i64),
    /// A request arrives whose sender no longer waits.
    Land(Operation),
    /// The process dies, and is away for so many milliseconds.
    Crash(u64),
    /// The process is stopped by a signal, and is away for so many milliseconds.
    Stop(u64),
    /// The process of this number, which was stopped by a signal, is killed, and is away for so many
    /// milliseconds.
    Deadline(u64, u64),
    /// Somebody looks whether all is well.
    Check,
}

/// Events in the order of their times.
#[derive(Default)]
pub struct Queue {
    events: BTreeMap<(i64, u64), Event>,
    sequence: u64,
    /// Requests that have not landed.
    landing: usize,
    /// Acts that wait for their time.
    acting: usize,
}

impl Queue {
    /// One more.
    pub fn push(&mut self, at: i64, event: Event) {
        self.sequence += 1;
        self.landing += usize::from(matches!(event, Event::Land(_)));
        self.acting += usize::from(matches!(event, Event::Act));
        self.events.insert((at, self.sequence), event);
    }

    /// When the first one is due.
    pub fn due(&self) -> Option<i64> {
        self.events.keys().next().map(|(at, _)| *at)
    }

    /// The first one that is due now.
    pub fn pop(&mut self, now: i64) -> Option<Event> {
        let first = self.events.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let event = first.remove();
        self.landing -= usize::from(matches!(event, Event::Land(_)));
        self.acting -= usize::from(matches!(event, Event::Act));
        Some(event)
    }

    /// Whether an act waits for its time.
    pub const fn is_acting(&self) -> bool {
        self.acting > 0
    }

    /// Whether requests are under way that nobody waits for.
    pub const fn is_landing(&self) -> bool {
        self.landing > 0
    }
}
