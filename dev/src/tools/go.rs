//! Programs built from Go modules that a folder beside this crate pins: `go.mod` says which, `go.sum` their checksums.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::cache::{Cache, Making};
use super::command::{find, output, run};
use crate::failure::{Doing, Failure};
use crate::progress::Progress;

/// Downloading on a slow line and building on one slow core.
const LIMIT: Duration = Duration::from_secs(90 * 60);

/// Programs that are built together.
#[derive(Debug, Clone)]
pub struct GoTool {
    /// What they are called together.
    pub name: &'static str,
    /// The module that pins them.
    pub go_mod: &'static str,
    /// Its checksums.
    pub go_sum: &'static str,
    /// Files of our own beside it, by name: the module's own packages.
    pub sources: &'static [(&'static str, &'static str)],
    /// The packages of the programs.
    pub packages: &'static [&'static str],
    /// Flags of the linker.
    pub linker_flags: String,
    /// Build tags, separated by commas.
    pub tags: &'static str,
    /// What Go calls a program that is to be called something else.
    pub renamed: &'static [(&'static str, &'static str)],
}

impl GoTool {
    /// Answers the folder with the programs, building them where they are absent.
    pub async fn ensure(&self, cache: &Cache, progress: &Progress) -> Result<PathBuf, Failure> {
        let make = async |making: Making<'_>| self.build(&making).await;
        cache.tool(progress, self.name, &self.pins(), make).await
    }

    /// Whether the programs are built already.
    #[must_use]
    pub fn is_there(&self, cache: &Cache) -> bool {
        cache.tool_home(self.name, &self.pins()).is_dir()
    }

    fn pins(&self) -> Vec<&[u8]> {
        let mut pins = vec![
            self.go_mod.as_bytes(),
            self.go_sum.as_bytes(),
            self.linker_flags.as_bytes(),
        ];
        // A tool without them has the folder that it always had.
        if !self.tags.is_empty() {
            pins.push(self.tags.as_bytes());
        }
        let sources = self.sources.iter();
        pins.extend(sources.flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]));
        pins
    }

    async fn build(&self, making: &Making<'_>) -> Result<(), Failure> {
        let go = find("go").ok_or_else(|| {
            Failure::new(format!(
                "go is not in PATH: install Go 1.26 or later (https://go.dev/dl), it builds {}",
                self.name
            ))
        })?;
        let source = making.folder.join("source");
        fs::create_dir_all(&source).doing(|| format!("make {}", source.display()))?;
        let pins = [("go.mod", self.go_mod), ("go.sum", self.go_sum)];
        for (name, text) in pins.iter().chain(self.sources) {
            fs::write(source.join(name), text).doing(|| format!("write {name}"))?;
        }
        making.task.note("downloading modules");
        let download = go_command(&go, &source, &["mod", "download"]);
        run(download, making.log, LIMIT, |_| {}).await?;

        let list = [&["list", "-mod=readonly", "-deps"], self.packages].concat();
        let total = output(go_command(&go, &source, &list), LIMIT)
            .await?
            .lines()
            .count();
        // Where there are several packages, Go takes this for the folder of what it builds only if it ends like one.
        let folder = format!("{}/", making.folder.display());
        let options = [
            "build",
            "-mod=readonly",
            "-trimpath",
            "-v",
            "-tags",
            self.tags,
            "-ldflags",
            &self.linker_flags,
            "-o",
            &folder,
        ];
        let command = go_command(&go, &source, &[&options, self.packages].concat());
        // Go names each package as it compiles it; what its own cache holds is not named.
        let mut compiled = 0;
        making
            .task
            .note("building with what Go has cached".to_owned());
        run(command, making.log, LIMIT, |_| {
            compiled = (compiled + 1).min(total);
            making
                .task
                .note(format!("building, {compiled} of at most {total} packages"));
        })
        .await?;

        for (go_name, name) in self.renamed {
            fs::rename(making.folder.join(go_name), making.folder.join(name))
                .doing(|| format!("name {name}"))?;
        }
        fs::remove_dir_all(&source).doing(|| format!("remove {}", source.display()))
    }
}

fn go_command(go: &Path, source: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(go);
    // A workspace around the cache folder, or flags meant for another project, would change what is built; with a C
    // library it would be another program on each machine.
    command
        .args(args)
        .current_dir(source)
        .env("GOWORK", "off")
        .env("GOFLAGS", "-buildvcs=false")
        .env("CGO_ENABLED", "0");
    command
}
