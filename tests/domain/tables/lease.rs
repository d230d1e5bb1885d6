//! The lease: who may take it when, whatever clocks, people and slow answers do.

use std::time::Duration;

use harmonix::domain::lease::{Candidate, Claim, Decision, Epoch, Lease, Moment, Seen};
use jiff::{SignedDuration, Timestamp};

use super::case::now as noon;

/// How long others wait here.
const LASTS: Duration = Duration::from_secs(15);

const fn at(seconds: u64) -> Moment {
    Duration::from_secs(seconds)
}

/// The lease as the API server keeps it.
#[derive(Default)]
struct Server {
    lease: Option<Lease>,
    version: u32,
}

impl Server {
    fn read(&self) -> Option<Seen> {
        Some(Seen {
            lease: self.lease.clone()?,
            version: self.version.to_string(),
        })
    }

    /// Writes a claim, unless something else than it was made on stands there.
    fn write(&mut self, claim: Claim) -> Option<Seen> {
        let seen = self.read().map(|seen| seen.version);
        if seen != claim.over {
            return None;
        }
        self.version += 1;
        self.lease = Some(claim.lease);
        self.read()
    }

    fn edit(&mut self, change: impl FnOnce(&mut Lease)) {
        change(self.lease.as_mut().unwrap());
        self.version += 1;
    }

    fn holder(&self) -> &str {
        self.lease.as_ref().map_or("", |lease| &lease.holder)
    }
}

fn candidate(name: &str) -> Candidate {
    Candidate::new(name.to_owned(), LASTS)
}

/// One turn: it looks unless it holds, decides, and writes what it decided. Answers whether it holds afterwards.
fn turn(candidate: &mut Candidate, server: &mut Server, now: Moment) -> bool {
    turn_by(candidate, server, now, noon())
}

fn turn_by(candidate: &mut Candidate, server: &mut Server, now: Moment, clock: Timestamp) -> bool {
    if candidate.holds(now).is_none() {
        candidate.saw(server.read(), now);
    }
    match candidate.decide(now, clock) {
        Decision::Hold(_) | Decision::Wait(_) => {}
        Decision::Renew(claim) | Decision::Take(claim) => match server.write(claim) {
            Some(seen) => candidate.wrote(seen, now),
            None => candidate.saw(server.read(), now),
        },
    }
    candidate.holds(now).is_some()
}

fn epoch(candidate: &Candidate, now: Moment) -> i64 {
    candidate.holds(now).unwrap().epoch.number()
}

#[test]
fn the_first_makes_the_lease_and_holds_it_for_two_thirds_of_its_time() {
    let (mut server, mut first) = (Server::default(), candidate("first"));
    assert!(turn(&mut first, &mut server, at(0)));
    let lease = server.lease.clone().unwrap();
    assert_eq!(
        (lease.holder.as_str(), lease.epoch),
        ("first", Epoch::new(1))
    );
    assert_eq!(lease.duration, Some(LASTS));
    assert!(first.holds(at(9)).is_some());
    assert!(first.holds(at(10)).is_none(), "others wait until 15");
    // It is renewed in good time.
    let Decision::Hold(after) = first.decide(at(0), noon()) else {
        panic!("{first:?}");
    };
    assert_eq!(after, at(3));
    assert!(matches!(first.decide(at(3), noon()), Decision::Renew(_)));
}

#[test]
fn nobody_takes_what_is_renewed() {
    let mut server = Server::default();
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    for second_now in 0..200 {
        let now = at(second_now);
        assert!(turn(&mut first, &mut server, now));
        assert!(!turn(&mut second, &mut server, now));
        assert_eq!(epoch(&first, now), 1);
    }
}

/// Also by a holder whose clock stands still, for whom each renewal would look like the one before.
#[test]
fn a_renewal_is_seen_whatever_the_holders_clock_says() {
    let stands = noon();
    let jumps = |second: u64| {
        let hour = SignedDuration::from_hours(if second.is_multiple_of(2) { 30 } else { -30 });
        noon().checked_add(hour).unwrap()
    };
    let clocks: [&dyn Fn(u64) -> Timestamp; 2] = [&|_| stands, &jumps];
    for clock in clocks {
        let mut server = Server::default();
        let (mut first, mut second) = (candidate("first"), candidate("second"));
        for second_now in 0..60 {
            let now = at(second_now);
            assert!(turn_by(&mut first, &mut server, now, clock(second_now)));
            assert!(!turn(&mut second, &mut server, now));
        }
    }
}

#[test]
fn what_nobody_renews_is_taken_when_its_whole_time_was_seen_to_pass() {
    let mut server = Server::default();
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    assert!(turn(&mut first, &mut server, at(0)));
    // The second is there since 100 s by a clock of its own.
    for now in 100..115 {
        assert!(!turn(&mut second, &mut server, at(now)), "{now}");
    }
    assert!(turn(&mut second, &mut server, at(115)));
    assert_eq!(epoch(&second, at(115)), 2);
    // The first wakes up: it holds nothing any more, and finds another one there.
    assert!(first.holds(at(16)).is_none());
    assert!(!turn(&mut first, &mut server, at(16)));
    assert_eq!(server.holder(), "second");
}

