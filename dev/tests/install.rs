//! Install: the chart with real Helm against the real API server, and the image in a pod on a real node.
//!
//! A suite of its own, `cargo dev test install`, since its tools take minutes to build.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
