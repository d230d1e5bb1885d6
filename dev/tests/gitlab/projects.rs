//! Groups, projects, access.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_taken_is_answered_as_gitlab_does() {
    let world = World::start().await;
    world.project("cart").await;
    let group = world.group("aws-apps/shop").await;
    let again = world
        .post("projects", json!({ "path": "cart", "namespace_id": group }))
        .await;
    let taken = json!(["has already been taken"]);
    assert_eq!(again.status, 400);
    assert_eq!(
        again.body,
        json!({ "message": { "project_namespace.name": taken, "name": taken, "path": taken } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_found_by_its_full_path_and_keeps_its_settings() {
    let world = World::start().await;
    let group = world.group("aws-apps/shop").await;
    let body = json!({
        "name": "Cart", "path": "cart", "namespace_id": group, "description": "marker: abc",
        "visibility": "private", "ci_config_path": ".harmonix/pipeline.yml", "default_branch": "main",
        "auto_cancel_pending_pipelines": "disabled",
    });
    let made = world.post("projects", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["path_with_namespace"], "aws-apps/shop/cart");
    let id = made.id();
    let put = json!({ "ci_pipeline_variables_minimum_override_role": "maintainer", "shared_runners_enabled": "true" });
    assert_eq!(
        world
            .ask("harmonix", "PUT", &format!("projects/{id}"), put)
            .await
            .status,
        200
    );
    let found = world.get("projects/aws-apps%2Fshop%2Fcart").await;
    assert_eq!(found.id(), id);
    assert_eq!(found.body["ci_config_path"], ".harmonix/pipeline.yml");
    assert_eq!(
        found.body["ci_pipeline_variables_minimum_override_role"],
        "maintainer"
    );
    assert_eq!(found.body["auto_cancel_pending_pipelines"], "disabled");
    assert_eq!(found.body["description"], "marker: abc");
    assert_eq!(
        found.body["permissions"]["group_access"]["access_level"],
        50
    );
    let wrong = json!({ "auto_cancel_pending_pipelines": "sometimes" });
    assert_eq!(
        world
            .ask("harmonix", "PUT", &format!("projects/{id}"), wrong)
            .await
            .status,
        400
    );
    let nothing = world.get("projects/aws-apps%2Fnothing").await;
    assert_eq!(
        (nothing.status, nothing.body),
        (404, json!({ "message": "404 Project Not Found" }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_use_pipeline_variables_begins_as_the_group_says_and_may_be_an_owners_alone() {
    let world = World::start().await;
    let setting = "ci_pipeline_variables_minimum_override_role";
    let wish = json!({ "path": "aws-apps", "pipeline_variables_role": "no_one_allowed" });
    assert_eq!(world.post("/__groups", wish).await.status, 204);
    let maintainer = json!({ "username": "developer", "groups": { "aws-apps": "maintainer" } });
    assert_eq!(world.post("/__users", maintainer).await.status, 204);
    let path = format!("projects/{}", world.project("cart").await);
    assert_eq!(world.get(&path).await.body[setting], "no_one_allowed");
    let put = |who: &'static str, role: &'static str| {
        let (world, path) = (&world, &path);
        async move {
            let body = json!({ setting: role, "description": role });
            world.ask(who, "PUT", path, body).await
        }
    };
    for narrow in ["no_one_allowed", "owner"] {
        assert_eq!(put("harmonix", narrow).await.status, 200);
        let refused = put("developer", "maintainer").await;
        assert_eq!(
            (refused.status, refused.body["message"].as_str()),
            (
                400,
                Some(
                    "Changing the restrict_user_defined_variables or ci_pipeline_variables_minimum_override_role is not allowed"
                )
            )
        );
        assert_eq!(world.get(&path).await.body["description"], narrow);
        // What stays as it is, is no change.
        assert_eq!(put("developer", narrow).await.status, 200);
    }
    assert_eq!(put("harmonix", "maintainer").await.status, 200);
    assert_eq!(put("developer", "developer").await.status, 200);
    assert_eq!(put("developer", "owner").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_as_gitlab_tells() {
    let world = World::start().await;
    let id = world.project("cart").await;
    let path = format!("projects/{id}");
    let asked = |who: &'static str, method: &'static str, body: Value| {
        let (world, path) = (&world, &path);
        async move { world.ask(who, method, path, body).await.status }
    };
    assert_eq!(asked("nobody", "GET", Value::Null).await, 404);
    assert_eq!(asked("nobody", "DELETE", Value::Null).await, 401);
    assert_eq!(asked("guest", "GET", Value::Null).await, 200);
    assert_eq!(
        asked("guest", "PUT", json!({ "description": "x" })).await,
        403
    );
    assert_eq!(
        asked("developer", "PUT", json!({ "description": "x" })).await,
        403
    );
    let reader = world
        .ask("reader", "PUT", &path, json!({ "description": "x" }))
        .await;
    assert_eq!(
        (reader.status, reader.body["error"].as_str()),
        (403, Some("insufficient_scope"))
    );
    let wrong = reqwest::Client::new().get(format!("{}/api/v4/user", world.url));
    let wrong = wrong
        .header("PRIVATE-TOKEN", "glpat-wrong")
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 401);
    assert_eq!(
        wrong.text().await.unwrap(),
        r#"{"message":"401 Unauthorized"}"#
    );
    assert_eq!(
        world
            .ask("harmonix", "PATCH", &path, Value::Null)
            .await
            .status,
        405
    );
    assert_eq!(world.get("no/such/endpoint").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expired_or_was_taken_back_is_refused() {
    let world = World::start().await;
    assert_eq!(
        world.get("personal_access_tokens/self").await.body["expires_at"],
        "2099-01-01"
    );
    world
        .post(
            "/__users",
            json!({ "username": "harmonix", "expires_at": "2020-01-01" }),
        )
        .await;
    let expired = world.get("user").await;
    assert_eq!(
        (expired.status, expired.body["error"].as_str()),
        (401, Some("invalid_token"))
    );
    world
        .post(
            "/__users",
            json!({ "username": "harmonix", "expires_at": "2099-01-01" }),
        )
        .await;
    assert_eq!(world.get("user").await.body["username"], "harmonix");
    world
        .post(
            "/__users",
            json!({ "username": "harmonix", "revoked": true }),
        )
        .await;
    assert_eq!(world.get("user").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_is_marked_and_renamed_first_and_gone_later() {
    let world = World::start().await;
    let id = world.project("cart").await;
    let deleted = world
        .ask("harmonix", "DELETE", &format!("projects/{id}"), Value::Null)
        .await;
    assert_eq!(
        (deleted.status, &deleted.body),
        (202, &json!({ "message": "202 Accepted" }))
    );
    let marked = world.get(&format!("projects/{id}")).await.body;
    let path = format!("aws-apps/shop/cart-deletion_scheduled-{id}");
    assert_eq!(marked["path_with_namespace"], path.as_str());
    assert!(marked["marked_for_deletion_on"].is_string());
    // The path is free for a new project at once.
    let new = world.project("cart").await;
    assert_ne!(new, id);
    let query = format!("projects/{id}?permanently_remove=true&full_path=");
    let wrong = world
        .ask(
            "harmonix",
            "DELETE",
            &format!("{query}aws-apps/shop/cart"),
            Value::Null,
        )
        .await;
    assert_eq!(wrong.status, 400);
    let right = world
        .ask("harmonix", "DELETE", &format!("{query}{path}"), Value::Null)
        .await;
    assert_eq!(right.status, 202);
    assert_eq!(
        world.get(&format!("projects/{id}")).await.status,
        200,
        "removal is asynchronous"
    );
    for _ in 0..100 {
        if world.get(&format!("projects/{id}")).await.status == 404 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the project is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_project_redirects_reads_and_refuses_writes() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world
        .ask(
            "harmonix",
            "PUT",
            &format!("projects/{id}"),
            json!({ "path": "basket" }),
        )
        .await;
    // The client follows the redirection.
    assert_eq!(world.get("projects/aws-apps%2Fshop%2Fcart").await.id(), id);
    let write = world
        .ask(
            "harmonix",
            "PUT",
            "projects/aws-apps%2Fshop%2Fcart",
            json!({ "description": "x" }),
        )
        .await;
    assert_eq!(write.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_that_say_where_one_is() {
    let world = World::start().await;
    for number in 0..5 {
        world.project(&format!("project-{number}")).await;
    }
    let group = world.group("aws-apps/shop").await;
    let page = world
        .get(&format!(
            "groups/{group}/projects?per_page=2&page=2&order_by=path&sort=asc"
        ))
        .await;
    let names: Vec<&str> = page
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["path"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["project-2", "project-3"]);
    for (header, value) in [
        ("x-total", "5"),
        ("x-total-pages", "3"),
        ("x-page", "2"),
        ("x-per-page", "2"),
        ("x-next-page", "3"),
        ("x-prev-page", "1"),
    ] {
        assert_eq!(page.header(header), value, "{header}");
    }
    assert!(
        page.header("link")
            .contains("page=3&per_page=2>; rel=\"next\""),
        "{}",
        page.header("link")
    );
    assert!(page.header("ratelimit-remaining").parse::<u32>().unwrap() > 0);
    let last = world
        .get(&format!("groups/{group}/projects?per_page=2&page=3"))
        .await;
    assert_eq!(last.header("x-next-page"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subgroup_is_made_once_and_by_maintainers_only() {
    let world = World::start().await;
    let parent = world.group("aws-apps").await;
    let body = json!({ "name": "team", "path": "team", "parent_id": parent });
    assert_eq!(
        world
            .ask("developer", "POST", "groups", body.clone())
            .await
            .status,
        403
    );
    let made = world.post("groups", body.clone()).await;
    assert_eq!(
        (made.status, made.body["full_path"].as_str()),
        (201, Some("aws-apps/team"))
    );
    let again = world.post("groups", body).await;
    assert_eq!(again.status, 400);
    assert_eq!(
        again.body["message"],
        "Failed to save group {:path=>[\"has already been taken\"]}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_projects_repositories_and_pipelines() {
    let mut world = World::start().await;
    let id = world.project("cart").await;
    let sha = world
        .commit(
            id,
            "Start",
            &[(".gitlab-ci.yml", "test:\n  script: [echo hi]\n")],
        )
        .await;
    let pipeline = world.newest_ended(id).await["id"].as_u64().unwrap();
    world.restart().await;
    let found = world
        .get(&format!("projects/{id}/pipelines/{pipeline}"))
        .await
        .body;
    assert_eq!(
        (&found["status"], &found["sha"]),
        (&json!("success"), &json!(sha))
    );
    assert_eq!(
        world
            .get(&format!("projects/{id}/repository/commits/{sha}"))
            .await
            .status,
        200
    );
    assert!(
        world.project("another").await > pipeline,
        "numbers are never given out twice"
    );
}
