use serde_json::json;

use super::super::call::tests::call;
use super::super::forge::tests::forge;
use super::super::object::{Repository, Status};
use super::*;

const PATH: &str = "apps/shop/cart";
const CART: &str = "Application shop/cart";

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

fn ready(time: i64, title: &str) -> Call {
    let patch = call(time, System::Kubernetes, "patch", "…/status", title);
    Call {
        made_ready: true,
        ..patch
    }
}

fn pipeline(id: u64, end: i64) -> serde_json::Value {
    json!({
        "id": id, "project_id": 1, "status": "success", "source": "push", "name": "build - x",
        "created_at": at(end - 10), "finished_at": at(end),
    })
}

fn gaps(calls: &[Call], pipelines: &[serde_json::Value]) -> Vec<Gap> {
    let cart = Object {
        kind: "Application".into(),
        name: "shop/cart".into(),
        status: Status {
            repository: Some(Repository {
                path: PATH.into(),
                clone_url: String::new(),
            }),
            home: "dev-eu".into(),
            ..Status::default()
        },
        ..Object::default()
    };
    let provider = |name: &str| Object {
        kind: "EnvironmentProvider".into(),
        name: name.into(),
        ..Object::default()
    };
    let objects = [cart, provider("dev-eu"), provider("prod-eu")];
    let objects = objects.map(|object| (object.title(), object)).into();
    let story = Story {
        calls,
        objects: &objects,
        appeared: &[(CART.to_owned(), at(1_000))].into(),
        forge: &forge(pipelines, &[]),
        interval: Duration::from_secs(1),
    };
    story.gaps()
}

#[test]
fn an_application_begins_when_its_home_is_ready() {
    let calls = [
        ready(5_000, "EnvironmentProvider dev-eu"),
        call(5_200, System::GitLab, "POST", "projects.create", PATH),
        call(5_400, System::GitLab, "POST", "commits.create", PATH),
    ];
    let found = gaps(&calls, &[]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].whole, found[0].own()), (400, 400));
    assert_eq!(found[0].after, "EnvironmentProvider dev-eu was Ready");
}

#[test]
fn waiting_for_the_next_look_is_not_the_controllers_share_and_being_late_is() {
    let looked = |time| call(time, System::GitLab, "GET", "pipelines.list", PATH);
    let started = |time| call(time, System::GitLab, "POST", "pipelines.create", PATH);
    let in_time = gaps(
        &[looked(9_000), looked(10_700), started(10_800)],
        &[pipeline(2, 10_000)],
    );
    assert_eq!((in_time[0].whole, in_time[0].own()), (800, 100));
    let late = gaps(&[looked(13_000), started(13_100)], &[pipeline(2, 10_000)]);
    assert_eq!(late[0].own(), 2_100);
}

#[test]
fn after_the_last_pipeline_readiness_is_awaited() {
    let looked = call(10_500, System::GitLab, "GET", "pipelines.list", PATH);
    let found = gaps(&[looked, ready(10_900, CART)], &[pipeline(2, 10_000)]);
    assert_eq!((found[0].until, found[0].own()), ("told Ready", 400));
}

#[test]
fn a_provider_that_comes_late_holds_the_next_pipeline() {
    let calls = [
        call(10_500, System::GitLab, "GET", "pipelines.list", PATH),
        ready(20_000, "EnvironmentProvider prod-eu"),
        call(20_300, System::GitLab, "POST", "pipelines.create", PATH),
    ];
    let found = gaps(&calls, &[pipeline(2, 10_000)]);
    assert_eq!((found[0].whole, found[0].own()), (300, 300));
}
