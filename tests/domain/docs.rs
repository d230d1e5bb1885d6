//! The documentation says what the code says.

use harmonix::api::condition::Reason;

#[path = "docs/page.rs"]
mod page;

/// The pages whose every command `dev/tests/install/docs.rs` runs.
const RUN: [(&str, &str); 3] = [
    ("install.md", include_str!("../../docs/install.md")),
    ("operate.md", include_str!("../../docs/operate.md")),
    ("security.md", include_str!("../../docs/security.md")),
];

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

/// Every `file::test` that a page names.
fn proofs(page: &str) -> Vec<(&str, &str)> {
    page.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|span| span.split_once(".rs::"))
        .collect()
}

/// Panics where there is no such test.
fn assert_test(file: &str, test: &str) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(format!("{file}.rs")));
    let text = text.unwrap_or_else(|error| panic!("{file}.rs: {error}"));
    let (before, _) = text
        .split_once(&format!("fn {test}("))
        .unwrap_or_else(|| panic!("{file}.rs has no {test}"));
    // Its attribute stands above it, with nothing but other attributes in between.
    let attributes = before.rsplit("\n\n").next().unwrap_or_default();
    assert!(
        attributes.contains("#[test]") || attributes.contains("::test"),
        "{file}.rs::{test} is no test"
    );
}

#[test]
fn every_proof_of_security_is_a_test_that_exists() {
    let proofs = proofs(include_str!("../../docs/security.md"));
    assert!(proofs.len() > 50, "{}", proofs.len());
    for (file, test) in proofs {
        assert_test(file, test);
    }
}

#[test]
fn every_command_is_run_or_names_the_test_that_tries_it() {
    for (name, text) in RUN {
        let blocks = page::blocks(text);
        let commands: Vec<_> = blocks.iter().filter(|one| one.language == "sh").collect();
        assert!(!commands.is_empty(), "{name} has nothing to run");
        for block in blocks {
            let known = ["sh", "yaml", "console"].contains(&block.language.as_str());
            assert!(known, "{name}:{}: {:?}", block.line, block.language);
            if let Some(elsewhere) = &block.elsewhere {
                let (file, test) = elsewhere.split_once(".rs::").unwrap();
                assert_test(file, test);
            }
        }
    }
}

#[test]
fn a_page_is_taken_apart_at_its_fences() {
    let text = "a\n```sh\nb\n\nc\n```\n<!-- elsewhere: d.rs::e -->\n```yaml\nf: g\n```\n";
    let block = |line, language: &str, text: &str, elsewhere: Option<&str>| page::Block {
        line,
        language: language.into(),
        text: text.into(),
        elsewhere: elsewhere.map(str::to_owned),
    };
    let expected = [
        block(3, "sh", "b\n\nc", None),
        block(9, "yaml", "f: g", Some("d.rs::e")),
    ];
    assert_eq!(page::blocks(text), expected);
}

#[test]
fn every_threat_but_one_has_a_proof() {
    let page = include_str!("../../docs/security.md");
    let (_, threats) = page.split_once("\n## Threats\n").unwrap();
    let rows = threats
        .lines()
        .filter(|line| line.starts_with("| ") && !line.ends_with("| proof |"));
    let without: Vec<&str> = rows.filter(|row| proofs(row).is_empty()).collect();
    // Nothing of ours bounds what a stolen GitLab token may do, and the page says so.
    assert_eq!(without.len(), 1, "{without:#?}");
    assert!(
        without[0].starts_with("| the GitLab token |"),
        "{without:?}"
    );
}

/// The names of all properties of a schema, however deep.
fn properties(schema: &serde_json::Value, found: &mut Vec<String>) {
    if let Some(named) = schema["properties"].as_object() {
        for (name, part) in named {
            found.push(name.clone());
            properties(part, found);
        }
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            properties(&schema[inner], found);
        }
    }
}