/// The time that was seen to pass counts, not how old the lease calls itself.
#[test]
fn a_lease_that_looks_old_is_waited_for_by_who_sees_it_first() {
    let mut server = Server::default();
    let mut first = candidate("first");
    let long_ago = Timestamp::from_second(1_000_000_000).unwrap();
    assert!(turn_by(&mut first, &mut server, at(0), long_ago));
    let mut second = candidate("second");
    assert!(!turn(&mut second, &mut server, at(0)));
    let Decision::Wait(after) = second.decide(at(0), noon()) else {
        panic!("{second:?}");
    };
    assert!(after <= at(1), "a release is seen soon");
    let Decision::Wait(after) = second.decide(at(15) - Duration::from_millis(200), noon()) else {
        panic!("{second:?}");
    };
    assert_eq!(
        after,
        Duration::from_millis(200),
        "not longer than it has to"
    );
}

#[test]
fn of_two_that_take_it_at_once_one_does() {
    let mut server = Server::default();
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    for (now, epoch) in [(at(0), 1), (at(100), 2)] {
        first.saw(server.read(), now);
        second.saw(server.read(), now);
        // A lease that was seen just now is waited for.
        let now = now + if epoch == 1 { Duration::ZERO } else { LASTS };
        let claims = [&first, &second].map(|each| match each.decide(now, noon()) {
            Decision::Take(claim) => claim,
            other => panic!("{other:?}"),
        });
        let written = claims.map(|claim| server.write(claim));
        let [Some(won), None] = written else {
            panic!("{written:?}");
        };
        assert_eq!(won.lease.epoch, Epoch::new(epoch));
        first.wrote(won, now);
        second.saw(server.read(), now);
        assert!(first.holds(now).is_some());
        assert!(matches!(second.decide(now, noon()), Decision::Wait(_)));
    }
}

#[test]
fn what_is_released_is_taken_at_once() {
    let mut server = Server::default();
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    assert!(turn(&mut first, &mut server, at(0)));
    assert!(!turn(&mut second, &mut server, at(1)));
    let claim = first.release(noon()).unwrap();
    server.write(claim).unwrap();
    assert_eq!(server.holder(), "");
    assert!(turn(&mut second, &mut server, at(2)));
    assert_eq!(epoch(&second, at(2)), 2);
    assert!(second.release(noon()).is_some());
    assert!(
        candidate("third").release(noon()).is_none(),
        "it holds nothing"
    );
}

/// Whoever was taken for dead may not clear the lease of its successor.
#[test]
fn who_comes_too_late_does_not_release_another_ones() {
    let mut server = Server::default();
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    assert!(turn(&mut first, &mut server, at(0)));
    turn(&mut second, &mut server, at(0));
    assert!(turn(&mut second, &mut server, at(15)));
    let late = first.release(noon()).unwrap();
    assert_eq!(server.write(late), None);
    assert_eq!(server.holder(), "second");
}

/// Nobody else acted, but nobody here knew that: whoever begins again is as good as another process.
#[test]
fn who_could_not_renew_in_time_begins_again_under_another_epoch() {
    let (mut server, mut first) = (Server::default(), candidate("first"));
    assert!(turn(&mut first, &mut server, at(0)));
    assert!(first.holds(at(11)).is_none());
    assert!(turn(&mut first, &mut server, at(11)));
    assert_eq!(epoch(&first, at(11)), 2);
}

/// The API server took the claim, and its answer was lost.
#[test]
fn a_claim_whose_answer_was_lost_is_made_again() {
    let (mut server, mut first) = (Server::default(), candidate("first"));
    first.saw(server.read(), at(0));
    let Decision::Take(claim) = first.decide(at(0), noon()) else {
        panic!("{first:?}");
    };
    server.write(claim).unwrap();
    assert!(first.holds(at(0)).is_none(), "it does not know");
    assert!(
        turn(&mut first, &mut server, at(1)),
        "nobody is to be waited for"
    );
    // The same with a renewal: it goes on.
    let before = epoch(&first, at(1));
    let Decision::Renew(claim) = first.decide(at(4), noon()) else {
        panic!("{first:?}");
    };
    server.write(claim).unwrap();
    first.saw(server.read(), at(5));
    assert!(turn(&mut first, &mut server, at(5)));
    assert_eq!(epoch(&first, at(5)), before);
}

#[test]
fn a_lease_that_somebody_deletes_is_made_anew_by_its_holder() {
    let mut server = Server::default();
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    assert!(turn(&mut first, &mut server, at(0)));
    assert!(!turn(&mut second, &mut server, at(0)));
    server.lease = None;
    // Others leave the holder its time.
    assert!(!turn(&mut second, &mut server, at(1)));
    assert_eq!(server.lease, None);
    // The holder's next renewal finds nothing to renew, and then makes it.
    assert!(turn(&mut first, &mut server, at(3)));
    assert!(turn(&mut first, &mut server, at(3)));
    assert_eq!(server.holder(), "first");
    assert_eq!(epoch(&first, at(3)), 1, "it is the same one");
    assert!(!turn(&mut second, &mut server, at(4)));
}

