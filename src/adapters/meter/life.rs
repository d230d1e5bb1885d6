//! Lives: since when each object is on its way to what its spec says, and what it waits for.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::adapters::traces::Journey;
use crate::domain::identity::Kind;
use crate::domain::measure::Obstacle;
use crate::domain::verdict::Verdict;
use crate::ports::Seen;

/// What is known of each object by its uid. Bounded by what there is: an object that is gone is forgotten.
#[derive(Default)]
pub(super) struct Lives(HashMap<String, Life>);

struct Life {
    journey: Journey,
    /// Whether it was ever as this generation says.
    settled: bool,
    wait: Option<Wait>,
    /// Since when an effect is tried.
    acting: Option<Timestamp>,
}

/// What an object waits for.
#[derive(Clone, Copy)]
struct Wait {
    obstacle: Obstacle,
    began: Timestamp,
    /// Until when it is counted.
    counted: Timestamp,
}

/// What a verdict says of the time before it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    /// What was waited for since that was last counted, and for how many seconds.
    pub(super) overcome: Option<(Obstacle, f64)>,
    /// How many seconds this generation took to become true.
    pub(super) took: Option<f64>,
    /// Whose time that was.
    pub(super) journey: Option<Journey>,
    /// What is waited for no longer, on the way to what this generation says, and since when it was.
    pub(super) waited: Option<(Obstacle, Timestamp)>,
}

impl Lives {
    /// An object is looked at.
    pub(super) fn see(&mut self, seen: &Seen<'_>, now: Timestamp) {
        let before = self.0.get(seen.uid);
        if before.is_some_and(|life| life.journey.generation == seen.generation) {
            return;
        }
        let since = seen.written_at.map_or(now, |at| at.min(now));
        let life = Life {
            journey: Journey {
                identity: seen.identity.clone(),
                uid: seen.uid.to_owned(),
                generation: seen.generation,
                since,
            },
            settled: seen.settled,
            // What it waits for goes on; for this generation it begins now.
            wait: before.and_then(|life| life.wait).map(|wait| Wait {
                began: since.max(wait.began),
                ..wait
            }),
            acting: None,
        };
        self.0.insert(seen.uid.to_owned(), life);
    }

    /// An object's pass came to a verdict.
    pub(super) fn tell(&mut self, uid: &str, verdict: &Verdict, now: Timestamp) -> Told {
        let Some(life) = self.0.get_mut(uid) else {
            return Told::default();
        };
        let before = life.wait.take();
        let (reason, _) = verdict.reason();
        life.wait = Obstacle::of(reason).map(|obstacle| Wait {
            obstacle,
            began: before
                .filter(|wait| wait.obstacle == obstacle)
                .map_or(now, |wait| wait.began),
            counted: now,
        });
        let on_the_way = !life.settled;
        let arrived = matches!(verdict, Verdict::Settled) && on_the_way;
        life.settled |= arrived;
        let overcome = before.filter(|before| {
            let still = life.wait.map(|wait| wait.obstacle);
            on_the_way && still != Some(before.obstacle)
        });
        Told {
            overcome: before.map(|wait| (wait.obstacle, seconds(wait.counted, now))),
            took: arrived.then(|| seconds(life.journey.since, now)),
            journey: (arrived || overcome.is_some()).then(|| life.journey.clone()),
            waited: overcome.map(|wait| (wait.obstacle, wait.began)),
        }
    }

    /// An effect of an object is tried from now on.
    pub(super) fn act(&mut self, uid: &str, now: Timestamp) {
        if let Some(life) = self.0.get_mut(uid) {
            life.acting = Some(now);
        }
    }

    /// An effect of an object was tried; whose journey it belongs to, and since when it was.
    pub(super) fn acted(&mut self, uid: &str) -> Option<(Journey, Timestamp)> {
        let life = self.0.get_mut(uid)?;
        let began = life.acting.take()?;
        Some((life.journey.clone(), began))
    }

    /// Counts what is waited for until now.
    pub(super) fn count(&mut self, now: Timestamp, mut note: impl FnMut(Kind, Obstacle, f64)) {
        for life in self.0.values_mut() {
            if let Some(wait) = &mut life.wait {
                let kind = life.journey.identity.kind;
                note(kind, wait.obstacle, seconds(wait.counted, now));
                wait.counted = now;
            }
        }
    }

    /// Others look after all objects now.
    pub(super) fn forget_all(&mut self) {
        self.0 = HashMap::new();
    }

    /// An object is gone.
    pub(super) fn forget(&mut self, uid: &str) {
        self.0.remove(uid);
    }
}

