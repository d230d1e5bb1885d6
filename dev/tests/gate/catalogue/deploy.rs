//! `deploy.sh`: it ends well only where the service runs the release's very image.

#[path = "deploy/image.rs"]
mod image;

use super::bench::{Answer, Bench, assert_programs, assert_variables};

const RELEASE: &str = "4f1c9c1e2d3b4a5968778695a4b3c2d1e0f00112";
const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const HOME: &str = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/acme/shop/cart";
const AWAY: &str = "333333333333.dkr.ecr.eu-central-1.amazonaws.com/acme/shop/cart";
const SERVICE: &str = "*|aws ecs describe-services *ACTIVE*";
const DEFINITION: &str = "arn:aws:ecs:eu-west-1:222222222222:task-definition/cart";

/// Where the release is at home.
fn bench() -> Bench {
    let image = format!("{HOME}@{DIGEST}");
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        (
            "HARMONIX_ROLE_ARN",
            "arn:aws:iam::222222222222:role/dev-role",
        ),
        ("HARMONIX_ENVIRONMENT", "dev"),
        ("HARMONIX_RELEASE", RELEASE),
        ("HARMONIX_IMAGE", &image),
        ("HARMONIX_CONFIGURATION", "c0ffee"),
        ("HARMONIX_PROVIDER_PREFIX", "acme"),
        ("HARMONIX_PROVIDER_NAME", "dev-eu"),
        ("HARMONIX_NAME", "cart"),
        ("HARMONIX_REPOSITORY", "acme/shop/cart"),
        ("HARMONIX_STATE_NAME", "dev-dev-eu"),
        ("HARMONIX_ID_TOKEN", "an-id-token"),
        ("CI_API_V4_URL", "https://gitlab.example.com/api/v4"),
        ("CI_PROJECT_ID", "1"),
        ("CI_JOB_ID", "2"),
        ("CI_JOB_TOKEN", "a-job-token"),
    ];
    let registries = "arn:aws:iam::222222222222:role/dev-role eu-west-1 acme/shop/cart\n\
                      arn:aws:iam::333333333333:role/prod-role eu-central-1 acme/shop/cart\n";
    Bench {
        script: "node-service/owned/deploy.sh",
        programs: vec!["aws", "git", "skopeo", "terraform"],
        variables: variables
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        files: [
            (".harmonix/environments/dev.tfvars.json", "{}".to_owned()),
            (".harmonix/environments/prod.tfvars.json", "{}".to_owned()),
            (".harmonix/registries", registries.to_owned()),
            ("infrastructure/newer.tf", "of a later commit".to_owned()),
        ]
        .into(),
        answers: vec![
            Answer::says("*|git cat-file *", ""),
            // What came after the release is gone before its own folder comes back.
            Answer::says("*|git checkout *", "")
                .doing("[ ! -e infrastructure/newer.tf ] || exit 96"),
            Answer::says(
                "dev-role|aws ecr describe-repositories --region eu-west-1 *",
                format!("{HOME}\n"),
            ),
            Answer::says(
                "prod-role|aws ecr describe-repositories --region eu-central-1 *",
                format!("{AWAY}\n"),
            ),
            Answer::says("*|aws ecr get-login-password *", "password"),
            Answer::says("*|skopeo login *", ""),
            Answer::says(
                "*|aws ssm get-parameter --name /acme/*/ecs-cluster *",
                "cluster-arn\n",
            ),
            // Before the deployment.
            deployment("ecs-svc/1", 1, "COMPLETED", 1).once(),
            Answer::says("*|terraform -chdir=infrastructure init *", ""),
            Answer::says("*|terraform -chdir=infrastructure apply *", "")
                .doing(r#"printf '%s\n' "applied $TF_VAR_image""#),
            Answer::says(
                "*|terraform -chdir=infrastructure output *",
                format!("{DEFINITION}:2"),
            ),
            Answer::says(
                "*|aws ecs describe-task-definition *",
                format!("{HOME}@{DIGEST}\n"),
            ),
            // And after it.
            deployment("ecs-svc/2", 2, "COMPLETED", 1),
            Answer::says(
                "*|aws ecs describe-services *events*",
                "(service cart) is unhappy\n",
            ),
            Answer::says("*|aws ecs list-tasks *", "task-1\ttask-2\n"),
            Answer::says(
                "*|aws ecs describe-tasks *--tasks task-1 task-2 *",
                "Task failed ELB health checks\tNone\t137\n",
            ),
            Answer::says("*|sleep 3", ""),
        ],
        leaves: "none",
    }
}

fn deployment(id: &str, revision: u32, rollout: &str, running: u32) -> Answer {
    Answer::says(
        SERVICE,
        format!("{id}\t{DEFINITION}:{revision}\t{rollout}\t{running}\t1\n"),
    )
}

/// The answer to the look before the deployment, then these.
fn after(answers: &[Answer]) -> Vec<Answer> {
    let mut all = vec![deployment("ecs-svc/1", 1, "COMPLETED", 1).once()];
    all.extend_from_slice(answers);
    all
}

#[test]
fn a_completed_roll_out_of_the_release_ends_well() {
    let image = format!("{HOME}@{DIGEST}");
    let says = [
        &*format!("applied {image}"),
        "Roll-out: 1 of 1 tasks run (COMPLETED)",
        &*format!("Environment dev runs release {RELEASE} as {image}"),
    ];
    let told = bench().expect("completed", 0, &says);
    // At home nothing is copied, and nobody logs in to a registry.
    assert!(!told.called(&["skopeo"]), "{:?}", told.calls);
    assert!(told.called(&["apply", "/.harmonix/environments/dev.tfvars.json"]));
}

