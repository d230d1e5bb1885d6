//! What we write into repositories: golden files, GitLab's own schema, and text that means harm.

mod golden;
mod hostile;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use harmonix::api::{Application, Environment, EnvironmentProvider};
use harmonix::domain::file::FileSet;
use harmonix::domain::settings::Settings;
use harmonix::domain::target::{self, ApplicationInput, Blocked, ProviderInput};
use harmonix::domain::version::NamespaceFacts;
use jsonschema::Validator;
use kube::ResourceExt;
use serde_json::Value;

static CI: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../fixtures/gitlab-ci.schema.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
});

/// What breaks GitLab's schema of pipeline files.
fn schema_errors(yaml: &str) -> Vec<String> {
    let value: Value = serde_saphyr::from_str(yaml).unwrap();
    CI.iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// The text of one file, owned or seeded.
fn text<'a>(files: &'a FileSet, path: &str) -> &'a str {
    let mut all = files.owned.iter().chain(&files.seeded);
    let found = all.find(|file| file.path == path);
    &found
        .unwrap_or_else(|| panic!("{path} is not rendered"))
        .content
}

fn provider_files(object: &EnvironmentProvider, settings: &Settings) -> Result<FileSet, Blocked> {
    let input = ProviderInput {
        provider: object,
        environments: Vec::new(),
    };
    target::provider(&input, settings).map(|target| target.repository.files)
}

fn application_files(
    object: &Application,
    environments: &[Environment],
    providers: &[EnvironmentProvider],
    settings: &Settings,
) -> Result<FileSet, Blocked> {
    let input = ApplicationInput {
        application: object,
        namespace: NamespaceFacts::default(),
        environments: environments
            .iter()
            .map(|o| (o.name_any(), Some(Arc::new(o.clone()))))
            .collect::<BTreeMap<_, _>>(),
        providers: providers
            .iter()
            .map(|o| (o.name_any(), Some(Arc::new(o.clone()))))
            .collect(),
    };
    target::application(&input, settings).map(|target| target.repository.files)
}

#[test]
fn gitlabs_schema_finds_a_pipeline_that_is_wrong() {
    assert!(!schema_errors("job: {script: [a], when: sometimes}").is_empty());
    assert!(!schema_errors("job: {script: {a: b}}").is_empty());
    assert!(schema_errors("job: {script: [a]}").is_empty());
}
