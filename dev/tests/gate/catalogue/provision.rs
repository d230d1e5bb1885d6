//! `provision.sh`: Terraform run as the bootstrap role, with its state in GitLab.

use super::bench::{Answer, Bench, assert_variables};

fn bench() -> Bench {
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        (
            "HARMONIX_ROLE_ARN",
            "arn:aws:iam::222222222222:role/acme-bootstrap-role",
        ),
        ("HARMONIX_STATE_NAME", "provider"),
        ("HARMONIX_ID_TOKEN", "an-id-token"),
        ("CI_API_V4_URL", "https://gitlab.example.com/api/v4"),
        ("CI_PROJECT_ID", "1"),
        ("CI_JOB_ID", "2"),
        ("CI_JOB_TOKEN", "a-job-token"),
    ];
    let state =
        r#"printf 'state at %s as %s\n' "$TF_HTTP_ADDRESS" "$TF_HTTP_USERNAME:$TF_HTTP_PASSWORD""#;
    Bench {
        script: "ecs-fargate-provider/scripts/provision.sh",
        programs: vec!["terraform"],
        variables: variables
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        files: [(".harmonix/provider.tfvars.json", "{}".to_owned())].into(),
        answers: vec![
            Answer::says("acme-bootstrap-role|* -chdir=infrastructure init *", "").doing(state),
            Answer::says(
                "acme-bootstrap-role|* -chdir=infrastructure apply *",
                "Apply complete!\n",
            ),
        ],
        leaves: "none",
    }
}

#[test]
fn the_infrastructure_is_applied_as_the_bootstrap_role_with_its_state_in_gitlab() {
    let says = [
        "state at https://gitlab.example.com/api/v4/projects/1/terraform/state/provider as gitlab-ci-token:a-job-token",
        "Apply complete!",
    ];
    let told = bench().expect("applied", 0, &says);
    assert!(told.called(&[
        "terraform",
        " apply ",
        "-auto-approve",
        "/.harmonix/provider.tfvars.json"
    ]));
}

#[test]
fn opentofu_does_as_well() {
    let mut tofu = bench();
    tofu.programs = vec!["tofu"];
    assert!(
        tofu.expect("tofu", 0, &["Apply complete!"])
            .called(&["tofu", " apply "])
    );
    let says = ["harmonix: Neither terraform nor tofu is on the runner"];
    bench().without("terraform").expect("neither", 1, &says);
}

#[test]
fn what_terraform_could_not_do_is_said() {
    let init = Answer::fails("*|terraform * init *", "Error: no state\n");
    let says = [
        "Error: no state",
        "harmonix: Terraform could not be prepared",
    ];
    bench().with(&[init]).expect("init", 1, &says);
    let apply = Answer::fails("*|terraform * apply *", "Error: creating VPC\n");
    let says = [
        "Error: creating VPC",
        "harmonix: Terraform could not build the provider as arn:aws:iam::222222222222:role/acme-bootstrap-role",
    ];
    bench().with(&[apply]).expect("apply", 1, &says);
}

#[test]
fn what_is_missing_is_named() {
    assert_variables(bench, &[]);
    let mut bare = bench();
    bare.files.clear();
    bare.expect(
        "no parameters",
        1,
        &["/.harmonix/provider.tfvars.json is missing: the controller writes it"],
    );
}
