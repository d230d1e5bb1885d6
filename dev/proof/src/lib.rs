//! Proof in process: the controller's own code, without a cluster, under very many schedules.
//!
//! `sim` runs all of it against an API server, a GitLab and an AWS in memory, with the time and every
//! fault drawn by a seed. `model` goes through every interleaving of a small world.

pub mod model;
pub mod sim;
