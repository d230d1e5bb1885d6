//! The repository of a provider: everything in it is owned.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::EnvironmentProviderSpec;
use crate::domain::catalogue::ProviderTemplate;
use crate::domain::file::{File, FileSet};
use crate::domain::identity::Identity;
use crate::domain::name::RoleArn;
use crate::domain::settings::Settings;

use super::catalog_info::{Entity, catalog_info};
use super::json as pretty;
use super::pipeline::{JobBase, PipelineFile, Rule, Variable, Workflow, WorkflowRule};

/// What a provider's files are made from.
pub struct ProviderFiles<'a> {
    /// The provider.
    pub identity: &'a Identity,
    /// As written, valid.
    pub spec: &'a EnvironmentProviderSpec,
    /// Its template.
    pub template: &'a ProviderTemplate,
    /// Full path of its project.
    pub project: &'a str,
    /// The role pipelines of applications assume.
    pub provisioning_role: &'a RoleArn,
    /// The role the controller assumes.
    pub operations_role: &'a RoleArn,
    /// What the operations role's trust asks for.
    pub external_id: &'a str,
    /// The default branch.
    pub branch: &'a str,
}

/// Every file of a provider's repository.
pub fn provider(inputs: &ProviderFiles<'_>, settings: &Settings) -> FileSet {
    let mut owned = vec![
        File::new(
            ".harmonix/pipeline.yml",
            pipeline(inputs, settings).to_yaml(),
        ),
        File::new(
            ".harmonix/provider.tfvars.json",
            pretty(&variables(inputs, settings)),
        ),
        catalog_info(&Entity {
            identity: inputs.identity,
            kind: "Resource",
            r#type: "environment-provider",
            title: inputs.spec.title.as_deref(),
            description: inputs.spec.description.as_deref(),
            owner: inputs.spec.owner.as_deref(),
            system: None,
        }),
    ];
    for script in ["provision.sh", "verify.sh"] {
        if let Some(text) = inputs.template.file(&format!("scripts/{script}")) {
            owned.push(File {
                executable: true,
                ..File::new(format!(".harmonix/{script}"), text)
            });
        }
    }
    if let Some(text) = inputs.template.file("README.md") {
        owned.push(File::new("README.md", text));
    }
    owned.extend(
        inputs
            .template
            .infrastructure()
            .into_iter()
            .map(|file| File {
                path: format!("infrastructure/{}", file.path),
                ..file
            }),
    );
    FileSet {
        owned,
        seeded: Vec::new(),
        folders: vec![".harmonix".into(), "infrastructure".into()],
    }
    .with_manifest()
}

/// Terraform's variables.
fn variables(inputs: &ProviderFiles<'_>, settings: &Settings) -> Value {
    let spec = inputs.spec;
    let network = json!({
        "create": spec.network.create.as_ref().map(|create| json!({ "cidr": create.cidr })),
        "existing": spec.network.existing.as_ref().map(|existing| json!({
            "vpc_id": existing.vpc_id,
            "public_subnet_ids": existing.public_subnet_ids,
            "private_subnet_ids": existing.private_subnet_ids,
        })),
    });
    json!({
        "name": inputs.identity.name,
        "prefix": spec.prefix,
        "account": spec.account,
        "region": spec.region,
        "tags": { "harmonix:provider": inputs.identity.name },
        "network": network,
        "provisioning_role_name": inputs.provisioning_role.name(),
        "provisioning_role_path": inputs.provisioning_role.path(),
        "operations_role_name": inputs.operations_role.name(),
        "operations_role_path": inputs.operations_role.path(),
        "oidc_issuer": settings.oidc_issuer,
        "oidc_audience": settings.oidc_audience,
        "trusted_groups": spec.gitlab_groups,
        "provider_project": inputs.project,
        "default_branch": inputs.branch,
        "controller_principal": settings.controller_principal,
        "external_id": inputs.external_id,
    })
}

fn pipeline(inputs: &ProviderFiles<'_>, settings: &Settings) -> PipelineFile {
    let base = |stage, script, timeout| JobBase {
        stage,
        image: &settings.terraform_image,
        tags: &settings.runner_tags,
        audience: &settings.oidc_audience,
        script,
        timeout,
    };
    let on_default_branch = Rule {
        r#if: "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH".into(),
        when: "on_success".into(),
    };
    let state = ("HARMONIX_STATE_NAME".to_owned(), Variable::of("provider"));
    let environment = |role: &str| -> BTreeMap<String, Variable> {
        settings
            .job_variables
            .iter()
            .map(|(name, value)| (name.clone(), Variable::of(value)))
            .chain([
                ("AWS_REGION".to_owned(), Variable::of(&inputs.spec.region)),
                ("HARMONIX_ROLE_ARN".to_owned(), Variable::of(role)),
                state.clone(),
            ])
            .collect()
    };
    let mut provision = base("provision", "sh .harmonix/provision.sh", "1h").job();
    provision.rules = vec![on_default_branch.clone()];
    provision.variables = environment(&inputs.spec.roles.bootstrap);
    provision.resource_group = Some("provider".into());
    let mut verify = base("verify", "sh .harmonix/verify.sh", "10m").job();
    verify.rules = vec![on_default_branch];
    verify.needs = vec!["provision".into()];
    verify.variables = environment(inputs.provisioning_role.as_str());
    PipelineFile {
        workflow: Workflow {
            name: "$HARMONIX_ACTION $HARMONIX_INTENT".into(),
            rules: vec![
                WorkflowRule {
                    r#if: "$HARMONIX_ACTION".into(),
                    variables: BTreeMap::new(),
                },
                WorkflowRule {
                    r#if: "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH".into(),
                    variables: BTreeMap::from([
                        ("HARMONIX_ACTION".into(), "provision".into()),
                        ("HARMONIX_INTENT".into(), "push".into()),
                    ]),
                },
            ],
        },
        include: Vec::new(),
        stages: vec!["provision".into(), "verify".into()],
        jobs: BTreeMap::from([("provision".into(), provision), ("verify".into(), verify)]),
    }
}
