//! The figures: their names, what they mean, and every series of each.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;

use crate::domain::identity::Kind;
use crate::domain::intent::Action;
use crate::domain::measure::{CallClass, Host, KINDS, Obstacle, PassResult, Readiness};
use crate::ports::Called;

/// So many labels, each a name and a value of a closed set.
type Labels<const N: usize> = [(&'static str, &'static str); N];
type Seconds = Counter<f64, AtomicU64>;
type Number = Gauge<f64, AtomicU64>;
type Times<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// What became of an effect that was tried.
const EFFECT_RESULTS: [&str; 3] = ["done", "refused", "open"];

pub(super) struct Figures {
    pub(super) passes: Family<Labels<2>, Counter>,
    pub(super) took: Times<1>,
    pub(super) under_way: Family<Labels<1>, Gauge>,
    pub(super) queued: Family<Labels<1>, Gauge>,
    pub(super) time_to_ready: Times<1>,
    pub(super) blocked: Family<Labels<2>, Seconds>,
    pub(super) effects: Family<Labels<3>, Counter>,
    pub(super) calls: Family<Labels<3>, Counter>,
    pub(super) call_time: Times<1>,
    pub(super) budget: Number,
    pub(super) token_ends: Number,
    pub(super) backlog: Family<Labels<1>, Gauge>,
    pub(super) objects: Family<Labels<2>, Gauge>,
    pub(super) leads: Gauge,
    pub(super) reachable: Gauge,
}

pub(super) const fn of_kind(kind: Kind) -> Labels<1> {
    [("kind", kind.as_str())]
}

pub(super) const fn of_result(kind: Kind, result: PassResult) -> Labels<2> {
    [("kind", kind.as_str()), ("result", result.as_str())]
}

pub(super) const fn of_obstacle(kind: Kind, obstacle: Obstacle) -> Labels<2> {
    [("kind", kind.as_str()), ("by", obstacle.as_str())]
}

pub(super) const fn of_readiness(kind: Kind, readiness: Readiness) -> Labels<2> {
    [("kind", kind.as_str()), ("ready", readiness.as_str())]
}

pub(super) const fn of_effect(kind: Kind, action: &'static str, result: &'static str) -> Labels<3> {
    [
        ("kind", kind.as_str()),
        ("action", action),
        ("result", result),
    ]
}

pub(super) const fn of_call(called: &Called) -> Labels<3> {
    [
        ("host", called.host.as_str()),
        ("verb", called.verb.as_str()),
        ("class", called.class.as_str()),
    ]
}

/// A registry with all figures, each series at its beginning.
pub(super) fn registered() -> (Registry, Figures) {
    let mut registry = Registry::with_prefix("harmonix");
    registry.register(
        "build",
        "The version that runs",
        Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
    );
    let figures = Figures {
        passes: family(&mut registry, "passes", "Passes, by how they ended"),
        took: times(
            &mut registry,
            "pass_duration_seconds",
            "How long passes took",
            pass_times,
        ),
        under_way: family(
            &mut registry,
            "passes_in_flight",
            "Passes that are under way",
        ),
        queued: family(
            &mut registry,
            "queue_depth",
            "Objects that were woken and wait for their pass to begin",
        ),
        time_to_ready: times(
            &mut registry,
            "time_to_ready_seconds",
            "From the write of a generation until everything was as it says",
            ready_times,
        ),
        blocked: family(
            &mut registry,
            "blocked_seconds",
            "Time that objects were not as their specs say, added up, by what they waited for",
        ),
        effects: family(
            &mut registry,
            "effects",
            "Effects outside that were tried, by what became of them",
        ),
        calls: family(
            &mut registry,
            "external_calls",
            "Requests that were sent, by the class of their answer's status; none where there was no whole answer",
        ),
        call_time: times(
            &mut registry,
            "external_call_duration_seconds",
            "How long requests took",
            call_times,
        ),
        budget: one(
            &mut registry,
            "gitlab_rate_limit_remaining",
            "Requests that GitLab still takes before it asks for a pause; NaN until it says so",
        ),
        token_ends: one(
            &mut registry,
            "gitlab_token_expiry_timestamp_seconds",
            "When the GitLab token ends; +Inf where it does not, NaN until it is known",
        ),
        backlog: family(
            &mut registry,
            "audit_backlog",
            "Audit records that wait in a status for their table",
        ),
        objects: family(&mut registry, "objects", "Objects there are"),
        leads: one(
            &mut registry,
            "leader",
            "1 where this process works, 0 where it stands by for another one",
        ),
        reachable: one(
            &mut registry,
            "api_server_reachable",
            "1 where the API server answered the last request",
        ),
    };
    figures.begin();
    (registry, figures)
}

fn one<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn family<L, M>(registry: &mut Registry, name: &str, help: &str) -> Family<L, M>
where
    L: EncodeLabelSet + Clone + Hash + Eq + Debug + Send + Sync + 'static,
    Family<L, M>: Metric + Clone + Default,
{
    one(registry, name, help)
}

fn times<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    new: fn() -> Histogram,
) -> Times<N>
where
    Labels<N>: EncodeLabelSet,
{
    let family = Family::new_with_constructor(new);
    registry.register(name, help, family.clone());
    family
}

fn pass_times() -> Histogram {
    Histogram::new([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0])
}

fn ready_times() -> Histogram {
    Histogram::new([
        1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0,
    ])
}

fn call_times() -> Histogram {
    Histogram::new([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
}

impl Figures {
    /// Makes every series: a counter that is not there before it first counts hides that count from `rate()`.
    fn begin(&self) {
        for kind in KINDS {
            let own = of_kind(kind);
            touch(&self.took, &own);
            touch(&self.under_way, &own);
            touch(&self.queued, &own);
            touch(&self.time_to_ready, &own);
            touch(&self.backlog, &own);
            for result in PassResult::ALL {
                touch(&self.passes, &of_result(kind, *result));
            }
            for obstacle in Obstacle::ALL {
                touch(&self.blocked, &of_obstacle(kind, *obstacle));
            }
            for readiness in Readiness::ALL {
                touch(&self.objects, &of_readiness(kind, *readiness));
            }
            if kind == Kind::Environment {
                // It has no effects outside.
                continue;
            }
            for action in Action::NAMES {
                for result in EFFECT_RESULTS {
                    touch(&self.effects, &of_effect(kind, action, result));
                }
            }
        }
        for host in Host::ALL {
            touch(&self.call_time, &[("host", host.as_str())]);
            for verb in host.verbs() {
                for class in CallClass::ALL {
                    let call = Called {
                        host: *host,
                        verb: *verb,
                        class: *class,
                        took: std::time::Duration::ZERO,
                    };
                    touch(&self.calls, &of_call(&call));
                }
            }
        }
        self.budget.set(f64::NAN);
        self.token_ends.set(f64::NAN);
    }
}

fn touch<L, M, C>(family: &Family<L, M, C>, labels: &L)
where
    L: Clone + Hash + Eq,
    C: MetricConstructor<M>,
{
    drop(family.get_or_create(labels));
}
