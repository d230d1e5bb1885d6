//! The Job that makes the installation key, done here with its account and its arguments: no node starts its pod.

use std::process::{Command, Output};

use harmonix_dev::world::controller::binary;
use serde_json::Value;

use super::cluster::Turn;
use super::helm::NAMESPACE;

const SECRET: &str = "harmonix-installation-key";

#[tokio::test]
async fn the_jobs_account_makes_the_key_once_and_may_do_nothing_else() {
    let turn = Turn::take().await;
    let cluster = turn.cluster;
    cluster
        .kubectl(&["create", "namespace", NAMESPACE])
        .unwrap();
    let rendered = turn.helm.rendered(&[]);
    for kind in ["ServiceAccount", "Role", "RoleBinding"] {
        cluster.apply(rendered.get(kind, SECRET), &[]).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = cluster.kubeconfig_of(&format!("{NAMESPACE}/{SECRET}"), &folder);
    let program =
        std::env::var_os(binary::VARIABLE).expect("run the tests with `cargo dev test install`");
    let harmonix = |arguments: &[&str]| -> Output {
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", &kubeconfig)
            .output()
            .unwrap()
    };
    let arguments =
        rendered.get("Job", SECRET)["spec"]["template"]["spec"]["containers"][0]["args"].clone();
    let arguments: Vec<&str> = arguments
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| argument.as_str().unwrap())
        .collect();

    let key = || cluster.get("secret", &format!("{NAMESPACE}/{SECRET}"));
    let made = harmonix(&arguments);
    assert!(made.status.success(), "{made:?}");
    let first = key();
    let text = first["data"]["installation.key"].as_str().unwrap();
    assert!(text.len() >= 32, "{text}");
    let again = harmonix(&arguments);
    assert!(again.status.success(), "{again:?}");
    assert_eq!(key(), first, "one that is there is left as it is");

    // Its rights are those that the code says it needs, for this one Secret.
    let printed = harmonix(&[
        "rbac",
        "--for",
        "key",
        "--secret",
        SECRET,
        "--namespace",
        NAMESPACE,
    ]);
    let needed = super::helm::documents(&String::from_utf8(printed.stdout).unwrap()).remove(0);
    assert_eq!(rendered.get("Role", SECRET)["rules"], needed["rules"]);
    for (verb, what) in [
        ("list", "secrets"),
        ("watch", "secrets"),
        ("update", "secret/harmonix-installation-key"),
        ("delete", "secret/harmonix-installation-key"),
        ("get", "secret/harmonix-gitlab"),
        ("create", "pods"),
    ] {
        let account = format!("system:serviceaccount:{NAMESPACE}:{SECRET}");
        let may = cluster.kubectl(&[
            "auth",
            "can-i",
            verb,
            what,
            "--as",
            &account,
            "--namespace",
            NAMESPACE,
        ]);
        assert!(may.is_err(), "{verb} {what}");
    }

    // No release owns the Secret.
    let marks: &Value = &first["metadata"]["annotations"]["meta.helm.sh/release-name"];
    assert!(marks.is_null());
}
