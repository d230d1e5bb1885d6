//! After a plan: the world as it was before, save what stays outside.

use super::super::cluster::Cluster;
use super::super::hosts::Hosts;
use crate::demo::feed::KINDS;
use crate::failure::Failure;

/// Takes everything of a run out of the cluster, and all rules and scripts back. No controller may run.
pub async fn tidy(cluster: &Cluster, hosts: &Hosts, run: &str) -> Result<(), Failure> {
    hosts.forget().await?;
    lose(cluster, run).await?;
    for namespace in cluster.list("Namespace", run).await? {
        let name = namespace["metadata"]["name"].as_str().unwrap_or_default();
        cluster.delete("Namespace", name).await?;
    }
    Ok(())
}

/// Loses every object of a run, with its finalizers.
pub async fn lose(cluster: &Cluster, run: &str) -> Result<(), Failure> {
    for kind in KINDS {
        for object in cluster.list(kind, run).await? {
            let metadata = &object["metadata"];
            let name = metadata["name"].as_str().unwrap_or_default();
            let name = match metadata["namespace"].as_str() {
                Some(namespace) => format!("{namespace}/{name}"),
                None => name.to_owned(),
            };
            cluster.lose(kind, &name).await?;
        }
    }
    Ok(())
}