/// A clock that is set back makes no time negative.
fn seconds(since: Timestamp, until: Timestamp) -> f64 {
    until.duration_since(since).as_secs_f64().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::condition::Reason;
    use crate::domain::identity::Identity;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn see(lives: &mut Lives, generation: i64, written: Option<i64>, settled: bool, now: i64) {
        let identity = Identity {
            kind: Kind::Application,
            namespace: "shop".into(),
            name: "cart".into(),
        };
        let seen = Seen {
            identity: &identity,
            uid: "1",
            generation,
            written_at: written.map(at),
            settled,
        };
        lives.see(&seen, at(now));
    }

    fn took(lives: &mut Lives, verdict: &Verdict, now: i64) -> Option<f64> {
        lives.tell("1", verdict, at(now)).took
    }

    fn waits() -> Verdict {
        Verdict::Progressing(Reason::PipelineRunning, String::new())
    }

    #[test]
    fn a_generation_takes_from_its_write_until_everything_is_as_it_says_and_once() {
        let mut lives = Lives::default();
        see(&mut lives, 1, Some(10), false, 12);
        assert_eq!(took(&mut lives, &waits(), 15), None);
        assert_eq!(took(&mut lives, &Verdict::Settled, 40), Some(30.0));
        see(&mut lives, 1, Some(10), true, 50);
        assert_eq!(took(&mut lives, &waits(), 51), None);
        assert_eq!(took(&mut lives, &Verdict::Settled, 60), None);
        see(&mut lives, 2, Some(100), false, 101);
        assert_eq!(took(&mut lives, &Verdict::Settled, 103), Some(3.0));
    }

    #[test]
    fn what_was_true_before_this_process_took_no_time_of_it() {
        let mut lives = Lives::default();
        see(&mut lives, 3, Some(10), true, 5000);
        assert_eq!(took(&mut lives, &Verdict::Settled, 5001), None);
    }

    #[test]
    fn a_write_in_the_future_or_unknown_counts_as_now() {
        let mut lives = Lives::default();
        see(&mut lives, 1, Some(99), false, 10);
        assert_eq!(took(&mut lives, &Verdict::Settled, 12), Some(2.0));
        see(&mut lives, 2, None, false, 20);
        assert_eq!(took(&mut lives, &Verdict::Settled, 25), Some(5.0));
    }

    #[test]
    fn every_second_of_waiting_is_counted_once_for_what_was_waited_for_then() {
        let mut lives = Lives::default();
        see(&mut lives, 1, Some(0), false, 0);
        lives.tell("1", &waits(), at(0));
        let mut counted = Vec::new();
        lives.count(at(4), |kind, obstacle, seconds| {
            counted.push((kind, obstacle, seconds));
        });
        assert_eq!(counted, [(Kind::Application, Obstacle::Pipeline, 4.0)]);
        see(&mut lives, 2, Some(5), false, 5);
        let down = Verdict::Stalled(Reason::ServiceMissing, String::new());
        let told = lives.tell("1", &down, at(10));
        assert_eq!(told.overcome, Some((Obstacle::Pipeline, 6.0)));
        let told = lives.tell("1", &Verdict::Settled, at(11));
        assert_eq!(told.overcome, Some((Obstacle::Service, 1.0)));
        assert_eq!(lives.tell("1", &Verdict::Settled, at(99)).overcome, None);
    }

    #[test]
    fn a_wait_on_the_way_is_told_once_when_something_else_is_waited_for_or_nothing() {
        let mut lives = Lives::default();
        see(&mut lives, 1, Some(0), false, 0);
        lives.tell("1", &waits(), at(2));
        assert_eq!(lives.tell("1", &waits(), at(5)).waited, None);
        let down = Verdict::Progressing(Reason::Deploying, String::new());
        let told = lives.tell("1", &down, at(9));
        assert_eq!(told.waited, Some((Obstacle::Pipeline, at(2))));
        assert_eq!(told.journey.unwrap().generation, 1);
        let told = lives.tell("1", &Verdict::Settled, at(12));
        assert_eq!(told.waited, Some((Obstacle::Service, at(9))));
        // What comes after the arrival is no part of the way.
        lives.tell("1", &down, at(20));
        let told = lives.tell("1", &Verdict::Settled, at(30));
        assert_eq!((told.waited, told.journey), (None, None));
    }

    #[test]
    fn an_effect_belongs_to_the_generation_that_it_was_begun_in() {
        let mut lives = Lives::default();
        see(&mut lives, 4, Some(0), false, 0);
        assert!(lives.acted("1").is_none(), "nothing was begun");
        lives.act("1", at(3));
        let (journey, began) = lives.acted("1").unwrap();
        assert_eq!((journey.generation, began), (4, at(3)));
        assert!(lives.acted("1").is_none());
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut lives = Lives::default();
        see(&mut lives, 1, None, false, 0);
        lives.tell("1", &waits(), at(0));
        lives.forget("1");
        let mut counted = 0;
        lives.count(at(9), |_, _, _| counted += 1);
        assert_eq!(counted, 0);
        assert_eq!(lives.tell("1", &Verdict::Settled, at(9)), Told::default());
    }
}
