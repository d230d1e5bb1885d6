//! The repository of an application: what we own in it, and what we seed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::{ApplicationSpec, Category};
use crate::domain::catalogue::ApplicationTemplate;
use crate::domain::file::{File, FileSet};
use crate::domain::identity::Identity;
use crate::domain::settings::Settings;
use crate::domain::target::{DeploymentTarget, EnvironmentTarget, Place};

use super::catalog_info::{Entity, catalog_info};
use super::developers::{self, DevelopersFile};
use super::json;
use super::pipeline::{
    Artifacts, Environment, Include, IncludeRule, Job, JobBase, PipelineFile, Rule, Variable,
    Workflow, WorkflowRule,
};

/// What an application's files are made from.
pub struct ApplicationFiles<'a> {
    /// The application.
    pub identity: &'a Identity,
    /// As written, valid.
    pub spec: &'a ApplicationSpec,
    /// Its template.
    pub template: &'a ApplicationTemplate,
    /// Name of its ECR repository.
    pub repository: &'a str,
    /// The provider whose registry takes the image.
    pub home: &'a Place,
    /// Its environments, in ascending level.
    pub environments: &'a [EnvironmentTarget],
}

/// Terraform's variables of one environment; its digest is the environment's configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvironmentParameters {
    /// The namespace.
    pub namespace: String,
    /// The application.
    pub application: String,
    /// The environment.
    pub environment: String,
    /// Tasks on each provider.
    pub replicas: i32,
    /// Environment variables with values.
    pub variables: BTreeMap<String, String>,
    /// Environment variables with the ARNs of secrets.
    pub secrets: BTreeMap<String, String>,
    /// The template's own values, in snake case as Terraform has them.
    #[serde(flatten)]
    pub parameters: Map<String, Value>,
}

