//! Oracles: the true history passes them all, and each history in which one thing is wrong is rejected by the oracle
//! that it is wrong for.
//!
//! The true history was recorded: two applications and a provider were made, one application was changed, the other
//! was let go. Everything else here is that history with one thing broken.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

// What the tests work with.
#[path = "oracles/control.rs"]
mod control;
#[path = "oracles/history.rs"]
mod history;

// The tests.
#[path = "oracles/account.rs"]
mod account;
#[path = "oracles/chain.rs"]
mod chain;
#[path = "oracles/convergence.rs"]
mod convergence;
#[path = "oracles/effect_count.rs"]
mod effect_count;
#[path = "oracles/end_state.rs"]
mod end_state;
#[path = "oracles/generation.rs"]
mod generation;
#[path = "oracles/hand.rs"]
mod hand;
#[path = "oracles/leak.rs"]
mod leak;
#[path = "oracles/quiet.rs"]
mod quiet;
#[path = "oracles/secret.rs"]
mod secret;
#[path = "oracles/tenant.rs"]
mod tenant;
#[path = "oracles/throttle.rs"]
mod throttle;
#[path = "oracles/truth.rs"]
mod truth;
#[path = "oracles/whole.rs"]
mod whole;
