use std::time::Duration;

use serde_json::json;

use super::super::call::tests::call;
use super::super::forge::tests::forge;
use super::super::object::{Deployment, Repository, Status};
use super::*;

const PATH: &str = "apps/shop/cart";
const CART: &str = "Application shop/cart";

fn cart() -> Object {
    let row = |environment: &str| Deployment {
        environment: environment.into(),
        ..Deployment::default()
    };
    Object {
        kind: "Application".into(),
        name: "shop/cart".into(),
        status: Status {
            repository: Some(Repository {
                path: PATH.into(),
                clone_url: String::new(),
            }),
            deployments: vec![row("dev"), row("prod")],
            ..Status::default()
        },
        ..Object::default()
    }
}

fn built() -> Forge {
    let time = |second: u32| format!("1970-01-01T00:00:{second:02}Z");
    let pipeline = json!({
        "id": 2, "project_id": 1, "status": "success", "source": "push", "name": null,
        "created_at": time(1), "finished_at": time(9),
    });
    let job = json!({
        "id": 3, "project_id": 1, "pipeline_id": 2, "status": "success",
        "started_at": time(1), "finished_at": time(9), "spec": { "name": "harmonix-build" },
    });
    forge(&[pipeline], &[job])
}

fn happy() -> Vec<Call> {
    let status = |at| call(at, System::Kubernetes, "patch", "applications/status", CART);
    vec![
        status(100),
        call(200, System::Kubernetes, "patch", "applications", CART),
        call(300, System::GitLab, "POST", "groups.create", "apps/shop"),
        call(400, System::GitLab, "POST", "projects.create", PATH),
        call(500, System::GitLab, "POST", "commits.create", PATH),
        call(600, System::GitLab, "PUT", "projects.update", PATH),
        status(700),
        call(800, System::GitLab, "GET", "pipelines.list", PATH),
        call(9_500, System::GitLab, "POST", "pipelines.create", PATH),
        call(9_600, System::GitLab, "POST", "pipelines.create", PATH),
        Call {
            made_ready: true,
            ..status(9_700)
        },
        status(9_800),
    ]
}

fn rows(calls: &[Call], of: impl Fn(&Case<'_>) -> Vec<Figure>) -> Vec<String> {
    let (object, forge) = (cart(), built());
    let case = Case {
        object: &object,
        calls,
        forge: &forge,
        records: &[],
    };
    of(&case)
        .iter()
        .map(|figure| {
            let [what, found, promised, kept] = figure.row();
            format!("{what}: {found}, {promised}: {kept}")
        })
        .collect()
}

#[test]
fn a_happy_path_keeps_every_promise_about_gitlab() {
    assert_eq!(
        rows(&happy(), |case| case.gitlab()),
        [
            "GitLab writes until the first pipeline: 2, 2: ok",
            "GETs about the project before them: 0, 0: ok",
            "PUTs of its settings: 1, 1: ok",
            "GitLab writes for its deployments: 2, 2 (one for each environment): ok",
            "build jobs: 1, 1: ok",
        ]
    );
}

#[test]
fn a_look_at_the_project_before_it_is_made_is_missed() {
    let mut calls = happy();
    calls.insert(3, call(350, System::GitLab, "GET", "projects.get", PATH));
    assert_eq!(
        rows(&calls, |case| case.gitlab())[1],
        "GETs about the project before them: 1, 0: MISSED"
    );
}

#[test]
fn writes_to_an_object_count_from_its_first_intents_to_ready() {
    assert_eq!(
        rows(&happy(), |case| case.kubernetes()),
        [
            "Kubernetes writes before its first pipeline's result: 2, at most 2: ok",
            "Kubernetes writes until Ready: 3, at most 12 (6 for each environment): ok",
            "Kubernetes writes while it waited for its environments: 1, not counted: -",
        ]
    );
}

#[test]
fn every_effect_has_one_write_and_one_record() {
    let mut calls = happy();
    for (at, id) in [(310, "1"), (410, "2"), (510, "3"), (610, "4"), (9_510, "5")] {
        calls.push(call(at, System::Aws, "PutItem", "dynamodb", id));
    }
    calls.push(call(1, System::Aws, "PutItem", "dynamodb", "probe"));
    assert_eq!(
        rows(&calls, |case| case.audit())[0],
        "DynamoDB writes, of all objects: 5, 6 (one for each effect): MISSED"
    );
}

#[test]
fn a_run_that_filled_the_caches_does_not_tell_how_long_one_with_warm_caches_takes() {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    assert_eq!(total(minutes(5), minutes(0)).kept, Some(true));
    assert_eq!(total(minutes(9), minutes(0)).kept, Some(false));
    assert_eq!(total(minutes(30), minutes(25)).kept, None);
}
