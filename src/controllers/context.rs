//! What every pass works with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::leadership::{Leadership, Term};
use crate::api::FIELD_MANAGER;
use crate::api::condition::ConditionType;
use crate::domain::condition::{Claim, is_true};
use crate::domain::failure::Failure;
use crate::domain::intent::{Intent, IntentId};
use crate::domain::lease::Epoch;
use crate::domain::measure::PassResult;
use crate::domain::settings::Settings;
use crate::domain::target::{Place, Scope};
use crate::domain::verdict::Verdict;
use crate::domain::version::Version;
use crate::ports::{
    Access, Clock, CloudSessions, Files, Pipelines, Projects, Seen, Store, Telemetry,
};

/// The world, port by port.
#[derive(Clone)]
pub struct Ports {
    /// Our own objects.
    pub store: Arc<dyn Store>,
    /// GitLab's groups and projects.
    pub projects: Arc<dyn Projects>,
    /// GitLab's repositories.
    pub files: Arc<dyn Files>,
    /// GitLab's pipelines.
    pub pipelines: Arc<dyn Pipelines>,
    /// Our token.
    pub access: Arc<dyn Access>,
    /// AWS.
    pub clouds: Arc<dyn CloudSessions>,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Who watches over our work.
    pub telemetry: Arc<dyn Telemetry>,
}

/// What every pass works with: the world, the settings, and what this process remembers.
pub struct Context {
    /// The world.
    pub ports: Ports,
    /// What the installation was started with.
    pub settings: Settings,
    /// When this process began, or began to lead.
    pub(super) started: Timestamp,
    /// Which of the processes that acted one after the other it is.
    pub(super) epoch: Epoch,
    /// Whether it may act.
    pub(super) leadership: Leadership,
    recollections: Mutex<HashMap<String, Recollection>>,
    advisories: Mutex<Vec<Claim>>,
}

/// What this process remembers of one object. Losing it costs reads, never an effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Recollection {
    /// Passes in a row that ended blocked.
    pub failures: u32,
    /// When everything is to be looked at again, cheap or not.
    pub verify_at: Option<Timestamp>,
    /// The version that our last write made.
    pub written: Option<u64>,
    /// The providers whose roles are refused; none while this process has not told any of them.
    pub denied: Option<BTreeSet<String>>,
    /// When an intent was last tried.
    pub sent: BTreeMap<IntentId, Timestamp>,
    /// The intents that our last write put into its annotation.
    pub held: Vec<Intent>,
    /// Intents that were refused, and why, while no status is known to tell of it: the answer to its write may be lost.
    pub refused: Vec<(Intent, Failure)>,
    /// The end of its chain in each provider's table, as this process saw or wrote it: the hash of the last record,
    /// and how many there are.
    pub chains: BTreeMap<String, (String, i64)>,
}

