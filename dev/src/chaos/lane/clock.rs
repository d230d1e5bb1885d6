//! A clock of the controller's own, by libfaketime: what its system says, and so many seconds more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::failure::{Doing, Failure};
use crate::world::World;

/// Where Debian has the library, by architecture.
const PLACES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];

/// The clock of one world's controller.
#[derive(Debug, Clone)]
pub struct Clock {
    file: PathBuf,
    library: Option<PathBuf>,
}

impl Clock {
    /// The clock of a world's controller, which is right.
    pub fn of(world: &World) -> Result<Self, Failure> {
        let places = PLACES.map(PathBuf::from);
        let clock = Self {
            file: world.layout.path("controller/clock"),
            library: places.into_iter().find(|place| place.is_file()),
        };
        clock.write(0)?;
        Ok(clock)
    }

    /// Sets it off by so many seconds.
    pub fn set(&self, seconds: i64) -> Result<(), Failure> {
        if self.library.is_none() {
            return Err(Failure::new(
                "there is no libfaketime here, which sets the controller's clock: sudo apt-get install --yes libfaketime",
            ));
        }
        self.write(seconds)
    }

    /// Sets it right.
    pub fn mend(&self) -> Result<(), Failure> {
        self.write(0)
    }

    /// Answers what a controller needs in its environment to go by it.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let Some(library) = &self.library else {
            return BTreeMap::new();
        };
        let variables = [
            ("LD_PRELOAD", text(library)),
            ("FAKETIME_TIMESTAMP_FILE", text(&self.file)),
            // Nobody sets a clock that only counts.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            // Whoever sets it is seen a second later.
            ("FAKETIME_CACHE_DURATION", "1".to_owned()),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    fn write(&self, seconds: i64) -> Result<(), Failure> {
        // A reader sees the old time or the new one.
        let new = self.file.with_extension("new");
        let what = || format!("write {}", self.file.display());
        std::fs::write(&new, format!("{seconds:+}\n")).doing(what)?;
        std::fs::rename(&new, &self.file).doing(what)
    }
}
