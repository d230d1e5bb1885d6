//! How the world answers looks.

use std::sync::Arc;

use harmonix::domain::audit::ChainLink;
use harmonix::domain::failure::{FailureKind, Party};
use harmonix::domain::file::{LastCommit, TreeEntry};
use harmonix::domain::forge::{Job, Project as Described};
use harmonix::domain::identity::digest;
use harmonix::domain::runtime::Service;
use serde_json::json;

use super::broken::Broken;
use super::call::{Answer, Look, failure};
use super::outside::{Project, Run, RunState};
use super::scene::Scene;
use super::state::{State, Trouble};

/// Jobs' numbers, from their pipelines'.
const JOBS: i64 = 1_000_000;

/// The answer to a look of the pass of this lane.
#[expect(clippy::too_many_lines, reason = "one arm for each look")]
pub(super) fn look(scene: &Scene, state: &mut State, lane: usize, question: &Look) -> Answer {
    let blind = scene.is(Broken::BlindRetry);
    let outside = Arc::clone(&state.outside);
    let missing = |what: &str| failure(Party::GitLab, FailureKind::Missing, what);
    match question {
        Look::Started => Answer::Time(state.started),
        Look::Time => Answer::Time(state.now()),
        Look::Entropy => Answer::Entropy(entropy(state, lane)),
        Look::Group(path) => Answer::Flag(Ok(outside.groups.contains_key(path))),
        Look::Described(path) => {
            let found = outside.groups.get(path).filter(|_| !blind);
            Answer::FoundText(Ok(found.cloned()))
        }
        Look::ProjectAt(path) => {
            let found = outside.project(path).map(Project::described);
            let found = found.map(|project| shown(scene, lane, project));
            Answer::FoundProject(Ok(found.filter(|_| !blind)))
        }
        Look::Project(id) => {
            let found = outside.projects.iter().find(|project| project.id == *id);
            let found = found.map(Project::described);
            Answer::FoundProject(Ok(found.map(|project| shown(scene, lane, project))))
        }
        Look::Commit { project, intent } => {
            let commits = outside.project(project).map(|project| &project.commits);
            let found = commits
                .into_iter()
                .flatten()
                .find(|(_, by)| by.as_ref() == Some(intent))
                .map(|(sha, _)| sha.clone());
            Answer::FoundText(Ok(found.filter(|_| !blind)))
        }
        Look::Tree { project, folders } => {
            let found = outside.project(project).filter(|p| !p.commits.is_empty());
            let tree = found.map(|project| tree(project, folders));
            Answer::Tree(tree.ok_or_else(|| missing("404 Tree Not Found")))
        }
        Look::LastCommit { project, path } => {
            let file = outside.project(project).and_then(|p| p.files.get(path));
            let last = file.map(|(blob, last)| LastCommit {
                commit: last.clone(),
                blob: blob.clone(),
            });
            Answer::FoundFile(Ok(last))
        }
        Look::Pipelines(path) => {
            let runs = outside.project(path).map(|project| {
                let runs = project.runs.iter().rev();
                runs.map(|run| run.told(path)).collect()
            });
            Answer::Pipelines(runs.ok_or_else(|| missing("404 Project Not Found")))
        }
        Look::Named { project, name } => Answer::FoundPipeline(match outside.project(project) {
            None => Err(missing("404 Project Not Found")),
            Some(found) => {
                let mut runs = found.runs.iter().rev();
                let run = runs.find(|run| &run.name == name && !blind);
                Ok(run.map(|run| run.told(project)))
            }
        }),
        Look::Jobs { project, pipeline } => {
            let runs = outside.project(project).map(|project| &project.runs);
            let run = runs.into_iter().flatten().find(|run| run.id == *pipeline);
            Answer::Jobs(Ok(run.map(|run| vec![job(run)]).unwrap_or_default()))
        }
        Look::Artifact { project, job } => {
            let runs = outside.project(project).map(|project| &project.runs);
            let run = runs.into_iter().flatten().find(|run| run.id + JOBS == *job);
            let made = run.filter(|run| run.state == RunState::Green);
            Answer::Bytes(Ok(made.map(|run| release(scene, lane, run))))
        }
        Look::Session => Answer::Flag(match state.trouble {
            None => Ok(true),
            Some(Trouble::Worn) => Err(failure(
                Party::Sts,
                FailureKind::Retryable,
                "no new credentials are to be had",
            )),
            Some(Trouble::Refused) => Err(failure(
                Party::Sts,
                FailureKind::Denied,
                "AWS did not let us assume the role",
            )),
        }),
        Look::Service { cluster, name } => {
            let found = outside.services.get(&(cluster.clone(), name.clone()));
            Answer::Service(Ok(found.map(|running| Service {
                status: "ACTIVE".into(),
                desired: running.replicas,
                running: running.replicas,
                pending: 0,
                rollout: "COMPLETED".into(),
                rollout_reason: String::new(),
                image: running.image.clone(),
                tags: [
                    ("harmonix:release".to_owned(), running.release.clone()),
                    (
                        "harmonix:configuration".to_owned(),
                        running.configuration.clone(),
                    ),
                ]
                .into(),
            })))
        }
        Look::Links { table, object } => {
            let rows = outside.tables.get(table).into_iter().flatten();
            let own = rows.filter(|row| &row.object == object);
            let links = own.map(|row| ChainLink {
                id: row.id.clone(),
                created_at: row.created_at.clone(),
                previous: row.previous.clone(),
                hash: row.hash.clone(),
                uid: row.uid.clone(),
                done: (row.status == "SUCCESS").then(|| row.action.clone()),
            });
            Answer::Links(Ok(links.collect()))
        }
    }
}

