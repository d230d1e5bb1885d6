//! The control groups of a node: a subtree of its own in each hierarchy, which is the whole tree for whoever is in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::failure::{Doing, Failure};

const PLACE: &str = "/sys/fs/cgroup";
/// Processes that were killed leave their groups a moment later.
const LIMIT: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A hierarchy of control groups (version 1), as it is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// Where.
    pub place: PathBuf,
    /// What of: controllers, or a name.
    pub options: String,
}

/// Answers the hierarchies that are mounted on this machine.
pub fn hierarchies() -> Result<Vec<Hierarchy>, Failure> {
    let mounts =
        fs::read_to_string("/proc/self/mountinfo").doing(|| "read what is mounted".into())?;
    Ok(of_mounts(&mounts))
}

fn of_mounts(mounts: &str) -> Vec<Hierarchy> {
    let hierarchy = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let place = Path::new(before.split(' ').nth(4)?);
        let mut after = after.split(' ');
        let of_version_1 = after.next() == Some("cgroup");
        let options: Vec<&str> = after
            .nth(1)?
            .split(',')
            .filter(|option| !matches!(*option, "rw" | "ro" | "xattr" | "clone_children"))
            .collect();
        (of_version_1 && place.parent() == Some(Path::new(PLACE))).then(|| Hierarchy {
            place: place.to_owned(),
            options: options.join(","),
        })
    };
    mounts.lines().filter_map(hierarchy).collect()
}

/// The groups of the node of this name, one in each hierarchy.
#[derive(Debug, Clone)]
pub struct Group {
    name: String,
}

impl Group {
    /// The groups of the node in the world of this name.
    #[must_use]
    pub fn of(world: &str) -> Self {
        Self {
            name: format!("harmonix-{world}"),
        }
    }

    /// Makes the groups, empty.
    pub fn make(&self) -> Result<(), Failure> {
        for Hierarchy { place, options } in hierarchies()? {
            let folder = place.join(&self.name);
            let what = || format!("make the control group {}", folder.display());
            fs::create_dir_all(&folder).doing(what)?;
            if options.split(',').any(|option| option == "cpuset") {
                // A new group of this controller has neither processors nor memory, and takes no process.
                for file in ["cpuset.cpus", "cpuset.mems"] {
                    let all = fs::read_to_string(place.join(file)).doing(what)?;
                    fs::write(folder.join(file), all.trim()).doing(what)?;
                }
                fs::write(folder.join("cgroup.clone_children"), "1").doing(what)?;
            }
        }
        Ok(())
    }

    /// Moves this process into the groups; whatever it starts is in them, too.
    pub fn join(&self) -> Result<(), Failure> {
        for hierarchy in hierarchies()? {
            let file = hierarchy.place.join(&self.name).join("cgroup.procs");
            fs::write(&file, std::process::id().to_string())
                .doing(|| format!("join the control group {}", file.display()))?;
        }
        Ok(())
    }

    /// Takes the groups away, with those below that pods had. Every process in them has to have ended.
    pub async fn remove(&self) -> Result<(), Failure> {
        let until = Instant::now() + LIMIT;
        loop {
            let left: Vec<PathBuf> = hierarchies()?
                .into_iter()
                .map(|hierarchy| hierarchy.place.join(&self.name))
                .filter(|folder| !gone(folder))
                .collect();
            let Some(stubborn) = left.first() else {
                return Ok(());
            };
            if Instant::now() >= until {
                return Err(Failure::new(format!(
                    "the control group {} cannot be removed: see who is in it with `cat {0}/cgroup.procs`",
                    stubborn.display()
                )));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Removes a group and those below it, deepest first; answers whether nothing is left. The files in a group are the kernel's,
/// and go with it.
fn gone(folder: &Path) -> bool {
    if !folder.exists() {
        return true;
    }
    for below in fs::read_dir(folder).into_iter().flatten().flatten() {
        if below.path().is_dir() {
            gone(&below.path());
        }
    }
    fs::remove_dir(folder).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hierarchies_of_version_1_are_found_with_what_they_control() {
        let mounts = "\
            31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
            32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n\
            40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n\
            42 31 0:39 / /somewhere/else rw,relatime - cgroup cgroup rw,pids\n";
        let hierarchy = |place: &str, options: &str| Hierarchy {
            place: place.into(),
            options: options.into(),
        };
        assert_eq!(
            of_mounts(mounts),
            [
                hierarchy("/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct"),
                hierarchy("/sys/fs/cgroup/systemd", "name=systemd"),
            ]
        );
    }
}
