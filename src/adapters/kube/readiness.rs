//! Readiness: whether this process sees what there is. It depends on the API server alone: an outage of GitLab or AWS is told
//! by the objects it concerns, and does not go away with a restart.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use super::{Reach, Rights, Stores};

/// What the probe asks.
pub struct Readiness {
    reach: Arc<Reach>,
    stores: OnceLock<Stores>,
    rights: OnceLock<watch::Receiver<Rights>>,
}

impl Readiness {
    /// Not yet.
    pub const fn new(reach: Arc<Reach>) -> Self {
        Self {
            reach,
            stores: OnceLock::new(),
            rights: OnceLock::new(),
        }
    }

    /// These are filled from now on. Only the first ones that are given count.
    pub fn wait_for(&self, stores: Stores) {
        let _ = self.stores.set(stores);
    }

    /// What is known of our rights from now on. One that is missing makes nobody unready by itself, since no restart
    /// would grant it; it is the reason when something else does.
    pub fn explain_by(&self, rights: watch::Receiver<Rights>) {
        let _ = self.rights.set(rights);
    }

    fn missing(&self) -> Option<String> {
        self.rights.get()?.borrow().missing().map(str::to_owned)
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
        let mut problems: Vec<String> = self.reach.trouble().into_iter().chain(unfilled).collect();
        if problems.is_empty() {
            return Ok(());
        }
        problems.extend(self.missing());
        Err(problems.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::clock::SystemClock;
    use crate::adapters::silence::Silence;

    #[test]
    fn a_right_that_is_missing_stands_beside_what_is_not_ready() {
        let readiness = Readiness::new(Reach::new(Arc::new(SystemClock), Arc::new(Silence)));
        assert_eq!(
            readiness.check(),
            Err("the controller is starting".to_owned())
        );
        let (told, rights) = watch::channel(Rights::Unknown);
        readiness.explain_by(rights);
        told.send_replace(Rights::Missing("it may not list namespaces".into()));
        assert_eq!(
            readiness.check(),
            Err("the controller is starting; it may not list namespaces".to_owned())
        );
        told.send_replace(Rights::Complete);
        assert_eq!(
            readiness.check(),
            Err("the controller is starting".to_owned())
        );
    }
}
