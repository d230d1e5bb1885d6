//! Kubernetes: caches fed by one watch a kind, and the few writes we make to our own objects.

mod cache;
mod failure;
mod feed;
mod lease;
mod store;

pub use cache::Stores;
pub use feed::{Feed, Feeds, feeds};
pub use lease::KubeLeases;
pub use store::KubeStore;
