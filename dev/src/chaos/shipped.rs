//! What is shipped has no failpoint.

use std::fs;
use std::path::Path;

use crate::failure::{Doing, Failure};
use crate::progress::Progress;
use crate::tools::Cache;
use crate::world::controller::binary::{self, Profile};

/// The variable, and what is said of a failpoint that is reached, or that cannot be understood.
const WORDS: [&str; 3] = ["HARMONIX_FAILPOINT", "the failpoint", "KIND/ACTION/POINT"];

/// Builds the controller as it is shipped and as chaos plays with it, and proves that the first has no failpoint: every
/// word that is looked for must be in the second, or the search says nothing.
///
/// # Errors
/// Where one cannot be built or read, where the first has a failpoint, or the second has none.
pub async fn prove(progress: &Progress) -> Result<(), Failure> {
    let cache = Cache::of_user()?;
    let shipped = binary::build(&cache, Profile::Release, progress).await?;
    let armed = binary::build(&cache, Profile::Failpoints, progress).await?;
    let problems = compare(&read(&shipped)?, &read(&armed)?);
    if problems.is_empty() {
        println!("no failpoint in {}", shipped.display());
        return Ok(());
    }
    Err(Failure::new(problems.join("\n")))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).doing(|| format!("read {}", path.display()))
}

fn compare(shipped: &[u8], armed: &[u8]) -> Vec<String> {
    let mut problems = Vec::new();
    for word in WORDS {
        if !holds(armed, word) {
            problems.push(format!(
                "the controller that chaos plays with does not hold {word:?}: it has no failpoints, so nothing is proved"
            ));
        }
        if holds(shipped, word) {
            problems.push(format!(
                "what is shipped holds {word:?}: failpoints were compiled into it"
            ));
        }
    }
    problems
}

fn holds(binary: &[u8], word: &str) -> bool {
    memchr::memmem::find(binary, word.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(words: &[&str]) -> Vec<u8> {
        [b"\x7fELF\0".as_slice(), words.join("\0").as_bytes()].concat()
    }

    #[test]
    fn a_binary_with_failpoints_is_not_shipped() {
        let armed = with(&WORDS);
        assert!(compare(&with(&["harmonix"]), &armed).is_empty());
        for word in WORDS {
            assert_eq!(compare(&with(&[word]), &armed).len(), 1, "{word}");
        }
    }

    #[test]
    fn a_search_that_finds_nothing_where_failpoints_are_proves_nothing() {
        assert_eq!(compare(&with(&[]), &with(&WORDS[1..])).len(), 1);
    }
}
