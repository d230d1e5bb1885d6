//! AWS: sessions that only the right access opens, clusters, services and audit tables.

use std::sync::Arc;

use async_trait::async_trait;
use harmonix::api::ProviderOutputs;
use harmonix::domain::audit::{AuditRecord, ChainLink};
use harmonix::domain::failure::{Failure, FailureKind, Party};
use harmonix::domain::runtime::{AuditInsert, Cluster, OperationsAccess, Service};
use harmonix::ports::{AuditTable, CloudSessions, OperationsSession};

use super::fault::Side;
use super::{World, settings};

fn refused_role(message: &str) -> Failure {
    Failure {
        party: Party::Sts,
        ..failure(FailureKind::Denied, message)
    }
}

fn failure(kind: FailureKind, message: &str) -> Failure {
    Failure {
        party: Party::Aws,
        kind,
        message: message.to_owned(),
    }
}

/// A session with one provider's operations role.
struct Session {
    world: World,
    provider: String,
}

/// One table, through one session.
struct Table {
    world: World,
    name: String,
}

impl World {
    fn ask(&self, what: &str) -> Result<(), Failure> {
        let mut state = self.state();
        state.second += state.read_takes;
        state.reads.push(what.to_owned());
        state.outside.push(what.to_owned());
        if state
            .unreadable
            .iter()
            .any(|begin| what.starts_with(begin.as_str()))
        {
            return Err(failure(FailureKind::Retryable, "AWS does not answer"));
        }
        Ok(())
    }
}

#[async_trait]
impl CloudSessions for World {
    async fn operations(
        &self,
        access: &OperationsAccess,
    ) -> Result<Arc<dyn OperationsSession>, Failure> {
        self.ask("session")?;
        let mut state = self.state();
        let found = state
            .providers
            .iter()
            .find(|(_, p)| p.metadata.uid.as_ref() == Some(&access.provider_uid))
            .map(|(name, p)| (name.clone(), p.spec.account.clone()));
        let Some((provider, account)) = found else {
            state.violations.push("a session without a provider".into());
            return Err(refused_role("no such provider"));
        };
        if access.role.account() != account
            || access.external_id != settings().key.external_id(&provider)
        {
            state.violations.push(format!(
                "a session of {provider} with the access of another"
            ));
        }
        if !state.clusters.contains(&format!("acme-{provider}-cluster")) {
            return Err(refused_role("the role does not exist"));
        }
        if state.unreadable.contains(&format!("denied {provider}")) {
            return Err(refused_role("AWS did not let us assume the role"));
        }
        Ok(Arc::new(Session {
            world: self.clone(),
            provider,
        }))
    }
}

#[async_trait]
impl OperationsSession for Session {
    async fn outputs(&self, prefix: &str, name: &str) -> Result<ProviderOutputs, Failure> {
        self.world.ask("outputs")?;
        let account = self.world.state().providers[&self.provider]
            .spec
            .account
            .clone();
        let base = format!("{prefix}-{name}");
        Ok(ProviderOutputs {
            vpc_id: "vpc-01234567".into(),
            public_subnet_ids: vec!["subnet-01234567".into()],
            private_subnet_ids: vec!["subnet-89abcdef".into()],
            cluster_name: format!("{base}-cluster"),
            cluster_arn: format!("arn:aws:ecs:eu-west-1:{account}:cluster/{base}-cluster"),
            audit_table: format!("{base}-audit"),
            provisioning_role_arn: format!("arn:aws:iam::{account}:role/{base}-provisioning-role"),
            operations_role_arn: format!("arn:aws:iam::{account}:role/{base}-operations-role"),
        })
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>, Failure> {
        self.world.ask("cluster")?;
        let there = self.world.state().clusters.contains(name);
        Ok(there.then(|| Cluster {
            name: name.to_owned(),
            status: "ACTIVE".into(),
        }))
    }

    async fn service(&self, cluster: &str, name: &str) -> Result<Option<Service>, Failure> {
        self.world.ask("service")?;
        let forbidden = format!("forbidden {}", self.provider);
        if self.world.state().unreadable.contains(&forbidden) {
            return Err(failure(
                FailureKind::Denied,
                "the role may not describe services",
            ));
        }
        let key = (cluster.to_owned(), name.to_owned());
        Ok(self.world.state().services.get(&key).cloned())
    }

    fn audit_table(&self, table: &str) -> Arc<dyn AuditTable> {
        Arc::new(Table {
            world: self.world.clone(),
            name: table.to_owned(),
        })
    }
}

#[async_trait]
impl AuditTable for Table {
    async fn probe(&self) -> Result<(), Failure> {
        self.world.ask("probe")
    }

    async fn links(&self, object: &str) -> Result<Vec<ChainLink>, Failure> {
        self.world.ask("chain")?;
        let state = self.world.state();
        let records = state.tables.get(&self.name).into_iter().flatten();
        let own = records.filter(|record| record.attributes["objectRef"] == object);
        Ok(own
            .map(|record| ChainLink {
                id: record.id.clone(),
                created_at: record.created_at.clone(),
                previous: record.attributes["previousHash"].clone(),
                hash: record.hash().to_owned(),
                uid: record.attributes["uid"].clone(),
                done: (record.attributes["status"] == "SUCCESS")
                    .then(|| record.attributes["actionType"].clone()),
            })
            .collect())
    }

    async fn insert(&self, record: &AuditRecord) -> Result<AuditInsert, Failure> {
        let what = format!("record {}", record.attributes["actionType"]);
        let lost = failure(FailureKind::Retryable, "DynamoDB did not answer");
        self.world
            .write(Side::Outside, &what, lost, |state| {
                let table = state
                    .tables
                    .get_mut(&self.name)
                    .ok_or_else(|| failure(FailureKind::Missing, "no such table"))?;
                let found = table
                    .iter()
                    .find(|r| r.id == record.id && r.created_at == record.created_at);
                if let Some(found) = found {
                    return Ok(AuditInsert::AlreadyThere {
                        hash: found.hash().to_owned(),
                        previous: found.attributes["previousHash"].clone(),
                    });
                }
                table.push(record.clone());
                Ok(AuditInsert::Inserted)
            })
            .await
    }
}
