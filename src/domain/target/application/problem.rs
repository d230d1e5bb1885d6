//! What stands between an application and the environments and places it names.

use std::sync::Arc;

use kube::ResourceExt;
use serde_json::{Map, Value};

use crate::api::condition::Reason;
use crate::api::{ApplicationEnvironment, Classification, Environment};
use crate::domain::catalogue::ApplicationTemplate;
use crate::domain::finding::{self, Finding};
use crate::domain::group;
use crate::domain::settings::Settings;

use super::ApplicationInput;
use crate::domain::target::{Blocked, Place, admits};

/// What is missing or forbidden among the things an application names.
#[derive(Default)]
pub(super) struct Problems {
    missing: Vec<Finding>,
    namespace: Vec<Finding>,
    group: Vec<Finding>,
    exposure: Vec<Finding>,
}

impl Problems {
    /// The places of one environment; what stands in the way of using them is noted.
    pub(super) fn places(
        &mut self,
        wanted: &ApplicationEnvironment,
        environment: Option<&Arc<Environment>>,
        input: &ApplicationInput<'_>,
        group: &str,
        settings: &Settings,
    ) -> Vec<Place> {
        let field = format!("spec.environments[{}]", wanted.name);
        let Some(environment) = environment else {
            self.missing.push(Finding::new(
                field,
                "the Environment does not exist; ask the platform team, or take it out",
            ));
            return Vec::new();
        };
        if !admits(environment, &input.namespace) {
            self.namespace.push(Finding::new(
                field.clone(),
                format!(
                    "the Environment does not allow the namespace {}; ask the platform team to add it to the environment's spec.allowedNamespaces",
                    input.application.namespace().unwrap_or_default()
                ),
            ));
        }
        let mut places = Vec::new();
        for reference in &environment.spec.providers {
            let Some(provider) = input
                .providers
                .get(&reference.name)
                .and_then(Option::as_ref)
            else {
                self.missing.push(Finding::new(
                    field.clone(),
                    format!(
                        "its EnvironmentProvider {} does not exist; ask the platform team",
                        reference.name
                    ),
                ));
                continue;
            };
            let place = Place::of(provider, settings);
            let project = provider.spec.repository.as_ref();
            if let Some(own) = project.and_then(|project| project.group.as_deref())
                && group::overlap(own, group)
            {
                self.group.push(Finding::new(
                    field.clone(),
                    format!(
                        "the project of its EnvironmentProvider {} is in the GitLab group {own}, and this application's group is {group}: they must lie apart, since whoever pushes to the one could build the other; ask the platform team",
                        place.name
                    ),
                ));
            }
            if !place.admits_group(group) {
                self.group.push(Finding::new(
                    field.clone(),
                    format!(
                        "the EnvironmentProvider {} takes projects of the GitLab groups {} only, and this application's group is {group}; ask the platform team",
                        place.name,
                        place.gitlab_groups.join(", ")
                    ),
                ));
            }
            places.push(place);
        }
        places
    }

    /// Notes an application that everybody would reach where not everybody may see it.
    pub(super) fn exposure(
        &mut self,
        wanted: &ApplicationEnvironment,
        environment: &Environment,
        template: &ApplicationTemplate,
        values: &Map<String, Value>,
    ) {
        let classification = environment.spec.classification;
        let Some(parameter) = template.public_parameter(values) else {
            return;
        };
        match classification {
            Classification::Public => {}
            Classification::Private | Classification::Internal => {
                let own = format!("spec.environments[{}].parameters", wanted.name);
                let field = if wanted.parameters.contains_key(parameter) {
                    format!("{own}.{parameter}")
                } else {
                    format!("spec.parameters.{parameter}")
                };
                self.exposure.push(Finding::new(
                    field,
                    format!(
                        "everybody would reach the application, and the Environment {} is {}; set another value in {own}, or ask the platform team to set the environment's spec.classification to public",
                        wanted.name,
                        classification.as_str()
                    ),
                ));
            }
        }
    }

    /// Nothing, or everything that was noted; what somebody forbids counts before what is missing.
    ///
    /// # Errors
    /// What was noted.
    pub(super) fn into_result(self) -> Result<(), Blocked> {
        let reason = if !self.namespace.is_empty() {
            Reason::NamespaceNotAllowed
        } else if !self.group.is_empty() {
            Reason::GroupNotAllowed
        } else if !self.exposure.is_empty() {
            Reason::Invalid
        } else if !self.missing.is_empty() {
            Reason::ReferenceNotFound
        } else {
            return Ok(());
        };
        let stalled = reason != Reason::ReferenceNotFound;
        let all: Vec<Finding> = [self.namespace, self.group, self.exposure, self.missing]
            .into_iter()
            .flatten()
            .collect();
        Err(Blocked {
            stalled,
            reason,
            message: finding::join(&all),
        })
    }
}
