//! Install: the chart with real Helm against the real API server, and the image in a pod on a real node.
//!
//! A suite of its own, `cargo dev test install`, since its tools take minutes to build.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// What the tests work with.
#[path = "install/cluster.rs"]
mod cluster;
#[path = "journeys/forge.rs"]
#[expect(dead_code, reason = "journeys use more of it")]
mod forge;
#[path = "journeys/guardian.rs"]
mod guardian;
#[path = "install/helm.rs"]
mod helm;
#[path = "journeys/trail.rs"]
#[expect(dead_code, reason = "journeys use more of it")]
mod trail;
#[path = "install/turn.rs"]
mod turn;

// The chart.
#[path = "install/alerts.rs"]
mod alerts;
#[path = "install/key.rs"]
mod key;
#[path = "install/network.rs"]
mod network;
#[path = "install/pod.rs"]
mod pod;
#[path = "install/refusal.rs"]
mod refusal;
#[path = "install/release.rs"]
mod release;
#[path = "install/rendered.rs"]
mod rendered;
#[path = "install/restricted.rs"]
mod restricted;
#[path = "install/role.rs"]
mod role;

// The image.
#[path = "install/node.rs"]
mod node;
