//! Folders and files of a commit.

use std::io;

use super::Repository;

/// One line of a folder's listing.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Mode, six octal digits.
    pub mode: String,
    /// `blob`, `tree` or `commit`.
    pub kind: String,
    /// Object name.
    pub id: String,
    /// Path from the root.
    pub path: String,
}

/// A file's content.
#[derive(Debug, Clone)]
pub struct Blob {
    /// Object name.
    pub id: String,
    /// Whether it is executable.
    pub executable: bool,
    /// Bytes.
    pub content: Vec<u8>,
}

impl Entry {
    /// Answers the last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

impl Repository {
    /// Lists a folder of a commit; everything below it where `recursive`.
    pub async fn tree(&self, sha: &str, path: &str, recursive: bool) -> io::Result<Vec<Entry>> {
        let folder = path.trim_matches('/');
        let spec = if folder.is_empty() {
            sha.to_owned()
        } else {
            format!("{sha}:{folder}")
        };
        let mut args = vec!["ls-tree", "-z", "--full-tree"];
        if recursive {
            args.extend(["-r", "-t"]);
        }
        args.push(&spec);
        let text = self.text_about(sha, &args).await?;
        Ok(text
            .split('\0')
            .filter_map(|line| {
                let (head, name) = line.split_once('\t')?;
                let mut words = head.split(' ');
                let (mode, kind, id) = (words.next()?, words.next()?, words.next()?);
                let path = if folder.is_empty() {
                    name.to_owned()
                } else {
                    format!("{folder}/{name}")
                };
                Some(Entry {
                    mode: mode.into(),
                    kind: kind.into(),
                    id: id.into(),
                    path,
                })
            })
            .collect())
    }

    /// Says whether a path is a folder of a commit.
    pub async fn has_folder(&self, sha: &str, path: &str) -> io::Result<bool> {
        let spec = format!("{sha}:{}", path.trim_matches('/'));
        let output = self.about(sha, &["cat-file", "-t", &spec]).await?;
        Ok(output.status.success() && output.stdout.starts_with(b"tree"))
    }

    /// Reads a file of a commit.
    pub async fn blob(&self, sha: &str, path: &str) -> io::Result<Option<Blob>> {
        let wanted = path.trim_start_matches('/');
        // Without the option a name with a bracket or star would be taken for a pattern.
        let args = [
            "--literal-pathspecs",
            "ls-tree",
            "-z",
            "--full-tree",
            sha,
            wanted,
        ];
        let text = self.text_about(sha, &args).await?;
        let found = text.split('\0').find_map(|line| {
            let (head, name) = line.split_once('\t')?;
            let mut words = head.split(' ');
            let (mode, kind, id) = (words.next()?, words.next()?, words.next()?);
            (kind == "blob" && name == wanted).then(|| (mode == "100755", id.to_owned()))
        });
        let Some((executable, id)) = found else {
            return Ok(None);
        };
        let output = self.about(&id, &["cat-file", "blob", &id]).await?;
        super::checked("cat-file", &output)?;
        Ok(Some(Blob {
            id,
            executable,
            content: output.stdout,
        }))
    }
}
