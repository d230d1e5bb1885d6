//! The documentation says what the code says.

use harmonix::api::condition::Reason;

#[test]
fn every_reason_is_explained_and_no_other() {
    let page = include_str!("../../docs/reasons.md");
    let listed: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    for reason in Reason::ALL {
        assert!(
            listed.contains(&reason.as_str()),
            "docs/reasons.md lacks {}",
            reason.as_str()
        );
    }
    for name in &listed {
        assert!(
            Reason::ALL.iter().any(|r| r.as_str() == *name),
            "{name} is no reason"
        );
    }
}

#[test]
fn the_policy_of_the_controllers_own_role_allows_what_a_session_takes() {
    let page = include_str!("../../docs/aws.md");
    let policy = page
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    assert_eq!(
        policy["Statement"][0]["Action"],
        serde_json::json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
    );
}

#[test]
fn the_readme_names_the_versions_that_are_needed() {
    let page = include_str!("../../README.md");
    let go_mod = include_str!("../../dev/controlplane/go.mod");
    let go = go_mod
        .lines()
        .find_map(|line| line.strip_prefix("go "))
        .unwrap();
    let go = go.rsplit_once('.').map_or(go, |(minor, _)| minor);
    for needed in [
        format!("Rust {}", env!("CARGO_PKG_RUST_VERSION")),
        format!("Go {go}"),
        "C compiler".to_owned(),
        "python3-venv".to_owned(),
    ] {
        assert!(page.contains(&needed), "README.md lacks {needed}");
    }
}
