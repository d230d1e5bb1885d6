//! Pipelines: from a repository's configuration to jobs and their states.

mod config;
mod create;
mod document;
mod expression;
mod flow;
mod predefined;
mod read;
mod rule;
mod spec;
mod variable;

pub use create::{Created, Request, Start, create, lint};
pub use flow::{advance, composite, retry_copy};
pub use predefined::{Facts, job_variables, slug, tier};
pub use rule::glob;
pub use spec::{JobSpec, When};
pub use variable::{expand_all, expand_text};
