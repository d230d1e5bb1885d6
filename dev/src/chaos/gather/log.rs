//! A controller's log from a moment on.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::failure::{Doing, Failure};

/// A log, and where it begins to matter.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    from: u64,
}

impl Log {
    /// A log from now on.
    pub fn of(path: &Path) -> Result<Self, Failure> {
        let from = match std::fs::metadata(path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error).doing(|| format!("look at {}", path.display())),
        };
        Ok(Self {
            path: path.to_owned(),
            from,
        })
    }

    /// Answers what was written since.
    pub fn since(&self) -> Result<String, Failure> {
        let what = || format!("read {}", self.path.display());
        let mut file = File::open(&self.path).doing(what)?;
        file.seek(SeekFrom::Start(self.from)).doing(what)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).doing(what)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
