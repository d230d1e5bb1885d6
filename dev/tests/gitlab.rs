//! The GitLab stand-in, asked over HTTP and with git, as its users do.

#[path = "gitlab/conformance.rs"]
mod conformance;
#[path = "gitlab/coverage.rs"]
mod coverage;
#[path = "gitlab/faults.rs"]
mod faults;
#[path = "gitlab/jobs.rs"]
mod jobs;
#[path = "gitlab/pipelines.rs"]
mod pipelines;
#[path = "gitlab/projects.rs"]
mod projects;
#[path = "gitlab/real.rs"]
mod real;
#[path = "gitlab/repositories.rs"]
mod repositories;
#[path = "gitlab/state.rs"]
mod state;
#[path = "gitlab/tokens.rs"]
mod tokens;
#[path = "gitlab/world.rs"]
mod world;
