//! The AWS adapter on the wire: what it sends, and what it makes of answers.

#![cfg(test)]
// What a test leans on may panic like the test itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

mod audit;
mod failures;
mod outputs;
mod proxy;
mod runtime;
mod sessions;
#[path = "../proxy/standin.rs"]
mod standin;
mod telling;
mod wire;
