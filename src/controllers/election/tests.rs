use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::*;
use crate::domain::lease::Lease;

const LASTS: Duration = Duration::from_secs(15);

/// The lease as the API server keeps it, and whether that answers.
#[derive(Default)]
struct Server {
    lease: Mutex<(Option<Lease>, u64)>,
    silent: Mutex<bool>,
}

impl Server {
    fn lock(&self) -> MutexGuard<'_, (Option<Lease>, u64)> {
        self.lease.lock().unwrap()
    }

    fn holder(&self) -> String {
        self.lock().0.clone().unwrap_or_default().holder
    }

    fn fall_silent(&self, silent: bool) {
        *self.silent.lock().unwrap() = silent;
    }

    /// Somebody writes a name into it.
    fn put(&self, holder: &str) {
        let mut held = self.lock();
        held.0.get_or_insert_default().holder = holder.to_owned();
        held.1 += 1;
    }

    async fn answers(&self) {
        if *self.silent.lock().unwrap() {
            std::future::pending::<()>().await;
        }
    }

    fn write(&self, over: Option<u64>, lease: &Lease) -> Result<Seen, LeaseError> {
        let mut held = self.lock();
        if held.0.as_ref().map(|_| held.1) != over {
            return Err(LeaseError::Changed);
        }
        *held = (Some(lease.clone()), held.1 + 1);
        Ok(Seen {
            lease: lease.clone(),
            version: held.1.to_string(),
        })
    }
}

#[async_trait]
impl Leases for Server {
    async fn read(&self) -> Result<Option<Seen>, LeaseError> {
        self.answers().await;
        let (lease, version) = self.lock().clone();
        let version = version.to_string();
        Ok(lease.map(|lease| Seen { lease, version }))
    }

    async fn create(&self, lease: &Lease) -> Result<Seen, LeaseError> {
        self.answers().await;
        self.write(None, lease)
    }

    async fn replace(&self, version: &str, lease: &Lease) -> Result<Seen, LeaseError> {
        self.answers().await;
        self.write(version.parse().ok(), lease)
    }
}

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn entropy(&self) -> [u8; 10] {
        [0; 10]
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}

/// A process that takes part, until the sender goes.
fn takes_part(server: &Arc<Server>, name: &str) -> (Leadership, oneshot::Sender<()>) {
    let leases = Arc::clone(server) as Arc<dyn Leases>;
    let (election, leadership) = Election::new(leases, Arc::new(Still), name.into(), LASTS);
    let (over, ended) = oneshot::channel::<()>();
    tokio::spawn(election.run(async {
        let _ = ended.await;
    }));
    (leadership, over)
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn epoch(leadership: &Leadership) -> Option<i64> {
    leadership.term().map(|term| term.epoch.number())
}

#[tokio::test(start_paused = true)]
async fn of_two_the_first_leads_for_as_long_as_it_likes_and_the_other_after_it() {
    let server = Arc::default();
    let (first, over) = takes_part(&server, "first");
    pass(1).await;
    let (second, _over) = takes_part(&server, "second");
    for _ in 0..300 {
        pass(1).await;
        assert_eq!((epoch(&first), epoch(&second)), (Some(1), None));
    }
    drop(over);
    pass(2).await;
    assert_eq!((epoch(&first), epoch(&second)), (None, Some(2)));
    assert_eq!(server.holder(), "second");
}

/// It never gives up, and leads again once it can; nobody else could have led in between, but nobody knew that.
#[tokio::test(start_paused = true)]
async fn who_gets_no_answer_stops_before_others_may_begin_and_begins_again_when_it_does() {
    let server = Arc::default();
    let (first, _over) = takes_part(&server, "first");
    pass(1).await;
    let before = server.lock().clone();
    server.fall_silent(true);
    let mut led = 0;
    while first.term().is_some() {
        pass(1).await;
        led += 1;
    }
    // It renews every 3 s: the last time was up to 3 s before that, or just then.
    assert!((7..=10).contains(&led), "{led}");
    pass(3600).await;
    assert!(first.term().is_none());
    assert_eq!(*server.lock(), before);
    server.fall_silent(false);
    pass(5).await;
    assert_eq!(epoch(&first), Some(2));
}

/// Whoever was stopped finds out by itself that its time is over, before anybody tells it.
#[tokio::test(start_paused = true)]
async fn a_term_is_over_when_its_time_is_whoever_runs() {
    let server = Arc::default();
    let (first, _over) = takes_part(&server, "first");
    pass(1).await;
    let term = first.term().unwrap();
    let lost = first.lost(term.epoch);
    assert!(first.is_held_in(term.epoch));
    // Nothing else runs meanwhile.
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(first.term(), None);
    assert!(!first.is_held_in(term.epoch));
    lost.await;
    pass(2).await;
    assert_eq!(epoch(&first), Some(2));
    assert!(!first.is_held_in(term.epoch), "that was another term");
}

#[tokio::test(start_paused = true)]
async fn who_finds_another_one_there_stops() {
    let server = Arc::default();
    let (first, _over) = takes_part(&server, "first");
    pass(1).await;
    server.put("somebody");
    let lost = first.lost(first.term().unwrap().epoch);
    tokio::time::timeout(Duration::from_secs(4), lost)
        .await
        .unwrap();
    pass(10).await;
    assert!(first.term().is_none());
    pass(10).await;
    assert_eq!(epoch(&first), Some(2));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_lead_leaves_nothing_behind() {
    let server = Arc::default();
    let (_first, _first_over) = takes_part(&server, "first");
    pass(1).await;
    let (second, over) = takes_part(&server, "second");
    pass(1).await;
    drop(over);
    pass(1).await;
    assert_eq!(server.holder(), "first");
    assert!(second.term().is_none());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_its_turn_gains_it() {
    let server = Arc::default();
    let (first, over) = takes_part(&server, "first");
    let (second, _over) = takes_part(&server, "second");
    assert_eq!(first.gained().await.epoch.number(), 1);
    let gained = tokio::spawn(async move { second.gained().await.epoch.number() });
    pass(60).await;
    assert!(!gained.is_finished());
    drop(over);
    assert_eq!(gained.await.unwrap(), 2);
}
