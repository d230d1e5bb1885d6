//! Owned files follow the spec; seeded ones belong to the developers.

use super::manifest::application;
use super::stage::Stage;
use super::worktree::Worktree;

#[tokio::test]
async fn an_edited_owned_file_is_corrected_by_one_commit_and_seeded_files_are_left_alone() {
    let stage = Stage::enter("drift").await;
    stage.settle(&application("drift", "cart", &["dev"])).await;
    let project = stage.project("cart");
    let clone = Worktree::clone(stage.world, &project);
    let pipeline = clone.read(".harmonix/pipeline.yml");
    clone.write(
        ".harmonix/pipeline.yml",
        &format!("{pipeline}\n# by hand\n"),
    );
    clone.write("README.md", "ours now\n");
    clone.git(&["rm", "--quiet", "catalog-info.yaml"]);
    let mark = stage.trail.mark();
    let commit = clone.push("by hand");

    let is_running = |object: &serde_json::Value| {
        super::cluster::is_settled(object)
            && object["status"]["deployments"][0]["revision"] == commit.as_str()
    };
    stage
        .cluster
        .wait_until("Application", "drift/cart", "running the push", is_running)
        .await;
    // A few resyncs more change nothing.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let writes = stage.trail.gitlab_writes(mark, &project);
    assert_eq!(
        writes
            .iter()
            .filter(|write| *write == "commits.create")
            .count(),
        1,
        "{writes:?}"
    );
    clone.pull();
    assert_eq!(clone.read(".harmonix/pipeline.yml"), pipeline);
    assert_eq!(clone.read("README.md"), "ours now\n");
    assert!(clone.read("catalog-info.yaml").contains("cart"));
}

#[tokio::test]
async fn a_removed_seeded_file_stays_removed() {
    let stage = Stage::enter("seeded").await;
    stage.settle(&application("seeded", "cart", &["dev"])).await;
    let project = stage.project("cart");
    let clone = Worktree::clone(stage.world, &project);
    clone.git(&["rm", "--quiet", ".gitlab-ci.yml"]);
    let mark = stage.trail.mark();
    let commit = clone.push("without tests of our own");
    let is_running = |object: &serde_json::Value| {
        super::cluster::is_settled(object)
            && object["status"]["deployments"][0]["revision"] == commit.as_str()
    };
    stage
        .cluster
        .wait_until("Application", "seeded/cart", "running the push", is_running)
        .await;
    assert_eq!(
        stage.trail.gitlab_writes(mark, &project),
        ["pipelines.create"]
    );
}
