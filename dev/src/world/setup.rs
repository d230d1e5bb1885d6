//! What is in a world before anybody uses it.

pub mod accounts;
pub mod cluster;
