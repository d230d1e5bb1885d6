//! Reading a journal back: whole, or from a line on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::Entry;

/// As many places as are remembered: as many readers may follow side by side without reading twice.
const REMEMBERED: usize = 64;

/// Places in a journal that were read up to: how many lines stand before a byte.
#[derive(Debug, Default)]
pub struct Marks(Mutex<BTreeMap<usize, u64>>);

impl Marks {
    fn with<T>(&self, use_marks: impl FnOnce(&mut BTreeMap<usize, u64>) -> T) -> T {
        use_marks(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads from the `first`-th line on, and remembers where that ended.
    pub fn read(&self, path: &Path, first: usize) -> io::Result<Vec<Entry>> {
        let near = self.with(|marks| marks.range(..=first).next_back().map(|(l, b)| (*l, *b)));
        let (mut line, mut byte) = near.unwrap_or_default();
        let mut entries = Vec::new();
        each_line(path, byte, |text| {
            byte += text.len() as u64;
            line += 1;
            if line > first {
                entries.push(serde_json::from_slice(text)?);
            }
            Ok(())
        })?;
        self.with(|marks| {
            marks.insert(line, byte);
            while marks.len() > REMEMBERED {
                marks.pop_first();
            }
        });
        Ok(entries)
    }
}

/// Reads the journal at `path`; a file that does not exist is an empty journal.
pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
    Marks::default().read(path, 0)
}

/// Hands out every whole line after `byte`; one that is still being written is left for the next time.
fn each_line(
    path: &Path,
    byte: u64,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(byte))?;
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    while reader.read_until(b'\n', &mut text)? > 0 && text.ends_with(b"\n") {
        take(&text)?;
        text.clear();
    }
    Ok(())
}