/// Chance: a number that no durable identity has yet.
fn entropy(state: &mut State, lane: usize) -> [u8; 10] {
    let mut entropy = [0; 10];
    let Some(own) = state.lanes.get_mut(lane) else {
        return entropy;
    };
    let number = own.given + own.drawn;
    own.drawn += 1;
    let parts = [u8::try_from(lane).unwrap_or_default(), own.epoch];
    let bytes = parts.into_iter().chain(number.to_be_bytes());
    for (place, byte) in entropy.iter_mut().skip(6).zip(bytes) {
        *place = byte;
    }
    entropy
}

/// A project as the controller takes it: a broken one takes every project of the right name for its own.
fn shown(scene: &Scene, lane: usize, mut project: Described) -> Described {
    if let (true, Some(facts)) = (scene.is(Broken::AdoptByName), scene.lane(lane)) {
        project.description = scene.settings.key.mark(&facts.identity, &facts.path);
    }
    project
}

fn tree(project: &Project, folders: &[String]) -> Vec<TreeEntry> {
    let listed = |path: &str| {
        !path.contains('/')
            || folders
                .iter()
                .any(|folder| path.starts_with(&format!("{folder}/")))
    };
    let files = project.files.iter().filter(|(path, _)| listed(path));
    files
        .map(|(path, (blob, _))| TreeEntry {
            path: path.clone(),
            blob: blob.clone(),
        })
        .collect()
}

fn job(run: &Run) -> Job {
    let name = match &run.deploys {
        Some(deploys) => format!("harmonix-deploy-{0}-{0}-place", deploys.environment),
        None => "harmonix-build".to_owned(),
    };
    Job {
        id: run.id + JOBS,
        name,
        status: run.word().to_owned(),
        ..Job::default()
    }
}

/// The digest of the image that a commit's build makes.
pub(super) fn image(scene: &Scene, lane: usize, sha: &str) -> String {
    let repository = scene.lane(lane).map_or("", |f| f.image_repository.as_str());
    format!(
        "home.example.com/{repository}@sha256:{}",
        digest([sha.as_bytes()])
    )
}

fn release(scene: &Scene, lane: usize, run: &Run) -> Vec<u8> {
    let text = json!({ "commit": run.sha, "image": image(scene, lane, &run.sha) });
    text.to_string().into_bytes()
}
