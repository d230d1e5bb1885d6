//! What was tried, for the sentence about its failure and for reading GitLab's refusals.

use std::fmt;

/// What kind of request it is, as far as the meaning of a refusal depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// Most requests.
    Plain,
    /// A push: rules and hooks of others have a say, in words of their own.
    Push,
    /// A file out of an archive, whose absence the file server tells in plain text.
    Artifact,
}

/// One thing that is tried on one thing.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// Such as `starting a pipeline in apps/shop/cart`.
    words: String,
    /// What kind it is.
    pub(super) nature: Nature,
}

impl Attempt {
    /// Names an attempt in words that go on with "failed".
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            nature: Nature::Plain,
        }
    }

    /// The same attempt, of another nature.
    pub(super) const fn of(mut self, nature: Nature) -> Self {
        self.nature = nature;
        self
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
