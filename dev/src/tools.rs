//! Pinned, checksummed tools in the user's cache folder.
//!
//! Everything the world runs that is not part of this repository: the Kubernetes control plane (Go modules), moto and the
//! AWS command line (Python), gitlab-ci-local and Node (npm), buildah, skopeo and the registry (Debian). What is pinned
//! lies beside this crate (`controlplane/`, `python/`, `node/`); what is made of it is shared by every checkout.

use crate::failure::Failure;
use crate::progress::Progress;

pub mod cache;
pub mod command;
pub mod controlplane;
mod debian;
mod gitops;
pub mod go;
pub mod go_files;
mod helm;
pub mod kubelet;
pub mod node;
pub mod node_image;
pub mod pause_image;
mod promtool;
pub mod python;
mod suite;
pub mod terraform;

pub use cache::Cache;
pub use controlplane::ControlPlane;
pub use kubelet::NodePrograms;
pub use node::Node;
pub use node_image::NodeImage;
pub use pause_image::PauseImage;
pub use python::Python;
pub use suite::Suite;
pub use terraform::Terraform;

/// Every tool, ready for use.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Where they are kept.
    pub cache: Cache,
    /// Kubernetes.
    pub control_plane: ControlPlane,
    /// moto and the AWS command line.
    pub python: Python,
    /// Node and gitlab-ci-local.
    pub node: Node,
    /// The base image of Node applications.
    pub node_image: NodeImage,
    /// Terraform or OpenTofu.
    pub terraform: Terraform,
}

impl Tools {
    /// Answers the tools, making what is absent; what can be made at the same time is.
    pub async fn ensure(progress: &Progress) -> Result<Self, Failure> {
        let cache = Cache::of_user()?;
        // What a person must install is asked for before anything that takes minutes.
        let terraform = Terraform::find()?;
        debian::ensure(debian::OF_WORLD, &cache, progress).await?;
        let (control_plane, python, (node, node_image)) = tokio::try_join!(
            ControlPlane::ensure(&cache, progress),
            Python::ensure(&cache, progress),
            async {
                let node = Node::ensure(&cache, progress).await?;
                let image = NodeImage::ensure(&cache, progress, &node).await?;
                Ok((node, image))
            },
        )?;
        Ok(Self {
            cache,
            control_plane,
            python,
            node,
            node_image,
            terraform,
        })
    }
}
