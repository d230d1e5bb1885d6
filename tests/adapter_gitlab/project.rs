//! Groups, projects, and our own access.

use std::sync::Arc;

use harmonix::domain::failure::FailureKind;
use harmonix::domain::forge::{NewProject, ProjectSettings};
use harmonix::ports::{Access, Projects};
use serde_json::{Value, json};

use crate::stub::{CANARY, Reply, Stub};

fn group(id: u64) -> Reply {
    Reply::json(json!({ "id": id, "full_path": "apps/shop" }))
}

fn project(id: u64) -> Value {
    json!({
        "id": id,
        "path_with_namespace": "apps/shop/cart",
        "web_url": "https://gitlab.example.com/apps/shop/cart",
        "http_url_to_repo": "https://gitlab.example.com/apps/shop/cart.git",
        "description": "A cart\n\nharmonix:mark",
        "default_branch": null,
        "archived": false,
        "marked_for_deletion_on": null
    })
}

fn cart() -> NewProject {
    NewProject {
        group: "apps/shop".into(),
        path: "cart".into(),
        name: "cart".into(),
        description: "A cart\n\nharmonix:mark".into(),
        visibility: "private".into(),
        ci_config_path: ".harmonix/pipeline.yml".into(),
        default_branch: "main".into(),
    }
}

#[tokio::test]
async fn a_project_is_made_by_one_post_once_its_groups_number_is_known() {
    let stub =
        Stub::answering([group(7), Reply::json(project(42)), Reply::json(project(43))]).await;
    let host = stub.host();
    let made = host.create_project(&cart()).await.unwrap();
    host.create_project(&cart()).await.unwrap();
    assert_eq!(
        stub.lines(),
        [
            "GET /groups/apps%2Fshop?with_projects=false",
            "POST /projects",
            "POST /projects"
        ],
        "no request about the project before it, and the group once"
    );
    let asked = &stub.asked()[1];
    for (name, value) in [
        ("namespace_id", "7"),
        ("path", "cart"),
        ("name", "cart"),
        ("description", "A cart\n\nharmonix:mark"),
        ("visibility", "private"),
        ("ci_config_path", ".harmonix/pipeline.yml"),
        ("default_branch", "main"),
        ("initialize_with_readme", "false"),
        ("auto_devops_enabled", "false"),
    ] {
        assert_eq!(asked.field(name), value, "{name}");
    }
    assert_eq!(asked.token, CANARY);
    assert_eq!((made.id, made.path.as_str()), (42, "apps/shop/cart"));
    assert_eq!(made.description, "A cart\n\nharmonix:mark");
    assert_eq!((made.default_branch, made.being_deleted), (None, false));
}

#[tokio::test]
async fn a_refused_group_number_is_asked_for_again() {
    let refusal = r#"{"message":{"namespace":["is not valid"]}}"#;
    let stub = Stub::answering([
        group(7),
        Reply::new(400, refusal),
        group(8),
        Reply::json(project(42)),
    ])
    .await;
    let host = stub.host();
    let failure = host.create_project(&cart()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    host.create_project(&cart()).await.unwrap();
    assert_eq!(stub.asked()[3].field("namespace_id"), "8");
}

#[tokio::test]
async fn many_who_ask_for_a_group_at_once_cause_one_request() {
    let stub = Stub::answering([group(7)]).await;
    let host = Arc::new(stub.host());
    let asking = (0..20).map(|_| {
        let host = Arc::clone(&host);
        tokio::spawn(async move { host.group_exists("apps/shop").await.unwrap() })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert!(asked.await.unwrap());
    }
    assert_eq!(stub.lines().len(), 1);
}

#[tokio::test]
async fn an_absent_group_is_made_inside_its_parent_and_known_from_then_on() {
    let stub = Stub::answering([
        Reply::new(404, r#"{"message":"404 Group Not Found"}"#),
        group(3),
        Reply::json(json!({ "id": 9 })),
    ])
    .await;
    let host = stub.host();
    assert!(!host.group_exists("apps/shop").await.unwrap());
    host.create_group("apps/shop", "ours").await.unwrap();
    assert!(host.group_exists("apps/shop").await.unwrap());
    assert_eq!(
        stub.lines(),
        [
            "GET /groups/apps%2Fshop?with_projects=false",
            "GET /groups/apps?with_projects=false",
            "POST /groups"
        ]
    );
    let asked = &stub.asked()[2];
    for (name, value) in [
        ("parent_id", "3"),
        ("path", "shop"),
        ("name", "shop"),
        ("visibility", "private"),
    ] {
        assert_eq!(asked.field(name), value, "{name}");
    }
}

#[tokio::test]
async fn a_group_at_the_top_is_never_made() {
    let stub = Stub::answering([]).await;
    let failure = stub.host().create_group("apps", "").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert!(stub.lines().is_empty());
}

#[tokio::test]
async fn a_project_is_found_by_path_and_by_number() {
    let mut leaving = project(42);
    leaving["marked_for_deletion_on"] = "2026-01-02".into();
    leaving["archived"] = true.into();
    leaving["default_branch"] = "main".into();
    let stub = Stub::answering([
        Reply::json(project(42)),
        Reply::json(leaving),
        Reply::new(404, r#"{"message":"404 Project Not Found"}"#),
    ])
    .await;
    let host = stub.host();
    assert_eq!(
        host.project_at("apps/shop/cart").await.unwrap().unwrap().id,
        42
    );
    let leaving = host.project(42).await.unwrap().unwrap();
    assert!(leaving.archived && leaving.being_deleted);
    assert_eq!(leaving.default_branch.as_deref(), Some("main"));
    assert_eq!(host.project_at("apps/shop/none").await.unwrap(), None);
    assert_eq!(host.project(-1).await.unwrap(), None);
    assert_eq!(
        stub.lines(),
        [
            "GET /projects/apps%2Fshop%2Fcart",
            "GET /projects/42",
            "GET /projects/apps%2Fshop%2Fnone"
        ]
    );
}

#[tokio::test]
async fn the_settings_are_one_put() {
    let stub = Stub::answering([Reply::json(project(42))]).await;
    let settings = ProjectSettings {
        pipeline_variables_role: "maintainer".into(),
        job_token_may_push: false,
        cancel_redundant_pipelines: false,
        description: "harmonix:mark".into(),
    };
    let host = stub.host();
    host.apply_settings("apps/shop/cart", &settings)
        .await
        .unwrap();
    assert_eq!(stub.lines(), ["PUT /projects/apps%2Fshop%2Fcart"]);
    let body: Value = serde_json::from_str(&stub.asked()[0].body).unwrap();
    assert_eq!(
        body,
        json!({
            "description": "harmonix:mark",
            "ci_pipeline_variables_minimum_override_role": "maintainer",
            "ci_push_repository_for_job_token_allowed": false,
            "auto_cancel_pending_pipelines": "disabled"
        })
    );
}

#[tokio::test]
async fn the_token_tells_whose_it_is_and_when_it_ends() {
    let token = json!({ "id": 1, "scopes": ["api"], "expires_at": "2027-01-31", "active": true });
    let stub = Stub::answering([
        Reply::json(token),
        Reply::json(json!({ "id": 5, "username": "harmonix" })),
    ])
    .await;
    let facts = stub.host().token().await.unwrap();
    assert_eq!(
        (facts.user.as_str(), facts.scopes.as_slice()),
        ("harmonix", ["api".to_owned()].as_slice())
    );
    assert_eq!(facts.expires_on.as_deref(), Some("2027-01-31"));
    assert_eq!(
        stub.lines(),
        ["GET /personal_access_tokens/self", "GET /user"]
    );
}
