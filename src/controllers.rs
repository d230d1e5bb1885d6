//! L4: when things happen. One loop for every kind; the kinds only say how they read and decide.

mod advisory;
mod ahead;
mod application;
mod context;
mod denial;
mod driver;
mod environment;
mod execute;
pub mod failpoint;
mod ledger;
mod letgo;
mod look;
mod managed;
pub mod pass;
mod provider;
mod requeue;
mod setback;
mod triggers;

pub use context::{Context, Ports, Recollection};
pub use triggers::run;
