//! The gate against a real moto and a real image registry.
//!
//! `HARMONIX_MOTO` names the `moto_server` to start; `docker-registry` is taken from the path. Both are started once
//! for all tests and die with this process; tests keep out of each other's way by accounts of their own.

#[path = "gate/backend.rs"]
mod backend;
#[path = "gate/catalogue.rs"]
mod catalogue;
#[path = "gate/faults.rs"]
mod faults;
#[path = "gate/images.rs"]
mod images;
#[path = "gate/ledger.rs"]
mod ledger;
#[path = "gate/permissions.rs"]
mod permissions;
#[path = "gate/tasks.rs"]
mod tasks;
#[path = "gate/trust.rs"]
mod trust;
#[path = "gate/webidentity.rs"]
mod webidentity;
#[path = "gate/world.rs"]
mod world;
