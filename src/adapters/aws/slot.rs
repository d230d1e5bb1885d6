//! One session's place: its credentials while they last, and at most one AssumeRole at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::runtime::OperationsAccess;

use super::credentials::SessionCredentials;
use super::identity::OwnIdentity;

/// Credentials with less left than this are refreshed.
const REFRESH_BELOW: Duration = Duration::from_mins(5);
/// Credentials with more left than this are still used when a refresh fails.
const USABLE_ABOVE: Duration = Duration::from_mins(1);
/// How long a failure answers whoever asks next: those who waited for the same call, not more.
const SHARED_FOR: Duration = Duration::from_secs(1);
/// How long a failed refresh is left alone while the old credentials still serve.
const REFRESH_AGAIN_AFTER: Duration = Duration::from_secs(20);
/// The longest that AWS's wish to be left alone holds here; the loop holds the rest.
const LONGEST_HOLD: Duration = Duration::from_secs(5);

/// The place of one `OperationsAccess`.
pub(super) struct Slot {
    access: Arc<OperationsAccess>,
    current: Mutex<Option<Arc<SessionCredentials>>>,
    /// Held by whoever asks AWS. A caller that is cancelled lets go of it, and the next one asks.
    flight: tokio::sync::Mutex<Option<Recent>>,
}

/// A failure that others may still be waiting for.
struct Recent {
    failure: Failure,
    until: Instant,
}

impl Slot {
    /// An empty place.
    pub(super) fn new(access: Arc<OperationsAccess>) -> Self {
        Self {
            access,
            current: Mutex::new(None),
            flight: tokio::sync::Mutex::new(None),
        }
    }

    /// Whose place it is.
    pub(super) fn access(&self) -> &OperationsAccess {
        &self.access
    }

    /// When its credentials end; none without credentials that AWS still takes.
    pub(super) fn lives_until(&self) -> Option<Instant> {
        self.holding(Duration::ZERO).map(|held| held.ends())
    }

    /// Credentials, from here or by one AssumeRole, however many ask at once.
    pub(super) async fn credentials(
        &self,
        own: &OwnIdentity,
    ) -> Result<Arc<SessionCredentials>, Failure> {
        if let Some(fresh) = self.holding(REFRESH_BELOW) {
            return Ok(fresh);
        }
        let usable = self.holding(USABLE_ABOVE);
        let mut recent = match (self.flight.try_lock(), usable) {
            (Ok(flight), _) => flight,
            // Somebody refreshes already, and what is here does.
            (Err(_), Some(usable)) => return Ok(usable),
            (Err(_), None) => self.flight.lock().await,
        };
        if let Some(fresh) = self.holding(REFRESH_BELOW) {
            return Ok(fresh);
        }
        if let Some(recent) = recent.as_ref()
            && Instant::now() < recent.until
        {
            return self.despite(recent.failure.clone());
        }
        match own.assume(&self.access).await {
            Ok(credentials) => {
                *recent = None;
                let credentials = Arc::new(credentials);
                self.put(Some(Arc::clone(&credentials)));
                Ok(credentials)
            }
            Err(failure) => {
                let result = self.despite(failure.clone());
                let hold = match (&result, failure.kind) {
                    (Ok(_), _) => REFRESH_AGAIN_AFTER,
                    (Err(_), FailureKind::Throttled(after)) => {
                        after.clamp(SHARED_FOR, LONGEST_HOLD)
                    }
                    (
                        Err(_),
                        FailureKind::Retryable
                        | FailureKind::Unsent
                        | FailureKind::Conflict
                        | FailureKind::Denied
                        | FailureKind::Missing
                        | FailureKind::Invalid,
                    ) => SHARED_FOR,
                };
                *recent = Some(Recent {
                    failure,
                    until: Instant::now() + hold,
                });
                result
            }
        }
    }

    /// Drops credentials that AWS no longer takes, unless newer ones stand here already.
    pub(super) fn drop_worn(&self, worn: &Arc<SessionCredentials>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|held| Arc::ptr_eq(held, worn)) {
            *current = None;
        }
    }

    /// The old credentials, where they still serve, in place of a failure to get new ones.
    fn despite(&self, failure: Failure) -> Result<Arc<SessionCredentials>, Failure> {
        self.holding(USABLE_ABOVE).ok_or(failure)
    }

    fn holding(&self, above: Duration) -> Option<Arc<SessionCredentials>> {
        let now = Instant::now();
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .filter(|held| held.remaining(now) > above)
            .cloned()
    }

    fn put(&self, credentials: Option<Arc<SessionCredentials>>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = credentials;
    }
}
