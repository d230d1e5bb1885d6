//! The runner.

use serde::{Deserialize, Serialize};

/// Which jobs the runner takes that serves everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether it takes jobs without tags.
    #[serde(default)]
    pub run_untagged: bool,
}

impl Default for Runner {
    /// As GitLab has a runner without tags, which must take jobs without tags.
    fn default() -> Self {
        Self {
            tags: Vec::new(),
            run_untagged: true,
        }
    }
}

impl Runner {
    /// Whether it takes a job with these tags: it needs all of them.
    pub fn takes(&self, tags: &[String]) -> bool {
        if tags.is_empty() {
            self.run_untagged
        } else {
            tags.iter().all(|tag| self.tags.contains(tag))
        }
    }
}
