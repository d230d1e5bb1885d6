//! The GitLab adapter on the wire: what it sends, and what it makes of the answers.

#![cfg(test)]
// What a test leans on may panic like the test itself, and takes literals as they come.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::print_stdout,
    missing_docs
)]

mod file;
mod host;
mod pipeline;
mod project;
mod proxy;
mod refusal;
mod rotation;
#[path = "../proxy/standin.rs"]
mod standin;
mod stub;
mod telling;
