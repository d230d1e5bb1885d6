//! The floors of the house: nothing uses a floor above its own, no vendor type leaves its adapter,
//! and no file grows beyond what one reads in a sitting.

mod source;

use std::path::{Path, PathBuf};

use source::paths_in;

/// The most lines that a Rust file may have.
const LONGEST: usize = 400;

/// The floors from the ground up. What stands in none of them is the roof, which may use all.
const FLOORS: [&str; 5] = ["api", "domain", "ports", "adapters", "controllers"];

/// Crates and modules that only files below one of the folders may name.
const VENDORS: [(&str, &[&str]); 16] = [
    ("aws_sdk_", &["adapters/aws"]),
    ("aws_config", &["adapters/aws"]),
    ("aws_smithy_", &["adapters/aws"]),
    ("aws_types", &["adapters/aws"]),
    ("aws_credential_types", &["adapters/aws"]),
    ("gitlab::", &["adapters/gitlab"]),
    ("reqwest", &["adapters"]),
    ("axum", &["adapters/serve"]),
    ("prometheus_client", &["adapters/meter"]),
    ("opentelemetry", &["adapters/traces"]),
    ("opentelemetry_", &["adapters/traces"]),
    (
        "kube::Client",
        &["adapters/kube", "controllers", "cli", "main"],
    ),
    (
        "kube::client",
        &["adapters/kube", "controllers", "cli", "main"],
    ),
    (
        "kube::runtime",
        &["adapters/kube", "controllers", "cli", "main"],
    ),
    (
        "kube::api",
        &["adapters/kube", "controllers", "cli", "main"],
    ),
    (
        "kube::config::",
        &["adapters/kube", "controllers", "cli", "main"],
    ),
];

/// What the three lower floors may not name: clocks, chance, the process and the network.
const IMPURE: [&str; 15] = [
    "tokio",
    "rand",
    "tracing",
    "hyper",
    "std::env",
    "std::fs",
    "std::io",
    "std::process",
    "std::thread",
    "std::net::Tcp",
    "std::time::SystemTime",
    "std::time::Instant",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "uuid::Uuid::new",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    out.sort();
}

/// The floor of a file, by its place below `src/`; the roof is above all.
fn floor_of(file: &str) -> usize {
    let first = file.split(['/', '.']).next().unwrap_or_default();
    FLOORS
        .iter()
        .position(|floor| *floor == first)
        .unwrap_or(FLOORS.len())
}

/// Every path in `text` that the file at `file` (relative to `src/`) may not name.
fn violations(file: &str, text: &str) -> Vec<String> {
    let own = floor_of(file);
    let pure = own <= 2;
    let mut found = Vec::new();
    for path in paths_in(file, text) {
        let in_crate = path
            .strip_prefix("crate::")
            .or_else(|| path.strip_prefix("harmonix::"));
        if let Some(inside) = in_crate {
            let head = inside.split("::").next().unwrap_or_default();
            let floor = FLOORS.iter().position(|floor| *floor == head);
            if floor.is_some_and(|floor| floor > own) {
                found.push(format!("{file} uses the floor above it: {path}"));
            }
            continue;
        }
        let begins = |what: &str| {
            path.strip_prefix(what).is_some_and(|rest| {
                what.ends_with(['_', ':']) || rest.is_empty() || rest.starts_with("::")
            }) || (what == "std::net::Tcp" && path.starts_with(what))
                || (what == "uuid::Uuid::new" && path.starts_with(what))
        };
        for (vendor, homes) in VENDORS {
            if begins(vendor) && !homes.iter().any(|home| file.starts_with(home)) {
                found.push(format!("{file} names a vendor outside its adapter: {path}"));
            }
        }
        if pure && IMPURE.iter().any(|what| begins(what)) {
            found.push(format!("{file} is not pure: {path}"));
        }
    }
    found
}

#[test]
fn no_floor_uses_one_above_it_and_no_vendor_leaves_its_adapter() {
    let source = root().join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 50, "the walk found {} files", files.len());
    let found: Vec<String> = files
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let file = path
                .strip_prefix(&source)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            violations(&file, &text)
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The door is the only file that makes clients of the API server: every other one gets a client that lets through only
/// what the table of rights names.
const DOOR: &str = "adapters/kube/door.rs";

