//! What AWS holds, in our words: clusters, services, and the access to them.

use std::collections::BTreeMap;

use super::name::RoleArn;

/// Everything that decides an operations session. Only the controller uses operations roles;
/// provisioning roles belong to pipelines, and no type here can carry one's credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationsAccess {
    /// The provider's uid: two providers never share a session, whatever their roles.
    pub provider_uid: String,
    /// The role.
    pub role: RoleArn,
    /// What its trust policy asks for.
    pub external_id: String,
    /// The region of its services.
    pub region: String,
    /// Readable name in CloudTrail.
    pub session_name: String,
    /// The object the session works for.
    pub source_identity: String,
    /// Session tags (`harmonix:…`).
    pub tags: BTreeMap<String, String>,
}

/// A cluster as AWS reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// AWS's word for its state.
    pub status: String,
}

/// A service as AWS reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// AWS's word for its state.
    pub status: String,
    /// Tasks wanted.
    pub desired: i32,
    /// Tasks running.
    pub running: i32,
    /// Tasks starting.
    pub pending: i32,
    /// AWS's word for the state of the primary deployment.
    pub rollout: String,
    /// Why it is in that state, in AWS's words.
    pub rollout_reason: String,
    /// The image of the primary deployment's container, by digest.
    pub image: String,
    /// The service's tags.
    pub tags: BTreeMap<String, String>,
}

/// How a record came to stand in its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditInsert {
    /// This insert wrote it.
    Inserted,
    /// An earlier one did; this is the hash that stands there.
    AlreadyThere {
        /// The stored record's hash.
        hash: String,
        /// The hash that it hangs on.
        previous: String,
    },
}
