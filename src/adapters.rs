//! L3: how the world is reached. One vendor each; no vendor type leaves its module.

#[cfg(feature = "host")]
pub mod aws;
#[cfg(feature = "host")]
mod cause;
pub mod clock;
#[cfg(feature = "host")]
mod gate;
#[cfg(feature = "host")]
pub mod gitlab;
pub mod kube;
#[cfg(feature = "host")]
pub mod meter;
#[cfg(feature = "host")]
pub mod serve;
pub mod silence;
#[cfg(feature = "host")]
pub mod traces;
