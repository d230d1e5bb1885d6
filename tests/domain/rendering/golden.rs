//! Golden files, for people to read in diffs. `INSTA_UPDATE=always cargo test --test domain golden`
//! writes them.

use harmonix::domain::blob::blob_id;
use harmonix::domain::file::{File, FileSet, TreeEntry};
use harmonix::domain::identity::digest;
use harmonix::domain::render::developers::DevelopersFile;
use harmonix::domain::settings::Settings;
use serde_json::{Value, json};

use super::{application_files, provider_files, schema_errors, text};
use crate::world::{application, environment, provider, settings};

fn golden(name: &str, files: &FileSet, path: &str) {
    golden_text(name, text(files, path));
}

/// Every file, as Git lists them: its mode and its path; a seeded one is the developers' from then on.
fn golden_list(name: &str, files: &FileSet) {
    let line = |file: &File, word: &str| {
        assert!(!file.content.is_empty(), "{} is empty", file.path);
        let mode = if file.executable { "100755" } else { "100644" };
        format!("{mode} {word} {}\n", file.path)
    };
    let owned = files.owned.iter().map(|file| line(file, "owned "));
    let seeded = files.seeded.iter().map(|file| line(file, "seeded"));
    golden_text(name, &owned.chain(seeded).collect::<String>());
}

fn golden_text(name: &str, text: &str) {
    let mut golden = insta::Settings::clone_current();
    golden.set_snapshot_path("../../golden");
    golden.set_prepend_module_to_snapshot(false);
    golden.set_omit_expression(true);
    golden.bind(|| insta::assert_snapshot!(name, text));
}

