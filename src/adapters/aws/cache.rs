//! Where sessions are found again: by everything that decides them, so that no two tenants, and
//! no two objects of one tenant, ever meet in one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::runtime::OperationsAccess;

use super::slot::Slot;

/// The most sessions held at once.
const LIMIT: usize = 10_000;
/// How often ended sessions are swept out.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// The sessions, at most so many.
pub(super) struct Cache {
    limit: usize,
    shelf: Mutex<Shelf>,
}

struct Shelf {
    slots: HashMap<Arc<OperationsAccess>, Arc<Slot>>,
    swept_at: Instant,
}

impl Default for Cache {
    fn default() -> Self {
        Self::of(LIMIT)
    }
}

impl Cache {
    fn of(limit: usize) -> Self {
        Self {
            limit,
            shelf: Mutex::new(Shelf {
                slots: HashMap::new(),
                swept_at: Instant::now(),
            }),
        }
    }

    /// The slot of `access`; the same one for everybody who asks.
    pub(super) fn slot(&self, access: &OperationsAccess) -> Arc<Slot> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.swept_at.elapsed() >= SWEEP_EVERY {
            shelf.sweep();
        }
        if let Some(slot) = shelf.slots.get(access) {
            return Arc::clone(slot);
        }
        if shelf.slots.len() >= self.limit {
            shelf.sweep();
        }
        if shelf.slots.len() >= self.limit {
            shelf.drop_the_oldest();
        }
        let access = Arc::new(access.clone());
        let slot = Arc::new(Slot::new(Arc::clone(&access)));
        shelf.slots.insert(access, Arc::clone(&slot));
        slot
    }
}

impl Shelf {
    /// Drops what has ended. What somebody works with stays, or a second flight could begin.
    fn sweep(&mut self) {
        self.slots
            .retain(|_, slot| is_held(slot) || slot.lives_until().is_some());
        self.slots.shrink_to(self.slots.len() * 2);
        self.swept_at = Instant::now();
    }

    /// Makes room for one. Where everything is held, the limit gives way: passes are bounded.
    fn drop_the_oldest(&mut self) {
        let oldest = self
            .slots
            .iter()
            .filter(|(_, slot)| !is_held(slot))
            .min_by_key(|(_, slot)| slot.lives_until())
            .map(|(access, _)| Arc::clone(access));
        if let Some(oldest) = oldest {
            self.slots.remove(&oldest);
        }
    }
}

/// Whether anybody but the shelf has it. Only who asks under the shelf's lock can begin to.
fn is_held(slot: &Arc<Slot>) -> bool {
    Arc::strong_count(slot) > 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::name::{Partition, RoleArn};

    fn access(uid: &str) -> OperationsAccess {
        OperationsAccess {
            provider_uid: uid.into(),
            role: RoleArn::of(Partition::Aws, "222222222222", "operations"),
            external_id: "hx".into(),
            region: "eu-west-1".into(),
            session_name: "shop@cart".into(),
            source_identity: "shop@cart".into(),
            tags: BTreeMap::new(),
        }
    }

    fn held(cache: &Cache) -> usize {
        cache.shelf.lock().unwrap().slots.len()
    }

    #[test]
    fn everybody_who_asks_for_the_same_access_gets_the_same_slot() {
        let cache = Cache::of(2);
        let one = cache.slot(&access("1"));
        assert!(Arc::ptr_eq(&one, &cache.slot(&access("1"))));
        assert!(!Arc::ptr_eq(&one, &cache.slot(&access("2"))));
    }

    #[test]
    fn the_cache_keeps_its_limit_and_never_drops_what_is_in_use() {
        let cache = Cache::of(2);
        let used = cache.slot(&access("used"));
        for number in 0..20 {
            drop(cache.slot(&access(&number.to_string())));
        }
        assert_eq!(held(&cache), 2);
        assert!(Arc::ptr_eq(&used, &cache.slot(&access("used"))));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_is_swept_out_after_a_minute() {
        let cache = Cache::of(100);
        for number in 0..20 {
            drop(cache.slot(&access(&number.to_string())));
        }
        tokio::time::advance(Duration::from_secs(61)).await;
        drop(cache.slot(&access("later")));
        assert_eq!(held(&cache), 1);
    }
}
