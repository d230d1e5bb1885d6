//! The instance's memory and its state file.
//!
//! Every change is in memory at once and on disk a moment later, in one piece (written beside and renamed), so that a
//! killed process loses a moment at most and never finds half a file.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::model::Data;

/// How long nothing is written after a writing: so many times as long as that took, and a moment at least.
const REST: u32 = 19;
const MOMENT: Duration = Duration::from_millis(50);

/// The memory.
#[derive(Debug)]
pub struct Store {
    data: Mutex<Data>,
    path: PathBuf,
    changed: Notify,
    dirty: AtomicBool,
    writing: tokio::sync::Mutex<()>,
}

impl Store {
    /// Opens the state file, or starts empty where there is none.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let data = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "{} is not a state file of this version ({error}); remove the folder to start anew",
                        path.display()
                    ),
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Data::default(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            data: Mutex::new(data),
            path,
            changed: Notify::new(),
            dirty: AtomicBool::new(false),
            writing: tokio::sync::Mutex::new(()),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks.
    pub fn read<T>(&self, look: impl FnOnce(&Data) -> T) -> T {
        look(&self.lock())
    }

    /// Changes.
    pub fn write<T>(&self, change: impl FnOnce(&mut Data) -> T) -> T {
        let result = change(&mut self.lock());
        self.dirty.store(true, Ordering::Release);
        self.changed.notify_one();
        result
    }

    /// Writes the state file whenever something changed, for ever.
    ///
    /// The more there is, the longer that takes and the less often it is done: a full instance does not spend its time
    /// on writing itself down.
    pub async fn keep_saving(&self) {
        loop {
            self.changed.notified().await;
            let since = Instant::now();
            if let Err(error) = self.save().await {
                tracing::error!(file = %self.path.display(), %error, "the state file cannot be written");
            }
            tokio::time::sleep((since.elapsed() * REST).max(MOMENT)).await;
        }
    }

    /// Writes the state file now, where something changed.
    pub async fn save(&self) -> io::Result<()> {
        let _one_at_a_time = self.writing.lock().await;
        if !self.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let bytes = self.read(serde_json::to_vec)?;
        let beside = self.path.with_extension("json.new");
        tokio::fs::write(&beside, bytes).await?;
        tokio::fs::rename(&beside, &self.path).await
    }
}