impl Context {
    /// A context without recollections, of a process that acts without a lease.
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let started = ports.clock.now();
        let epoch = Epoch::of_start(started);
        Self {
            started,
            epoch,
            leadership: Leadership::sole(Term::endless(epoch, started)),
            ports,
            settings,
            recollections: Mutex::new(HashMap::new()),
            advisories: Mutex::new(Vec::new()),
        }
    }

    /// The same, of a process that acts while it leads.
    #[must_use]
    pub fn led_by(self, leadership: Leadership) -> Self {
        Self { leadership, ..self }
    }

    /// The context of one term. What was remembered in another one is not: others acted in between, so that a term is as
    /// good as a process of its own.
    #[must_use]
    pub fn in_term(&self, term: &Term) -> Self {
        Self {
            ports: self.ports.clone(),
            settings: self.settings.clone(),
            started: term.began,
            epoch: term.epoch,
            leadership: self.leadership.clone(),
            recollections: Mutex::new(HashMap::new()),
            advisories: Mutex::new(Vec::new()),
        }
    }

    /// Where records for a provider go, as its object says: also one that the object at hand no longer
    /// names.
    pub(super) fn place(&self, provider: &str) -> Option<Place> {
        let provider = self.ports.store.provider(provider)?;
        Some(Place::of(&provider, &self.settings))
    }

    /// What is remembered of an object.
    pub fn recall(&self, uid: &str) -> Recollection {
        let table = self
            .recollections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        table.get(uid).cloned().unwrap_or_default()
    }

    /// Changes what is remembered of an object.
    pub fn remember(&self, uid: &str, change: impl FnOnce(&mut Recollection)) {
        let mut table = self
            .recollections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(table.entry(uid.to_owned()).or_default());
    }

    /// Forgets an object that is gone.
    pub(super) fn forget(&self, uid: &str) {
        let mut table = self
            .recollections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        table.remove(uid);
        drop(table);
        self.ports.telemetry.gone(uid);
    }

    /// Warnings that concern every object that uses GitLab.
    pub(super) fn advisories(&self) -> Vec<Claim> {
        self.advisories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the warnings.
    pub(super) fn advise(&self, claims: Vec<Claim>) {
        *self
            .advisories
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = claims;
    }

    /// Whether the cache already holds what we wrote last. A decision on an older view would be
    /// refused by the API server anyway; not making it saves the reads.
    pub(super) fn is_current(&self, version: &Version) -> bool {
        let written = self.recall(&version.uid).written;
        match (written, version.resource_version.parse::<u64>()) {
            (Some(written), Ok(seen)) => seen >= written,
            (None, _) | (_, Err(_)) => true,
        }
    }

    /// Tells that a pass looks at an object.
    pub(super) fn see<K: ResourceExt>(&self, object: &K, scope: &Scope, conditions: &[Condition]) {
        let holds = |kind| is_true(conditions, kind, Some(scope.generation));
        let moves = holds(ConditionType::Reconciling) || holds(ConditionType::Stalled);
        self.ports.telemetry.seen(&Seen {
            identity: &scope.identity,
            uid: &scope.uid,
            generation: scope.generation,
            written_at: written_by_others(object),
            settled: holds(ConditionType::Ready) && !moves,
        });
    }

    /// Tells that an object is looked at later, when the cache shows our own last write. Answers how much later.
    pub(super) fn behind(&self, version: &Version) -> Duration {
        let kind = version.identity.kind;
        self.ports.telemetry.ended(kind, PassResult::Behind);
        Duration::from_millis(200)
    }

    /// Whether it is time to look at everything again.
    pub(super) fn is_verification_due(&self, uid: &str, now: Timestamp) -> bool {
        self.recall(uid).verify_at.is_none_or(|at| now >= at)
    }

    /// Notes that everything was looked at. What is at rest is believed for ten rounds; what moves,
    /// or waits for a person, for one: something may have been found that could not be mended yet.
    pub(super) fn note_verified(&self, uid: &str, now: Timestamp, verdict: &Verdict) {
        let interval = self.settings.resync_interval;
        let believed = match verdict {
            Verdict::Settled => interval * 10,
            Verdict::Progressing(..) | Verdict::Stalled(..) => interval,
            // Something else comes first: look again then.
            Verdict::Waiting(..) | Verdict::Blocked(..) | Verdict::Suspended => return,
        };
        let again = SignedDuration::try_from(believed)
            .ok()
            .and_then(|believed| now.checked_add(believed).ok());
        self.remember(uid, |r| r.verify_at = again);
    }
}

/// When somebody else than us changed an object last.
fn written_by_others<K: ResourceExt>(object: &K) -> Option<Timestamp> {
    let writes = object.managed_fields().iter();
    let of_others = writes.filter(|write| write.manager.as_deref() != Some(FIELD_MANAGER));
    let times = of_others.filter_map(|write| write.time.as_ref());
    let made = object.creation_timestamp();
    times.chain(made.as_ref()).map(|time| time.0).max()
}
