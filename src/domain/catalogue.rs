//! The built-in templates: real files in their own languages under `src/catalogue/`, compiled in.

use std::sync::{LazyLock, OnceLock};

use include_dir::{Dir, include_dir};
use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::file::File;

static ECS_FARGATE_PROVIDER: Dir<'_> =
    include_dir!("$CARGO_MANIFEST_DIR/src/catalogue/ecs-fargate-provider");
static NODE_SERVICE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/catalogue/node-service");

/// What a template says of itself, in its `template.json`.
#[derive(Clone, Debug, Deserialize)]
struct Title {
    name: String,
    version: String,
    /// Parameters, each with the value by which everybody reaches the application.
    #[serde(default)]
    public: Map<String, Value>,
}

/// How the source of a template is tested, from its `template.json`.
#[derive(Clone, Debug, Deserialize)]
struct Tested {
    test: Vec<String>,
}

/// A template of providers: everything in it is owned.
pub struct ProviderTemplate {
    title: Title,
    files: &'static Dir<'static>,
}

/// A template of applications.
pub struct ApplicationTemplate {
    title: Title,
    tested: Tested,
    schema: Value,
    files: &'static Dir<'static>,
    validator: OnceLock<Option<Validator>>,
}

static PROVIDER: LazyLock<Option<ProviderTemplate>> = LazyLock::new(|| {
    Some(ProviderTemplate {
        title: json(&ECS_FARGATE_PROVIDER, "template.json")?,
        files: &ECS_FARGATE_PROVIDER,
    })
});

static APPLICATIONS: LazyLock<Vec<ApplicationTemplate>> = LazyLock::new(|| {
    [&NODE_SERVICE]
        .into_iter()
        .filter_map(|files| {
            Some(ApplicationTemplate {
                title: json(files, "template.json")?,
                tested: json(files, "template.json")?,
                schema: json(files, "parameters.schema.json")?,
                files,
                validator: OnceLock::new(),
            })
        })
        .collect()
});

fn json<T: serde::de::DeserializeOwned>(files: &Dir<'_>, path: &str) -> Option<T> {
    serde_json::from_slice(files.get_file(path)?.contents()).ok()
}

/// Files below `folder`, with paths relative to it, in order.
fn files_below(files: &Dir<'static>, folder: &str) -> Vec<File> {
    fn walk(dir: &Dir<'static>, root: &str, out: &mut Vec<File>) {
        for file in dir.files() {
            let path = file.path().to_string_lossy();
            if let (Some(path), Some(text)) = (
                path.strip_prefix(root).map(|p| p.trim_start_matches('/')),
                file.contents_utf8(),
            ) {
                out.push(File::new(path, text));
            }
        }
        for child in dir.dirs() {
            walk(child, root, out);
        }
    }
    let mut out = Vec::new();
    if let Some(dir) = files.get_dir(folder) {
        walk(dir, folder, &mut out);
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

impl ProviderTemplate {
    /// The template of ECS providers on Fargate.
    pub fn ecs() -> Option<&'static Self> {
        PROVIDER.as_ref()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.title.name
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.title.version
    }

    /// The infrastructure code, with paths relative to `infrastructure/`.
    pub fn infrastructure(&self) -> Vec<File> {
        files_below(self.files, "terraform")
    }

    /// One file of the template's own folder.
    pub fn file(&self, name: &str) -> Option<&'static str> {
        self.files.get_file(name)?.contents_utf8()
    }
}

impl ApplicationTemplate {
    /// The template of this name and, where one is asked for, version.
    pub fn find(name: &str, version: Option<&str>) -> Option<&'static Self> {
        APPLICATIONS
            .iter()
            .find(|t| t.title.name == name && version.is_none_or(|v| v == t.title.version))
    }

    /// `name version` of every template, for messages.
    pub fn known() -> String {
        let names: Vec<String> = APPLICATIONS
            .iter()
            .map(|t| format!("{} {}", t.title.name, t.title.version))
            .collect();
        names.join(", ")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.title.name
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.title.version
    }

    /// The commands that test the source.
    pub fn test(&self) -> &[String] {
        &self.tested.test
    }

    /// What developers start from, with paths relative to the repository.
    pub fn seeded(&self) -> Vec<File> {
        files_below(self.files, "source")
    }

    /// Scripts that stay ours, with paths relative to `.harmonix/`.
    pub fn owned(&self) -> Vec<File> {
        files_below(self.files, "owned")
    }

    /// The schema of its values, compiled.
    pub fn validator(&self) -> Option<&Validator> {
        self.validator
            .get_or_init(|| jsonschema::draft202012::new(&self.schema).ok())
            .as_ref()
    }

    /// The parameter by whose value everybody reaches an application with these values; none where
    /// its network alone does.
    pub fn public_parameter(&self, values: &Map<String, Value>) -> Option<&str> {
        let mut public = self.title.public.iter();
        public
            .find(|(parameter, value)| values.get(*parameter) == Some(*value))
            .map(|(parameter, _)| parameter.as_str())
    }

    /// The defaults that the schema declares.
    pub fn defaults(&self) -> Map<String, Value> {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flatten()
            .filter_map(|(key, property)| Some((key.clone(), property.get("default")?.clone())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_complete() {
        let provider = ProviderTemplate::ecs().unwrap();
        assert!(!provider.infrastructure().is_empty());
        assert!(provider.file("README.md").unwrap().starts_with("# "));
        assert_eq!(provider.file("nothing.md"), None);
        let application = ApplicationTemplate::find("node-service", None).unwrap();
        assert!(application.validator().is_some());
        let known = application.defaults();
        assert!(
            application
                .title
                .public
                .keys()
                .all(|p| known.contains_key(p))
        );
        assert!(
            application
                .seeded()
                .iter()
                .any(|file| file.path == "Dockerfile")
        );
        assert!(
            application
                .owned()
                .iter()
                .any(|file| file.path == "build.sh")
        );
        assert!(
            application
                .owned()
                .iter()
                .any(|file| file.path == "deploy.sh")
        );
    }
}
