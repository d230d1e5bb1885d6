//! The roles that are printed are the ones that are committed, and no more than is needed.

use std::path::Path;

use serde_json::{Value, json};

use super::harmonix;

fn printed(arguments: &[&str]) -> String {
    let output = harmonix(&[&["rbac"], arguments].concat(), &[]);
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

fn documents(text: &str) -> Vec<Value> {
    let documents = text.split("---\n").filter(|document| !document.is_empty());
    documents
        .map(|document| serde_saphyr::from_str(document).unwrap())
        .collect()
}

/// `HARMONIX_UPDATE=1 cargo test --test cli rights` writes the file.
#[test]
fn the_roles_of_the_local_world_are_what_the_binary_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("dev/src/world/rbac.yaml");
    let text = printed(&[]);
    if std::env::var_os("HARMONIX_UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "dev/src/world/rbac.yaml is not fresh; run: HARMONIX_UPDATE=1 cargo test --test cli rights"
    );
}

#[test]
fn the_controller_gets_a_cluster_role_and_a_role_without_any_secret() {
    let text = printed(&["--namespace", "platform"]);
    let roles = documents(&text);
    let named = |role: &Value| {
        ["/kind", "/metadata/name", "/metadata/namespace"].map(|pointer| {
            role.pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("-")
                .to_owned()
        })
    };
    let named: Vec<[String; 3]> = roles.iter().map(named).collect();
    assert_eq!(
        named,
        [
            ["ClusterRole", "harmonix", "-"],
            ["Role", "harmonix", "platform"]
        ]
    );
    assert!(!text.contains("secrets"), "{text}");
    assert!(!text.contains('*'), "{text}");
}

#[test]
fn whoever_ensures_the_key_may_make_secrets_and_read_that_one() {
    let roles = documents(&printed(&["--for", "key"]));
    let rule =
        |verbs: Value| json!({ "apiGroups": [""], "resources": ["secrets"], "verbs": verbs });
    assert_eq!(roles[0]["rules"], json!([rule(json!(["get", "create"]))]));
    let narrow = documents(&printed(&["--for", "key", "--secret", "harmonix-key"]));
    let mut named = rule(json!(["get"]));
    named["resourceNames"] = json!(["harmonix-key"]);
    assert_eq!(narrow[0]["rules"], json!([named, rule(json!(["create"]))]));
}
