//! The AWS adapter on the wire: what it sends, and what it makes of answers.

#![cfg(test)]
// What a test leans on may panic like the test itself.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod audit;
mod failures;
mod outputs;
mod runtime;
mod sessions;
mod wire;
