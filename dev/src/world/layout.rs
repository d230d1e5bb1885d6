//! Where things lie in a world's folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure};
use crate::tools::Cache;

/// The folder of a world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// Answers the folder of the world of this name.
    #[must_use]
    pub fn of(cache: &Cache, name: &str) -> Self {
        Self {
            folder: cache.path("worlds").join(name),
        }
    }

    /// Answers the folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Answers a path in the folder.
    #[must_use]
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.join(below)
    }

    /// Answers what is known of the world when it is up.
    #[must_use]
    pub fn record(&self) -> PathBuf {
        self.path("world.json")
    }

    /// Answers the file that is there while the world is up, whole.
    #[must_use]
    pub fn ready(&self) -> PathBuf {
        self.path("ready")
    }

    /// Answers the log of a part.
    #[must_use]
    pub fn log(&self, part: &str) -> PathBuf {
        self.path("logs").join(format!("{part}.log"))
    }

    /// Answers a journal: `gitlab`, `aws` or `apichaos`; that of `kubernetes` is the API server's own audit log.
    #[must_use]
    pub fn journal(&self, service: &str) -> PathBuf {
        self.path("journal").join(format!("{service}.jsonl"))
    }

    /// Answers the administrator's kubeconfig.
    #[must_use]
    pub fn administrator_kubeconfig(&self) -> PathBuf {
        self.path("kubernetes/administrator.kubeconfig")
    }

    /// Answers the kubeconfig of the controller's own service account.
    #[must_use]
    pub fn controller_kubeconfig(&self) -> PathBuf {
        self.path("kubernetes/controller.kubeconfig")
    }

    /// Answers the kubeconfig of the same account that leads through the proxy in front of the API server.
    #[must_use]
    pub fn apichaos_kubeconfig(&self) -> PathBuf {
        self.path("kubernetes/apichaos.kubeconfig")
    }

    /// Answers the file with the GitLab token of the controller.
    #[must_use]
    pub fn gitlab_token(&self) -> PathBuf {
        self.path("controller/gitlab-token")
    }

    /// Answers the file with the installation key of the controller.
    #[must_use]
    pub fn installation_key(&self) -> PathBuf {
        self.path("controller/installation-key")
    }

    /// Answers the folder with the programs of the world, for `PATH`.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.path("bin")
    }

    /// Writes a file of the world, making its folder; only the owner may read it.
    pub fn write(&self, path: &Path, content: impl AsRef<[u8]>) -> Result<(), Failure> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let what = || format!("write {}", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).doing(what)?;
        }
        let mut file = std::fs::File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(path)
            .doing(what)?;
        file.write_all(content.as_ref()).doing(what)
    }
}
