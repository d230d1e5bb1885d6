//! Who an object is, outside: identity, ownership marker, external id.
//!
//! Nothing here holds a uid or a generation: a cluster that is rebuilt from the same manifests with
//! the same installation key is the same owner.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The kinds of objects that own something outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// EnvironmentProvider.
    Provider,
    /// Environment.
    Environment,
    /// Application.
    Application,
}

impl Kind {
    /// The Kubernetes kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "EnvironmentProvider",
            Self::Environment => "Environment",
            Self::Application => "Application",
        }
    }
}

/// Kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The kind.
    pub kind: Kind,
    /// The namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}/{}", self.kind.as_str(), self.name)
        } else {
            write!(f, "{}/{}/{}", self.kind.as_str(), self.namespace, self.name)
        }
    }
}

/// The installation's secret: what makes our marks ours. Never printed.
#[derive(Clone)]
pub struct InstallationKey(Vec<u8>);

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationKey(…)")
    }
}

/// What a project's description says of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Our mark of this very object.
    Ours,
    /// No mark, or somebody else's.
    Foreign,
}

const MARK: &str = "harmonix:";

impl InstallationKey {
    /// Accepts a key of 32 bytes or more.
    ///
    /// # Errors
    /// A sentence when the key is too short to be a secret.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, String> {
        let bytes = bytes.into();
        if bytes.len() < 32 {
            return Err(format!(
                "the installation key has {} bytes; it needs at least 32 random ones",
                bytes.len()
            ));
        }
        Ok(Self(bytes))
    }

    /// The public name of this installation: 12 hexadecimal digits.
    pub fn installation_id(&self) -> String {
        self.digest(&["installation"]).chars().take(12).collect()
    }

    /// The line that marks a project at `path` as `identity`'s.
    pub fn mark(&self, identity: &Identity, path: &str) -> String {
        let installation = self.installation_id();
        let proof = self.digest(&["mark", &identity.to_string(), &path.to_lowercase()]);
        let proof: String = proof.chars().take(32).collect();
        format!("{MARK}{installation}:{identity}:{proof}")
    }

    /// Whether `description` carries `identity`'s mark for `path`.
    pub fn ownership(&self, description: &str, identity: &Identity, path: &str) -> Ownership {
        let wanted = self.mark(identity, path);
        let found = description.split_whitespace().any(|word| {
            word.len() == wanted.len()
                && word
                    .bytes()
                    .zip(wanted.bytes())
                    .fold(0, |acc, (a, b)| acc | (a ^ b))
                    == 0
        });
        if found {
            Ownership::Ours
        } else {
            Ownership::Foreign
        }
    }

    /// The external id of a provider that names none.
    pub fn external_id(&self, provider: &str) -> String {
        let digest: String = self
            .digest(&["external-id", provider])
            .chars()
            .take(32)
            .collect();
        format!("harmonix-{digest}")
    }

    fn digest(&self, parts: &[&str]) -> String {
        // A key of any length is accepted by HMAC, so this cannot fail; the empty digest would match nothing.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        for part in parts {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        hex(&mac.finalize().into_bytes())
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a String never fails.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// SHA-256 of parts that cannot be confused with each other's neighbours, hexadecimal.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> InstallationKey {
        InstallationKey::new(vec![7; 32]).unwrap()
    }

    fn app(namespace: &str, name: &str) -> Identity {
        Identity {
            kind: Kind::Application,
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    #[test]
    fn a_mark_is_recognised_wherever_it_stands_in_the_description() {
        let mark = key().mark(&app("shop", "cart"), "apps/shop/cart");
        let text = format!("The cart.\n\n{mark}\n");
        assert_eq!(
            key().ownership(&text, &app("shop", "cart"), "apps/shop/cart"),
            Ownership::Ours
        );
    }

    #[test]
    fn a_mark_of_another_object_path_or_key_is_foreign() {
        let mark = key().mark(&app("shop", "cart"), "apps/shop/cart");
        let other = InstallationKey::new(vec![8; 32]).unwrap();
        for (key, identity, path) in [
            (key(), app("shop", "till"), "apps/shop/cart"),
            (key(), app("shop", "cart"), "apps/shop/till"),
            (other, app("shop", "cart"), "apps/shop/cart"),
        ] {
            assert_eq!(key.ownership(&mark, &identity, path), Ownership::Foreign);
        }
    }

    #[test]
    fn a_mark_that_differs_twice_in_the_same_way_is_foreign() {
        let mark = key().mark(&app("shop", "cart"), "apps/shop/cart");
        let mut bytes = mark.clone().into_bytes();
        let end = bytes.len();
        // Two different digits of the proof, exchanged: their differences are the same bits.
        let first = (1..32)
            .map(|back| end - 1 - back)
            .find(|at| bytes[*at] != bytes[end - 1])
            .unwrap();
        bytes.swap(first, end - 1);
        let forged = String::from_utf8(bytes).unwrap();
        assert_ne!(forged, mark);
        assert_eq!(
            key().ownership(&forged, &app("shop", "cart"), "apps/shop/cart"),
            Ownership::Foreign
        );
    }

    #[test]
    fn a_short_key_is_refused_and_no_key_is_ever_printed() {
        assert!(InstallationKey::new("short").is_err());
        assert_eq!(format!("{:?}", key()), "InstallationKey(…)");
    }

    #[test]
    fn neighbouring_parts_of_a_digest_cannot_be_confused() {
        assert_ne!(
            digest([b"a-b".as_slice(), b"c"]),
            digest([b"a".as_slice(), b"b-c"])
        );
    }
}
