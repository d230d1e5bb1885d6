//! The target of an Application.

mod problem;

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::ResourceExt;

use crate::api::{
    self, Application, ApplicationEnvironment, Category, Environment, EnvironmentProvider,
    TemplateStatus, Visibility,
};
use crate::domain::catalogue::ApplicationTemplate;
use crate::domain::finding::Finding;
use crate::domain::identity::{Identity, Kind, digest};
use crate::domain::name::{aws_name, ecr_repository};
use crate::domain::render::{self, ApplicationFiles, EnvironmentParameters, snake_case};
use crate::domain::settings::Settings;
use crate::domain::validate;
use crate::domain::version::NamespaceFacts;

use problem::Problems;

use super::{Blocked, Place, RepositoryName, RepositoryTarget, Scope, repository, scope};

/// What an application's target is made from.
pub struct ApplicationInput<'a> {
    /// The object.
    pub application: &'a Application,
    /// Its namespace.
    pub namespace: NamespaceFacts,
    /// The environments it names; none where one does not exist.
    pub environments: BTreeMap<String, Option<Arc<Environment>>>,
    /// The providers of those; none where one does not exist.
    pub providers: BTreeMap<String, Option<Arc<EnvironmentProvider>>>,
}

/// An application, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationTarget {
    /// Who, how, for whom.
    pub scope: Scope,
    /// Its repository.
    pub repository: RepositoryTarget,
    /// Name of its ECR repository, in every registry.
    pub image_repository: String,
    /// The template its owned files were made from.
    pub template: TemplateStatus,
    /// The provider whose registry and audit table serve the application as a whole.
    pub home: Place,
    /// Its environments, in ascending level.
    pub environments: Vec<EnvironmentTarget>,
}

/// One environment of an application, exact.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvironmentTarget {
    /// Its name.
    pub name: String,
    /// Its place in the order of promotion.
    pub level: i32,
    /// What it is for.
    pub category: Category,
    /// Tasks on each provider.
    pub replicas: i32,
    /// A commit to stay on.
    pub pinned: Option<String>,
    /// Terraform's variables.
    pub parameters: EnvironmentParameters,
    /// Digest of the parameter file.
    pub configuration: String,
    /// One for each provider.
    pub deployments: Vec<DeploymentTarget>,
}

impl Eq for EnvironmentTarget {}

/// One application in one environment on one provider, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentTarget {
    /// Where.
    pub place: Place,
    /// Name of the service and of everything around it.
    pub service: String,
    /// Where its logs are.
    pub log_group: String,
    /// Name of its ECR repository there.
    pub image_repository: String,
}

/// The scope of an application.
pub fn scope_of(application: &Application, settings: &Settings) -> Scope {
    let identity = Identity {
        kind: Kind::Application,
        namespace: application.namespace().unwrap_or_default(),
        name: application.name_any(),
    };
    scope(
        application,
        identity,
        application.spec.suspend,
        application.spec.owner.as_deref(),
        settings,
    )
}

/// The target, or why there is none.
///
/// # Errors
/// Every mistake in the spec; else everything it names that is missing or may not be used.
pub fn application(
    input: &ApplicationInput<'_>,
    settings: &Settings,
) -> Result<ApplicationTarget, Blocked> {
    let object = input.application;
    let spec = &object.spec;
    let scope = scope_of(object, settings);
    let (template, mut values) = template(spec, validate::application(object))?;
    let given = input
        .namespace
        .annotations
        .get(api::GITLAB_GROUP_ANNOTATION);
    if let Some(finding) = given.and_then(|group| validate::namespace_group(group, settings)) {
        return Err(Blocked::invalid(&[finding]));
    }
    let group = given.cloned().unwrap_or_else(|| {
        format!(
            "{}/{}",
            settings.applications_group, scope.identity.namespace
        )
    });
    let mut environments = Vec::new();
    let mut problems = Problems::default();
    for wanted in &spec.environments {
        let found = input
            .environments
            .get(&wanted.name)
            .and_then(Option::as_ref);
        let places = problems.places(wanted, found, input, &group, settings);
        if let Some(environment) = found {
            let parameters = values.remove(&wanted.name).unwrap_or_default();
            problems.exposure(wanted, environment, template, &parameters);
            environments.push(environment_target(
                &scope.identity,
                wanted,
                environment,
                parameters,
                places,
            ));
        }
    }
    problems.into_result()?;
    environments.sort_by(|a: &EnvironmentTarget, b| (a.level, &a.name).cmp(&(b.level, &b.name)));
    let Some(home) = environments
        .first()
        .and_then(|environment| environment.deployments.first())
        .map(|deployment| deployment.place.clone())
    else {
        return Err(Blocked::invalid(&[Finding::new(
            "spec.environments",
            "must name at least one environment",
        )]));
    };
    let image_repository = ecr_repository(
        &home.prefix,
        &scope.identity.namespace,
        &scope.identity.name,
    );
    let given = spec.repository.clone().unwrap_or_default();
    let files = render::application(
        &ApplicationFiles {
            identity: &scope.identity,
            spec,
            template,
            repository: &image_repository,
            home: &home,
            environments: &environments,
        },
        settings,
    );
    let repository = repository(
        &scope.identity,
        RepositoryName {
            may_create_group: group.starts_with(&format!("{}/", settings.applications_group)),
            group,
            slug: given.name.unwrap_or_else(|| object.name_any()),
            description: spec.description.as_deref(),
            visibility: match given.visibility {
                Visibility::Private => "private",
                Visibility::Internal => "internal",
            },
        },
        files,
        settings,
    );
    Ok(ApplicationTarget {
        repository,
        image_repository,
        template: TemplateStatus {
            name: template.name().into(),
            version: template.version().into(),
        },
        home,
        environments,
        scope,
    })
}

