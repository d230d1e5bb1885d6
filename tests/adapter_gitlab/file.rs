//! Commits and trees.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harmonix::domain::failure::FailureKind;
use harmonix::domain::file::{File, FileAction, LastCommit};
use harmonix::domain::forge::Commit;
use harmonix::domain::intent::IntentId;
use harmonix::ports::Files;
use serde_json::{Value, json};

use crate::stub::{Reply, Stub};

const INTENT: &str = "0190a1b2c3d4e5f60718293a4b5c6d7e";

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    fields.iter().map(owned).collect()
}

#[tokio::test]
async fn a_commit_is_one_post_with_every_action_in_order() {
    let stub = Stub::answering([Reply::json(json!({ "id": "c0ffee" }))]).await;
    let commit = Commit {
        project: "apps/shop/cart".into(),
        branch: "main".into(),
        message: format!("Put files in place\n\nHarmonix-Intent: {INTENT}"),
        actions: vec![
            FileAction::Create(File::new("README.md", "Grüße + & = %\n")),
            FileAction::Create(File {
                executable: true,
                ..File::new(".harmonix/build.sh", "")
            }),
            FileAction::Update {
                file: File::new("catalog-info.yaml", "kind: Component\n"),
                last_commit: "aaa".into(),
            },
            FileAction::Delete {
                path: "old.txt".into(),
                last_commit: "bbb".into(),
            },
        ],
    };
    assert_eq!(stub.host().commit(&commit).await.unwrap(), "c0ffee");
    assert_eq!(
        stub.lines(),
        ["POST /projects/apps%2Fshop%2Fcart/repository/commits"]
    );
    let readme = STANDARD.encode("Grüße + & = %\n");
    let catalog = STANDARD.encode("kind: Component\n");
    let message = format!("Put files in place\n\nHarmonix-Intent: {INTENT}");
    let (action, path) = ("actions[][action]", "actions[][file_path]");
    let (content, encoding) = ("actions[][content]", "actions[][encoding]");
    assert_eq!(
        stub.asked()[0].form(),
        pairs(&[
            ("branch", "main"),
            ("commit_message", &message),
            ("stats", "false"),
            (action, "create"),
            (path, "README.md"),
            (content, &readme),
            (encoding, "base64"),
            (action, "create"),
            (path, ".harmonix/build.sh"),
            (content, ""),
            (encoding, "base64"),
            (action, "chmod"),
            (path, ".harmonix/build.sh"),
            ("actions[][execute_filemode]", "true"),
            (action, "update"),
            (path, "catalog-info.yaml"),
            (content, &catalog),
            (encoding, "base64"),
            ("actions[][last_commit_id]", "aaa"),
            (action, "delete"),
            (path, "old.txt"),
            ("actions[][last_commit_id]", "bbb"),
        ]),
        "and never force, author or start_branch"
    );
}

