//! Images of task definitions. A revision never changes, so it is read once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Half of what is remembered at most.
const GENERATION: usize = 4096;

/// ARNs of task definitions and the image each one names. Two generations: when the young one is
/// full it becomes the old one, and what nobody asked for in between is forgotten.
#[derive(Default)]
pub(super) struct Images(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<String, String>,
    old: HashMap<String, String>,
}

impl Images {
    /// The image of a task definition, where it is known.
    pub(super) fn get(&self, task_definition: &str) -> Option<String> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = generations.young.get(task_definition) {
            return Some(image.clone());
        }
        let (task_definition, image) = generations.old.remove_entry(task_definition)?;
        generations.remember(task_definition, image.clone());
        Some(image)
    }

    /// Remembers it.
    pub(super) fn put(&self, task_definition: &str, image: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remember(task_definition.to_owned(), image.to_owned());
    }
}

impl Generations {
    fn remember(&mut self, task_definition: String, image: String) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(task_definition, image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_forgotten() {
        let images = Images::default();
        images.put("used", "app@sha256:1");
        images.put("unused", "app@sha256:2");
        for number in 0..3 * GENERATION {
            images.put(&number.to_string(), "other");
            assert_eq!(images.get("used").as_deref(), Some("app@sha256:1"));
        }
        assert_eq!(images.get("unused"), None);
        let generations = images.0.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }
}
