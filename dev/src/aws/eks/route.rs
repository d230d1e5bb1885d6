//! The paths of EKS, and what AWS calls what is done there.

use http::Method;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route<'a> {
    /// All clusters.
    Clusters,
    /// This cluster.
    Cluster(&'a str),
    /// The Pod Identity associations of this cluster.
    Associations(&'a str),
    /// One of them: cluster and id.
    Association(&'a str, &'a str),
    /// The add-ons of this cluster.
    Addons(&'a str),
    /// One of them: cluster and name.
    Addon(&'a str, &'a str),
    /// Credentials for the pods of this cluster.
    Pod(&'a str),
}

impl<'a> Route<'a> {
    /// Reads a path; nothing where the gate knows nothing about it.
    #[must_use]
    pub fn read(path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match segments[..] {
            ["clusters"] => Some(Self::Clusters),
            ["clusters", cluster] => Some(Self::Cluster(cluster)),
            ["clusters", cluster, "pod-identity-associations"] => Some(Self::Associations(cluster)),
            ["clusters", cluster, "pod-identity-associations", id] => {
                Some(Self::Association(cluster, id))
            }
            ["clusters", cluster, "addons"] => Some(Self::Addons(cluster)),
            ["clusters", cluster, "addons", name] => Some(Self::Addon(cluster, name)),
            ["clusters", cluster, "assume-role-for-pod-identity"] => Some(Self::Pod(cluster)),
            _ => None,
        }
    }

    /// Names the resource that IAM checks a call on this path against: the end of its ARN.
    #[must_use]
    pub fn resource(self) -> Option<String> {
        match self {
            Self::Clusters => None,
            Self::Cluster(cluster)
            | Self::Associations(cluster)
            | Self::Addons(cluster)
            | Self::Pod(cluster) => Some(format!("cluster/{cluster}")),
            Self::Addon(cluster, name) => Some(format!("addon/{cluster}/{name}/*")),
            Self::Association(cluster, id) => {
                Some(format!("podidentityassociation/{cluster}/{id}"))
            }
        }
    }
}

/// Names a call to EKS as IAM does; nothing where the gate does not know it.
#[must_use]
pub fn operation(method: &Method, path: &str) -> Option<&'static str> {
    let name = match (Route::read(path)?, method.as_str()) {
        (Route::Clusters, "GET") => "ListClusters",
        (Route::Clusters, "POST") => "CreateCluster",
        (Route::Cluster(_), "GET") => "DescribeCluster",
        (Route::Cluster(_), "DELETE") => "DeleteCluster",
        (Route::Associations(_), "GET") => "ListPodIdentityAssociations",
        (Route::Associations(_), "POST") => "CreatePodIdentityAssociation",
        (Route::Association(..), "GET") => "DescribePodIdentityAssociation",
        (Route::Association(..), "POST") => "UpdatePodIdentityAssociation",
        (Route::Association(..), "DELETE") => "DeletePodIdentityAssociation",
        (Route::Addons(_), "POST") => "CreateAddon",
        (Route::Addon(..), "GET") => "DescribeAddon",
        (Route::Pod(_), "POST") => "AssumeRoleForPodIdentity",
        (_, _) => return None,
    };
    Some(name)
}