#[tokio::test]
async fn a_commit_of_ours_is_found_by_its_trailer_alone() {
    let commits = json!([
        { "id": "newer", "title": "Fix", "message": format!("Fix\n\nReverts {INTENT}\n") },
        { "id": "ours", "title": "Put", "message": format!("Put\n\nRequested-By: jane\nHarmonix-Intent: {INTENT}\n") },
    ]);
    let stub = Stub::answering([
        Reply::json(commits),
        Reply::json(json!([])),
        Reply::new(404, r#"{"message":"404 Repository Not Found"}"#),
    ])
    .await;
    let (host, intent) = (stub.host(), IntentId::parse(INTENT).unwrap());
    let since = "2026-01-02T03:04:05.678Z".parse().unwrap();
    let find = || host.find_commit("apps/shop/cart", "main", &intent, since);
    assert_eq!(find().await.unwrap().as_deref(), Some("ours"));
    assert_eq!(find().await.unwrap(), None);
    assert_eq!(find().await.unwrap(), None, "an empty repository has none");
    assert_eq!(
        stub.lines()[0],
        "GET /projects/apps%2Fshop%2Fcart/repository/commits?ref_name=main&since=2026-01-02T03%3A03%3A05Z&per_page=100&page=1"
    );
}

#[tokio::test]
async fn a_commit_of_ours_is_found_below_whatever_was_pushed_since() {
    let newer = |n: usize| json!({ "id": format!("newer-{n}"), "message": "Fix\n" });
    let ours = json!({ "id": "ours", "message": format!("Put\n\nHarmonix-Intent: {INTENT}\n") });
    let stub = Stub::answering([
        Reply::json((0..100).map(newer).collect()),
        Reply::json(json!([newer(100), ours])),
    ])
    .await;
    let (host, intent) = (stub.host(), IntentId::parse(INTENT).unwrap());
    let since = "2026-01-02T03:04:05Z".parse().unwrap();
    let found = host.find_commit("apps/shop/cart", "main", &intent, since);
    assert_eq!(found.await.unwrap().as_deref(), Some("ours"));
    assert!(stub.lines()[1].ends_with("&page=2"), "{:?}", stub.lines());
}

fn entry(path: &str, kind: &str) -> Value {
    json!({ "id": format!("blob of {path}"), "name": path, "path": path, "type": kind, "mode": "100644" })
}

#[tokio::test]
async fn the_tree_is_the_root_and_our_folder_page_by_page() {
    let mut root: Vec<Value> = (0..99)
        .map(|n| entry(&format!("file-{n}"), "blob"))
        .collect();
    root.insert(0, entry(".harmonix", "tree"));
    let stub = Stub::answering([
        Reply::json(root.into()),
        Reply::json(json!([entry("README.md", "blob"), entry("src", "tree")])),
        Reply::json(json!([
            entry(".harmonix/environments", "tree"),
            entry(".harmonix/pipeline.yml", "blob"),
            entry(".harmonix/environments/dev.tfvars.json", "blob")
        ])),
    ])
    .await;
    let tree = stub
        .host()
        .tree("apps/shop/cart", "main", &[".harmonix".to_owned()])
        .await
        .unwrap();
    assert_eq!(tree.len(), 99 + 1 + 2, "files alone");
    assert_eq!(tree[99].path, "README.md");
    assert_eq!(tree[100].blob, "blob of .harmonix/pipeline.yml");
    let at = "GET /projects/apps%2Fshop%2Fcart/repository/tree?ref=main";
    assert_eq!(
        stub.lines(),
        [
            format!("{at}&per_page=100&page=1"),
            format!("{at}&per_page=100&page=2"),
            format!("{at}&path=.harmonix&recursive=true&per_page=100&page=1"),
        ]
    );
}

#[tokio::test]
async fn an_empty_repository_has_no_tree_and_one_without_our_folder_has_no_files_of_ours() {
    let stub = Stub::answering([
        Reply::new(404, r#"{"message":"404 Tree Not Found"}"#),
        Reply::json(json!([entry("README.md", "blob")])),
        Reply::json(json!([entry(".harmonix", "tree")])),
        Reply::new(
            404,
            r#"{"message":"404 invalid revision or path Not Found"}"#,
        ),
    ])
    .await;
    let host = stub.host();
    let failure = host
        .tree("apps/shop/cart", "main", &[".harmonix".to_owned()])
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Missing);
    assert_eq!(
        host.tree("apps/shop/cart", "main", &[".harmonix".to_owned()])
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        host.tree("apps/shop/cart", "main", &[".harmonix".to_owned()])
            .await
            .unwrap(),
        []
    );
    assert_eq!(stub.lines().len(), 4);
}

#[tokio::test]
async fn the_last_commit_of_a_file_comes_with_the_file() {
    let stub = Stub::answering([
        Reply::json(json!({ "blob_id": "b", "commit_id": "head", "last_commit_id": "aaa" })),
        Reply::new(404, r#"{"message":"404 File Not Found"}"#),
    ])
    .await;
    let host = stub.host();
    let last = |path: &'static str| host.last_commit_of("apps/shop/cart", "main", path);
    assert_eq!(
        last(".harmonix/pipeline.yml").await.unwrap(),
        Some(LastCommit {
            commit: "aaa".into(),
            blob: "b".into()
        })
    );
    assert_eq!(last("none").await.unwrap(), None);
    assert_eq!(
        stub.lines()[0],
        "GET /projects/apps%2Fshop%2Fcart/repository/files/.harmonix%2Fpipeline.yml?ref=main"
    );
}