#[test]
fn the_first_deployment_finds_no_service_and_waits_until_it_is_stable() {
    let slow = [
        Answer::says(SERVICE, "None\n").once(),
        deployment("ecs-svc/2", 2, "IN_PROGRESS", 0).once(),
        deployment("ecs-svc/2", 2, "IN_PROGRESS", 0).once(),
        deployment("ecs-svc/2", 2, "COMPLETED", 1),
    ];
    let told = bench().with(&slow).expect(
        "slow",
        0,
        &["Roll-out: 0 of 1 tasks run (IN_PROGRESS)\nRoll-out: 1 of 1"],
    );
    assert_eq!(
        told.calls
            .iter()
            .filter(|call| call.contains("sleep 3"))
            .count(),
        2
    );
}

#[test]
fn a_service_that_does_not_run_the_release_ends_badly_and_says_why() {
    let other = format!("{HOME}@sha256:{}", "b".repeat(64));
    let cases: [(&str, Vec<Answer>, &[&str]); 5] = [
        (
            "failed",
            after(&[deployment("ecs-svc/2", 2, "FAILED", 0)]),
            &[
                "(service cart) is unhappy",
                "ELB health checks\tNone\t137",
                "did not become healthy with release",
            ],
        ),
        (
            "rolled back",
            after(&[deployment("ecs-svc/3", 1, "COMPLETED", 1)]),
            &[
                "(service cart) is unhappy",
                "The service cart runs cart:1 and not cart:2",
                "so ECS took release",
            ],
        ),
        (
            "another image",
            vec![Answer::says(
                "*|aws ecs describe-task-definition *",
                format!("{other}\n"),
            )],
            &[
                "infrastructure/ deploys",
                &other,
                "its container application must run var.image",
            ],
        ),
        (
            "no service",
            after(&[Answer::says(SERVICE, "None\n")]),
            &["There is no service cart after the deployment"],
        ),
        (
            "unreadable",
            after(&[Answer::fails(SERVICE, "AccessDenied\n")]),
            &[
                "AccessDenied",
                "The service cart could not be read as arn:aws:iam::222222222222:role/dev-role",
            ],
        ),
    ];
    for (name, answers, says) in cases {
        bench().with(&answers).expect(name, 1, says);
    }
}

#[test]
fn a_roll_out_that_never_ends_is_given_up() {
    let never = after(&[deployment("ecs-svc/2", 2, "IN_PROGRESS", 0)]);
    let says = [
        "(service cart) is unhappy",
        "harmonix: The service cart is not stable after 6 seconds (0 of 1 tasks run)",
    ];
    bench()
        .set("HARMONIX_DEPLOY_TIMEOUT", "6")
        .with(&never)
        .expect("timeout", 1, &says);
}

#[test]
fn a_roll_out_that_failed_before_is_started_again() {
    let failed = [
        deployment("ecs-svc/2", 2, "FAILED", 0).once(),
        deployment("ecs-svc/2", 2, "FAILED", 0).once(),
        deployment("ecs-svc/3", 2, "COMPLETED", 1),
        Answer::says("*|aws ecs update-service *", "{}"),
    ];
    let told =
        bench()
            .with(&failed)
            .expect("again", 0, &["failed: it is started again", "runs release"]);
    assert!(told.called(&["update-service", "--service cart", "--force-new-deployment"]));
}

#[test]
fn a_release_that_is_not_in_the_repository_is_told() {
    let absent = Answer::fails("*|git cat-file *", "");
    let fetched = Answer::says("*|git fetch *", "");
    bench()
        .with(&[absent.clone(), fetched])
        .expect("fetched", 0, &["runs release"]);
    let gone = Answer::fails("*|git fetch *", "not our ref\n");
    bench().with(&[absent, gone]).expect(
        "gone",
        1,
        &["cannot be fetched", "deploy another release"],
    );
    let bare = Answer::fails("*|git checkout *", "no such path\n");
    bench()
        .with(&[bare])
        .expect("bare", 1, &["has no folder infrastructure"]);
}

#[test]
fn each_step_that_fails_says_so() {
    let cases = [
        (
            "*|aws ssm get-parameter *",
            "does not say which cluster it has",
        ),
        ("*|terraform * init *", "Terraform could not be prepared"),
        (
            "*|terraform * apply *",
            "Terraform could not deploy cart as arn:aws:iam::222222222222:role/dev-role",
        ),
        (
            "*|terraform * output *",
            "infrastructure/ has no output task_definition_arn",
        ),
        (
            "*|aws ecs describe-task-definition *",
            "could not be read: the error above says why",
        ),
    ];
    for (pattern, says) in cases {
        bench()
            .with(&[Answer::fails(pattern, "what it said\n")])
            .expect(says, 1, &["what it said", "harmonix: ", says]);
    }
}

#[test]
fn what_is_missing_or_odd_is_named() {
    assert_variables(bench, &[]);
    assert_programs(bench, &["aws", "git", "skopeo"]);
    bench().without("terraform").expect(
        "terraform",
        1,
        &["Neither terraform nor tofu is on the runner"],
    );
    let odd = [
        ("HARMONIX_RELEASE", "main", "not a commit"),
        (
            "HARMONIX_ENVIRONMENT",
            "../dev",
            "not the name of an environment",
        ),
        ("HARMONIX_IMAGE", "cart:latest", "not an image by digest"),
    ];
    for (name, value, says) in odd {
        assert!(
            bench()
                .set(name, value)
                .expect(name, 1, &[says])
                .calls
                .is_empty()
        );
    }
    for (file, says) in [
        (".harmonix/registries", "registries is missing"),
        (
            ".harmonix/environments/dev.tfvars.json",
            "dev.tfvars.json is missing",
        ),
    ] {
        let mut bare = bench();
        bare.files.remove(file);
        bare.expect(file, 1, &[says, "the controller writes it"]);
    }
}
