//! The controller as an image: built, measured, and proved to come out the same twice.
//!
//! `Dockerfile` says what is in it. Here no base image can be pulled, so the binary is built outside and handed to the stage
//! that stands for the first one; what comes out is an OCI layout in the user's cache folder.

pub mod build;
pub mod layout;
pub mod start;
mod twice;

pub use build::Image;
pub use twice::differences;

/// The most that the image may weigh, compressed, in bytes: 25 MiB.
pub const LARGEST: u64 = 25 * 1024 * 1024;
