//! The installation key: made once in the cluster, with rights on its own Secret only, and never changed.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::errand::{account, kubectl, kubectl_with};
use super::shared::controller_binary;
use super::stage::Stage;

fn harmonix(arguments: &[&str], kubeconfig: Option<&Path>) -> Command {
    let mut command = Command::new(controller_binary());
    command
        .args(arguments)
        .env_clear()
        .envs(kubeconfig.map(|path| ("KUBECONFIG", path)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test]
async fn the_key_is_made_once_by_whoever_comes_first_and_shown_to_nobody() {
    let stage = Stage::enter("key").await;
    let world = stage.world;
    let roles = harmonix(
        &[
            "rbac",
            "--for",
            "key",
            "--namespace",
            "key",
            "--secret",
            "harmonix-key",
        ],
        None,
    );
    let roles = String::from_utf8({ roles }.output().unwrap().stdout).unwrap();
    kubectl(world, &["apply", "--filename", "-"], &roles).unwrap();
    let own = account(world, "key", "key-maker", &["Role/harmonix-key"]);
    let ensure = |secret: &str| {
        let arguments = ["key", "ensure", "--namespace", "key", "--secret", secret];
        harmonix(&arguments, Some(&own))
    };

    // Several Jobs at once: one makes it, all succeed.
    let running: Vec<_> = (0..4)
        .map(|_| ensure("harmonix-key").spawn().unwrap())
        .collect();
    let outputs: Vec<Output> = running
        .into_iter()
        .map(|child| child.wait_with_output().unwrap())
        .collect();
    for output in &outputs {
        assert!(output.status.success(), "{}", said(output));
    }
    let made = outputs
        .iter()
        .filter(|output| said(output).contains("is made"));
    assert_eq!(made.count(), 1);

    let read = || {
        let path = r"jsonpath={.metadata.resourceVersion} {.immutable} {.data.installation\.key}";
        let arguments = [
            "get",
            "secret",
            "harmonix-key",
            "--namespace",
            "key",
            "--output",
            path,
        ];
        kubectl(world, &arguments, "").unwrap()
    };
    let first = read();
    let [_, immutable, coded] = first.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{first}");
    };
    assert_eq!(immutable, "true");
    let key = String::from_utf8(STANDARD.decode(coded).unwrap()).unwrap();
    assert_eq!(key.len(), 43, "32 bytes as base64url");
    assert!(
        key.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    );
    for output in &outputs {
        assert!(!said(output).contains(&key) && !said(output).contains(coded));
    }

    // An upgrade runs it again.
    let again = ensure("harmonix-key").output().unwrap();
    assert!(again.status.success(), "{}", said(&again));
    assert!(said(&again).contains("left as it is"), "{}", said(&again));
    assert_eq!(read(), first);

    // One that somebody laid there is not touched either, whatever it holds, and no other Secret may even be read.
    let other = ["create", "secret", "generic", "other", "--namespace", "key"];
    let other = [&other[..], &["--from-literal=installation.key=short"]].concat();
    kubectl(world, &other, "").unwrap();
    let refused = ensure("other").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let sentence = said(&refused);
    assert!(
        sentence.contains("key/other is there, but could not be read"),
        "{sentence}"
    );
    for question in [
        ["list", "secrets"],
        ["watch", "secrets"],
        ["update", "secrets/harmonix-key"],
    ] {
        let question = [&["auth", "can-i"], &question[..], &["--namespace", "key"]].concat();
        assert!(
            kubectl_with(world, &own, &question, "").is_err(),
            "{question:?}"
        );
    }
}
