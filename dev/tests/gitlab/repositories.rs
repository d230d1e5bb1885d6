//! Commits, files, branches, and git itself.

use serde_json::{Value, json};

use super::world::World;

fn error(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_has_what_was_committed_and_a_push_arrives() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world
        .commit(
            id,
            "Start",
            &[("README.md", "# Cart\n"), ("src/main.js", "1\n")],
        )
        .await;
    let folder = world.cloned("harmonix", "aws-apps/shop/cart", "clone");
    assert_eq!(
        std::fs::read_to_string(folder.join("src/main.js")).unwrap(),
        "1\n"
    );
    std::fs::write(folder.join("src/main.js"), "2\n").unwrap();
    world.git(&folder, &["commit", "--quiet", "-am", "Count on"]);
    let push = world.git(&folder, &["push", "--quiet", "origin", "main"]);
    assert!(push.status.success(), "{}", error(&push));
    let file = world
        .get(&format!(
            "projects/{id}/repository/files/src%2Fmain.js?ref=main"
        ))
        .await;
    assert_eq!(file.body["content"], "Mgo=");
    let pushes = world.journal().await;
    assert!(
        pushes
            .iter()
            .any(|e| e["action"] == "git.push" && e["detail"]["refs"][0] == "refs/heads/main")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn git_is_refused_as_gitlab_refuses() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world
        .commit(id, "Start", &[("README.md", "# Cart\n")])
        .await;
    let none = world.git(
        world.folder.path(),
        &[
            "clone",
            &format!("{}/aws-apps/shop/cart.git", world.url),
            "x",
        ],
    );
    assert!(!none.status.success());
    let folder = world.cloned("developer", "aws-apps/shop/cart", "clone");
    std::fs::write(folder.join("README.md"), "# Mine\n").unwrap();
    world.git(&folder, &["commit", "--quiet", "-am", "Mine"]);
    let push = world.git(&folder, &["push", "origin", "main"]);
    assert!(
        error(&push).contains("not allowed to push code to protected branches"),
        "{}",
        error(&push)
    );
    let branch = world.git(&folder, &["push", "origin", "main:feature"]);
    assert!(branch.status.success(), "{}", error(&branch));
    let owner = world.cloned("harmonix", "aws-apps/shop/cart", "owner");
    world.git(
        &owner,
        &["commit", "--quiet", "--amend", "-m", "Other past"],
    );
    let force = world.git(&owner, &["push", "--force", "origin", "main"]);
    assert!(
        error(&force).contains("not allowed to force push"),
        "{}",
        error(&force)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commit_makes_the_default_branch_and_protects_it() {
    let world = World::start().await;
    let id = world.project("cart").await;
    assert_eq!(
        world.get(&format!("projects/{id}")).await.body["empty_repo"],
        true
    );
    assert_eq!(
        world
            .get(&format!("projects/{id}/repository/tree"))
            .await
            .status,
        404
    );
    world.commit(id, "Start", &[("a", "1")]).await;
    let branch = world
        .get(&format!("projects/{id}/repository/branches/main"))
        .await
        .body;
    assert_eq!(
        (&branch["default"], &branch["protected"]),
        (&json!(true), &json!(true))
    );
    let protection = world
        .get(&format!("projects/{id}/protected_branches/main"))
        .await
        .body;
    assert_eq!(protection["push_access_levels"][0]["access_level"], 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_of_a_commit_is_done_or_none() {
    let world = World::start().await;
    let id = world.project("cart").await;
    let first = world
        .commit(id, "Start", &[("a", "1"), ("b", "1"), ("c d", "1")])
        .await;
    let commits = format!("projects/{id}/repository/commits");
    let send = |actions: Value| {
        let body = json!({ "branch": "main", "commit_message": "Change\n\nHarmonix-Intent: i-1\n", "actions": actions });
        world.post(&commits, body)
    };
    let bad = send(json!([
        { "action": "update", "file_path": "a", "content": "2" },
        { "action": "create", "file_path": "b", "content": "2" },
    ]))
    .await;
    assert_eq!(
        (bad.status, &bad.body),
        (
            400,
            &json!({ "message": "A file with this name already exists: b" })
        )
    );
    let head = world.get(&format!("{commits}/main")).await.body;
    assert_eq!(head["id"], first.as_str());
    let good = send(json!([
        { "action": "update", "file_path": "a", "content": "Mg==", "encoding": "base64", "last_commit_id": first },
        { "action": "move", "file_path": "e/f", "previous_path": "b" },
        { "action": "delete", "file_path": "c d" },
        { "action": "create", "file_path": "run.sh", "content": "#!/bin/sh\n", "execute_filemode": true },
    ]))
    .await;
    assert_eq!(good.status, 201, "{}", good.text);
    assert_eq!(good.body["trailers"]["Harmonix-Intent"], "i-1");
    assert_eq!(good.body["parent_ids"], json!([first]));
    let tree = world
        .get(&format!("projects/{id}/repository/tree?recursive=true"))
        .await
        .body;
    let seen: Vec<(&str, &str)> = tree
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["path"].as_str().unwrap(),
                entry["mode"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("e", "040000"),
            ("a", "100644"),
            ("e/f", "100644"),
            ("run.sh", "100755")
        ]
    );
    let traversal = send(json!([{ "action": "create", "file_path": "../x", "content": "" }])).await;
    assert_eq!(traversal.status, 400);
    let absent = send(json!([{ "action": "update", "file_path": "none", "content": "" }])).await;
    assert_eq!(
        absent.body["message"],
        "A file with this name doesn't exist: none"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_names_the_last_commit_that_touched_its_file() {
    let world = World::start().await;
    let id = world.project("cart").await;
    let first = world.commit(id, "Start", &[("a", "1"), ("b", "1")]).await;
    let second = world.commit(id, "Touch b", &[("b", "2")]).await;
    let update = |path: &str, last: &str| {
        let actions = json!([{ "action": "update", "file_path": path, "content": "3", "last_commit_id": last }]);
        let body = json!({ "branch": "main", "commit_message": "Update", "actions": actions });
        (format!("projects/{id}/repository/commits"), body)
    };
    // Another file's change does not matter: `a` was last touched by the first commit.
    let (path, body) = update("a", &first);
    assert_eq!(world.post(&path, body).await.status, 201);
    let (path, body) = update("b", &first);
    let stale = world.post(&path, body).await;
    assert_eq!(stale.status, 400);
    assert_eq!(
        stale.body["message"],
        "The file has changed since you started editing it: b"
    );
    let file = world
        .get(&format!("projects/{id}/repository/files/b?ref=main"))
        .await;
    assert_eq!(file.body["last_commit_id"], second.as_str());
    assert_eq!(file.header("x-gitlab-last-commit-id"), second);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_tells_of_a_file_what_get_tells() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world.commit(id, "Start", &[("a/b.txt", "hello\n")]).await;
    let path = format!("projects/{id}/repository/files/a%2Fb.txt?ref=main");
    let (get, head) = (
        world.get(&path).await,
        world.ask("harmonix", "HEAD", &path, Value::Null).await,
    );
    // What `git hash-object` answers for this content.
    assert_eq!(
        get.body["blob_id"],
        "ce013625030ba8dba906f756967f9e9ca394464a"
    );
    assert_eq!(
        head.header("x-gitlab-blob-id"),
        "ce013625030ba8dba906f756967f9e9ca394464a"
    );
    assert_eq!(
        head.header("x-gitlab-content-sha256"),
        get.body["content_sha256"].as_str().unwrap()
    );
    assert_eq!(head.header("x-gitlab-size"), "6");
    let raw = world
        .get(&format!("projects/{id}/repository/files/a%2Fb.txt/raw"))
        .await;
    assert_eq!(raw.text, "hello\n");
    let none = world
        .get(&format!("projects/{id}/repository/files/none?ref=main"))
        .await;
    assert_eq!(
        (none.status, none.body),
        (404, json!({ "message": "404 File Not Found" }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_listed_newest_first_with_their_trailers() {
    let world = World::start().await;
    let id = world.project("cart").await;
    world
        .commit(id, "One\n\nHarmonix-Intent: i-1", &[("a", "1")])
        .await;
    world
        .commit(id, "Two\n\nHarmonix-Intent: i-2", &[("a", "2")])
        .await;
    let list = world
        .get(&format!(
            "projects/{id}/repository/commits?trailers=true&per_page=1"
        ))
        .await;
    assert_eq!(
        list.body[0]["trailers"],
        json!({ "Harmonix-Intent": "i-2" })
    );
    assert_eq!(list.header("x-next-page"), "2");
    let path = world
        .get(&format!(
            "projects/{id}/repository/commits?path=a&ref_name=main"
        ))
        .await;
    assert_eq!(path.body.as_array().unwrap().len(), 2);
    assert_eq!(path.body[0]["trailers"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_does_what_json_does() {
    let world = World::start().await;
    let id = world.project("cart").await;
    let form = "branch=main&commit_message=Start&actions[][action]=create&actions[][file_path]=a&actions[][content]=1\
                &actions[][action]=create&actions[][file_path]=b&actions[][content]=2";
    let sent = reqwest::Client::new()
        .post(format!(
            "{}/api/v4/projects/{id}/repository/commits",
            world.url
        ))
        .header("Authorization", "Bearer glpat-harmonix")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 201);
    let tree = world
        .get(&format!("projects/{id}/repository/tree"))
        .await
        .body;
    assert_eq!(tree.as_array().unwrap().len(), 2);
}
