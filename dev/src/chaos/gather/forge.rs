//! What stands in GitLab: groups, projects, their files, commits and pipelines.

use std::collections::BTreeMap;
use std::process::Stdio;

use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::super::evidence::Project;
use super::super::hosts::{Host, escaped};
use super::Gather;
use crate::failure::{Doing, Failure};

impl Gather<'_> {
    /// The run's projects, and the groups that the controller made for it.
    pub(super) async fn forge(&self) -> Result<(Vec<Project>, Vec<String>), Failure> {
        let state: Value = self
            .hosts
            .switch(Host::Gitlab, Method::GET, "/__state", None)
            .await?;
        let all = |kind: &str| -> Vec<Value> {
            let map = state[kind].as_object().into_iter().flatten();
            map.map(|(_, value)| value.clone()).collect()
        };
        let path = |value: &Value| value["full_path"].as_str().unwrap_or_default().to_owned();
        let groups = all("groups")
            .iter()
            .map(path)
            .filter(|path| path.contains(self.run))
            .collect();
        let pipelines = all("pipelines");
        let mut projects = Vec::new();
        for project in all("projects") {
            let path = path(&project);
            if path.contains(self.run) {
                projects.push(self.project(path, &project["id"], &pipelines).await?);
            }
        }
        Ok((projects, groups))
    }

    async fn project(
        &self,
        path: String,
        id: &Value,
        pipelines: &[Value],
    ) -> Result<Project, Failure> {
        let shown = self
            .hosts
            .gitlab(&format!("projects/{}", escaped(&path)))
            .await?;
        let commits = format!(
            "projects/{}/repository/commits?ref_name=main&per_page=100",
            escaped(&path)
        );
        let mut commits = match self.hosts.gitlab(&commits).await? {
            Some(Value::Array(commits)) => commits,
            Some(_) | None => Vec::new(),
        };
        commits.reverse();
        let mut own: Vec<Value> = pipelines
            .iter()
            .filter(|pipeline| pipeline["project_id"] == *id)
            .map(with_variables_by_name)
            .collect();
        own.sort_by_key(|pipeline| pipeline["id"].as_u64());
        let files = if commits.is_empty() {
            BTreeMap::new()
        } else {
            self.files(id).await?
        };
        Ok(Project {
            path,
            shown: shown.unwrap_or_default(),
            files,
            commits,
            pipelines: own,
        })
    }

    /// The files of the default branch, out of the stand-in's own repository: over HTTP each would be a request.
    async fn files(&self, id: &Value) -> Result<BTreeMap<String, String>, Failure> {
        let folder = self
            .world
            .layout
            .path("gitlab/state/repositories")
            .join(format!("{id}.git"));
        let what = || format!("read the repository {}", folder.display());
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command
                .arg("--git-dir")
                .arg(&folder)
                .args(arguments)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true);
            command
        };
        let listed = git(&["ls-tree", "-r", "-z", "main"])
            .output()
            .await
            .doing(what)?;
        if !listed.status.success() {
            return Err(Failure::new(format!(
                "git cannot list the files of {}: {}",
                folder.display(),
                String::from_utf8_lossy(&listed.stderr)
            )));
        }
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let blobs: Vec<(&str, &str)> = listed
            .split('\0')
            .filter_map(|line| line.split_once('\t'))
            .filter_map(|(facts, path)| Some((facts.split(' ').nth(2)?, path)))
            .collect();
        let wanted: String = blobs.iter().map(|(blob, _)| format!("{blob}\n")).collect();
        let mut child = git(&["cat-file", "--batch"]).spawn().doing(what)?;
        if let Some(mut pipe) = child.stdin.take() {
            tokio::spawn(async move {
                // A reader that ends early is told of by its own failure.
                let _ = pipe.write_all(wanted.as_bytes()).await;
            });
        }
        let output = child.wait_with_output().await.doing(what)?;
        let contents = parse(&output.stdout)
            .filter(|contents| contents.len() == blobs.len())
            .ok_or_else(|| {
                Failure::new(format!(
                    "git did not tell all files of {}",
                    folder.display()
                ))
            })?;
        let paths = blobs.iter().map(|(_, path)| (*path).to_owned());
        Ok(paths.zip(contents).collect())
    }
}

/// Reads what `git cat-file --batch` answers: a head with the size, the content, a line feed, for each.
fn parse(mut rest: &[u8]) -> Option<Vec<String>> {
    let mut contents = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = rest.split_at_checked(end)?;
        let size: usize = std::str::from_utf8(head)
            .ok()?
            .rsplit(' ')
            .next()?
            .parse()
            .ok()?;
        let (content, after) = body.get(1..)?.split_at_checked(size)?;
        contents.push(text(content));
        rest = after.get(1..)?;
    }
    Some(contents)
}

/// Text as it is; what is none, as hexadecimal digits.
fn text(content: &[u8]) -> String {
    match std::str::from_utf8(content) {
        Ok(text) => text.to_owned(),
        Err(_) => content.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn with_variables_by_name(pipeline: &Value) -> Value {
    let mut pipeline = pipeline.clone();
    let variables = pipeline["variables"].as_array().into_iter().flatten();
    let by_name: Map<String, Value> = variables
        .filter_map(|variable| {
            let name = variable["key"].as_str()?.to_owned();
            Some((name, variable["value"].clone()))
        })
        .collect();
    if let Value::Object(fields) = &mut pipeline {
        fields.insert("variables".into(), json!(by_name));
    }
    pipeline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contents_of_files_are_read_one_after_another() {
        let answer = b"aaaa blob 5\none\n2\nbbbb blob 0\n\ncccc blob 2\n\xff\xfe\n";
        assert_eq!(
            parse(answer),
            Some(vec!["one\n2".into(), String::new(), "fffe".into()])
        );
        assert_eq!(parse(b"aaaa missing\n"), None);
        assert_eq!(parse(b"aaaa blob 5\non"), None);
    }
}
