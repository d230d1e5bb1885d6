//! A job's log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The log of a running job.
#[derive(Debug)]
pub struct Trace {
    file: Mutex<File>,
}

impl Trace {
    /// Starts the log anew.
    pub fn start(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(path)?;
        Ok(Self {
            file: Mutex::new(file),
        })
    }

    /// Adds a line.
    pub fn line(&self, text: &str) {
        self.text(&format!("{text}\n"));
    }

    /// Adds text, without the marks that colour it.
    pub fn text(&self, text: &str) {
        let plain = without_colour(text);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(plain.as_bytes()) {
            tracing::warn!(%error, "a job's log could not be written");
        }
    }
}

/// Removes terminal escape sequences.
fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        rest = match after.strip_prefix('[') {
            Some(body) => {
                let end = body.find(|c: char| ('@'..='~').contains(&c));
                end.map_or("", |end| &body[end + 1..])
            }
            None => after,
        };
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::without_colour;

    #[test]
    fn colours_are_removed_and_text_stays() {
        assert_eq!(
            without_colour("\x1b[1m\x1b[32mApply\x1b[0m complete [3]"),
            "Apply complete [3]"
        );
    }
}
