//! GitOps: what kstatus, Flux and Argo CD make of what the controller writes, each with its real program.
//!
//! Run with `cargo dev test gitops`, which names the programs that `cargo dev tools --all` has built. The tests of the three
//! kinds share one scripted world, as journeys do; each tool has a world of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// What the tests work with; journeys use what is not used here.
#[allow(dead_code)]
#[path = "journeys/cloud.rs"]
mod cloud;
#[allow(dead_code)]
#[path = "journeys/cluster.rs"]
mod cluster;
#[allow(dead_code)]
#[path = "journeys/forge.rs"]
mod forge;
#[path = "journeys/guardian.rs"]
mod guardian;
#[allow(dead_code)]
#[path = "journeys/ledger.rs"]
mod ledger;
#[allow(unused_imports)]
#[path = "journeys/manifest.rs"]
mod manifest;
#[path = "../../tests/domain/kstatus.rs"]
mod mirror;
#[allow(dead_code)]
#[path = "journeys/shared.rs"]
mod shared;
#[allow(dead_code)]
#[path = "journeys/stage.rs"]
mod stage;
#[allow(dead_code)]
#[path = "journeys/trail.rs"]
mod trail;

#[path = "gitops/life.rs"]
mod life;
#[path = "gitops/page.rs"]
mod page;
#[path = "gitops/part.rs"]
mod part;
#[path = "gitops/tool.rs"]
mod tool;

// The tests.
#[path = "gitops/apply.rs"]
mod apply;
#[path = "gitops/argocd.rs"]
mod argocd;
#[path = "gitops/conformance.rs"]
mod conformance;
#[path = "gitops/flux.rs"]
mod flux;
#[path = "gitops/lua.rs"]
mod lua;
