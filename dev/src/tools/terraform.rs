//! Terraform or OpenTofu, as it is found on this machine, and where it takes its provider plugins from.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::command::find;
use crate::failure::{Doing, Failure};

/// Which of the two programs was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// HashiCorp's Terraform.
    Terraform,
    /// OpenTofu.
    OpenTofu,
}

impl Flavour {
    /// Answers the registry that a provider without a host belongs to; mirrors have a folder of this name.
    #[must_use]
    pub fn registry(self) -> &'static str {
        match self {
            Self::Terraform => "registry.terraform.io",
            Self::OpenTofu => "registry.opentofu.org",
        }
    }
}

/// The program.
#[derive(Debug, Clone)]
pub struct Terraform {
    /// Its path.
    pub program: PathBuf,
    /// Which it is.
    pub flavour: Flavour,
}

impl Terraform {
    /// Finds `terraform`, else `tofu`, in `$PATH`.
    pub fn find() -> Result<Self, Failure> {
        [("terraform", Flavour::Terraform), ("tofu", Flavour::OpenTofu)]
            .into_iter()
            .find_map(|(name, flavour)| find(name).map(|program| Self { program, flavour }))
            .ok_or_else(|| {
                Failure::new(
                    "neither terraform nor tofu is in PATH: install Terraform (https://developer.hashicorp.com/terraform/install) \
                     or OpenTofu (https://opentofu.org/docs/intro/install), the pipelines run it",
                )
            })
    }

    /// Answers the command line configuration for a world, written to `file` unless the environment names one that
    /// exists. Plugins come from a mirror on this machine where one has them, else from the registry into `cache`.
    pub fn configuration(&self, file: &Path, cache: &Path) -> Result<PathBuf, Failure> {
        let named = env::var_os("TF_CLI_CONFIG_FILE").map(PathBuf::from);
        if let Some(named) = named.filter(|path| path.is_file()) {
            return Ok(named);
        }
        let mirrors: Vec<Mirror> = folders()
            .iter()
            .filter_map(|folder| Mirror::read(folder, self.flavour.registry()))
            .collect();
        for folder in file.parent().into_iter().chain([cache]) {
            fs::create_dir_all(folder).doing(|| format!("make the folder {}", folder.display()))?;
        }
        fs::write(file, configuration(&mirrors, cache))
            .doing(|| format!("write {}", file.display()))?;
        Ok(file.to_owned())
    }
}

/// A folder with plugins, laid out as Terraform's filesystem mirrors are.
#[derive(Debug)]
struct Mirror {
    folder: PathBuf,
    providers: BTreeSet<String>,
}

impl Mirror {
    /// Reads which providers of the registry the folder has; a folder without any is none.
    fn read(folder: &Path, registry: &str) -> Option<Self> {
        let namespaces = subfolders(&folder.join(registry));
        let providers: BTreeSet<String> = namespaces
            .iter()
            .flat_map(|namespace| subfolders(namespace))
            .filter_map(|provider| {
                Some(
                    provider
                        .strip_prefix(folder)
                        .ok()?
                        .to_string_lossy()
                        .into_owned(),
                )
            })
            .collect();
        (!providers.is_empty()).then(|| Self {
            folder: folder.to_owned(),
            providers,
        })
    }
}

/// Answers the folders where mirrors may be, in the order in which they are preferred: those that Terraform looks in by
/// itself, then those one level below /opt and /usr/share.
fn folders() -> Vec<PathBuf> {
    let home = env::home_dir().unwrap_or_default();
    let data_home =
        env::var_os("XDG_DATA_HOME").map_or_else(|| home.join(".local/share"), PathBuf::from);
    let data_dirs =
        env::var_os("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let mut found = vec![
        home.join(".terraform.d/plugins"),
        data_home.join("terraform/plugins"),
    ];
    found.extend(env::split_paths(&data_dirs).map(|folder| folder.join("terraform/plugins")));
    for parent in ["/opt", "/usr/share"] {
        found.extend(subfolders(Path::new(parent)));
    }
    found
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// Writes the configuration. A provider that a mirror has is never looked for elsewhere: the first mirror that has it is
/// where it comes from.
fn configuration(mirrors: &[Mirror], cache: &Path) -> String {
    let mut text = String::from("disable_checkpoint = true\n");
    let mut taken: BTreeSet<&String> = BTreeSet::new();
    let mut blocks = String::new();
    for mirror in mirrors {
        let own: Vec<&String> = mirror
            .providers
            .iter()
            .filter(|name| !taken.contains(*name))
            .collect();
        if own.is_empty() {
            continue;
        }
        blocks.push_str(&format!(
            "  filesystem_mirror {{\n    path    = {:?}\n    include = {own:?}\n  }}\n",
            mirror.folder
        ));
        taken.extend(own);
    }
    if taken.is_empty() {
        text.push_str(&format!(
            "plugin_cache_dir = {cache:?}\nplugin_cache_may_break_dependency_lock_file = true\n"
        ));
    }
    let taken: Vec<&String> = taken.into_iter().collect();
    text.push_str(&format!(
        "provider_installation {{\n{blocks}  direct {{\n    exclude = {taken:?}\n  }}\n}}\n"
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_comes_from_the_first_mirror_that_has_it_and_never_from_the_registry() {
        let folder = tempfile::tempdir().unwrap();
        let mirrors: Vec<Mirror> = [("a", "aws"), ("b", "aws"), ("b", "tls")]
            .into_iter()
            .filter_map(|(mirror, provider)| {
                let mirror = folder.path().join(mirror);
                fs::create_dir_all(
                    mirror
                        .join("registry.terraform.io/hashicorp")
                        .join(provider),
                )
                .unwrap();
                Mirror::read(&mirror, "registry.terraform.io")
            })
            .collect();

        let text = configuration(&mirrors, Path::new("/cache"));

        let expected = format!(
            r#"disable_checkpoint = true
provider_installation {{
  filesystem_mirror {{
    path    = "{root}/a"
    include = ["registry.terraform.io/hashicorp/aws"]
  }}
  filesystem_mirror {{
    path    = "{root}/b"
    include = ["registry.terraform.io/hashicorp/tls"]
  }}
  direct {{
    exclude = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/tls"]
  }}
}}
"#,
            root = folder.path().display()
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn without_a_mirror_plugins_are_downloaded_once() {
        let text = configuration(&[], Path::new("/cache/plugins"));
        assert!(
            text.contains("plugin_cache_dir = \"/cache/plugins\""),
            "{text}"
        );
        assert!(text.contains("direct {\n    exclude = []\n  }"), "{text}");
    }
}
