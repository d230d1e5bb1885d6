//! L3: how the world is reached. One vendor each; no vendor type leaves its module.

pub mod aws;
pub mod clock;
pub mod gitlab;
pub mod kube;
