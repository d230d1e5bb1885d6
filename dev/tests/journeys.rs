//! Journeys: the controller, as a process, against the local world, from `kubectl apply` to what runs.
//!
//! All tests share one scripted world and one controller in it. Each has a namespace of its own, so they run side by side;
//! those that do something to the controller or to all of GitLab or AWS run alone (`Stage::alone`). Judged is by the
//! journals, by the ledger and by the end state.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// What the tests work with.
#[path = "journeys/cloud.rs"]
mod cloud;
#[path = "journeys/cluster.rs"]
mod cluster;
#[path = "journeys/errand.rs"]
mod errand;
#[path = "journeys/forge.rs"]
mod forge;
#[path = "journeys/guardian.rs"]
mod guardian;
#[path = "journeys/ledger.rs"]
mod ledger;
#[path = "journeys/manifest.rs"]
mod manifest;
#[path = "journeys/shared.rs"]
mod shared;
#[path = "journeys/stage.rs"]
mod stage;
#[path = "journeys/trail.rs"]
mod trail;
#[path = "journeys/turns.rs"]
mod turns;
#[path = "journeys/worktree.rs"]
mod worktree;

// The journeys.
#[path = "journeys/access.rs"]
mod access;
#[path = "journeys/configuration.rs"]
mod configuration;
#[path = "journeys/deletion.rs"]
mod deletion;
#[path = "journeys/denial.rs"]
mod denial;
#[path = "journeys/drift.rs"]
mod drift;
#[path = "journeys/figures.rs"]
mod figures;
#[path = "journeys/foreign.rs"]
mod foreign;
#[path = "journeys/group.rs"]
mod group;
#[path = "journeys/key.rs"]
mod key;
#[path = "journeys/leader.rs"]
mod leader;
#[path = "journeys/lost.rs"]
mod lost;
#[path = "journeys/observation.rs"]
mod observation;
#[path = "journeys/order.rs"]
mod order;
#[path = "journeys/pause.rs"]
mod pause;
#[path = "journeys/permission.rs"]
mod permission;
#[path = "journeys/pipeline.rs"]
mod pipeline;
#[path = "journeys/quiet.rs"]
mod quiet;
#[path = "journeys/release.rs"]
mod release;
#[path = "journeys/requester.rs"]
mod requester;
#[path = "journeys/retry.rs"]
mod retry;
#[path = "journeys/rights.rs"]
mod rights;
#[path = "journeys/role.rs"]
mod role;
#[path = "journeys/server_errors.rs"]
mod server_errors;
#[path = "journeys/shutdown.rs"]
mod shutdown;
#[path = "journeys/spec.rs"]
mod spec;
#[path = "journeys/throttle.rs"]
mod throttle;
