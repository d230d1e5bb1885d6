//! `verify.sh`: whether the provisioning role can be assumed.

use std::collections::BTreeMap;

use super::bench::{Answer, Bench, assert_variables};

const ROLE: &str = "arn:aws:iam::222222222222:role/teams/acme/provisioning";
const DENIED: &str = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity\n";

fn bench() -> Bench {
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        ("HARMONIX_ROLE_ARN", ROLE),
        ("HARMONIX_ID_TOKEN", "an-id-token"),
        ("CI_PROJECT_ID", "1"),
        ("CI_JOB_ID", "2"),
    ];
    Bench {
        script: "ecs-fargate-provider/scripts/verify.sh",
        programs: vec!["aws"],
        variables: variables
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        files: BTreeMap::new(),
        answers: vec![
            // STS leaves a role's path out.
            Answer::says(
                "provisioning|aws sts get-caller-identity*",
                "arn:aws:sts::222222222222:assumed-role/provisioning/harmonix-1-2\n",
            ),
            Answer::says("*|sleep 5", ""),
        ],
        leaves: "none",
    }
}

#[test]
fn a_role_that_can_be_assumed_is_said_to_be() {
    bench().expect("assumed", 0, &["The provisioning role is assumable: arn:aws:sts::222222222222:assumed-role/provisioning/"]);
}

#[test]
fn a_role_that_is_not_known_everywhere_yet_is_asked_for_again() {
    let late = Answer::fails("*|aws sts get-caller-identity*", DENIED).once();
    let told = bench().with(&[late]).expect("late", 0, &["assumable"]);
    assert_eq!(told.calls.len(), 3, "{:?}", told.calls);
}

#[test]
fn a_role_that_cannot_be_assumed_is_told_after_half_a_minute() {
    let never = Answer::fails("*|aws sts get-caller-identity*", DENIED);
    let says = [
        "AccessDenied",
        &format!(
            "harmonix: The provisioning role {ROLE} cannot be assumed with this project's id token"
        ),
    ];
    let told = bench().with(&[never]).expect("never", 1, &says);
    let pauses = told.calls.iter().filter(|call| call.ends_with("sleep 5"));
    assert_eq!(pauses.count(), 5);
}

#[test]
fn another_identity_than_the_role_is_no_proof() {
    let other = Answer::says(
        "*|aws sts get-caller-identity*",
        "arn:aws:iam::222222222222:user/runner\n",
    );
    let says = ["AWS answered as arn:aws:iam::222222222222:user/runner, not as"];
    bench().with(&[other]).expect("other", 1, &says);
}

#[test]
fn a_missing_variable_is_named() {
    assert_variables(bench, &[]);
}
