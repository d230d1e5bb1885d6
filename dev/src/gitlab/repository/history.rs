//! Commits.

use std::collections::BTreeMap;
use std::io;

use super::{Repository, ZEROS};

/// A commit.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Object name.
    pub id: String,
    /// Parents.
    pub parents: Vec<String>,
    /// Author's name.
    pub author_name: String,
    /// Author's address.
    pub author_email: String,
    /// When it was written.
    pub authored: String,
    /// Committer's name.
    pub committer_name: String,
    /// Committer's address.
    pub committer_email: String,
    /// When it was committed.
    pub committed: String,
    /// Whole message.
    pub message: String,
    /// Trailers, in order.
    pub trailers: Vec<(String, String)>,
}

/// Which commits are asked for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Where to start; all branches where absent.
    pub from: Option<String>,
    /// Only those that touch this path.
    pub path: Option<String>,
    /// Only those after.
    pub since: Option<String>,
    /// Only those before.
    pub until: Option<String>,
    /// Only those by this author.
    pub author: Option<String>,
    /// How many at most.
    pub limit: Option<usize>,
}

const FORMAT: &str = "--format=%H%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%(trailers:only,unfold)%x1f%B%x1e";

impl Commit {
    /// Answers the first line of the message.
    pub fn title(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// Answers the last value of each trailer.
    pub fn trailer_map(&self) -> BTreeMap<&str, &str> {
        self.trailers
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect()
    }

    /// Answers all values of each trailer.
    pub fn extended_trailers(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in &self.trailers {
            all.entry(key).or_default().push(value);
        }
        all
    }

    fn read(record: &str) -> Option<Self> {
        let fields: Vec<&str> = record.trim_start_matches('\n').splitn(10, '\x1f').collect();
        let [id, parents, an, ae, at, cn, ce, ct, trailers, message] = fields[..] else {
            return None;
        };
        Some(Self {
            id: id.into(),
            parents: parents.split_whitespace().map(str::to_owned).collect(),
            author_name: an.into(),
            author_email: ae.into(),
            authored: milliseconds(at),
            committer_name: cn.into(),
            committer_email: ce.into(),
            committed: milliseconds(ct),
            message: message.into(),
            trailers: trailers
                .lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect(),
        })
    }
}

/// Git writes whole seconds, GitLab milliseconds.
fn milliseconds(time: &str) -> String {
    match time.char_indices().nth(19) {
        Some((at, _)) => format!("{}.000{}", &time[..at], time[at..].replace('Z', "+00:00")),
        None => time.to_owned(),
    }
}

impl Repository {
    /// Answers commits, newest first.
    pub async fn log(&self, query: &Query) -> io::Result<Vec<Commit>> {
        let mut args = vec!["log".to_owned(), FORMAT.into()];
        if let Some(limit) = query.limit {
            args.push(format!("--max-count={limit}"));
        }
        for (name, value) in [
            ("since", &query.since),
            ("until", &query.until),
            ("author", &query.author),
        ] {
            if let Some(value) = value {
                args.push(format!("--{name}={value}"));
            }
        }
        args.push(query.from.clone().unwrap_or_else(|| "--branches".into()));
        args.push("--".into());
        args.extend(query.path.iter().map(|path| format!(":(literal){path}")));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let text = self.text(&args).await?;
        Ok(text.split('\x1e').filter_map(Commit::read).collect())
    }

    /// Answers one commit by its object name.
    pub async fn commit_at(&self, sha: &str) -> io::Result<Option<Commit>> {
        let args = ["log", FORMAT, "--max-count=1", sha, "--"];
        let text = self.text_about(sha, &args).await?;
        Ok(text.split('\x1e').find_map(Commit::read))
    }

    /// Answers the last commit, seen from `sha`, that touched a path.
    pub async fn last_commit_for(&self, sha: &str, path: &str) -> io::Result<Option<String>> {
        let path = format!(":(literal){path}");
        let text = self
            .text_about(sha, &["rev-list", "--max-count=1", sha, "--", &path])
            .await?;
        Ok(text.lines().next().map(str::to_owned))
    }

    /// Answers lines added and removed by a commit.
    pub async fn stats(&self, sha: &str) -> io::Result<(u64, u64)> {
        let text = self
            .text_about(sha, &["show", "--numstat", "--format=", sha])
            .await?;
        Ok(text.lines().fold((0, 0), |(added, removed), line| {
            let mut columns = line
                .split('\t')
                .map(|column| column.parse::<u64>().unwrap_or(0));
            (
                added + columns.next().unwrap_or(0),
                removed + columns.next().unwrap_or(0),
            )
        }))
    }

    /// Answers the paths that differ between two commits; all paths of the newer one where the older is nothing.
    pub async fn changed_paths(&self, before: &str, after: &str) -> io::Result<Vec<String>> {
        if before == ZEROS {
            return Ok(self
                .tree(after, "", true)
                .await?
                .into_iter()
                .map(|e| e.path)
                .collect());
        }
        let text = self
            .text(&["diff", "--name-only", "-z", before, after])
            .await?;
        Ok(text
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect())
    }
}
