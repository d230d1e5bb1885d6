//! Who is asked whether something is wrong: what proves the checkout right, run against the copy.

mod command;

use std::fmt;
use std::path::Path;

use crate::failure::Failure;
use crate::progress::Task;

use super::copy::Copy;
use command::{Tests, proof, violations};

/// One proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detector {
    /// The controller's passes against a model of the world.
    Properties,
    /// The whole controller in process, under schedules with faults.
    Simulation,
    /// Every interleaving of a small world.
    Model,
    /// What the AWS adapter sends, and what it makes of answers.
    AdapterAws,
    /// What the GitLab adapter sends, and what it makes of answers.
    AdapterGitlab,
    /// What stands beside the code.
    Library,
}

/// What a detector is asked about.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) copy: &'a Copy,
    pub(super) seeds: u64,
}

/// What a detector says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It finds no fault.
    Sound,
    /// It finds fault, with these.
    Faulty(Vec<String>),
}

impl Detector {
    const ALL: [Self; 6] = [
        Self::Properties,
        Self::Simulation,
        Self::Model,
        Self::AdapterAws,
        Self::AdapterGitlab,
        Self::Library,
    ];

    /// Its name in patches.
    const fn name(self) -> &'static str {
        match self {
            Self::Properties => "properties",
            Self::Simulation => "sim",
            Self::Model => "model",
            Self::AdapterAws => "adapter_aws",
            Self::AdapterGitlab => "adapter_gitlab",
            Self::Library => "library",
        }
    }

    /// The detector of this name.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("{name:?} is none of {known}")
        })
    }

    /// The tests that it is; none where it is a program.
    const fn tests(self) -> Option<(&'static [&'static str], &'static str)> {
        match self {
            Self::Properties => Some((
                &[
                    "-p",
                    "harmonix",
                    "--no-default-features",
                    "--test",
                    "domain",
                ],
                "properties::",
            )),
            Self::AdapterAws => Some((&["-p", "harmonix-adapter-aws"], "")),
            Self::AdapterGitlab => Some((&["-p", "harmonix-adapter-gitlab"], "")),
            Self::Library => Some((&["-p", "harmonix", "--lib"], "")),
            Self::Simulation | Self::Model => None,
        }
    }

    /// Builds what it needs and runs it.
    ///
    /// # Errors
    /// When the copy does not compile: that is no finding.
    pub(super) async fn ask(self, asked: &Question<'_>, task: &Task) -> Result<Judgement, Failure> {
        if let Some((target, filter)) = self.tests() {
            let tests = Tests {
                copy: asked.copy,
                target,
                filter,
            };
            return tests.failing(task).await;
        }
        let program = proof(asked.copy, task).await?;
        if self == Self::Model {
            task.note("the model check");
            return violations(&program, &["model", "--quick"]).await;
        }
        simulated(&program, asked.seeds, task).await
    }
}

/// How many seeds are run before anybody looks whether one of them failed.
const BATCH: u64 = 40;

async fn simulated(program: &Path, all: u64, task: &Task) -> Result<Judgement, Failure> {
    let mut from = 0;
    while from < all {
        let seeds = BATCH.min(all - from);
        task.note(format!("the simulation, from seed {from}"));
        let (begin, count) = (from.to_string(), seeds.to_string());
        let words = ["sim", "--from", &begin, "--seeds", &count];
        if let Judgement::Faulty(why) = violations(program, &words).await? {
            return Ok(Judgement::Faulty(why));
        }
        from += seeds;
    }
    Ok(Judgement::Sound)
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Properties => "properties of the domain",
            Self::Simulation => "simulation",
            Self::Model => "model check",
            Self::AdapterAws => "suite of the AWS adapter",
            Self::AdapterGitlab => "suite of the GitLab adapter",
            Self::Library => "tests beside the code",
        })
    }
}
