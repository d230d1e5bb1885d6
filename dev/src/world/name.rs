//! What a world is called.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::failure::Failure;

const LONGEST: usize = 40;

/// Answers the checkout that this program was built in.
#[must_use]
pub fn checkout() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Answers the name of the checkout's own world: the folder's name, and what tells it from others of that name.
#[must_use]
pub fn of_checkout(checkout: &Path) -> String {
    let folder = checkout
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let readable: String = folder
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(20)
        .collect();
    let digest = Sha256::digest(checkout.as_os_str().as_encoded_bytes());
    let suffix: String = digest
        .iter()
        .take(3)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match readable.trim_matches('-') {
        "" => format!("world-{suffix}"),
        readable => format!("{readable}-{suffix}"),
    }
}

/// Checks a name that a person chose: it becomes a folder's name.
pub fn check(name: &str) -> Result<(), Failure> {
    let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=LONGEST).contains(&name.len()) && name.chars().all(label) && !name.starts_with('-') {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{name:?} cannot be a world's name: use 1 to {LONGEST} lower-case letters, digits and hyphens, not beginning with a hyphen"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_checkouts_of_one_name_have_worlds_of_their_own() {
        let one = of_checkout(Path::new("/home/ada/harmonix"));
        let other = of_checkout(Path::new("/home/bob/harmonix"));
        assert!(one.starts_with("harmonix-"), "{one}");
        assert_ne!(one, other);
        check(&one).unwrap();
        check(&of_checkout(Path::new("/srv/Ä B"))).unwrap();
        check(&of_checkout(Path::new("/"))).unwrap();
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        for name in ["", "../other", "a/b", "-x", "A", &"a".repeat(41)] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