#[test]
fn no_field_of_an_application_reaches_out_of_its_namespace() {
    let crd: serde_json::Value =
        serde_saphyr::from_str(include_str!("../../crds/applications.harmonix.io.yaml")).unwrap();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut names = Vec::new();
    properties(schema, &mut names);
    assert!(names.contains(&"secretArn".to_owned()), "{names:?}");
    for name in &names {
        let lower = name.to_lowercase();
        let reaches = [
            "namespace",
            "group",
            "role",
            "account",
            "url",
            "host",
            "endpoint",
            "token",
            "serviceaccount",
            "configmap",
            "ref",
        ];
        let reach = reaches.into_iter().find(|word| lower.contains(word));
        assert_eq!(reach, None, "spec has a field {name}");
        // A secret is named by its ARN in AWS, and read there by the application's own role.
        assert!(!lower.contains("secret") || name == "secretArn", "{name}");
    }
}

#[test]
fn no_pipeline_may_take_a_record_out() {
    let provisioning = include_str!(
        "../../src/catalogue/ecs-fargate-provider/terraform/provisioning_permissions.tf"
    );
    assert!(!provisioning.contains("dynamodb:"));
    let bootstrap = include_str!("../../examples/account/services_permissions.tf");
    let actions: Vec<&str> = bootstrap
        .split('"')
        .filter(|text| text.starts_with("dynamodb:"))
        .collect();
    assert!(actions.contains(&"dynamodb:CreateTable"), "{actions:?}");
    for action in actions {
        let takes = ["Delete", "Item", "PartiQL", "Batch", "Transact", "*"];
        assert!(!takes.iter().any(|word| action.contains(word)), "{action}");
    }
}

/// What GitHub makes of a heading, to be linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

/// The headings of a page; a `#` in a block is none.
fn anchors(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside && line.starts_with('#') {
            found.push(anchor(line.trim_start_matches('#')));
        }
    }
    found
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    let pages = [
        "README.md",
        "examples/eks/README.md",
        "examples/account/README.md",
    ];
    let mut pages: Vec<_> = pages.iter().map(|page| root.join(page)).collect();
    for entry in std::fs::read_dir(root.join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "md") {
            pages.push(path);
        }
    }
    let mut followed = 0;
    for page in pages {
        let text = read(&page);
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                page.clone()
            } else {
                page.parent().unwrap().join(file)
            };
            assert!(target.exists(), "{}: {link}", page.display());
            if !heading.is_empty() {
                let known = anchors(&read(&target));
                assert!(
                    known.contains(&heading.to_owned()),
                    "{}: {link}",
                    page.display()
                );
            }
            followed += 1;
        }
    }
    assert!(followed > 40, "{followed}");
}

/// The words of a text that begin so.
fn words<'a>(text: &'a str, begin: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(move |word| word.starts_with(begin))
}

#[test]
fn every_alert_has_its_runbook_and_every_figure_is_one() {
    let page = include_str!("../../docs/operate.md");
    let rules: serde_json::Value =
        serde_saphyr::from_str(include_str!("../../charts/harmonix/alerts/harmonix.yaml")).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap());
    let alerts: Vec<&str> = rules.filter_map(|rule| rule["alert"].as_str()).collect();
    let headings: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### Harmonix"))
        .collect();
    let named: Vec<&str> = alerts
        .iter()
        .filter_map(|alert| alert.strip_prefix("Harmonix"))
        .collect();
    assert_eq!(headings, named, "in the order of the rules");

    let metrics = include_str!("../../docs/metrics.md");
    for name in words(page, "harmonix_") {
        assert!(
            metrics.contains(&format!("`{name}`")),
            "{name} is in no table"
        );
    }
}

#[test]
fn who_is_asked_for_a_reason_is_said_of_reasons_that_there_are() {
    let page = include_str!("../../docs/operate.md");
    let (_, table) = page.split_once("| reasons | who |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let named: Vec<&str> = table.split('`').skip(1).step_by(2).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in &named {
        assert!(
            Reason::ALL.iter().any(|reason| reason.as_str() == *name),
            "{name} is no reason"
        );
    }
    // Those that ask nothing of anybody are not in it; every other one is.
    let quiet = [
        "Pending",
        "Succeeded",
        "Valid",
        "Suspended",
        "DependencyNotReady",
        "Creating",
        "Updating",
        "PipelineRunning",
        "WaitingForRelease",
        "Deploying",
        "Deleting",
    ];
    for reason in Reason::ALL {
        let name = reason.as_str();
        assert!(named.contains(&name) != quiet.contains(&name), "{name}");
    }
}
