//! GitOps: what kstatus, Flux and Argo CD make of our objects.
//!
//! A suite of its own, `cargo dev test gitops`, since its tools take minutes to build.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
