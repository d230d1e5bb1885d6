//! The chart knows every option of the controller, and ships the roles that the code needs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use harmonix::cli::Cli;
use regex::Regex;

use super::harmonix;

fn chart(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("charts/harmonix")
        .join(path)
}

#[test]
fn the_chart_gives_every_option_of_run_and_no_other() {
    let cli = Cli::command();
    let options = cli.find_subcommand("run").unwrap().get_arguments();
    let options: BTreeSet<&str> = options
        .filter_map(clap::Arg::get_long)
        .filter(|&name| name != "help")
        .collect();
    let template = std::fs::read_to_string(chart("templates/deployment.yaml")).unwrap();
    let option = Regex::new("--([a-z][a-z-]+)=").unwrap();
    let given: BTreeSet<&str> = option
        .captures_iter(&template)
        .filter_map(|found| found.get(1))
        .map(|name| name.as_str())
        .collect();
    assert_eq!(given, options);
}

/// `HARMONIX_UPDATE=1 cargo test --test cli chart` writes the file.
#[test]
fn the_roles_of_the_chart_are_what_the_binary_prints() {
    let printed = harmonix(&["rbac"], &[]);
    assert!(printed.status.success(), "{printed:?}");
    let path = chart("files/rbac.yaml");
    if std::env::var_os("HARMONIX_UPDATE").is_some() {
        std::fs::write(&path, &printed.stdout).unwrap();
    }
    assert!(
        std::fs::read(&path).unwrap() == printed.stdout,
        "charts/harmonix/files/rbac.yaml is not fresh; run: HARMONIX_UPDATE=1 cargo test --test cli chart"
    );
}