impl EnvironmentParameters {
    /// The file's text.
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// Terraform's spelling of a template value's name (`healthPath` is `health_path`).
pub fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

/// Every file of an application's repository.
pub fn application(inputs: &ApplicationFiles<'_>, settings: &Settings) -> FileSet {
    let mut owned = vec![
        File::new(
            ".harmonix/pipeline.yml",
            pipeline(inputs, settings).to_yaml(),
        ),
        File::new(".harmonix/registries", registries(inputs)),
        catalog_info(&Entity {
            identity: inputs.identity,
            kind: "Component",
            r#type: "service",
            title: inputs.spec.title.as_deref(),
            description: inputs.spec.description.as_deref(),
            owner: inputs.spec.owner.as_deref(),
            system: inputs.spec.system.as_deref(),
        }),
    ];
    owned.extend(inputs.environments.iter().map(|environment| {
        File::new(
            format!(".harmonix/environments/{}.tfvars.json", environment.name),
            environment.parameters.to_json(),
        )
    }));
    owned.extend(inputs.template.owned().into_iter().map(|file| File {
        path: format!(".harmonix/{}", file.path),
        executable: true,
        ..file
    }));
    let mut seeded = inputs.template.seeded();
    seeded.push(File::new(
        developers::PATH,
        DevelopersFile::of(inputs.template, settings).to_yaml(),
    ));
    FileSet {
        owned,
        seeded,
        folders: vec![".harmonix".into()],
    }
    .with_manifest()
}

/// Which role reads which image repository: `role region repository`, the home's first. A deployment
/// finds its release's image with it, also where that was built at an earlier home.
fn registries(inputs: &ApplicationFiles<'_>) -> String {
    let line = |place: &Place, repository: &str| {
        format!(
            "{} {} {repository}\n",
            place.provisioning_role.as_str(),
            place.region
        )
    };
    let mut lines = vec![line(inputs.home, inputs.repository)];
    let deployments = inputs.environments.iter().flat_map(|e| &e.deployments);
    for deployment in deployments {
        let next = line(&deployment.place, &deployment.image_repository);
        if !lines.contains(&next) {
            lines.push(next);
        }
    }
    lines.concat()
}

fn pipeline(inputs: &ApplicationFiles<'_>, settings: &Settings) -> PipelineFile {
    let mut jobs = BTreeMap::from([("harmonix-build".to_owned(), build_job(inputs, settings))]);
    for environment in inputs.environments {
        for deployment in &environment.deployments {
            let name = format!(
                "harmonix-deploy-{}-{}",
                environment.name, deployment.place.name
            );
            jobs.insert(name, deploy_job(environment, deployment, settings));
        }
    }
    PipelineFile {
        workflow: Workflow {
            name: "$HARMONIX_ACTION $HARMONIX_ENVIRONMENT $HARMONIX_INTENT".into(),
            rules: vec![
                WorkflowRule {
                    r#if: "$HARMONIX_ACTION == \"deploy\"".into(),
                    variables: BTreeMap::new(),
                },
                WorkflowRule {
                    r#if: "$CI_COMMIT_BRANCH || $CI_COMMIT_TAG || $CI_MERGE_REQUEST_IID".into(),
                    variables: BTreeMap::from([
                        ("HARMONIX_ACTION".into(), "build".into()),
                        ("HARMONIX_ENVIRONMENT".into(), "-".into()),
                        ("HARMONIX_INTENT".into(), "$CI_COMMIT_SHORT_SHA".into()),
                    ]),
                },
            ],
        },
        include: vec![Include {
            local: developers::PATH.into(),
            rules: vec![IncludeRule {
                r#if: "$HARMONIX_ACTION != \"deploy\"".into(),
                exists: vec![developers::PATH.into()],
            }],
        }],
        stages: ["build", "test", "deploy"].map(String::from).into(),
        jobs,
    }
}

fn job_variables<'a>(
    settings: &Settings,
    own: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, Variable> {
    settings
        .job_variables
        .iter()
        .map(|(name, value)| (name.clone(), Variable::of(value)))
        .chain(
            own.into_iter()
                .map(|(name, value)| (name.to_owned(), Variable::of(value))),
        )
        .collect()
}

fn build_job(inputs: &ApplicationFiles<'_>, settings: &Settings) -> Job {
    let home = inputs.home;
    let mut job = JobBase {
        stage: "build",
        image: &settings.build_image,
        tags: &settings.runner_tags,
        audience: &settings.oidc_audience,
        script: "sh .harmonix/build.sh",
        timeout: "1h",
    }
    .job();
    job.rules = vec![
        Rule {
            r#if: "$HARMONIX_ACTION == \"deploy\"".into(),
            when: "never".into(),
        },
        Rule {
            r#if: "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH".into(),
            when: "on_success".into(),
        },
    ];
    job.variables = job_variables(
        settings,
        [
            ("AWS_REGION", home.region.as_str()),
            ("HARMONIX_ROLE_ARN", home.provisioning_role.as_str()),
            ("HARMONIX_REPOSITORY", inputs.repository),
            ("HARMONIX_NODE_IMAGE", settings.node_image.as_str()),
        ],
    );
    job.artifacts = Some(Artifacts {
        paths: vec!["release.json".into()],
        expire_in: "never".into(),
    });
    job
}

fn deploy_job(
    environment: &EnvironmentTarget,
    deployment: &DeploymentTarget,
    settings: &Settings,
) -> Job {
    let place = &deployment.place;
    let mut job = JobBase {
        stage: "deploy",
        image: &settings.terraform_image,
        tags: &settings.runner_tags,
        audience: &settings.oidc_audience,
        script: "sh .harmonix/deploy.sh",
        timeout: "1h",
    }
    .job();
    job.rules = vec![Rule {
        r#if: format!(
            "$HARMONIX_ACTION == \"deploy\" && $HARMONIX_ENVIRONMENT == \"{}\"",
            environment.name
        ),
        when: "on_success".into(),
    }];
    job.variables = job_variables(
        settings,
        [
            ("AWS_REGION", place.region.as_str()),
            ("HARMONIX_ROLE_ARN", place.provisioning_role.as_str()),
            ("HARMONIX_PROVIDER_PREFIX", place.prefix.as_str()),
            ("HARMONIX_PROVIDER_NAME", place.name.as_str()),
            ("HARMONIX_NAME", deployment.service.as_str()),
            ("HARMONIX_REPOSITORY", deployment.image_repository.as_str()),
            (
                "HARMONIX_STATE_NAME",
                format!("{}-{}", environment.name, place.name).as_str(),
            ),
        ],
    );
    job.resource_group = Some(environment.name.clone());
    job.environment = Some(Environment {
        name: format!("{}/{}", environment.name, place.name),
        deployment_tier: match environment.category {
            Category::Development | Category::Sandbox => "development",
            Category::Testing => "testing",
            Category::Staging => "staging",
            Category::Production => "production",
        }
        .into(),
    });
    job
}
