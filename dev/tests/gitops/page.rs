//! `docs/gitops.md`: its commands, section by section, as a person types them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use harmonix_dev::world::World;
use serde_json::json;

use super::forge::Forge;
use super::life::Moment;
use super::tool;

const PAGE: &str = include_str!("../../../docs/gitops.md");
/// Headings whose commands a test follows.
const FOLLOWED: [&str; 8] = [
    "A failing edit under Argo CD",
    "An edit that fails",
    "Filling the repositories",
    "Taking an Application out of Git",
    "Telling Argo CD",
    "Telling Flux",
    "Waiting with Argo CD",
    "Waiting with Flux",
];

/// Commands of the page, by the heading they stand under.
pub fn commands() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for section in PAGE.split("\n### ").skip(1) {
        // A heading of a higher level ends it.
        let section = section.split("\n## ").next().unwrap();
        let (heading, text) = section.split_once('\n').unwrap();
        let blocks = text.split("```sh\n").skip(1);
        let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
        found.entry(heading.trim()).or_default().extend(blocks);
    }
    found.retain(|_, blocks| !blocks.is_empty());
    found
}

/// The row of the page's table that speaks of a moment: kstatus' words for provider, environment and application, then the
/// health that Argo CD shows.
pub fn row(moment: Moment) -> Vec<&'static str> {
    let begins = match moment {
        Moment::Created => "created",
        Moment::Progressing => "progressing",
        Moment::Ready => "ready",
        Moment::Failed => "failed",
        Moment::Stuck => "stuck",
        Moment::Edited => "edited",
        Moment::Suspended => "suspended while",
        Moment::Held => "suspended before",
        Moment::Deleting => "being deleted",
    };
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim);
    let mut rows = PAGE.lines().filter(|line| line.starts_with("| "));
    let found = rows.find(|line| cells(line).next().unwrap().starts_with(begins));
    let found = found.unwrap_or_else(|| panic!("docs/gitops.md has no row {begins:?}"));
    cells(found).skip(1).collect()
}

#[test]
fn every_command_of_the_page_is_followed_by_a_test() {
    let found = commands();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), FOLLOWED);
    let blocks: usize = found.values().map(Vec::len).sum();
    assert_eq!(blocks, PAGE.matches("```sh").count());
}

/// The two empty projects of the page.
pub async fn projects(forge: &Forge) {
    for group in ["platform", "shop"] {
        let group = json!({ "name": group, "path": group });
        let (status, made) = forge.ask("POST", "groups", group).await;
        assert_eq!(status, 201, "{made}");
        let project =
            json!({ "name": "deployments", "path": "deployments", "namespace_id": made["id"] });
        let (status, made) = forge.ask("POST", "projects", project).await;
        assert_eq!(status, 201, "{made}");
    }
}

/// Somebody who follows the page, in a folder with a copy of the examples.
pub struct Reader<'a> {
    world: &'a World,
    folder: tempfile::TempDir,
    token: String,
}

impl<'a> Reader<'a> {
    pub fn new(world: &'a World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/gitops");
        let copied = Command::new("cp")
            .arg("-R")
            .args([examples.join("platform"), examples.join("shop")])
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(copied.success());
        Self {
            world,
            folder,
            token: world.tokens.gitlab_administrator.clone(),
        }
    }

    /// Types the commands under a heading; answers what each block said.
    pub fn follow(&self, heading: &str) -> Vec<String> {
        assert!(FOLLOWED.contains(&heading), "{heading:?} is not listed");
        let blocks = commands().remove(heading).unwrap_or_default();
        assert!(!blocks.is_empty(), "docs/gitops.md has no {heading:?}");
        blocks.into_iter().map(|block| self.types(block)).collect()
    }

    /// Types these commands.
    pub fn types(&self, block: &str) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        let programs = self.world.layout.programs();
        let mut command = Command::new("sh");
        command
            .args(["-euc", block])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("KUBECONFIG", self.world.layout.administrator_kubeconfig())
            .env("GITLAB_URL", self.world.gitlab_url())
            .env("GITLAB_TOKEN", &self.token)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "An engineer")
                .env(format!("GIT_{who}_EMAIL"), "engineer@example.com");
        }
        let output = tool::run(command, "");
        let said = tool::said(&output);
        assert!(output.status.success(), "{block}\n{said}");
        said
    }
}

#[test]
fn the_layout_holds_the_objects_of_the_first_example() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for (here, there) in [
        ("platform/places/providers.yaml", "10-providers.yaml"),
        ("platform/places/environments.yaml", "20-environments.yaml"),
        ("shop/cart.yaml", "30-application.yaml"),
    ] {
        let read = |path: &str| std::fs::read_to_string(examples.join(path)).unwrap();
        let (here, there) = (format!("gitops/{here}"), format!("first-light/{there}"));
        assert_eq!(read(&here), read(&there), "{here} and {there}");
    }
}
