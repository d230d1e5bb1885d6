//! Files as they should stand in a repository.

use serde_json::json;

use super::blob::blob_id;
use super::identity::digest;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path from the root of the repository.
    pub path: String,
    /// Its text.
    pub content: String,
    /// Whether Git marks it executable.
    pub executable: bool,
}

impl File {
    /// A plain file.
    pub fn new(path: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            content: content.into(),
            executable: false,
        }
    }
}

/// The last commit that touched a file, with what it made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastCommit {
    /// The commit.
    pub commit: String,
    /// The content's identity in Git.
    pub blob: String,
}

/// What a repository holds of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSet {
    /// Kept as the spec says, for ever.
    pub owned: Vec<File>,
    /// Put there once; the developers' from then on.
    pub seeded: Vec<File>,
    /// Folders of the root in which nothing but what is owned may stand.
    pub folders: Vec<String>,
}

/// Where the digests of the owned files are written.
pub const MANIFEST: &str = ".harmonix/owned.json";

impl FileSet {
    /// Adds the manifest, which names every owned file with its digest.
    #[must_use]
    pub fn with_manifest(mut self) -> Self {
        self.owned.sort_by(|a, b| a.path.cmp(&b.path));
        let files: serde_json::Map<String, serde_json::Value> = self
            .owned
            .iter()
            .map(|file| (file.path.clone(), digest([file.content.as_bytes()]).into()))
            .collect();
        let text = format!(
            "{:#}\n",
            json!({ "comment": "These files belong to Harmonix; changes to them are undone.", "sha256": files })
        );
        self.owned.push(File::new(MANIFEST, text));
        self
    }

    /// One digest over everything owned: equal exactly when every owned file is.
    pub fn digest(&self) -> String {
        digest(
            self.owned
                .iter()
                .flat_map(|file| [file.path.as_bytes(), file.content.as_bytes()]),
        )
    }

    /// The owned files whose blobs in `tree` are missing or differ.
    pub fn differing<'a>(&'a self, tree: &[TreeEntry]) -> Vec<&'a File> {
        self.owned
            .iter()
            .filter(|file| {
                let wanted = blob_id(file.content.as_bytes());
                !tree
                    .iter()
                    .any(|entry| entry.path == file.path && entry.blob == wanted)
            })
            .collect()
    }

    /// Files in `tree` in owned folders that are no longer wanted.
    pub fn surplus<'a>(&self, tree: &'a [TreeEntry]) -> Vec<&'a TreeEntry> {
        tree.iter()
            .filter(|entry| {
                self.folders
                    .iter()
                    .any(|folder| entry.path.starts_with(&format!("{folder}/")))
                    && !self.owned.iter().any(|file| file.path == entry.path)
            })
            .collect()
    }
}

/// One file as a repository's tree lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Path from the root of the repository.
    pub path: String,
    /// Git's identity of its content.
    pub blob: String,
}

/// What a commit does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// The file must not exist yet.
    Create(File),
    /// The file must not have changed since `last_commit`.
    Update {
        /// Its new state.
        file: File,
        /// The last commit that touched it when it was read.
        last_commit: String,
    },
    /// The file must not have changed since `last_commit`.
    Delete {
        /// Its path.
        path: String,
        /// The last commit that touched it when it was read.
        last_commit: String,
    },
}
