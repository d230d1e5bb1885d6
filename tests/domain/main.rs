//! The proof of the pure floors, which needs neither the GitLab crate nor the AWS SDKs: one binary, since each is linked anew.
//!
//! `layers` and `generated` guard the shape of the house; `admission` applies the table that the
//! real API server gets too; `properties` runs plans against a model of the world.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that meets what it did not expect has failed"
)]

mod admission;
mod chart;
mod docs;
mod generated;
mod kstatus;
mod layers;
mod properties;
mod rendering;
mod tables;

use harmonix_miniature as world;
