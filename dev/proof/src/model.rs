//! The model check: every interleaving of a small world.
//!
//! **The code that is checked is the production driver itself.** [`harmonix::controllers::pass`] runs
//! against ports that stop it at each write; nothing of it is written down a second time, so there is no
//! order of steps that could differ. A pass is a function of what it begins with and of every answer it
//! got, so a pass under way is one node in a tree of answers (`course`): going on means following an edge,
//! and only a history that nobody had before runs the driver again, from its beginning, with the same
//! answers. That makes the real thing quick enough: most steps run no controller code at all.
//!
//! **The world** (`state`, `outside`) is small: objects with versions, a cache that lags, what a process
//! remembers, GitLab's projects, commits and pipelines, services, audit tables. Time moves only when the
//! checker says so, identities come from a counter, and versions are compared with the newest one, so that
//! histories that can do the same from now on are one state.
//!
//! **What may happen** (`action`): the watch delivers; a pass begins and looks; each write is served, or its
//! answer is lost, or it fails, is denied, or arrives later than anybody waited; the process dies before or
//! after any write; time passes; pipelines end well or badly; people edit, delete and create again; a rival
//! is first; credentials end; the cluster is lost. All looks between two writes are one step, unless a
//! story says otherwise. What is on its way arrives before a lost answer has been waited for, or never:
//! that is what the waiting assumes.
//!
//! **What must hold** (`property`) is looked at in every state; and from every state, as `rest` tells, a run
//! without faults ends as asked within a bound.

mod action;
mod broken;
mod call;
mod check;
mod course;
mod insert;
mod look;
mod outside;
mod people;
mod property;
mod report;
mod rest;
mod scene;
mod serve;
mod state;
mod step;
mod store;
mod story;
mod tape;
mod thing;

use std::process::ExitCode;

use clap::Args;

pub use broken::Broken;
pub use story::Story;

/// What the model check is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A story of one's own: how many applications (1 or 2)
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub applications: Option<u8>,
    /// Of a story of one's own: how many environments, one above the other (1 or 2)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub stages: u8,
    /// Of a story of one's own: how many edits
    #[arg(long, default_value_t = 0)]
    pub edits: u8,
    /// Of a story of one's own: how many faults
    #[arg(long, default_value_t = 1)]
    pub faults: u8,
    /// Only stories with this in their name
    #[arg(long, value_name = "TEXT")]
    pub story: Option<String>,
    /// Smaller stories, which take less than a minute
    #[arg(long)]
    pub quick: bool,
    /// Go no deeper than this many steps
    #[arg(long)]
    pub depth: Option<usize>,
    /// Stop each story after about this many states
    #[arg(long)]
    pub states: Option<usize>,
    /// Look at coming to rest in every so many states only
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub every: u64,
    /// How many threads go through the states of a story
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// How many stories are gone through at once
    #[arg(long, default_value_t = 2)]
    pub jobs: usize,
    /// Check a controller that is broken like this: the check must find it out
    #[arg(long)]
    pub broken: Option<Broken>,
    /// Check every broken controller: all must be found out
    #[arg(long, conflicts_with = "broken")]
    pub controls: bool,
}

/// Runs the model check.
pub fn run(options: &Options) -> ExitCode {
    report::run(options)
}
