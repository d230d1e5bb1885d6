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

/// Names of the variables that a script has a value of its own for, as `${NAME:-value}`.
fn switches(script: &str) -> impl Iterator<Item = &str> {
    script.split("${").skip(1).filter_map(|rest| {
        let (name, value) = rest.split_once('}')?.0.split_once(":-")?;
        (!value.is_empty() || name == "REGISTRY_AUTH_FILE").then_some(name)
    })
}

#[test]
fn every_switch_of_a_runner_is_documented_with_its_default() {
    let page = include_str!("../../docs/gitlab.md");
    let scripts = [
        include_str!("../../src/catalogue/node-service/owned/build.sh"),
        include_str!("../../src/catalogue/node-service/owned/deploy.sh"),
        include_str!("../../src/catalogue/ecs-fargate-provider/scripts/provision.sh"),
        include_str!("../../src/catalogue/ecs-fargate-provider/scripts/verify.sh"),
    ];
    let mut found: Vec<&str> = scripts.into_iter().flat_map(switches).collect();
    found.sort_unstable();
    found.dedup();
    assert!(found.len() >= 5, "{found:?}");
    for name in found {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/gitlab.md lacks {name}"));
        for script in scripts {
            let Some((_, rest)) = script.split_once(&format!("${{{name}:-")) else {
                continue;
            };
            let value = rest.split('}').next().unwrap_or_default();
            assert!(row.contains(value), "{name} is {value}: {row}");
        }
    }
}
