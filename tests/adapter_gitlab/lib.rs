//! The GitLab adapter on the wire: what it sends, and what it makes of the answers.

#![cfg(test)]
// What a test leans on may panic like the test itself, and takes literals as they come.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, missing_docs)]

mod file;
mod host;
mod pipeline;
mod project;
mod refusal;
mod stub;
