//! `build.sh`: one image a commit, whoever pushes it.

use std::collections::BTreeMap;

use super::bench::{Answer, Bench, Told, assert_programs, assert_variables};

const COMMIT: &str = "4f1c9c1e2d3b4a5968778695a4b3c2d1e0f00112";
const URI: &str = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/acme/shop/cart";
const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const READ: &str = "acme-dev-provisioning-role|aws ecr describe-repositories *";
const MAKE: &str = "acme-dev-provisioning-role|aws ecr create-repository *";
const LOOK: &str = "*|skopeo inspect *";
const PUSH: &str = "*|buildah * push *";
const ABSENT: &str = "An error occurred (RepositoryNotFoundException): no such repository\n";

fn bench() -> Bench {
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        (
            "HARMONIX_ROLE_ARN",
            "arn:aws:iam::222222222222:role/acme-dev-provisioning-role",
        ),
        ("HARMONIX_REPOSITORY", "acme/shop/cart"),
        ("HARMONIX_NODE_IMAGE", "registry.example.com/node@sha256:bb"),
        ("HARMONIX_ID_TOKEN", "an-id-token"),
        ("CI_COMMIT_SHA", COMMIT),
        ("CI_PROJECT_ID", "1"),
        ("CI_JOB_ID", "2"),
    ];
    let image = r#"while [ "$1" != --iidfile ]; do shift; done; printf 'sha256:cc' >"$2""#;
    Bench {
        script: "node-service/owned/build.sh",
        programs: vec!["aws", "buildah", "git", "skopeo"],
        variables: variables
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        files: BTreeMap::new(),
        answers: vec![
            Answer::says(READ, format!("{URI}\n")),
            Answer::says(
                "acme-dev-provisioning-role|aws ecr get-login-password",
                "password",
            ),
            Answer::says("*|buildah login *", ""),
            unknown(),
            Answer::says("*|git show *", "1700000000\n"),
            Answer::says("*|buildah * bud *", "").doing(image),
            Answer::says(PUSH, ""),
            Answer::says(LOOK, format!("{DIGEST}\n")),
        ],
        leaves: "release.json",
    }
}

/// The registry does not know the tag: what it says the first time.
fn unknown() -> Answer {
    Answer::fails(LOOK, "reading manifest: manifest unknown\n").once()
}

fn assert_release(told: &Told) {
    let release: serde_json::Value = serde_json::from_str(told.left.as_ref().unwrap()).unwrap();
    let expected = serde_json::json!({ "commit": COMMIT, "image": format!("{URI}@{DIGEST}"), "digest": DIGEST });
    assert_eq!(release, expected);
}

/// The release that the script tells of in the file it leaves, which is the job's artifact.
pub fn release() -> (&'static str, serde_json::Value) {
    let told = bench().expect("release", 0, &[]);
    let text = told.left.unwrap();
    (bench().leaves, serde_json::from_str(&text).unwrap())
}

#[test]
fn a_commit_is_built_pushed_and_told_by_digest() {
    let told = bench().expect(
        "built",
        0,
        &[&format!("Release {COMMIT} is {URI}@{DIGEST}")],
    );
    assert_release(&told);
    let base = "--build-arg NODE_IMAGE=registry.example.com/node@sha256:bb";
    assert!(
        told.called(&["bud", "--timestamp 1700000000", base]),
        "{:?}",
        told.calls
    );
    assert!(told.called(&["push", &format!("sha256:cc docker://{URI}:{COMMIT}")]));
}

#[test]
fn an_image_that_exists_is_not_built_again() {
    let there = Answer::says(LOOK, format!("{DIGEST}\n"));
    let told = bench()
        .with(&[there])
        .expect("there", 0, &["exists already; nothing is built"]);
    assert_release(&told);
    assert!(
        !told.called(&["bud"]) && !told.called(&["push"]),
        "{:?}",
        told.calls
    );
}

#[test]
fn a_repository_that_is_absent_is_made() {
    let absent = Answer::fails(READ, ABSENT).once();
    let made = Answer::says(MAKE, "{}");
    let told = bench().with(&[absent.clone(), made]).expect("made", 0, &[]);
    assert_release(&told);
    assert!(told.called(&[
        "create-repository",
        "acme/shop/cart",
        "IMMUTABLE",
        "scanOnPush=true"
    ]));

    // Somebody else was faster.
    let exists = "An error occurred (RepositoryAlreadyExistsException): it exists\n";
    let told = bench()
        .with(&[absent, Answer::fails(MAKE, exists)])
        .expect("exists", 0, &[]);
    assert_release(&told);
}

#[test]
fn a_repository_out_of_reach_is_told_with_what_aws_said() {
    const DENIED: &str = "An error occurred (AccessDeniedException): not authorized\n";
    let role = "acme/shop/cart could not be read as arn:aws:iam::222222222222:role/acme-dev-provisioning-role";
    let told =
        bench()
            .with(&[Answer::fails(READ, DENIED)])
            .expect("read", 1, &["AccessDenied", role]);
    assert!(!told.called(&["create-repository"]), "{:?}", told.calls);
    let absent = Answer::fails(READ, ABSENT);
    let says = [
        "AccessDenied",
        "harmonix: The repository acme/shop/cart could not be made as",
    ];
    bench()
        .with(&[absent.clone(), Answer::fails(MAKE, DENIED)])
        .expect("make", 1, &says);
    let says = ["harmonix: The repository acme/shop/cart was made but cannot be read"];
    bench()
        .with(&[absent, Answer::says(MAKE, "")])
        .expect("made", 1, &says);
}

#[test]
fn a_tag_that_another_job_pushed_first_counts() {
    let refused = Answer::fails(
        PUSH,
        "tag invalid: The image tag already exists and is immutable\n",
    );
    let told = bench()
        .with(std::slice::from_ref(&refused))
        .expect("pushed", 0, &["immutable"]);
    assert_release(&told);
    // Refused, and yet nothing there.
    let never = Answer::fails(LOOK, "reading manifest: manifest unknown\n");
    let says = [&*format!(
        "harmonix: The image could not be pushed to {URI}"
    )];
    let told = bench()
        .with(&[refused, never])
        .expect("not pushed", 1, &says);
    assert_eq!(told.left, None);
}

#[test]
fn each_step_that_fails_says_so_and_leaves_no_release() {
    let never = Answer::fails(LOOK, "reading manifest: manifest unknown\n");
    let cases = [
        (
            Answer::fails("*|aws ecr get-login-password*", "denied\n"),
            "No log-in to the registry was given to",
        ),
        (
            Answer::fails("*|buildah login *", "denied\n"),
            "amazonaws.com refused the log-in",
        ),
        (
            Answer::fails(LOOK, "unauthorized: no\n"),
            "could not say whether",
        ),
        (
            Answer::fails("*|git show *", "bad object\n"),
            "is not in this checkout",
        ),
        (
            Answer::fails("*|buildah * bud *", "npm failed\n"),
            "The image could not be built",
        ),
        (never, "after its push: run the job again"),
    ];
    for (answer, says) in cases {
        let told = bench()
            .with(&[answer])
            .expect(says, 1, &["harmonix: ", says]);
        assert_eq!(told.left, None, "{says}");
    }
}

#[test]
fn what_is_missing_is_named() {
    assert_variables(bench, &[]);
    assert_programs(bench, &["aws", "buildah", "git", "skopeo"]);
}
