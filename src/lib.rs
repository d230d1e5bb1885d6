//! Harmonix: Kubernetes objects become running applications on AWS.
//!
//! Six floors; a module uses only floors below its own (`tests/layers.rs` checks it):
//!
//! ```text
//! api          what people write: CRD types, conditions, reasons
//! domain       what we decide: pure, synchronous, total
//! ports        what we need from the world: narrow traits in domain words
//! adapters     how the world is reached: gitlab, aws, kube
//! controllers  when things happen: the one loop, triggers, requeue
//! cli, main    assembly
//! ```
//!
//! Without the feature `host` there is no way to GitLab and AWS, and nothing to assemble: what remains
//! is what decides and when, for those who bring a world of their own.

pub mod adapters;
pub mod api;
#[cfg(feature = "host")]
pub mod cli;
pub mod controllers;
pub mod domain;
pub mod ports;
