//! Audit records: what is written of an effect, and how records of one object hang together.
//!
//! Attribute names are those of Harmonix on AWS, so that its readers keep working, with what it
//! lacked added. Secrets never get here: a record is made of names, identities and our own sentences.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{AuditChain, AuditEntry, AuditOutcome};

use super::identity::digest;

/// Where and for whom an effect happened: the same for all records of one object on one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditScope {
    /// Identity of the object (`Application/shop/cart`).
    pub object: String,
    /// Name of the application, or of the provider for its own effects.
    pub app_name: String,
    /// The object's uid.
    pub uid: String,
    /// The team that answers for the object.
    pub owner: String,
    /// The operations role that the record is written with.
    pub assumed_role: String,
    /// The provider's account.
    pub account: String,
    /// The provider's region.
    pub region: String,
    /// The provider's prefix.
    pub prefix: String,
    /// The provider's name.
    pub provider: String,
}

/// One record, complete. All attributes are strings, as they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Partition key.
    pub id: String,
    /// Sort key (RFC 3339, UTC).
    pub created_at: String,
    /// Every other attribute, `previousHash` and `hash` included.
    pub attributes: BTreeMap<&'static str, String>,
}

impl AuditRecord {
    /// Makes the record of `entry`, chained to `previous` (empty for the first of a chain).
    pub fn new(scope: &AuditScope, entry: &AuditEntry, previous: &str) -> Self {
        let status = match entry.outcome {
            AuditOutcome::Success => "SUCCESS",
            AuditOutcome::Failed => "FAILED",
            AuditOutcome::Denied => "DENIED",
        };
        let day: String = entry.created_at.chars().take(10).collect();
        let mut attributes = BTreeMap::from([
            ("actionName", entry.subject.clone()),
            ("actionType", entry.action.clone()),
            ("appName", scope.app_name.clone()),
            ("assumedRole", scope.assumed_role.clone()),
            ("createdDate", day.clone()),
            ("day", day),
            ("epoch", entry.epoch.to_string()),
            (
                "externalRequestId",
                entry.external_id.clone().unwrap_or_default(),
            ),
            ("generation", entry.generation.to_string()),
            ("initiatedBy", entry.requested_by.clone()),
            ("message", entry.message.clone()),
            ("objectRef", scope.object.clone()),
            ("origin", "Harmonix".to_owned()),
            ("owner", scope.owner.clone()),
            ("prefix", scope.prefix.clone()),
            ("previousHash", previous.to_owned()),
            ("providerName", scope.provider.clone()),
            ("request", entry.subject.clone()),
            ("status", status.to_owned()),
            ("step", entry.action.clone()),
            ("targetAccount", scope.account.clone()),
            ("targetRegion", scope.region.clone()),
            ("uid", scope.uid.clone()),
        ]);
        let hash = digest(
            [entry.id.as_bytes(), entry.created_at.as_bytes()]
                .into_iter()
                .chain(
                    attributes
                        .iter()
                        .flat_map(|(k, v)| [k.as_bytes(), v.as_bytes()]),
                ),
        );
        attributes.insert("hash", hash);
        Self {
            id: entry.id.clone(),
            created_at: entry.created_at.clone(),
            attributes,
        }
    }

    /// The record's own hash, over everything in it and the hash before it.
    pub fn hash(&self) -> &str {
        self.attributes.get("hash").map_or("", String::as_str)
    }
}

/// One record's place in the chain of its object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainLink {
    /// The record's identity.
    pub id: String,
    /// When its intent was made.
    pub created_at: String,
    /// The hash of the record before it.
    pub previous: String,
    /// Its own hash.
    pub hash: String,
    /// The uid of the object that it tells of.
    pub uid: String,
    /// What was done, where it was.
    pub done: Option<String>,
}

/// The chain that the records of an object in a provider's table form, for a status that does not know
/// it; none without records.
pub fn chain(provider: &str, links: &[ChainLink]) -> Option<AuditChain> {
    let followed: BTreeSet<&str> = links.iter().map(|link| link.previous.as_str()).collect();
    // Where it forked once, the newest end goes on.
    let end = links
        .iter()
        .filter(|link| !followed.contains(link.hash.as_str()))
        .max_by(|a, b| a.created_at.cmp(&b.created_at))?;
    Some(AuditChain {
        provider: provider.to_owned(),
        head: end.hash.clone(),
        records: i64::try_from(links.len()).unwrap_or(i64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> AuditEntry {
        AuditEntry {
            id: id.into(),
            created_at: "2026-01-02T03:04:05Z".into(),
            provider: "dev".into(),
            action: "CreateProject".into(),
            subject: "apps/shop/cart".into(),
            requested_by: "ada".into(),
            generation: 1,
            epoch: 3,
            outcome: AuditOutcome::Success,
            external_id: Some("7".into()),
            message: String::new(),
        }
    }

    #[test]
    fn a_record_carries_the_attributes_that_harmonix_had() {
        let record = AuditRecord::new(&AuditScope::default(), &entry("1"), "");
        for name in [
            "appName",
            "actionType",
            "actionName",
            "initiatedBy",
            "owner",
            "assumedRole",
            "targetAccount",
            "targetRegion",
            "prefix",
            "providerName",
            "request",
            "status",
            "message",
            "origin",
        ] {
            assert!(record.attributes.contains_key(name), "{name}");
        }
    }

    #[test]
    fn a_change_anywhere_changes_the_hash_of_everything_after_it() {
        let scope = AuditScope::default();
        let first = AuditRecord::new(&scope, &entry("1"), "");
        let forged = AuditRecord::new(
            &scope,
            &AuditEntry {
                message: "x".into(),
                ..entry("1")
            },
            "",
        );
        let second = AuditRecord::new(&scope, &entry("2"), first.hash());
        let after_forged = AuditRecord::new(&scope, &entry("2"), forged.hash());
        assert_ne!(first.hash(), forged.hash());
        assert_ne!(second.hash(), after_forged.hash());
    }

    fn link(id: &str, previous: &str) -> ChainLink {
        ChainLink {
            id: id.into(),
            created_at: format!("2026-01-0{id}T00:00:00Z"),
            previous: previous.into(),
            hash: format!("hash {id}"),
            ..ChainLink::default()
        }
    }

    #[test]
    fn a_lost_chain_goes_on_at_its_end_whatever_the_order_of_its_records() {
        let links = vec![link("3", "hash 1"), link("1", ""), link("2", "hash 3")];
        let found = chain("dev", &links).unwrap();
        assert_eq!((found.head.as_str(), found.records), ("hash 2", 3));
        assert_eq!(chain("dev", &[]), None);
    }

    #[test]
    fn a_chain_that_forked_goes_on_at_its_newest_end() {
        let links = vec![
            link("1", ""),
            link("2", "hash 1"),
            link("4", ""),
            link("3", "hash 1"),
        ];
        let found = chain("dev", &links).unwrap();
        assert_eq!((found.head.as_str(), found.records), ("hash 4", 4));
    }
}
