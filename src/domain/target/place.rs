//! A provider as applications see it: where things run, and with which roles.

use std::collections::BTreeMap;

use kube::ResourceExt;

use crate::api::EnvironmentProvider;
use crate::domain::group;
use crate::domain::identity::Identity;
use crate::domain::name::{Partition, RoleArn, session_name};
use crate::domain::runtime::OperationsAccess;
use crate::domain::settings::Settings;

/// One provider, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The provider's name.
    pub name: String,
    /// The provider's uid.
    pub uid: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its prefix.
    pub prefix: String,
    /// Name of its cluster.
    pub cluster: String,
    /// Name of its audit table, once it is known.
    pub audit_table: Option<String>,
    /// The role of pipelines.
    pub provisioning_role: RoleArn,
    /// The role of the controller.
    pub operations_role: RoleArn,
    /// What the operations role's trust asks for.
    pub external_id: String,
    /// Groups whose projects may deploy here.
    pub gitlab_groups: Vec<String>,
    /// Whether the provider is ready.
    pub ready: bool,
}

impl Place {
    /// The place that a provider describes.
    pub fn of(provider: &EnvironmentProvider, settings: &Settings) -> Self {
        let spec = &provider.spec;
        let name = provider.name_any();
        let partition = Partition::of(&spec.region);
        let role = |given: Option<&String>, purpose: &str| {
            given
                .and_then(|arn| RoleArn::parse(arn))
                .unwrap_or_else(|| {
                    RoleArn::of(
                        partition,
                        &spec.account,
                        &format!("{}-{name}-{purpose}-role", spec.prefix),
                    )
                })
        };
        let status = provider.status.as_ref();
        let outputs = status.and_then(|status| status.outputs.as_ref());
        Self {
            uid: provider.uid().unwrap_or_default(),
            account: spec.account.clone(),
            region: spec.region.clone(),
            prefix: spec.prefix.clone(),
            cluster: outputs.map_or_else(
                || format!("{}-{name}-cluster", spec.prefix),
                |outputs| outputs.cluster_name.clone(),
            ),
            audit_table: outputs.map(|outputs| outputs.audit_table.clone()),
            provisioning_role: role(spec.roles.provisioning.as_ref(), "provisioning"),
            operations_role: role(spec.roles.operations.as_ref(), "operations"),
            external_id: spec
                .roles
                .external_id
                .clone()
                .unwrap_or_else(|| settings.key.external_id(&name)),
            gitlab_groups: spec.gitlab_groups.clone(),
            ready: status
                .is_some_and(|s| super::is_ready(&s.conditions, provider.metadata.generation)),
            name,
        }
    }

    /// Whether projects of `group` may deploy here: it is one of the groups, or inside one.
    pub fn admits_group(&self, group: &str) -> bool {
        self.gitlab_groups
            .iter()
            .any(|allowed| group::lies_in(group, allowed))
    }

    /// The operations session that works for `identity` here.
    pub fn access(&self, identity: &Identity, installation: &str) -> OperationsAccess {
        let mut tags = BTreeMap::from([
            ("harmonix:cluster".to_owned(), installation.to_owned()),
            ("harmonix:provider".to_owned(), self.name.clone()),
        ]);
        let who = if identity.namespace.is_empty() {
            session_name(&["harmonix", &identity.name])
        } else {
            tags.insert("harmonix:namespace".into(), identity.namespace.clone());
            tags.insert("harmonix:application".into(), identity.name.clone());
            session_name(&[&identity.namespace, &identity.name])
        };
        OperationsAccess {
            provider_uid: self.uid.clone(),
            role: self.operations_role.clone(),
            external_id: self.external_id.clone(),
            region: self.region.clone(),
            session_name: who.clone(),
            source_identity: who,
            tags,
        }
    }
}
