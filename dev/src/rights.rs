//! The oracle of rights: what roles grant, against what the API server's audit log saw. A right that nobody used is one too
//! many, a request that no role grants is one that fails in a cluster.

pub mod asked;
mod granted;
pub mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use asked::Asked;
pub use granted::{Granted, Right};
pub use run::Run;

/// The roles that `harmonix rbac` prints, as a world applies them.
pub const CONTROLLER: &str = include_str!("world/rbac.yaml");

/// What Kubernetes grants to everybody who is authenticated and what the controller makes use of. Every cluster has it: it
/// is made by the API server itself.
pub const EVERYBODY: &str = "
kind: ClusterRole
metadata: { name: system:basic-user }
rules:
  - { apiGroups: [authorization.k8s.io], resources: [selfsubjectaccessreviews], verbs: [create] }
";

/// What became of the rights of an account.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Rights that are granted and that no request needed.
    pub unused: Vec<Right>,
    /// Requests that no role grants, or that were refused and never allowed, with how many there were.
    pub missing: BTreeMap<Asked, usize>,
    /// How many requests were refused whose right was used otherwise: an API server that has just begun has not read all
    /// roles yet.
    pub early: usize,
    /// How many requests were looked at.
    pub requests: usize,
    /// How many rights are granted.
    pub granted: usize,
}

/// Compares what the roles grant, and what everybody is granted, with requests.
#[must_use]
pub fn judge(
    own: &Granted,
    everybody: &Granted,
    requests: impl IntoIterator<Item = Asked>,
) -> Verdict {
    let mut verdict = Verdict {
        granted: own.rights().len(),
        ..Verdict::default()
    };
    let requests: Vec<Asked> = requests.into_iter().collect();
    let needs = |asked: &Asked| -> BTreeSet<Right> {
        let all = own.rights().iter().chain(everybody.rights());
        all.filter(|right| right.allows(asked)).cloned().collect()
    };
    let allowed = requests.iter().filter(|asked| !asked.forbidden);
    let used: BTreeSet<Right> = allowed.flat_map(needs).collect();
    for asked in requests {
        verdict.requests += 1;
        let needed = needs(&asked);
        if needed.is_empty() || needed.is_disjoint(&used) {
            *verdict.missing.entry(asked).or_default() += 1;
        } else if asked.forbidden {
            verdict.early += 1;
        }
    }
    verdict.unused = own.rights().difference(&used).cloned().collect();
    verdict
}

/// `29 rights over 1204 requests: 0 unused, 0 missing`, and each that is one of them in a line of its own.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rights over {} requests: {} unused, {} missing",
            self.granted,
            self.requests,
            self.unused.len(),
            self.missing.len()
        )?;
        if self.early > 0 {
            write!(f, " ({} refused while an API server began)", self.early)?;
        }
        for right in &self.unused {
            write!(f, "\n  unused: {right}")?;
        }
        for (asked, count) in &self.missing {
            write!(f, "\n  missing: {asked} ({count} times)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
