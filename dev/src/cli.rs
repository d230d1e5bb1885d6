//! The command line.

use clap::{Args, Parser, Subcommand};
use harmonix_dev::apichaos::ApiChaosArgs;
use harmonix_dev::aws::GateArgs;
use harmonix_dev::chaos::scenario::Scenario;
use harmonix_dev::chaos::share::Share;
use harmonix_dev::flux::FluxSourceArgs;
use harmonix_dev::gitlab::GitlabArgs;
use harmonix_dev::node::door::DoorArgs;
use harmonix_dev::node::enter::EnterArgs;
use harmonix_dev::node::inside::NodeArgs;
use harmonix_dev::tools::Suite;
use harmonix_dev::world::name::{checkout, of_checkout};
use harmonix_dev::world::{Executor, Options, Tasks};

/// The local world for trying and testing Harmonix: Kubernetes, AWS, GitLab and its runner on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "cargo dev",
    bin_name = "cargo dev",
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What is asked for.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring the world up; one that is up is left as it is
    Up(Up),
    /// End the world: every process of it, and its files save logs and journals
    Down(Named),
    /// Show the world's parts and how they are
    Status(Named),
    /// Show the log of a part, or the names of the logs there are
    Logs(Logs),
    /// Make the tools that the world needs, where absent (up, test and demo do so themselves)
    Tools(Tools),
    /// Show the main job: from `kubectl apply` to an application that runs in two accounts
    Demo(Demo),
    /// Watch a settled world, with one restart of the controller in the middle: nothing may be written anywhere
    Settled(Settled),
    /// Prove that every effect happens exactly once: play scenarios with crashes and faults, and judge what is left
    #[command(subcommand)]
    Chaos(Chaos),
    /// Build the controller's image, weigh it, and measure its cold start
    Image(ImageOptions),
    /// Bring a world with a real Kubernetes node up, run a command in it, and take both down again (root, Linux)
    Node(NodeOptions),
    /// Run all tests, with the tools that they need; `test install` and `test gitops` are suites of their own
    Test(Test),
    /// Stand between the controller and the API server (a part of the world)
    #[command(hide = true)]
    ServeApichaos(ApiChaosArgs),
    /// Serve AWS (a part of the world)
    #[command(hide = true)]
    ServeAws(GateArgs),
    /// Pack Git repositories as Flux' source-controller does (a part of the world of `cargo dev test gitops`)
    #[command(hide = true)]
    ServeFluxSource(FluxSourceArgs),
    /// Serve GitLab (a part of the world)
    #[command(hide = true)]
    ServeGitlab(GitlabArgs),
    /// Be the first process of a node
    #[command(hide = true)]
    ServeNode(NodeArgs),
    /// Let pods reach the world
    #[command(hide = true)]
    ServeDoor(DoorArgs),
    /// Run something in a node
    #[command(hide = true)]
    EnterNode(EnterArgs),
}

/// Which world is meant.
#[derive(Debug, Args)]
pub struct Named {
    /// Name of the world; by default each checkout has one of its own
    #[arg(long, value_name = "NAME", default_value_t = of_checkout(checkout()))]
    pub name: String,
}

/// Options of `up`.
#[derive(Debug, Args)]
pub struct Up {
    #[command(flatten)]
    pub world: Named,
    /// How the jobs of pipelines are executed: really, or as a test's script says
    #[arg(long, value_enum, default_value_t)]
    executor: Executor,
    /// Whether the tasks of ECS services really run
    #[arg(long, value_enum, default_value_t)]
    tasks: Tasks,
}

impl Up {
    /// Answers what kind of world is wanted.
    pub fn options(&self) -> Options {
        Options {
            executor: self.executor,
            tasks: self.tasks,
        }
    }
}

/// Options of `tools`.
#[derive(Debug, Args)]
pub struct Tools {
    /// Also those of the suites `install` and `gitops`: Helm, a node, Flux, Argo CD
    #[arg(long)]
    pub all: bool,
    /// Make nothing; say which tools of a suite are absent, and end with exit code 1 if any is
    #[arg(long, value_name = "SUITE", conflicts_with = "all")]
    pub check: Option<Suite>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Leave the world up, with the controller in it, and say how to use it; also when an object does not become Ready
    #[arg(long)]
    pub keep: bool,
    /// Name of the demo's own world, which is made anew; by default each checkout has one of its own
    #[arg(long, value_name = "NAME", default_value_t = harmonix_dev::demo::default_name())]
    pub name: String,
}

/// Options of `settled`.
#[derive(Debug, Args)]
pub struct Settled {
    /// How long
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub minutes: u32,
    /// Name of the world; one that is up is used as it is and left up, such as that of `demo --keep`, any other is made
    /// with scripted jobs and ended afterwards
    #[arg(long, value_name = "NAME", default_value_t = harmonix_dev::settled::default_name())]
    pub name: String,
}

