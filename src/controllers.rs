//! L4: when things happen. One loop for every kind; the kinds only say how they read and decide.

mod advisory;
mod ahead;
mod application;
mod context;
mod denial;
mod driver;
mod election;
mod environment;
mod execute;
pub mod failpoint;
mod leadership;
mod ledger;
mod letgo;
mod look;
mod managed;
pub mod pass;
mod provider;
mod requeue;
mod setback;
mod term;
mod triggers;

pub use context::{Context, Ports, Recollection};
pub use election::Election;
pub use leadership::{Leadership, Term};
pub use triggers::run;
