//! L1: what we decide. Pure, synchronous, total: no I/O, no clock, no environment, no randomness.
//!
//! The way of one object: `Spec` (as written) -> `Target` (valid) -> `Observed` (seen) -> `Plan`
//! (decided) -> `Outcome` (done) -> `Report` (told).

pub mod audit;
pub mod blob;
pub mod catalogue;
pub mod condition;
pub mod failure;
pub mod file;
pub mod finding;
pub mod forge;
pub mod group;
pub mod identity;
pub mod intent;
pub mod lease;
pub mod measure;
pub mod name;
pub mod notice;
pub mod observed;
pub mod plan;
pub mod reading;
pub mod render;
pub mod report;
pub mod runtime;
pub mod settings;
pub mod stage;
pub mod step;
pub mod target;
pub mod validate;
pub mod verdict;
pub mod version;