#[test]
fn a_deleted_lease_whose_holder_is_gone_is_taken_in_its_time_and_counts_on() {
    let mut server = Server::default();
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    assert!(turn(&mut first, &mut server, at(0)));
    assert!(!turn(&mut second, &mut server, at(0)));
    server.lease = None;
    for now in 1..15 {
        assert!(!turn(&mut second, &mut server, at(now)), "{now}");
    }
    assert!(turn(&mut second, &mut server, at(15)));
    assert_eq!(epoch(&second, at(15)), 2);
}

#[test]
fn a_holder_that_finds_another_one_there_stops_at_once() {
    let (mut server, mut first) = (Server::default(), candidate("first"));
    assert!(turn(&mut first, &mut server, at(0)));
    server.edit(|lease| lease.holder = "somebody".into());
    assert!(!turn(&mut first, &mut server, at(3)));
    // Whoever that is has its time, too.
    for now in 4..18 {
        assert!(!turn(&mut first, &mut server, at(now)), "{now}");
    }
    assert!(turn(&mut first, &mut server, at(18)));
    assert_eq!(epoch(&first, at(18)), 2);
}

#[test]
fn a_lease_whose_holder_somebody_takes_out_is_up_for_anyone() {
    let mut server = Server::default();
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    assert!(turn(&mut first, &mut server, at(0)));
    assert!(!turn(&mut second, &mut server, at(0)));
    server.edit(|lease| lease.holder.clear());
    assert!(turn(&mut second, &mut server, at(1)));
    assert!(!turn(&mut first, &mut server, at(3)));
}

#[test]
fn what_somebody_writes_into_a_held_lease_is_put_back_by_its_holder() {
    let (mut server, mut first) = (Server::default(), candidate("first"));
    assert!(turn(&mut first, &mut server, at(0)));
    server.edit(|lease| {
        lease.epoch = Epoch::new(0);
        lease.duration = Some(Duration::from_hours(9));
        lease.renewed = None;
    });
    assert!(
        turn(&mut first, &mut server, at(3)),
        "it sees that it is its own"
    );
    assert!(turn(&mut first, &mut server, at(4)));
    let lease = server.lease.clone().unwrap();
    assert_eq!(lease.epoch, Epoch::new(1));
    assert_eq!(lease.duration, Some(LASTS));
    assert!(lease.renewed.is_some());
}

/// A lease is no place for a wait of hours, nor for none.
#[test]
fn however_long_a_lease_calls_itself_it_is_waited_for_within_bounds() {
    for (says, waits) in [
        (Some(Duration::from_hours(9)), 300),
        (Some(at(40)), 40),
        (None, 15),
    ] {
        let mut server = Server::default();
        turn(&mut candidate("first"), &mut server, at(0));
        server.edit(|lease| lease.duration = says);
        let mut second = candidate("second");
        assert!(!turn(&mut second, &mut server, at(0)));
        assert!(!turn(&mut second, &mut server, at(waits - 1)), "{says:?}");
        assert!(turn(&mut second, &mut server, at(waits)), "{says:?}");
    }
}

/// Whatever a person writes as the count, the next one is another epoch and one that a lease can hold.
#[test]
fn an_epoch_is_another_one_than_before_and_fits_into_a_lease() {
    let most = i64::from(i32::MAX);
    for (says, next) in [(0, 1), (-7, 1), (41, 42), (most - 1, most), (most, most)] {
        let mut server = Server::default();
        turn(&mut candidate("first"), &mut server, at(0));
        server.edit(|lease| {
            lease.holder.clear();
            lease.epoch = Epoch::new(says);
        });
        let mut second = candidate("second");
        assert!(turn(&mut second, &mut server, at(0)));
        assert_eq!(epoch(&second, at(0)), next);
    }
}

/// Two that wait look at the same lease at different moments; whoever holds it may stop for any time at any moment.
#[test]
fn no_two_hold_it_at_once_whenever_they_stop_and_look() {
    for stops in 0..12 {
        for lasts in [1_u64, 9, 11, 14, 16, 40] {
            let mut server = Server::default();
            let mut all = ["first", "second", "third"].map(candidate);
            for tick in 0..400_u64 {
                // A fifth of a second each; the first stands still for a while.
                let now = Duration::from_millis(tick * 200);
                let stopped = (stops * 5..(stops + lasts) * 5).contains(&tick);
                for (number, each) in (0_u64..).zip(&mut all) {
                    if (number == 0 && stopped) || tick % (3 + number) != 0 {
                        continue;
                    }
                    turn(each, &mut server, now);
                }
                let holding = all.iter().filter(|each| each.holds(now).is_some());
                assert!(
                    holding.count() <= 1,
                    "at {now:?}, stopped {stops} for {lasts}"
                );
            }
        }
    }
}
