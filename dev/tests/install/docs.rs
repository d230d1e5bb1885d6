//! Every command of the pages is run: block by block, in the order of the pages, in a copy of this checkout, by somebody
//! who has a cluster, three accounts and a GitLab, and nothing of Harmonix in them.

#[path = "docs/desk.rs"]
mod desk;
#[path = "../../../tests/domain/docs/page.rs"]
mod page;

use std::io::Write;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;

use futures::FutureExt;
use harmonix_dev::node::preflight;
use harmonix_dev::world::name::checkout;

use super::turn;
use desk::Desk;
use page::{Block, blocks};

/// In this order: what is operated was installed before. `install.md` ends with taking everything away, so what comes after
/// its last upgrade is run at the end.
const PAGES: [&str; 3] = ["docs/install.md", "docs/operate.md", "docs/security.md"];
const FAREWELL: &str = "## Uninstall";

fn commands(page: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(checkout().join(page)).unwrap();
    let found = blocks(&text).into_iter();
    found.filter(|block| block.language == "sh").collect()
}

/// The line where the page begins to take everything away.
fn farewell(page: &str) -> usize {
    let text = std::fs::read_to_string(checkout().join(page)).unwrap();
    let at = text.lines().position(|line| line == FAREWELL);
    at.unwrap_or_else(|| panic!("{page} has no {FAREWELL}"))
}

/// In a runtime of one thread, which is in the node's network.
#[tokio::test]
async fn every_command_of_the_pages_runs() {
    let obstacles = preflight::obstacles();
    if !obstacles.is_empty() {
        say(&format!(
            "NOT RUN: the commands of the pages; this machine cannot have a node: {}",
            obstacles.join("; ")
        ));
        return;
    }
    let _turn = turn::take().await;
    let desk = Desk::set_up().await;
    let told = AssertUnwindSafe(run_all(&desk)).catch_unwind().await;
    desk.take_down().await;
    if let Err(panic) = told {
        resume_unwind(panic);
    }
}

async fn run_all(desk: &Desk) {
    desk.clear().await;
    let ends = farewell(PAGES[0]);
    let mut order = Vec::new();
    for page in PAGES {
        let all = commands(page);
        order.extend(all.into_iter().map(|block| (page, block)));
    }
    let (last, first): (Vec<_>, Vec<_>) = order
        .into_iter()
        .partition(|(page, block)| *page == PAGES[0] && block.line > ends);
    let there = first.len() + last.len();
    let (mut run, mut elsewhere) = (0, Vec::new());
    for (page, block) in first.into_iter().chain(last) {
        if let Some(test) = &block.elsewhere {
            elsewhere.push(format!("{page}:{}: {test}", block.line));
            continue;
        }
        desk.run(&format!("{page}:{}", block.line), &block.text)
            .await;
        run += 1;
    }
    say(&format!(
        "pages       {run} blocks were run, {} are tried elsewhere: {}",
        elsewhere.len(),
        elsewhere.join(", ")
    ));
    assert_eq!(run + elsewhere.len(), there);
    assert!(run > 30, "{run}");
}

/// Says something that a person is to see also when the test passes.
fn say(text: &str) {
    // The macros of the standard library are caught by the harness.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn every_values_file_of_the_pages_is_taken_by_the_chart() {
    let example = checkout().join("charts/harmonix/ci/example-values.yaml");
    let mut tried = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(checkout().join(page)).unwrap();
        for block in blocks(&text)
            .into_iter()
            .filter(|one| one.language == "yaml")
        {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &block.text).unwrap();
            template(&[&example, file.path()])
                .unwrap_or_else(|told| panic!("{page}:{}: {told}", block.line));
            tried += 1;
        }
    }
    assert!(tried > 0);
    // One that the chart refuses is noticed.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "proxy: { htps: x }").unwrap();
    assert!(template(&[&example, file.path()]).is_err());
}

fn template(values: &[&Path]) -> Result<(), String> {
    let mut command = std::process::Command::new(desk::helm());
    command
        .args(["template", "harmonix"])
        .arg(checkout().join("charts/harmonix"));
    for file in values {
        command.arg("--values").arg(file);
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(told)
}
