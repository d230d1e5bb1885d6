//! Files out of Go modules, which the proxy serves and checksums as it does programs.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::cache::{Cache, Making};
use super::command::{find, output};
use crate::failure::{Doing, Failure};
use crate::progress::Progress;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Files that are used together.
#[derive(Debug, Clone, Copy)]
pub struct GoFiles {
    /// What they are called together.
    pub name: &'static str,
    /// Where they come from.
    pub modules: &'static [Module],
}

/// A module, and what is taken out of it.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// `path@version`.
    pub name: &'static str,
    /// The checksum of its content, as a `go.sum` has it.
    pub sum: &'static str,
    /// Files, each by its path in the module.
    pub files: &'static [&'static str],
}

/// What Go says of a module that it downloaded.
#[derive(Debug, Deserialize)]
struct Downloaded {
    #[serde(rename = "Dir")]
    folder: PathBuf,
    #[serde(rename = "Sum")]
    sum: String,
}

impl GoFiles {
    /// Answers the folder with the files, each by its own name, fetching them where they are absent.
    pub async fn ensure(&self, cache: &Cache, progress: &Progress) -> Result<PathBuf, Failure> {
        let make = async |making: Making<'_>| self.fetch(&making).await;
        cache.tool(progress, self.name, &self.pins(), make).await
    }

    /// Whether they are there already.
    #[must_use]
    pub fn is_there(&self, cache: &Cache) -> bool {
        cache.tool_home(self.name, &self.pins()).is_dir()
    }

    fn pins(&self) -> Vec<&'static [u8]> {
        let modules = self.modules.iter();
        let pins = modules.flat_map(|module| {
            [module.name, module.sum]
                .into_iter()
                .chain(module.files.iter().copied())
        });
        pins.map(str::as_bytes).collect()
    }

    async fn fetch(&self, making: &Making<'_>) -> Result<(), Failure> {
        for module in self.modules {
            making.task.note(format!("downloading {}", module.name));
            let downloaded = download(making, module.name).await?;
            if downloaded.sum != module.sum {
                return Err(Failure::new(format!(
                    "{} is {}, not {}: it is not what was pinned",
                    module.name, downloaded.sum, module.sum
                )));
            }
            for file in module.files {
                let from = downloaded.folder.join(file);
                let name = from.file_name().unwrap_or_default();
                let to = making.folder.join(name);
                std::fs::copy(&from, &to).doing(|| format!("copy {}", from.display()))?;
            }
        }
        Ok(())
    }
}

async fn download(making: &Making<'_>, module: &str) -> Result<Downloaded, Failure> {
    let go = find("go").ok_or_else(|| {
        Failure::new(format!(
            "go is not in PATH: install Go 1.26 or later (https://go.dev/dl), it fetches {module}"
        ))
    })?;
    let mut command = Command::new(go);
    // A module around the folder would have a say in what is downloaded.
    command
        .args(["mod", "download", "-json", module])
        .current_dir(making.folder)
        .env("GOWORK", "off")
        .env("GO111MODULE", "on")
        .env("GOFLAGS", "-mod=mod");
    let said = output(command, LIMIT).await?;
    serde_json::from_str(&said).doing(|| format!("read what Go says of {module}"))
}
