//! One commit made of several file actions, as GitLab's Commits API does it.
//!
//! Everything is checked first against the tree the branch stands on, then one `git fast-import` writes all objects
//! and moves the branch: either the whole commit is there or nothing is.

use std::collections::BTreeMap;
use std::io;

use super::{Repository, ZEROS};

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Makes a file that must not exist.
    Create,
    /// Writes a file that must exist.
    Update,
    /// Removes a file.
    Delete,
    /// Renames a file.
    Move,
    /// Changes whether a file is executable.
    Chmod,
}

impl ActionKind {
    /// Reads GitLab's word for it.
    pub fn read(word: &str) -> Option<Self> {
        match word {
            "create" => Some(Self::Create),
            "update" => Some(Self::Update),
            "delete" => Some(Self::Delete),
            "move" => Some(Self::Move),
            "chmod" => Some(Self::Chmod),
            _ => None,
        }
    }
}

/// One action.
#[derive(Debug, Clone)]
pub struct Action {
    /// What.
    pub kind: ActionKind,
    /// Which file.
    pub path: String,
    /// Its name before a move.
    pub previous_path: Option<String>,
    /// New content.
    pub content: Option<Vec<u8>>,
    /// The last commit that touched the file, as the caller knows it.
    pub last_commit_id: Option<String>,
    /// Whether it becomes executable.
    pub executable: Option<bool>,
}

/// A commit to be made.
#[derive(Debug, Clone)]
pub struct Change {
    /// The branch that gets it.
    pub branch: String,
    /// The commit it stands on; nothing in an empty repository.
    pub parent: Option<String>,
    /// Where the branch is now; nothing where it does not exist.
    pub tip: Option<String>,
    /// Message.
    pub message: String,
    /// Name and address of author.
    pub author: (String, String),
    /// Name and address of committer.
    pub committer: (String, String),
    /// What it does.
    pub actions: Vec<Action>,
}

