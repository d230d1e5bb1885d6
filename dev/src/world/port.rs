//! Free loopback ports.
//!
//! They are taken below the range from which the kernel serves `connect`, so that no outgoing connection of this
//! machine takes one between the choice and the bind, and never one that another world has written down.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const RANGE: std::ops::Range<u16> = 20_000..32_000;
const ATTEMPTS: usize = 2_000;

/// The ports of a world, all on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// etcd, for the API server.
    pub etcd: u16,
    /// etcd, for its peers, of which there are none.
    pub etcd_peer: u16,
    /// The Kubernetes API server (https).
    pub kubernetes: u16,
    /// moto, behind the gate.
    pub moto: u16,
    /// The gate: AWS.
    pub aws: u16,
    /// The image registry itself.
    pub registry: u16,
    /// The image registry with ECR's rights checked, served by the gate; the host in the names of images.
    pub ecr: u16,
    /// GitLab.
    pub gitlab: u16,
    /// The proxy in front of the API server, for a controller that goes through it; 0 in a world that was made before
    /// there was one.
    #[serde(default)]
    pub apichaos: u16,
}

impl Ports {
    /// Chooses free ports, none of which is in `taken`.
    pub fn choose(taken: &BTreeSet<u16>) -> Result<Self, Failure> {
        let mut chosen = taken.clone();
        let mut next = || free(&mut chosen);
        Ok(Self {
            etcd: next()?,
            etcd_peer: next()?,
            kubernetes: next()?,
            moto: next()?,
            aws: next()?,
            registry: next()?,
            ecr: next()?,
            gitlab: next()?,
            apichaos: next()?,
        })
    }

    /// Answers all of them.
    #[must_use]
    pub fn all(&self) -> [u16; 9] {
        let Self {
            etcd,
            etcd_peer,
            kubernetes,
            moto,
            aws,
            registry,
            ecr,
            gitlab,
            apichaos,
        } = *self;
        [
            etcd, etcd_peer, kubernetes, moto, aws, registry, ecr, gitlab, apichaos,
        ]
    }
}

/// Answers the ports that the worlds below `folder` have written down.
#[must_use]
pub fn taken(folder: &Path) -> BTreeSet<u16> {
    #[derive(Deserialize)]
    struct Record {
        ports: Ports,
    }
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    entries
        .filter_map(|entry| fs::read(entry.ok()?.path().join("world.json")).ok())
        .filter_map(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
        .flat_map(|record| record.ports.all())
        .collect()
}

/// Answers whether nothing serves on the port.
#[must_use]
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn free(chosen: &mut BTreeSet<u16>) -> Result<u16, Failure> {
    let mut random = rand::rng();
    (0..ATTEMPTS)
        .map(|_| random.random_range(RANGE))
        .find(|port| !chosen.contains(port) && is_free(*port) && chosen.insert(*port))
        .ok_or_else(|| {
            Failure::new(format!(
                "no free port was found on 127.0.0.1 between {} and {}: stop what is listening there, or a world (cargo dev down --name NAME)",
                RANGE.start, RANGE.end
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_differ_from_each_other_and_from_those_taken() {
        let first = Ports::choose(&BTreeSet::new()).unwrap();
        let second = Ports::choose(&first.all().into()).unwrap();
        let all: BTreeSet<u16> = first.all().into_iter().chain(second.all()).collect();
        assert_eq!(all.len(), 18);
        assert!(all.into_iter().all(is_free));
    }
}
