//! Our own objects, as far as a decision depends on which version was seen.

use std::collections::BTreeMap;

use super::identity::Identity;

/// An object at the version that a decision was made on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Which object.
    pub identity: Identity,
    /// Its uid.
    pub uid: String,
    /// The version that a write must still find, or it is refused before it does anything.
    pub resource_version: String,
}

/// A namespace, as far as it matters to us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}
