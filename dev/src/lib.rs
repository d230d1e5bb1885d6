//! The local world: Kubernetes, AWS, GitLab and its runners on loopback, for trying and testing Harmonix.
//!
//! It knows the controller only from outside: a process, its command line, and what it does to the services it talks to.

pub mod apichaos;
pub mod aws;
pub mod chaos;
pub mod demo;
pub mod failure;
pub mod fault;
pub mod flux;
pub mod gitlab;
pub mod image;
pub mod journal;
pub mod manifest;
pub mod node;
pub mod progress;
pub mod rights;
pub mod scripted;
pub mod settled;
pub mod tools;
pub mod world;
