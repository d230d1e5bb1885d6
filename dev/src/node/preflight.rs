//! Whether this machine can have a node, asked before anything is made.

use std::fs;
use std::path::Path;

use super::group::hierarchies;
use super::inside::unshare;
use crate::tools::command::find;

/// Rights of a process, by their number in capabilities(7): what a node cannot do without.
const RIGHTS: [(u32, &str); 3] = [
    (12, "CAP_NET_ADMIN"),
    (19, "CAP_SYS_PTRACE"),
    (21, "CAP_SYS_ADMIN"),
];
/// What pods are limited by.
const CONTROLLERS: [&str; 5] = ["cpu", "cpuset", "memory", "pids", "devices"];
const PROGRAMS: [(&str, &str); 7] = [
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("ip", "iproute2"),
    ("/usr/sbin/nft", "nftables"),
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("/usr/sbin/runc", "runc"),
];
/// Where the plugins that give pods their network lie.
pub const PLUGINS: &str = "/usr/lib/cni";
const PLUGIN: &str = "ptp";
/// What of the kernel is needed, tried in namespaces that end at once.
const TRIAL: &str = "ip link add b0 type bridge && ip link add v0 type veth peer name v1 && PATH=$PATH:/usr/sbin:/sbin nft add table ip trial";

/// Answers why this machine cannot have a node; nothing where it can.
#[must_use]
pub fn obstacles() -> Vec<String> {
    let mut found = Vec::new();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    found.extend(missing_rights(&status));
    match hierarchies() {
        Ok(hierarchies) => {
            let controlled: Vec<&str> = hierarchies
                .iter()
                .flat_map(|hierarchy| hierarchy.options.split(','))
                .collect();
            found.extend(missing_controllers(&controlled));
        }
        Err(failure) => found.push(failure.sentence().to_owned()),
    }
    for (program, package) in PROGRAMS {
        if find(program).is_none() {
            found.push(format!(
                "{program} is not in PATH (Debian's package {package})"
            ));
        }
    }
    if !Path::new(PLUGINS).join(PLUGIN).exists() {
        found.push(format!(
            "{PLUGINS}/{PLUGIN} is not there (Debian's package containernetworking-plugins)"
        ));
    }
    if found.is_empty() {
        found.extend(trial());
    }
    found
}

fn missing_rights(status: &str) -> Vec<String> {
    let rights = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
        .unwrap_or_default();
    RIGHTS
        .into_iter()
        .filter(|(bit, _)| rights & (1 << bit) == 0)
        .map(|(_, name)| {
            format!("this process has no {name}: it has to be root, outside of a container")
        })
        .collect()
}

fn missing_controllers(controlled: &[&str]) -> Option<String> {
    let missing: Vec<&str> = CONTROLLERS
        .into_iter()
        .filter(|name| !controlled.contains(name))
        .collect();
    (!missing.is_empty()).then(|| {
        format!(
            "there is no control group hierarchy of version 1 for {} below /sys/fs/cgroup, and the node here knows no other",
            missing.join(", ")
        )
    })
}

fn trial() -> Option<String> {
    let tried = unshare().args(["sh", "-c", TRIAL]).output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "`{TRIAL}` fails in namespaces of its own: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Some(format!("unshare cannot be started: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_all_rights_lacks_none() {
        assert!(missing_rights("Name:\tx\nCapEff:\t000001fffeffffff\n").is_empty());
    }

    #[test]
    fn a_person_lacks_all_and_is_told_which() {
        let told = missing_rights("CapEff:\t0000000000000000\n");
        assert_eq!(told.len(), 3);
        assert!(told[0].contains("CAP_NET_ADMIN"), "{told:?}");
    }

    #[test]
    fn a_machine_with_only_the_new_control_groups_is_told_so() {
        assert_eq!(
            missing_controllers(&["cpu", "cpuset", "memory", "pids", "devices"]),
            None
        );
        let told = missing_controllers(&["cpu"]).unwrap();
        assert!(told.contains("cpuset, memory, pids, devices"), "{told}");
    }
}