/// The template, and its values in each environment; or every mistake in the spec.
type Chosen = (
    &'static ApplicationTemplate,
    BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
);

fn template(spec: &api::ApplicationSpec, mut findings: Vec<Finding>) -> Result<Chosen, Blocked> {
    let wanted = &spec.template;
    let Some(template) = ApplicationTemplate::find(&wanted.name, wanted.version.as_deref()) else {
        findings.push(Finding::new(
            "spec.template",
            format!(
                "{}{} is not in the catalogue, which has: {}",
                wanted.name,
                wanted
                    .version
                    .as_ref()
                    .map(|version| format!(" {version}"))
                    .unwrap_or_default(),
                ApplicationTemplate::known()
            ),
        ));
        return Err(Blocked::invalid(&findings));
    };
    let mut values = BTreeMap::new();
    for environment in &spec.environments {
        let (parameters, mistakes) = validate::parameters(template, &spec.parameters, environment);
        findings.extend(mistakes);
        values.insert(environment.name.clone(), parameters);
    }
    if findings.is_empty() {
        Ok((template, values))
    } else {
        Err(Blocked::invalid(&findings))
    }
}

fn environment_target(
    identity: &Identity,
    wanted: &ApplicationEnvironment,
    environment: &Environment,
    values: serde_json::Map<String, serde_json::Value>,
    places: Vec<Place>,
) -> EnvironmentTarget {
    let pick = |value: fn(&api::Variable) -> Option<String>| {
        wanted
            .variables
            .iter()
            .filter_map(|v| Some((v.name.clone(), value(v)?)))
            .collect()
    };
    let parameters = EnvironmentParameters {
        namespace: identity.namespace.clone(),
        application: identity.name.clone(),
        environment: wanted.name.clone(),
        replicas: wanted.replicas,
        variables: pick(|v| v.value.clone()),
        secrets: pick(|v| v.secret_arn.clone()),
        parameters: values
            .into_iter()
            .map(|(key, value)| (snake_case(&key), value))
            .collect(),
    };
    let deployments = places
        .into_iter()
        .map(|place| {
            let service = aws_name(
                &[
                    &identity.namespace,
                    &identity.name,
                    &wanted.name,
                    &place.name,
                ],
                32,
            );
            let log_group = format!("/harmonix/{}-{}/{service}", place.prefix, place.name);
            DeploymentTarget {
                image_repository: ecr_repository(
                    &place.prefix,
                    &identity.namespace,
                    &identity.name,
                ),
                place,
                service,
                log_group,
            }
        })
        .collect();
    EnvironmentTarget {
        name: wanted.name.clone(),
        level: environment.spec.level,
        category: environment.spec.category,
        replicas: wanted.replicas,
        pinned: wanted.release.clone(),
        configuration: digest([parameters.to_json().as_bytes()])
            .chars()
            .take(16)
            .collect(),
        parameters,
        deployments,
    }
}

/// The kind of an application's identity, for those who only have names.
pub fn identity(namespace: &str, name: &str) -> Identity {
    Identity {
        kind: Kind::Application,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}
