//! The census: what there is, counted in the caches when somebody asks. A standby has caches too.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::EffectJournal;
use crate::api::condition::ConditionType;
use crate::domain::identity::Kind;
use crate::domain::measure::Readiness;
use crate::ports::Cache;

use super::figures::{Figures, of_kind, of_readiness};
use super::whole;

/// One kind's objects.
#[derive(Default)]
struct Count {
    ready: usize,
    not_ready: usize,
    unknown: usize,
    backlog: usize,
}

/// Counts everything.
pub(super) fn take(cache: &dyn Cache, figures: &Figures) {
    let mut applications = Count::default();
    for application in cache.applications() {
        let status = application.status.as_ref();
        applications.add(
            status.map(|status| &status.conditions[..]),
            status.and_then(|status| status.effects.as_ref()),
        );
    }
    let mut environments = Count::default();
    for environment in cache.environments() {
        let status = environment.status.as_ref();
        environments.add(status.map(|status| &status.conditions[..]), None);
    }
    let mut providers = Count::default();
    for provider in cache.providers() {
        let status = provider.status.as_ref();
        providers.add(
            status.map(|status| &status.conditions[..]),
            status.and_then(|status| status.effects.as_ref()),
        );
    }
    applications.note(Kind::Application, figures);
    environments.note(Kind::Environment, figures);
    providers.note(Kind::Provider, figures);
}

impl Count {
    fn add(&mut self, conditions: Option<&[Condition]>, effects: Option<&EffectJournal>) {
        let mut conditions = conditions.unwrap_or_default().iter();
        let ready = conditions.find(|c| c.type_ == ConditionType::Ready.as_str());
        let readiness = Readiness::of_status(ready.map(|c| c.status.as_str()));
        *self.of(readiness) += 1;
        self.backlog += effects.map_or(0, |effects| effects.backlog.len());
    }

    const fn of(&mut self, readiness: Readiness) -> &mut usize {
        match readiness {
            Readiness::Ready => &mut self.ready,
            Readiness::NotReady => &mut self.not_ready,
            Readiness::Unknown => &mut self.unknown,
        }
    }

    fn note(mut self, kind: Kind, figures: &Figures) {
        for readiness in Readiness::ALL {
            let series = of_readiness(kind, *readiness);
            let series = figures.objects.get_or_create(&series);
            series.set(whole(*self.of(*readiness)));
        }
        let series = figures.backlog.get_or_create(&of_kind(kind));
        series.set(whole(self.backlog));
    }
}
