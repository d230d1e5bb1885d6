//! `deploy.sh`: where the release's image is, and how it gets to where it is to run.

use super::super::bench::{Answer, Bench};
use super::{AWAY, DIGEST, HOME, RELEASE, bench};

/// Where it is not: a provider of another account and region.
fn away() -> Bench {
    bench()
        .set("AWS_REGION", "eu-central-1")
        .set(
            "HARMONIX_ROLE_ARN",
            "arn:aws:iam::333333333333:role/prod-role",
        )
        .set("HARMONIX_ENVIRONMENT", "prod")
        .set("HARMONIX_PROVIDER_NAME", "prod-eu")
        .with(&[Answer::says("prod-role|skopeo copy *", "")])
}

#[test]
fn an_image_in_another_account_is_read_with_the_role_of_the_place_that_has_it() {
    let copied = away().with(&[Answer::fails("*|skopeo inspect *", "manifest unknown\n")]);
    let told = copied.expect(
        "copied",
        0,
        &[&format!("runs release {RELEASE} as {AWAY}@{DIGEST}")],
    );
    assert!(
        told.called(&["dev-role|aws ecr get-login-password --region eu-west-1"]),
        "{:?}",
        told.calls
    );
    assert!(told.called(&["prod-role|aws ecr get-login-password --region eu-central-1"]));
    let (from, to) = (
        format!("docker://{HOME}@{DIGEST}"),
        format!("docker://{AWAY}:{RELEASE}"),
    );
    assert!(told.called(&[
        "skopeo copy --all --preserve-digests",
        &format!("{from} {to}")
    ]));
    // What runs afterwards runs as the provider's own role.
    assert!(told.called(&["prod-role|terraform", " apply ", "prod.tfvars.json"]));
    assert!(!told.called(&["dev-role|terraform"]));
}

#[test]
fn an_image_that_was_copied_before_is_not_copied_again() {
    let there = away().with(&[Answer::says("*|skopeo inspect *", "{}")]);
    let told = there.expect("there", 0, &[&format!("The image is in {AWAY} already.")]);
    assert!(
        !told.called(&["skopeo copy"]) && !told.called(&["dev-role|aws"]),
        "{:?}",
        told.calls
    );
}

#[test]
fn an_image_that_cannot_be_had_is_told() {
    let unknown = Answer::fails("*|skopeo inspect *", "manifest unknown\n");
    let denied = Answer::fails("dev-role|aws ecr *", "AccessDenied: dev-role\n");
    let says = [
        "AccessDenied: dev-role",
        &format!("None of this application's providers has {HOME}"),
    ];
    away()
        .with(&[unknown.clone(), denied])
        .expect("nowhere", 1, &says);
    let broken = Answer::fails("*|skopeo copy *", "connection reset\n");
    let says = [
        "connection reset",
        &format!("The image could not be copied from {HOME} to {AWAY}"),
    ];
    away().with(&[unknown, broken]).expect("broken", 1, &says);
}

#[test]
fn a_repository_that_is_absent_where_the_release_goes_is_made() {
    const READ: &str = "prod-role|aws ecr describe-repositories *";
    let answers = [
        Answer::fails(READ, "An error occurred (RepositoryNotFoundException)\n").once(),
        Answer::fails(
            "prod-role|aws ecr create-repository *",
            "An error occurred (RepositoryAlreadyExistsException)\n",
        ),
        Answer::fails("*|skopeo inspect *", "manifest unknown\n"),
    ];
    away()
        .with(&answers)
        .expect("made meanwhile", 0, &["runs release"]);
    let denied = Answer::fails(READ, "An error occurred (AccessDenied)\n");
    let says = [
        "AccessDenied",
        "The repository acme/shop/cart could not be read as",
    ];
    away().with(&[denied]).expect("denied", 1, &says);
}
