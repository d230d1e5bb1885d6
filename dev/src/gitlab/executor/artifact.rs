//! What jobs leave behind: collected, handed on, and packed for download.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::super::instance::Instance;
use super::super::model::ArtifactFile;
use super::super::pipeline::{expand_text, glob};
use super::{Assignment, Outcome};

mod zip;

/// Answers the folder of a job's artifacts.
fn folder(instance: &Instance, job: u64) -> PathBuf {
    instance.job_folder(job).join("artifacts")
}

/// Takes over what the job's configuration names; a failure is told in the job's log.
pub async fn collect(instance: &Instance, assignment: &Assignment, outcome: &Outcome) {
    let wanted = match (assignment.job.spec.artifacts.when.as_str(), outcome) {
        (_, Outcome::Canceled) => false,
        ("always", _) => true,
        ("on_failure", outcome) => *outcome != Outcome::Success,
        (_, outcome) => *outcome == Outcome::Success,
    };
    if !wanted || !assignment.folder.exists() {
        return;
    }
    match take(instance, assignment) {
        Ok((files, dotenv)) => instance.store.write(|data| {
            if let Some(job) = data.jobs.get_mut(&assignment.job.id) {
                job.artifacts = files;
                job.dotenv = dotenv;
            }
        }),
        Err(error) => assignment
            .trace
            .line(&format!("ERROR: Uploading artifacts failed: {error}")),
    }
}

type Taken = (Vec<ArtifactFile>, BTreeMap<String, String>);

fn take(instance: &Instance, assignment: &Assignment) -> io::Result<Taken> {
    let spec = &assignment.job.spec.artifacts;
    let expand = |list: &[String]| -> Vec<String> {
        list.iter()
            .map(|text| expand_text(text, &assignment.variables))
            .collect()
    };
    let target = folder(instance, assignment.job.id);
    let mut files = Vec::new();
    if !spec.paths.is_empty() {
        let (paths, exclude) = (expand(&spec.paths), expand(&spec.exclude));
        for path in walk(&assignment.folder)? {
            if !named(&paths, &path) || named(&exclude, &path) {
                continue;
            }
            let to = target.join(&path);
            if let Some(above) = to.parent() {
                std::fs::create_dir_all(above)?;
            }
            let size = std::fs::copy(assignment.folder.join(&path), to)?;
            files.push(ArtifactFile { path, size });
        }
        let found = files.len();
        assignment.trace.line(&format!(
            "Uploading artifacts: found {found} matching artifact files"
        ));
    }
    let mut dotenv = BTreeMap::new();
    for path in expand(&spec.dotenv) {
        let text = std::fs::read_to_string(assignment.folder.join(path))?;
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            dotenv.insert(
                key.trim().to_owned(),
                value.trim().trim_matches('"').to_owned(),
            );
        }
    }
    Ok((files, dotenv))
}

fn named(patterns: &[String], path: &str) -> bool {
    patterns.iter().any(|pattern| {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        let below = path
            .strip_prefix(pattern)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below || glob(pattern).is_ok_and(|pattern| pattern.is_match(path))
    })
}

/// Answers all files below a folder, by their paths in it; links and the runner's own folders are left out.
fn walk(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        for entry in std::fs::read_dir(root.join(&relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            let kind = entry.file_type()?;
            let own = path.starts_with(".git") || path.starts_with(".gitlab-ci-local");
            if kind.is_dir() && !own {
                open.push(path);
            } else if kind.is_file()
                && let Some(text) = path.to_str()
            {
                found.push(text.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a job's artifacts into another job's working copy.
pub async fn hand_on(instance: &Instance, job: u64, into: &Path) -> io::Result<()> {
    let files = instance
        .store
        .read(|data| data.jobs.get(&job).map(|job| job.artifacts.clone()))
        .unwrap_or_default();
    for file in files {
        let to = into.join(&file.path);
        if let Some(above) = to.parent() {
            tokio::fs::create_dir_all(above).await?;
        }
        tokio::fs::copy(folder(instance, job).join(&file.path), to).await?;
    }
    Ok(())
}

/// Writes artifacts that a script made up.
pub fn invent(
    instance: &Instance,
    job: u64,
    contents: &BTreeMap<String, String>,
) -> io::Result<()> {
    let mut files = Vec::new();
    for (path, content) in contents {
        let to = folder(instance, job).join(path);
        if let Some(above) = to.parent() {
            std::fs::create_dir_all(above)?;
        }
        std::fs::write(to, content)?;
        files.push(ArtifactFile {
            path: path.clone(),
            size: content.len() as u64,
        });
    }
    instance.store.write(|data| {
        if let Some(job) = data.jobs.get_mut(&job) {
            job.artifacts = files;
        }
    });
    Ok(())
}

/// Reads one artifact.
pub fn file(instance: &Instance, job: u64, path: &str) -> io::Result<Vec<u8>> {
    std::fs::read(folder(instance, job).join(path))
}

/// Packs a job's artifacts.
pub fn archive(instance: &Instance, job: u64, files: &[ArtifactFile]) -> io::Result<Vec<u8>> {
    let contents = files
        .iter()
        .map(|entry| Ok((entry.path.clone(), file(instance, job, &entry.path)?)))
        .collect::<io::Result<Vec<_>>>()?;
    zip::pack(&contents)
}
