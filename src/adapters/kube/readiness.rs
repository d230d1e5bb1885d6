//! Readiness: whether this process sees what there is. It depends on the API server alone: an outage of GitLab or AWS is told
//! by the objects it concerns, and does not go away with a restart.

use std::sync::{Arc, OnceLock};

use super::{Reach, Stores};

/// What the probe asks.
pub struct Readiness {
    reach: Arc<Reach>,
    stores: OnceLock<Stores>,
}

impl Readiness {
    /// Not yet.
    pub const fn new(reach: Arc<Reach>) -> Self {
        Self {
            reach,
            stores: OnceLock::new(),
        }
    }

    /// These are filled from now on. Only the first ones that are given count.
    pub fn wait_for(&self, stores: Stores) {
        let _ = self.stores.set(stores);
    }

    /// Whether it is ready.
    ///
    /// # Errors
    /// Why it is not, in one sentence.
    pub fn check(&self) -> Result<(), String> {
        let unfilled = match self.stores.get() {
            None => Some("the controller is starting".to_owned()),
            Some(stores) => {
                let kinds = stores.unfilled();
                (!kinds.is_empty())
                    .then(|| format!("not everything was listed yet: {}", kinds.join(", ")))
            }
        };
        let problems: Vec<String> = self.reach.trouble().into_iter().chain(unfilled).collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.join("; "))
        }
    }
}
