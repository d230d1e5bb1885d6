//! Suites of tests that need more than a world: tools that take minutes to build, and that nothing else needs.

use std::path::PathBuf;

use super::cache::Cache;
use super::debian::{self, Package};
use super::gitops;
use super::go::GoTool;
use super::go_files::GoFiles;
use super::helm;
use super::kubelet;
use super::promtool;
use crate::failure::Failure;
use crate::progress::Progress;

/// What a node runs containers with.
const OF_NODE: &[Package] = &[
    ("containerd", "containerd"),
    ("runc", "/usr/sbin/runc"),
    ("containernetworking-plugins", "/usr/lib/cni/ptp"),
    ("nftables", "/usr/sbin/nft"),
    ("iproute2", "ip"),
];

/// A suite of tests with tools of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    /// The chart, installed with Helm, and the image in a pod on a real node.
    Install,
    /// What GitOps tools make of our objects.
    Gitops,
}

/// Where the tests of a suite find a tool: the variable, and the folder or program.
pub type Variable = (&'static str, PathBuf);

impl Suite {
    /// Every suite.
    pub const ALL: [Self; 2] = [Self::Install, Self::Gitops];

    /// Its name, which is that of its file below `dev/tests`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Gitops => "gitops",
        }
    }

    /// The suite of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// What is built for it, with the variable that names the folder of the programs to the tests.
    fn programs(self) -> Vec<(&'static str, GoTool)> {
        match self {
            Self::Install => vec![
                ("HARMONIX_HELM", helm::tool()),
                ("HARMONIX_PROMTOOL", promtool::tool()),
                (kubelet::VARIABLE, kubelet::tool()),
            ],
            Self::Gitops => gitops::programs(),
        }
    }

    /// What is fetched for it, with the variable that names the folder to the tests.
    const fn files(self) -> &'static [(&'static str, GoFiles)] {
        match self {
            Self::Install => &[],
            Self::Gitops => gitops::FILES,
        }
    }

    /// What the distribution has for it.
    const fn packages(self) -> &'static [Package] {
        match self {
            Self::Install => OF_NODE,
            Self::Gitops => gitops::PACKAGES,
        }
    }

    /// Makes its tools where they are absent, and answers where its tests find them.
    pub async fn ensure(
        self,
        cache: &Cache,
        progress: &Progress,
    ) -> Result<Vec<Variable>, Failure> {
        debian::ensure(self.packages(), cache, progress).await?;
        let mut variables = Vec::new();
        // One after the other: each uses every core.
        for (variable, tool) in self.programs() {
            variables.push((variable, tool.ensure(cache, progress).await?));
        }
        for (variable, files) in self.files() {
            variables.push((*variable, files.ensure(cache, progress).await?));
        }
        Ok(variables)
    }

    /// Names the tools that are absent.
    #[must_use]
    pub fn absent(self, cache: &Cache) -> Vec<&'static str> {
        let programs = self.programs();
        let absent = programs.iter().filter(|(_, tool)| !tool.is_there(cache));
        let files = self.files().iter();
        let files = files.filter(|(_, files)| !files.is_there(cache));
        let packages = debian::missing(self.packages());
        absent
            .map(|(_, tool)| tool.name)
            .chain(files.map(|(_, files)| files.name))
            .chain(packages)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_is_found_by_its_name_and_by_nothing_else() {
        for suite in Suite::ALL {
            assert_eq!(Suite::named(suite.name()), Some(suite));
        }
        assert_eq!(Suite::named("world"), None);
    }
}
