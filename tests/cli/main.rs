//! The binary's command line: what is wrong with it is one sentence.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod metrics;
mod traces;

mod chart;
mod rights;

use std::path::Path;
use std::process::{Command, Output};

use clap::CommandFactory as _;
use harmonix::cli::Cli;

const DIGEST: &str = "registry.example.com/tool@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Runs the binary with these arguments and variables, and nothing of ours.
fn harmonix(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_harmonix"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// The one line that a refused command line is answered with.
fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = harmonix(arguments, variables);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(output.stdout.is_empty());
    assert_eq!(told.matches('\n').count(), 1, "{told}");
    assert!(
        told.starts_with("harmonix: ") && told.ends_with('\n'),
        "{told}"
    );
    told.trim_end().to_owned()
}

/// Everything that has to be given, in these files.
fn complete(folder: &Path) -> Vec<(&'static str, String)> {
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    vec![
        ("HARMONIX_GITLAB_URL", "https://gitlab.example.com".into()),
        ("HARMONIX_GITLAB_TOKEN_FILE", file("token", "glpat-x")),
        (
            "HARMONIX_INSTALLATION_KEY_FILE",
            file("key", "0123456789abcdef0123456789abcdef"),
        ),
        (
            "HARMONIX_CONTROLLER_PRINCIPAL",
            "arn:aws:iam::111111111111:role/harmonix".into(),
        ),
        ("HARMONIX_TERRAFORM_IMAGE", DIGEST.into()),
        ("HARMONIX_BUILD_IMAGE", DIGEST.into()),
        ("HARMONIX_NODE_IMAGE", DIGEST.into()),
        // Tests run side by side.
        ("HARMONIX_LISTEN", "127.0.0.1:0".into()),
    ]
}

