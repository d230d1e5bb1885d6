//! Kubernetes: caches fed by one watch a kind, and the few writes we make to our own objects. All of it goes through one
//! door, past one table of rights.

mod cache;
mod door;
mod failure;
mod feed;
mod granted;
mod key;
mod lease;
#[cfg(feature = "host")]
mod reach;
#[cfg(feature = "host")]
mod readiness;
pub mod right;
mod store;

pub use cache::Stores;
pub use door::{Inner, Ungranted, client, config, connect, only};
pub use feed::{Feed, Feeds, feeds};
pub use granted::{Rights, ask};
pub use key::{Ensured, KeyPlace, ensure};
pub use lease::KubeLeases;
#[cfg(feature = "host")]
pub use reach::Reach;
#[cfg(feature = "host")]
pub use readiness::Readiness;
pub use store::KubeStore;
