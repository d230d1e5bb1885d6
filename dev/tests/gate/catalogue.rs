//! The catalogue, tested by the tools of its own languages: Node runs the service's tests, a shell runs the scripts of
//! the pipelines, Terraform applies the modules to moto behind the gate.

#[path = "catalogue/bench.rs"]
mod bench;
#[path = "catalogue/build.rs"]
mod build;
#[path = "catalogue/controller.rs"]
mod controller;
#[path = "catalogue/deploy.rs"]
mod deploy;
#[path = "catalogue/node.rs"]
mod node;
#[path = "catalogue/place.rs"]
mod place;
#[path = "catalogue/platform.rs"]
mod platform;
#[path = "catalogue/policy.rs"]
mod policy;
#[path = "catalogue/provision.rs"]
mod provision;
#[path = "catalogue/shape.rs"]
mod shape;
#[path = "catalogue/terraform.rs"]
mod terraform;
#[path = "catalogue/verify.rs"]
mod verify;

use std::path::PathBuf;

use harmonix_dev::world::name::checkout;

/// A file or a folder of the catalogue.
fn catalogue(path: &str) -> PathBuf {
    checkout().join("src/catalogue").join(path)
}
