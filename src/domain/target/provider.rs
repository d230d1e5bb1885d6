//! The target of an EnvironmentProvider.

use kube::ResourceExt;

use crate::api::{EnvironmentProvider, TemplateStatus};
use crate::domain::catalogue::ProviderTemplate;
use crate::domain::finding::Finding;
use crate::domain::identity::{Identity, Kind};
use crate::domain::render::{self, ProviderFiles};
use crate::domain::settings::Settings;
use crate::domain::validate;

use super::{
    Blocked, DEFAULT_BRANCH, Place, RepositoryName, RepositoryTarget, Scope, repository, scope,
};

/// What a provider's target is made from.
pub struct ProviderInput<'a> {
    /// The object.
    pub provider: &'a EnvironmentProvider,
    /// Names of the environments that use it.
    pub environments: Vec<String>,
}

/// A provider, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderTarget {
    /// Who, how, for whom.
    pub scope: Scope,
    /// Its repository.
    pub repository: RepositoryTarget,
    /// Where it is.
    pub place: Place,
    /// The template its files were made from.
    pub template: TemplateStatus,
    /// Names of the environments that use it.
    pub environments: Vec<String>,
}

/// The identity of a provider.
pub fn identity(name: &str) -> Identity {
    Identity {
        kind: Kind::Provider,
        namespace: String::new(),
        name: name.to_owned(),
    }
}

/// The scope of a provider, which exists whether or not its spec is valid.
pub fn scope_of(provider: &EnvironmentProvider, settings: &Settings) -> Scope {
    scope(
        provider,
        identity(&provider.name_any()),
        provider.spec.suspend,
        provider.spec.owner.as_deref(),
        settings,
    )
}

/// The target, or why there is none.
///
/// # Errors
/// Every mistake in the spec.
pub fn provider(input: &ProviderInput<'_>, settings: &Settings) -> Result<ProviderTarget, Blocked> {
    let object = input.provider;
    let spec = &object.spec;
    let mut findings = validate::provider(object);
    let given = spec.repository.as_ref().and_then(|r| r.group.as_deref());
    findings.extend(given.and_then(|group| validate::provider_group(group, settings)));
    if !findings.is_empty() {
        return Err(Blocked::invalid(&findings));
    }
    let Some(template) = ProviderTemplate::ecs() else {
        return Err(Blocked::invalid(&[Finding::new(
            "spec.type",
            "there is no template for it",
        )]));
    };
    let scope = scope_of(object, settings);
    let place = Place::of(object, settings);
    let given = spec.repository.clone().unwrap_or_default();
    let group = given
        .group
        .unwrap_or_else(|| settings.providers_group.clone());
    let slug = given.name.unwrap_or_else(|| object.name_any());
    let files = render::provider(
        &ProviderFiles {
            identity: &scope.identity,
            spec,
            template,
            project: &format!("{group}/{slug}"),
            provisioning_role: &place.provisioning_role,
            operations_role: &place.operations_role,
            external_id: &place.external_id,
            branch: DEFAULT_BRANCH,
        },
        settings,
    );
    let repository = repository(
        &scope.identity,
        RepositoryName {
            group,
            slug,
            description: spec.description.as_deref(),
            visibility: "private",
            may_create_group: false,
        },
        files,
        settings,
    );
    Ok(ProviderTarget {
        scope,
        repository,
        place,
        template: TemplateStatus {
            name: template.name().into(),
            version: template.version().into(),
        },
        environments: input.environments.clone(),
    })
}