/// The manifest names every owned file with its digest; digests themselves change with the catalogue.
fn assert_manifest(files: &FileSet) {
    let manifest: Value = serde_json::from_str(text(files, ".harmonix/owned.json")).unwrap();
    let told = manifest["sha256"].as_object().unwrap();
    let wanted: Value = files
        .owned
        .iter()
        .filter(|file| file.path != ".harmonix/owned.json")
        .map(|file| (file.path.clone(), digest([file.content.as_bytes()]).into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(&Value::Object(told.clone()), &wanted);
}

#[test]
fn the_repository_of_a_place() {
    let mut place = provider("dev-place");
    place.spec.title = Some("Development: \"where\" we #try".into());
    place.spec.description = Some("yes".into());
    place.spec.owner = Some("platform".into());
    let files = provider_files(&place, &settings()).unwrap();
    golden("provider-pipeline", &files, ".harmonix/pipeline.yml");
    golden(
        "provider-variables",
        &files,
        ".harmonix/provider.tfvars.json",
    );
    golden("provider-catalog-info", &files, "catalog-info.yaml");
    golden_list("provider-files", &files);
    assert_manifest(&files);
    assert_eq!(
        schema_errors(text(&files, ".harmonix/pipeline.yml")),
        Vec::<String>::new()
    );
}

#[test]
fn the_variables_of_a_place_in_a_network_that_exists() {
    let mut place = provider("dev-place");
    place.spec.network.create = None;
    place.spec.network.existing = serde_json::from_value(json!({
        "vpcId": "vpc-01234567",
        "publicSubnetIds": ["subnet-01234567", "subnet-89abcdef"],
        "privateSubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }))
    .unwrap();
    place.spec.roles.provisioning = Some("arn:aws:iam::222222222222:role/teams/p".into());
    place.spec.roles.external_id = Some("of-our-own".into());
    let files = provider_files(&place, &settings()).unwrap();
    golden(
        "provider-existing-network-variables",
        &files,
        ".harmonix/provider.tfvars.json",
    );
}

#[test]
fn the_repository_of_an_application_in_two_accounts() {
    let mut cart = application("cart", &["dev", "prod"]);
    cart.spec.title = Some("Cart".into());
    cart.spec.owner = Some("team-shop".into());
    cart.spec.system = Some("shop".into());
    cart.spec.environments[0].variables = serde_json::from_value(json!([
        { "name": "GREETING", "value": "hello ${USER} `id`\nscript: evil" },
        { "name": "TOKEN", "secretArn": "arn:aws:ssm:eu-west-1:222222222222:parameter/shop/token" },
    ]))
    .unwrap();
    cart.spec.environments[1].replicas = 3;
    cart.spec.environments[1].parameters =
        serde_json::from_value(json!({ "cpu": 512, "memory": 1024 })).unwrap();
    let mut prod = environment("prod", 2, &["prod-place", "prod-other"]);
    prod.spec.category = harmonix::api::Category::Production;
    let files = application_files(
        &cart,
        &[environment("dev", 1, &["dev-place"]), prod],
        &[
            provider("dev-place"),
            provider("prod-place"),
            provider("prod-other"),
        ],
        &settings(),
    )
    .unwrap();
    golden("application-pipeline", &files, ".harmonix/pipeline.yml");
    golden(
        "application-dev-variables",
        &files,
        ".harmonix/environments/dev.tfvars.json",
    );
    golden(
        "application-prod-variables",
        &files,
        ".harmonix/environments/prod.tfvars.json",
    );
    golden("application-registries", &files, ".harmonix/registries");
    golden("application-catalog-info", &files, "catalog-info.yaml");
    golden_list("application-files", &files);
    assert_manifest(&files);
    assert_eq!(
        schema_errors(text(&files, ".harmonix/pipeline.yml")),
        Vec::<String>::new()
    );
}

fn seeded(settings: &Settings) -> FileSet {
    application_files(
        &application("cart", &["dev"]),
        &[environment("dev", 1, &["dev-place"])],
        &[provider("dev-place")],
        settings,
    )
    .unwrap()
}

#[test]
fn the_developers_pipeline_runs_where_ours_does_and_names_its_image_by_digest() {
    let settings = settings();
    let files = seeded(&settings);
    golden("application-developers-pipeline", &files, ".gitlab-ci.yml");
    let yaml = text(&files, ".gitlab-ci.yml");
    assert_eq!(schema_errors(yaml), Vec::<String>::new());
    let file = DevelopersFile::from_yaml(yaml).unwrap();
    assert_eq!(file.to_yaml(), yaml);
    for job in file.jobs.values() {
        assert_eq!(job.tags, settings.runner_tags);
        assert!(job.image.contains("@sha256:"), "{}", job.image);
    }
    let count = |path: &str| files.seeded.iter().filter(|f| f.path == path).count();
    assert_eq!(count(".gitlab-ci.yml"), 1);
}

#[test]
fn a_change_of_runners_or_images_does_not_touch_what_was_seeded() {
    let before = seeded(&settings());
    let all = before.owned.iter().chain(&before.seeded);
    let tree: Vec<TreeEntry> = all
        .map(|file| TreeEntry {
            path: file.path.clone(),
            blob: blob_id(file.content.as_bytes()),
        })
        .collect();
    let after = seeded(&Settings {
        runner_tags: vec!["others".into()],
        node_image: format!("registry.example.com/node@sha256:{}", "4".repeat(64)),
        ..settings()
    });
    assert_ne!(
        text(&after, ".gitlab-ci.yml"),
        text(&before, ".gitlab-ci.yml")
    );
    let changed: Vec<&str> = after
        .differing(&tree)
        .into_iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(
        changed,
        [".harmonix/pipeline.yml", ".harmonix/owned.json"],
        "only what is ours follows"
    );
    assert!(after.surplus(&tree).is_empty());
    // Nor does a developer who took the file away get it back.
    let without: Vec<TreeEntry> = tree
        .into_iter()
        .filter(|entry| entry.path != ".gitlab-ci.yml")
        .collect();
    assert!(before.differing(&without).is_empty());
}