/// What is said when everything is given, save that these variables are otherwise.
fn refused_with(changes: &[(&'static str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut variables = complete(folder.path());
    variables.extend(
        changes
            .iter()
            .map(|&(name, value)| (name, value.to_owned())),
    );
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    refused(&["run"], &variables)
}

/// That this value is refused in one sentence that names its option and says why, and repeats no secret.
fn assert_told(variable: &'static str, value: &str, why: &str) {
    let told = refused_with(&[(variable, value)]);
    assert!(told.contains(&format!("({variable}) ")), "{told}");
    assert!(told.contains(why), "{told}");
    assert_eq!(told.matches("(HARMONIX_").count(), 1, "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn everything_that_is_missing_is_named_at_once_with_its_variable() {
    let told = refused(&["run"], &[]);
    for (option, variable) in [
        ("--gitlab-url", "HARMONIX_GITLAB_URL"),
        ("--gitlab-token-file", "HARMONIX_GITLAB_TOKEN_FILE"),
        ("--installation-key-file", "HARMONIX_INSTALLATION_KEY_FILE"),
        ("--controller-principal", "HARMONIX_CONTROLLER_PRINCIPAL"),
        ("--terraform-image", "HARMONIX_TERRAFORM_IMAGE"),
        ("--build-image", "HARMONIX_BUILD_IMAGE"),
        ("--node-image", "HARMONIX_NODE_IMAGE"),
    ] {
        let missing = format!("{option} ({variable}) is missing: ");
        assert!(told.contains(&missing), "{told}");
    }
    assert_eq!(told.matches(" is missing: ").count(), 7, "{told}");
    assert!(
        told.starts_with(
            "harmonix: --gitlab-url (HARMONIX_GITLAB_URL) is missing: base URL of the GitLab instance; "
        ),
        "{told}"
    );
}

#[test]
fn what_is_missing_and_what_cannot_be_used_stand_in_one_sentence() {
    let told = refused(
        &["run", "--gitlab-url", "gitlab", "--node-image=node:22"],
        &[
            ("HARMONIX_GITLAB_TOKEN_FILE", "/none/such/token"),
            ("HARMONIX_POLL_INTERVAL", "soon"),
            ("HARMONIX_LOG_FORMAT", "xml"),
        ],
    );
    for part in [
        "--gitlab-url (HARMONIX_GITLAB_URL) cannot be used: this is not a URL such as https://gitlab.example.com",
        "--gitlab-token-file (HARMONIX_GITLAB_TOKEN_FILE) cannot be used: /none/such/token cannot be read: ",
        "--installation-key-file (HARMONIX_INSTALLATION_KEY_FILE) is missing: file with the installation key",
        "--controller-principal (HARMONIX_CONTROLLER_PRINCIPAL) is missing: ARN of the controller's own role",
        "--node-image (HARMONIX_NODE_IMAGE) cannot be used: \"node:22\" must name an image by digest",
        "--poll-interval (HARMONIX_POLL_INTERVAL) cannot be used: \"soon\" is not a time",
        "--log-format (HARMONIX_LOG_FORMAT) cannot be used: \"xml\" is none of text, json",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[test]
fn each_value_that_cannot_be_used_is_one_sentence_about_its_option() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let (empty, short) = (file("empty", " \n"), file("short", "too short"));
    for (variable, value, why) in [
        (
            "HARMONIX_GITLAB_URL",
            "gitlab.example.com:8080",
            "this is not a URL such as https://gitlab.example.com",
        ),
        (
            "HARMONIX_GITLAB_TOKEN_FILE",
            empty.as_str(),
            "empty is empty",
        ),
        ("HARMONIX_GITLAB_TOKEN_FILE", "", "is empty"),
        ("HARMONIX_GITLAB_CA_FILE", "/none", "/none cannot be read"),
        (
            "HARMONIX_INSTALLATION_KEY_FILE",
            short.as_str(),
            "needs at least 32",
        ),
        (
            "HARMONIX_CONTROLLER_PRINCIPAL",
            "harmonix",
            "must be the ARN of an IAM role",
        ),
        (
            "HARMONIX_CONCURRENCY",
            "many",
            "is not a number from 1 to 256",
        ),
        ("HARMONIX_RESYNC_INTERVAL", "60", "needs a unit"),
        (
            "HARMONIX_REQUESTED_BY_STAMPED",
            "maybe",
            "value was not a boolean",
        ),
        (
            "HARMONIX_JOB_VARIABLES",
            "A=b,secret",
            "must read NAME=VALUE",
        ),
        (
            "HARMONIX_LOG_LEVEL",
            "harmonix=loudly",
            "cannot be understood",
        ),
    ] {
        assert_told(variable, value, why);
    }
}

#[test]
fn what_gitlab_aws_or_a_shell_would_never_take_is_refused_at_the_start() {
    for (variable, value, why) in [
        (
            "HARMONIX_GITLAB_APPLICATIONS_GROUP",
            "",
            "is not the full path",
        ),
        (
            "HARMONIX_GITLAB_APPLICATIONS_GROUP",
            "/",
            "is not the full path",
        ),
        (
            "HARMONIX_GITLAB_PROVIDERS_GROUP",
            "platform/../x",
            "is not the full path of a GitLab group",
        ),
        (
            "HARMONIX_GITLAB_OIDC_ISSUER",
            "http://gitlab.example.com",
            "must begin with https://",
        ),
        ("HARMONIX_GITLAB_OIDC_AUDIENCE", " ", "it is empty"),
        ("HARMONIX_RUNNER_TAGS", "harmonix,", "it is empty"),
        ("HARMONIX_RUNNER_TAGS", "", "it is empty"),
        (
            "HARMONIX_NODE_IMAGE",
            "registry.example.com/node@sha256:",
            "must name an image by digest",
        ),
        (
            "HARMONIX_BUILD_IMAGE",
            "registry.example.com/build@sha256:e3b0c442",
            "with 64 digits",
        ),
        (
            "HARMONIX_JOB_VARIABLES",
            "A-B=secret",
            "letters, digits and '_' in the name",
        ),
        (
            "HARMONIX_JOB_VARIABLES",
            "A=b,c",
            "a comma begins the next one",
        ),
    ] {
        assert_told(variable, value, why);
    }
    for region in ["", "Europe", "us-iso-east-1", "eu-west-1a"] {
        let told = refused_with(&[("AWS_REGION", region)]);
        assert!(
            told.contains("--aws-region (AWS_REGION) cannot be used"),
            "{told}"
        );
    }
}

#[test]
fn groups_of_applications_and_providers_must_lie_apart() {
    for (applications, providers) in [
        ("apps", "apps"),
        ("Apps/", "apps"),
        ("platform/apps", "platform"),
        ("platform", "platform/providers"),
    ] {
        let told = refused_with(&[
            ("HARMONIX_GITLAB_APPLICATIONS_GROUP", applications),
            ("HARMONIX_GITLAB_PROVIDERS_GROUP", providers),
        ]);
        assert!(told.contains("neither inside the other"), "{told}");
    }
    let told = refused_with(&[
        ("HARMONIX_GITLAB_APPLICATIONS_GROUP", "platform/apps"),
        ("HARMONIX_GITLAB_PROVIDERS_GROUP", "platform/apps-providers"),
    ]);
    assert!(!told.contains("group"), "{told}");
}

#[test]
fn an_issuer_without_tls_is_refused_unless_it_is_on_this_machine() {
    for (url, issuer, refused) in [
        ("http://gitlab.example.com", None, true),
        ("https://gitlab.example.com", None, false),
        ("http://127.0.0.1:8080", None, false),
        (
            "http://gitlab.example.com",
            Some("https://gitlab.example.com"),
            false,
        ),
        (
            "https://gitlab.example.com",
            Some("http://[::1]:8080"),
            false,
        ),
        (
            "https://gitlab.example.com",
            Some("http://localhost:8080"),
            false,
        ),
    ] {
        let mut changes = vec![("HARMONIX_GITLAB_URL", url)];
        changes.extend(issuer.map(|issuer| ("HARMONIX_GITLAB_OIDC_ISSUER", issuer)));
        let told = refused_with(&changes);
        assert_eq!(told.contains("must begin with https://"), refused, "{told}");
        assert!(told.contains("no access to Kubernetes"), "{told}");
    }
}

#[test]
fn every_option_is_required_or_says_its_default() {
    let command = Cli::command();
    let run = command.find_subcommand("run").unwrap();
    let mut silent = Vec::new();
    for option in run.get_arguments() {
        let help = option.get_help().map(ToString::to_string).unwrap();
        let says = help.contains("Default: ");
        if !option.is_required_set() && option.get_default_values().is_empty() && !says {
            silent.push(option.get_long().unwrap());
        }
    }
    assert!(silent.is_empty(), "{silent:?} do not say their default");
}

#[test]
fn values_that_fail_only_together_with_others_are_told_at_once_too() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, "not a certificate").unwrap();
    let told = refused_with(&[("HARMONIX_GITLAB_CA_FILE", bundle.to_str().unwrap())]);
    assert!(told.contains("must hold certificates in PEM"), "{told}");
    assert!(told.contains("no access to Kubernetes"), "{told}");
    let told = refused_with(&[(
        "HARMONIX_GITLAB_URL",
        "https://me:secret@gitlab.example.com",
    )]);
    assert!(
        told.contains("must not hold a user or a password"),
        "{told}"
    );
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_wrong_word_is_one_sentence_that_names_the_likely_one() {
    for (arguments, told) in [
        (
            &["run", "--gitlab-ulr", "https://gitlab.example.com"][..],
            "harmonix: there is no option --gitlab-ulr, did you mean --gitlab-url?; --help lists them all",
        ),
        (
            &["rum"][..],
            "harmonix: there is no command rum, did you mean run?; --help lists them all",
        ),
        (
            &["run", "--gitlab-url"][..],
            "harmonix: --gitlab-url needs a value",
        ),
        (
            &["run", "--node-image=a", "--node-image=b"][..],
            "harmonix: --node-image is given more than once",
        ),
        (
            &["crd", "--all"][..],
            "harmonix: there is no option --all; --help lists them all",
        ),
    ] {
        assert_eq!(refused(arguments, &[]), told);
    }
}

#[test]
fn help_and_version_are_answers() {
    let version = harmonix(&["--version"], &[]);
    assert!(version.status.success() && version.stderr.is_empty());
    assert!(version.stdout.starts_with(b"harmonix "));
    let help = harmonix(
        &["run", "--help"],
        &[("HARMONIX_GITLAB_TOKEN_FILE", "/none")],
    );
    assert!(help.status.success() && help.stderr.is_empty());
    assert!(
        String::from_utf8(help.stdout)
            .unwrap()
            .contains("--gitlab-url <URL>")
    );
    let nothing = harmonix(&[], &[]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(
        String::from_utf8(nothing.stderr)
            .unwrap()
            .contains("Usage: harmonix")
    );
}
