//! What a node could leave on a machine: looked for before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::group::hierarchies;
use crate::failure::Failure;
use crate::tools::Cache;
use crate::world::environment;
use crate::world::layout::Layout;
use crate::world::process::with_environment;

/// Settings of the whole machine, below /proc/sys. Those of networks are each network's own, and not looked at.
const SETTINGS: [&str; 3] = ["vm", "kernel", "fs"];
const NAMESPACES: [&str; 6] = ["mnt", "net", "pid", "uts", "ipc", "cgroup"];

/// Answers whether this is the first process of a namespace below ours.
pub(super) fn is_first(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    ids.is_some_and(|ids| ids.split_whitespace().nth(1) == Some("1"))
}

/// What was there before a node was.
#[derive(Debug)]
pub struct Before {
    settings: BTreeMap<PathBuf, String>,
}

impl Before {
    /// Looks at the machine.
    #[must_use]
    pub fn look() -> Self {
        let first = settings();
        let second = settings();
        // What counts or is drawn anew with each look is no setting.
        let settings = first
            .into_iter()
            .filter(|(path, value)| second.get(path) == Some(value))
            .collect();
        Self { settings }
    }

    /// Answers the settings that are others now, with both values.
    #[must_use]
    pub fn changed(&self) -> Vec<String> {
        let now = settings();
        self.settings
            .iter()
            .filter_map(|(path, before)| {
                let after = now.get(path)?;
                (after != before && !counts(path))
                    .then(|| format!("{}: {before} before, {after} now", path.display()))
            })
            .collect()
    }
}

/// Answers the namespaces that the process is in, and this one is not.
#[must_use]
pub fn namespaces(pid: i32) -> BTreeSet<String> {
    let of = |pid: &str| -> BTreeSet<String> {
        NAMESPACES
            .iter()
            .filter_map(|kind| fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok())
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    };
    let own = of("self");
    of(&pid.to_string()).difference(&own).cloned().collect()
}

/// Answers what is left of the node of this name, which was in these namespaces; nothing where nothing is.
pub fn left(name: &str, namespaces: &BTreeSet<String>) -> Result<Vec<String>, Failure> {
    let cache = Cache::of_user()?;
    let world = Layout::of(&cache, name);
    let mut found = Vec::new();
    for process in with_environment(&environment::mark(world.folder())) {
        found.push(format!("process {}", process.pid));
    }
    for hierarchy in hierarchies()? {
        let group = hierarchy.place.join(format!("harmonix-{name}"));
        if group.exists() {
            found.push(format!("control group {}", group.display()));
        }
    }
    found.extend(used(namespaces));
    let folder = cache.path("nodes").join(name);
    if folder.exists() {
        found.push(format!("folder {}", folder.display()));
    }
    found.extend(mounted(&[&folder, world.folder()]));
    Ok(found)
}

/// A namespace exists as long as a process is in it or it is mounted somewhere.
fn used(namespaces: &BTreeSet<String>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let threads = fs::read_dir(entry.path().join("task"));
        for thread in threads.into_iter().flatten().flatten() {
            for kind in NAMESPACES {
                let Ok(name) = fs::read_link(thread.path().join("ns").join(kind)) else {
                    continue;
                };
                let name = name.to_string_lossy().into_owned();
                if namespaces.contains(&name) {
                    let who = entry.file_name().to_string_lossy().into_owned();
                    found.insert(format!("namespace {name}, with process {who} in it"));
                }
            }
        }
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let kept = namespaces
        .iter()
        .filter(|name| mounts.contains(name.as_str()));
    found.extend(kept.map(|name| format!("namespace {name}, which is mounted")));
    found.into_iter().collect()
}

fn mounted(folders: &[&Path]) -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .filter(|place| {
            folders
                .iter()
                .any(|folder| Path::new(place).starts_with(folder))
        })
        .map(|place| format!("mount {place}"))
        .collect()
}

fn settings() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for name in SETTINGS {
        collect(&Path::new("/proc/sys").join(name), &mut found);
    }
    found
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(value) = fs::read_to_string(&path) {
            found.insert(path, value.trim().to_owned());
        }
    }
}

/// What the kernel counts there, and no one sets.
fn counts(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    matches!(
        name.as_ref(),
        "dentry-state"
            | "inode-nr"
            | "inode-state"
            | "file-nr"
            | "ns_last_pid"
            | "entropy_avail"
            | "nr"
            | "aio-nr"
            | "uuid"
            | "tainted"
            | "random_boot_id"
    ) || path.starts_with("/proc/sys/fs/quota")
        || path.starts_with("/proc/sys/kernel/random")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_another_one_is_told_with_both_values() {
        let mut before = Before::look();
        let place = PathBuf::from("/proc/sys/kernel/panic");
        let now = before.settings.insert(place, "no such value".to_owned());
        let told = before.changed();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("no such value before"), "{told:?}");
        assert!(
            told[0].ends_with(&format!("{} now", now.unwrap())),
            "{told:?}"
        );
    }

    #[test]
    fn a_namespace_that_somebody_is_in_is_not_gone() {
        let own = fs::read_link("/proc/self/ns/net").unwrap();
        let names = BTreeSet::from([own.to_string_lossy().into_owned()]);
        assert!(!used(&names).is_empty());
    }

    #[test]
    fn this_process_is_in_no_namespace_but_its_own() {
        assert!(namespaces(i32::try_from(std::process::id()).unwrap()).is_empty());
        assert!(!is_first(i32::try_from(std::process::id()).unwrap()));
    }
}