/// Why a commit was not made.
#[derive(Debug)]
pub enum Refused {
    /// The caller's mistake, in GitLab's words.
    Because(String),
    /// Our own failure.
    Broken(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Files of the tree under change: mode and blob by path.
type Files = BTreeMap<String, (String, String)>;

impl Repository {
    /// Makes a commit and moves the branch; answers its object name.
    pub async fn commit(&self, change: &Change, seconds: i64) -> Result<String, Refused> {
        let mut files = Files::new();
        if let Some(parent) = &change.parent {
            for entry in self.tree(parent, "", true).await? {
                if entry.kind == "blob" {
                    files.insert(entry.path, (entry.mode, entry.id));
                }
            }
            self.check_unchanged(parent, &change.actions).await?;
        }
        let script = script(change, files, seconds).map_err(Refused::Because)?;
        let args = ["fast-import", "--quiet", "--date-format=raw", "--force"];
        let output = self.run(&args, &script).await?;
        super::checked("fast-import", &output)?;
        let made = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        // The branch moves only from where it was looked at.
        let (name, tip) = (
            format!("refs/heads/{}", change.branch),
            change.tip.as_deref(),
        );
        self.text(&["update-ref", &name, &made, tip.unwrap_or(ZEROS)])
            .await?;
        Ok(made)
    }

    async fn check_unchanged(&self, parent: &str, actions: &[Action]) -> Result<(), Refused> {
        for action in actions {
            let Some(known) = &action.last_commit_id else {
                continue;
            };
            let path = action.previous_path.as_ref().unwrap_or(&action.path);
            let checked = match action.kind {
                ActionKind::Update | ActionKind::Delete | ActionKind::Move | ActionKind::Chmod => {
                    true
                }
                ActionKind::Create => false,
            };
            if !checked {
                continue;
            }
            let last = self.last_commit_for(parent, path).await?;
            // A file that was never there has no last commit; git says below that it does not exist.
            if last.is_some_and(|last| last != *known) {
                return Err(Refused::Because(format!(
                    "The file has changed since you started editing it: {path}"
                )));
            }
        }
        Ok(())
    }
}

fn script(change: &Change, mut files: Files, seconds: i64) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    // The commit is made on a name of its own: the branch is moved by a checked update afterwards.
    out.extend(b"commit refs/imports/commits-api\nmark :1\n");
    for (role, (name, email)) in [("author", &change.author), ("committer", &change.committer)] {
        let clean = |text: &str| text.replace(['<', '>', '\n'], "");
        out.extend(
            format!(
                "{role} {} <{}> {seconds} +0000\n",
                clean(name),
                clean(email)
            )
            .bytes(),
        );
    }
    data(&mut out, change.message.as_bytes());
    if let Some(parent) = &change.parent {
        out.extend(format!("from {parent}\n").bytes());
    }
    for (index, action) in change.actions.iter().enumerate() {
        let earlier = change.actions.iter().take(index);
        let written: Vec<&Action> = earlier
            .filter(|earlier| earlier.kind == ActionKind::Create || earlier.content.is_some())
            .collect();
        apply(&mut out, &mut files, action, &written)?;
    }
    out.extend(b"\nget-mark :1\nreset refs/imports/commits-api\nfrom ");
    out.extend(ZEROS.bytes());
    out.extend(b"\n\n");
    Ok(out)
}

fn apply(
    out: &mut Vec<u8>,
    files: &mut Files,
    action: &Action,
    written: &[&Action],
) -> Result<(), String> {
    let path = checked(&action.path)?;
    let absent = || format!("A file with this name doesn't exist: {path}");
    let taken = || format!("A file with this name already exists: {path}");
    let executable = |executable: bool| if executable { "100755" } else { "100644" };
    let below = format!("{path}/");
    match action.kind {
        ActionKind::Create => {
            if files.contains_key(path) {
                return Err(taken());
            }
            if files.keys().any(|file| file.starts_with(&below)) {
                return Err(format!("A directory with this name already exists: {path}"));
            }
            let mode = executable(action.executable.unwrap_or(false));
            write(
                out,
                mode,
                path,
                action.content.as_deref().unwrap_or_default(),
            );
            files.insert(path.into(), (mode.into(), String::new()));
        }
        ActionKind::Update => {
            let (mode, _) = files.get(path).ok_or_else(absent)?;
            let content = action
                .content
                .as_deref()
                .ok_or("You must provide content when updating a file")?;
            write(
                out,
                action.executable.map_or(mode.as_str(), executable),
                path,
                content,
            );
        }
        ActionKind::Delete => {
            files.remove(path).ok_or_else(absent)?;
            out.extend(format!("D {}\n", quoted(path)).bytes());
        }
        ActionKind::Move => {
            let from = checked(action.previous_path.as_deref().unwrap_or_default())?;
            if files.contains_key(path) {
                return Err(taken());
            }
            let file = files
                .remove(from)
                .ok_or_else(|| format!("A file with this name doesn't exist: {from}"))?;
            out.extend(format!("R {} {}\n", quoted(from), quoted(path)).bytes());
            if let Some(content) = &action.content {
                write(
                    out,
                    action.executable.map_or(file.0.as_str(), executable),
                    path,
                    content,
                );
            }
            files.insert(path.into(), file);
        }
        ActionKind::Chmod => {
            let (_, blob) = files.get(path).ok_or_else(absent)?;
            let mode = executable(action.executable.unwrap_or(false));
            // What this very commit wrote has no blob yet: it is written once more.
            match written
                .iter()
                .rev()
                .find(|earlier| earlier.path == action.path)
            {
                Some(earlier) => {
                    let content = earlier.content.as_deref().unwrap_or_default();
                    write(out, mode, path, content);
                }
                None => out.extend(format!("M {mode} {blob} {}\n", quoted(path)).bytes()),
            }
        }
    }
    Ok(())
}

fn checked(path: &str) -> Result<&str, String> {
    let bad = |part: &str| matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git");
    if path.is_empty() {
        return Err("You must provide a file path".into());
    }
    if path.split('/').any(bad) || path.contains(['\n', '\0']) {
        return Err(format!("Path cannot include directory traversal: {path}"));
    }
    Ok(path)
}

fn write(out: &mut Vec<u8>, mode: &str, path: &str, content: &[u8]) {
    out.extend(format!("M {mode} inline {}\n", quoted(path)).bytes());
    data(out, content);
}

fn data(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(format!("data {}\n", bytes.len()).bytes());
    out.extend(bytes);
    out.push(b'\n');
}

fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}
