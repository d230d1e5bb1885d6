//! What a target takes from elsewhere: the retry annotation, the groups around its own, and whether places are ready.

use std::sync::Arc;

use harmonix::api::condition::{ConditionType, Reason};
use harmonix::api::{
    EnvironmentProvider, EnvironmentProviderStatus, GITLAB_GROUP_ANNOTATION, RETRY_ANNOTATION,
};
use harmonix::domain::condition::{Claim, Truth, merge};
use harmonix::domain::target::{self, EnvironmentInput};
use kube::ResourceExt;

use super::case::{Case, now, place};
use crate::world::{environment, provider};

#[test]
fn a_long_retry_value_is_told_by_its_digest() {
    let retry = |value: &str| {
        let mut case = Case::good();
        let annotations = case.application.annotations_mut();
        annotations.insert(RETRY_ANNOTATION.into(), value.into());
        case.target().unwrap().scope.retry
    };
    assert_eq!(Case::good().target().unwrap().scope.retry, "");
    for kept in ["again".to_owned(), "a".repeat(64)] {
        assert_eq!(retry(&kept), kept);
    }
    let long = retry(&"a".repeat(65));
    assert_ne!(long, "a".repeat(65));
    assert!((1..=64).contains(&long.len()), "{long}");
    assert_ne!(long, retry(&"b".repeat(65)));
}

#[test]
fn groups_between_the_top_and_the_own_one_may_be_made() {
    let around = |group: Option<&str>| {
        let mut case = Case::good();
        if let Some(group) = group {
            let annotations = &mut case.namespace.annotations;
            annotations.insert(GITLAB_GROUP_ANNOTATION.into(), group.into());
        }
        case.target().unwrap().repository.groups_around
    };
    assert_eq!(around(None), [] as [&str; 0]);
    assert_eq!(around(Some("apps/a/b/c")), ["apps/a", "apps/a/b"]);
}

#[test]
fn settings_have_one_digest() {
    let target = place().repository;
    assert_eq!(target.settings_digest(), target.settings.digest());
    let mut other = target.clone();
    other.settings.job_token_may_push = true;
    assert_ne!(target.settings_digest(), other.settings_digest());
}

/// A place whose status says this, of this generation; its own is 2.
fn told(truth: Truth, generation: i64) -> EnvironmentProvider {
    let mut place = provider("dev-place");
    place.metadata.generation = Some(2);
    let ready = Claim::new(ConditionType::Ready, truth, Reason::Pending, "");
    place.status = Some(EnvironmentProviderStatus {
        conditions: merge(&[], &[ready], generation, now()),
        ..EnvironmentProviderStatus::default()
    });
    place
}

#[test]
fn a_place_is_ready_where_its_status_says_so_of_what_is_asked_now() {
    let table = [
        (told(Truth::True, 2), true),
        (told(Truth::True, 1), false),
        (told(Truth::False, 2), false),
        (provider("dev-place"), false),
    ];
    for (place, ready) in table {
        let environment = environment("dev", 1, &["dev-place"]);
        let input = EnvironmentInput {
            environment: &environment,
            providers: vec![("dev-place".into(), Some(Arc::new(place.clone())))],
            applications: 1,
        };
        let members = target::environment(&input).unwrap().members;
        assert_eq!(members[0].ready, ready);
        let mut case = Case::good();
        case.providers[0] = place;
        assert_eq!(case.target().unwrap().home.ready, ready);
    }
}