/// Options of `logs`.
#[derive(Debug, Args)]
pub struct Logs {
    /// The part, as `cargo dev status` calls it
    pub part: Option<String>,
    /// Go on as the part writes
    #[arg(long, short)]
    pub follow: bool,
    #[command(flatten)]
    pub world: Named,
}

/// Options of `image`.
#[derive(Debug, Args)]
pub struct ImageOptions {
    /// Build binary and image once more, elsewhere and from nothing, and compare (as long as a first build)
    #[arg(long)]
    pub twice: bool,
    /// Leave out the measurement of the cold start, which needs a world
    #[arg(long)]
    pub no_start: bool,
}

/// Options of `node`.
#[derive(Debug, Args)]
pub struct NodeOptions {
    /// Bring the controller's image onto the node, under this name
    #[arg(long, value_name = "NAME")]
    pub image: Option<String>,
    /// The command; by default a shell, in which kubectl works
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND",
        default_value = "bash"
    )]
    pub command: Vec<std::ffi::OsString>,
}

/// Options of `test`.
#[derive(Debug, Args)]
pub struct Test {
    /// A suite (`install`, `gitops`), and arguments for `cargo test`: the name of a test, --test FILE, -- --nocapture and
    /// so on
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGUMENT"
    )]
    pub arguments: Vec<String>,
}

/// What is asked of chaos.
#[derive(Debug, Subcommand)]
pub enum Chaos {
    /// Play scenarios in which nothing goes wrong, five times each, and write down what the controller asks for
    Record(Record),
    /// List all plans
    Plan(PlanList),
    /// Play plans, judge what each leaves, and tell what came of all
    Run(ChaosRun),
    /// Play one plan again, and tell everything that happened
    Replay(Replay),
    /// Make one report of those of several runs, of shares for example
    Report(Parts),
    /// Simulate the controller in process, under schedules drawn by seeds (`--help` lists the options)
    Sim(Proof),
    /// Check every interleaving of a small world (`--help` lists the options)
    Model(Proof),
    /// Put mistakes into a copy of the controller, one at a time, and see that each is found
    Seeded(harmonix_dev::chaos::seeded::Options),
    /// Prove that the controller as it is shipped has none of the points at which a plan ends it
    Shipped,
}

/// What is passed on to a proof in process.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct Proof {
    /// Its options
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "OPTIONS"
    )]
    pub options: Vec<std::ffi::OsString>,
}

/// The lanes of a sweep.
#[derive(Debug, Args)]
pub struct Lanes {
    /// How many worlds are played in side by side; by default twice as many as this machine has cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub lanes: Option<u16>,
    /// The controller's binary; by default it is built as it is shipped, with the points at which a plan ends it
    #[arg(long, value_name = "PATH")]
    pub controller: Option<std::path::PathBuf>,
}

/// Options of `chaos record`.
#[derive(Debug, Args)]
pub struct Record {
    /// Scenarios; all where none is given
    pub scenarios: Vec<Scenario>,
    #[command(flatten)]
    pub lanes: Lanes,
}

/// Options of `chaos plan`.
#[derive(Debug, Args)]
pub struct PlanList {
    /// Ids, or beginnings of ids; all plans where none is given
    pub ids: Vec<String>,
    /// Only this share of all plans, as `run` takes it
    #[arg(long, value_name = "I/N")]
    pub share: Option<Share>,
    /// How many there are of each family, not which
    #[arg(long)]
    pub count: bool,
}

/// Options of `chaos run`.
#[derive(Debug, Args)]
pub struct ChaosRun {
    /// Ids, or beginnings of ids
    #[arg(required_unless_present_any = ["all", "share"])]
    pub ids: Vec<String>,
    /// All plans
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Only this share of them: 3/10 is the third tenth, the same one wherever it is asked for
    #[arg(long, value_name = "I/N")]
    pub share: Option<Share>,
    /// After so many minutes no more plans are begun
    #[arg(long, value_name = "MINUTES")]
    pub minutes: Option<u32>,
    /// Write the report here, as Markdown, and beside it as JSON
    #[arg(long, value_name = "PATH", value_parser = harmonix_dev::chaos::report::paper::place)]
    pub report: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub lanes: Lanes,
}

/// Options of `chaos report`.
#[derive(Debug, Args)]
pub struct Parts {
    /// Reports as JSON; of a plan that is in several of them, the last one counts
    #[arg(required = true, value_name = "FILE")]
    pub parts: Vec<std::path::PathBuf>,
    /// Write the report here, as Markdown, and beside it as JSON
    #[arg(long, value_name = "PATH", value_parser = harmonix_dev::chaos::report::paper::place)]
    pub report: Option<std::path::PathBuf>,
}

/// Options of `chaos replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The plan's id
    pub id: String,
    /// The controller's binary; by default it is built as it is shipped, with the points at which a plan ends it
    #[arg(long, value_name = "PATH")]
    pub controller: Option<std::path::PathBuf>,
}
