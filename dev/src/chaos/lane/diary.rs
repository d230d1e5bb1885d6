//! What was done and what befell, with its time, from several hands.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::super::evidence::{Happening, Moment};

/// A diary that several may write in.
#[derive(Debug, Clone, Default)]
pub struct Diary(Arc<Mutex<Vec<Moment>>>);

impl Diary {
    /// Notes something that happens now.
    pub fn note(&self, what: Happening) {
        self.note_at(Timestamp::now(), what);
    }

    /// Notes something that happened then.
    pub fn note_at(&self, time: Timestamp, what: Happening) {
        let mut moments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        moments.push(Moment { time, what });
    }

    /// Answers everything, in order, and begins anew.
    pub fn take(&self) -> Vec<Moment> {
        let mut moments =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        moments.sort_by_key(|moment| moment.time);
        moments
    }
}