/// Every way around the door in the part of `text` that is not a test.
fn ways_around_the_door(file: &str, text: &str) -> Vec<String> {
    let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = paths_in(file, shipped);
    found.retain(|path| {
        [
            "kube::Client::",
            "kube::Config::",
            "kube::config::",
            "kube::client::ClientBuilder",
        ]
        .iter()
        .any(|way| path.starts_with(way))
            && file != DOOR
    });
    found
}

#[test]
fn nothing_reaches_the_api_server_but_through_the_door() {
    let source = root().join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let found: Vec<String> = files
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let file = path.strip_prefix(&source).unwrap().to_string_lossy();
            ways_around_the_door(&file, &text)
                .into_iter()
                .map(|way| format!("{file}: {way}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));

    for text in [
        "fn f() { kube::Client::try_default(); }",
        "use kube::Client;\nfn f() { Client::new(service, \"default\"); }",
        "use kube::{Api, Client as C};\nfn f() { C::try_from(config); }",
        "use kube::client::ClientBuilder;",
        "use kube::Config;\nfn f() { Config::infer(); }",
    ] {
        assert!(
            !ways_around_the_door("cli/run.rs", text).is_empty(),
            "{text}"
        );
        assert!(ways_around_the_door(DOOR, text).is_empty(), "{text}");
    }
    let used = "use kube::Client;\nfn f(client: &Client) { client.clone(); }";
    assert!(ways_around_the_door("cli/run.rs", used).is_empty());
}

#[test]
fn no_file_is_longer_than_one_reads_in_a_sitting() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "dev/src", "dev/tests", "benches"] {
        rust_files(&root().join(folder), &mut files);
    }
    let long: Vec<String> = files
        .iter()
        .map(|path| (path, std::fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn violations_are_found_however_they_are_written() {
    let cases = [
        ("api/application.rs", "use crate::domain::plan::Plan;"),
        ("domain/plan.rs", "use crate::{api::GROUP, ports::Store};"),
        (
            "domain/plan/provider.rs",
            "use super::super::super::adapters::aws;",
        ),
        ("domain.rs", "fn f() { super::controllers::go() }"),
        ("ports/store.rs", "use kube::{Client, ResourceExt};"),
        (
            "domain/name.rs",
            "fn now() { std::time::SystemTime::now(); }",
        ),
        (
            "domain/name.rs",
            "use jiff::Timestamp;\nfn f() { Timestamp::now(); }",
        ),
        ("domain/name.rs", "use std::{env, fmt};"),
        ("domain/name.rs", "use std::time::{Duration, Instant};"),
        ("domain/intent.rs", "let id = rand::random::<u8>();"),
        ("ports/cloud.rs", "fn f(c: aws_sdk_ecs::Client) {}"),
        ("adapters/aws/ecs.rs", "use gitlab::api::AsyncClient;"),
        (
            "adapters/gitlab/project.rs",
            "use crate::controllers::Context;",
        ),
        ("controllers/driver.rs", "use reqwest::Client;"),
        ("cli/run.rs", "pub use aws_config::SdkConfig;"),
    ];
    for (file, text) in cases {
        assert_eq!(violations(file, text).len(), 1, "{file}: {text}");
    }
}

#[test]
fn what_is_allowed_is_not_taken_for_a_violation() {
    let cases = [
        (
            "domain/plan.rs",
            "//! See crate::controllers::driver.\nuse crate::api::GROUP;",
        ),
        (
            "domain/target.rs",
            "use kube::ResourceExt;\nuse super::finding;",
        ),
        ("api/provider.rs", "use kube::{CustomResource, KubeSchema};"),
        (
            "adapters/gitlab.rs",
            "use gitlab::api::AsyncClient;\nuse crate::ports::Files;",
        ),
        (
            "cli/run.rs",
            "use crate::adapters::{aws, gitlab};\nfn f() { gitlab::connect(); }",
        ),
        (
            "controllers/driver.rs",
            "use kube::runtime::controller::Action;",
        ),
        (
            "adapters/clock.rs",
            "fn now() -> Timestamp { jiff::Timestamp::now() }",
        ),
    ];
    for (file, text) in cases {
        assert!(
            violations(file, text).is_empty(),
            "{:?}",
            violations(file, text)
        );
    }
}
