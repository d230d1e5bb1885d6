//! Commits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::{Project, Role};
use super::super::moment;
use super::super::page::Page;
use super::super::params::Params;
use super::super::repository::{Action, ActionKind, Change, Commit, Query, Refused, ZEROS};
use super::super::smart::{Update, after};
use super::pipeline;

/// Answers a commit as lists show it.
pub fn body(call: &Call, project: &Project, commit: &Commit, trailers: bool) -> Value {
    json!({
        "id": commit.id,
        "short_id": commit.id.get(..8),
        "created_at": commit.committed,
        "parent_ids": commit.parents,
        "title": commit.title(),
        "message": commit.message,
        "author_name": commit.author_name,
        "author_email": commit.author_email,
        "authored_date": commit.authored,
        "committer_name": commit.committer_name,
        "committer_email": commit.committer_email,
        "committed_date": commit.committed,
        "trailers": if trailers { json!(commit.trailer_map()) } else { json!({}) },
        "extended_trailers": if trailers { json!(commit.extended_trailers()) } else { json!({}) },
        "web_url": format!("{}/{}/-/commit/{}", call.instance.url, project.full_path, commit.id),
    })
}

async fn detail(call: &Call, project: &Project, sha: &str, stats: bool) -> Reply {
    let repository = call.repository(project);
    let commit = repository
        .commit_at(sha)
        .await?
        .ok_or_else(|| Answer::not_found("Commit"))?;
    let mut answer = body(call, project, &commit, true);
    let counted = if stats {
        Some(repository.stats(sha).await?)
    } else {
        None
    };
    let last = call.instance.store.read(|data| {
        let newest = data
            .pipelines
            .values()
            .rev()
            .find(|p| p.project_id == project.id && p.sha == sha);
        newest.map(|found| {
            (
                found.status,
                pipeline::basic(&call.instance.url, project, found),
            )
        })
    });
    if let Value::Object(answer) = &mut answer {
        if let Some((added, removed)) = counted {
            let stats =
                json!({ "additions": added, "deletions": removed, "total": added + removed });
            answer.insert("stats".into(), stats);
        }
        answer.insert(
            "status".into(),
            json!(last.as_ref().map(|(status, _)| status.word())),
        );
        answer.insert("project_id".into(), project.id.into());
        answer.insert(
            "last_pipeline".into(),
            last.map_or(Value::Null, |(_, body)| body),
        );
    }
    Ok(Answer::ok(&answer))
}

/// `GET /projects/:id/repository/commits`
pub async fn list(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let page = Page::asked(&call.params)?;
    let repository = call.repository(&project);
    let name = call
        .params
        .text("ref_name")
        .or_else(|| project.default_branch.clone());
    let all = call.params.flag("all").unwrap_or(false);
    let from = match (&name, all) {
        (_, true) => None,
        (Some(name), false) => Some(
            repository
                .resolve(name)
                .await?
                .ok_or_else(|| Answer::not_found("Commit"))?,
        ),
        // A repository without a commit has none to list.
        (None, false) => return Ok(page.of(Vec::new(), &call.address, &call.params)),
    };
    let query = Query {
        from,
        path: call.params.text("path").filter(|path| !path.is_empty()),
        since: call.params.text("since"),
        until: call.params.text("until"),
        author: call.params.text("author"),
        limit: None,
    };
    let trailers = call.params.flag("trailers").unwrap_or(false);
    let commits = repository.log(&query).await?;
    let bodies = commits
        .iter()
        .map(|commit| body(&call, &project, commit, trailers))
        .collect();
    Ok(page.of(bodies, &call.address, &call.params))
}

/// `GET /projects/:id/repository/commits/:sha`
pub async fn get(call: Call) -> Reply {
    let project = call.project(Role::Reporter)?;
    let repository = call.repository(&project);
    let sha = repository
        .resolve(call.part("sha"))
        .await?
        .ok_or_else(|| Answer::not_found("Commit"))?;
    detail(
        &call,
        &project,
        &sha,
        call.params.flag("stats").unwrap_or(true),
    )
    .await
}

/// `POST /projects/:id/repository/commits`
pub async fn create(call: Call) -> Reply {
    let project = call.project(Role::Developer)?;
    let (branch, message) = (call.required("branch")?, call.required("commit_message")?);
    let given = call.params.objects("actions").ok_or_else(|| {
        Answer::bad_parameter(if call.params.has("actions") {
            "actions is invalid"
        } else {
            "actions is missing"
        })
    })?;
    let actions = given
        .iter()
        .enumerate()
        .map(|(at, action)| read(at, action))
        .collect::<Result<Vec<_>, _>>()?;
    let paths: Vec<String> = actions.iter().map(|action| action.path.clone()).collect();
    let made = make(&call, &project, &branch, &message, actions).await?;
    let mut answer = detail(
        &call,
        &project,
        &made.id,
        call.params.flag("stats").unwrap_or(true),
    )
    .await?;
    // The document says 200; GitLab answers 201.
    let trailers: Map<String, Value> = made
        .trailers
        .into_iter()
        .map(|(key, value)| (key, value.into()))
        .collect();
    answer.status = http::StatusCode::CREATED;
    Ok(answer
        .with_detail("commit", made.id)
        .with_detail("branch", branch)
        .with_detail("paths", paths)
        .with_detail("trailers", Value::Object(trailers)))
}

fn read(at: usize, action: &Params) -> Result<Action, Answer> {
    let missing = |name: &str| Answer::bad_parameter(format!("actions[{at}][{name}] is missing"));
    let word = action.text("action").ok_or_else(|| missing("action"))?;
    let kind = ActionKind::read(&word).ok_or_else(|| {
        Answer::bad_parameter(format!("actions[{at}][action] does not have a valid value"))
    })?;
    let content = match (action.text("content"), action.text("encoding").as_deref()) {
        (Some(text), Some("base64")) => {
            // GitLab's own decoder overlooks line ends.
            let plain: String = text.split_whitespace().collect();
            Some(
                STANDARD
                    .decode(plain)
                    .map_err(|_| Answer::bad_request("Invalid base64 content"))?,
            )
        }
        (text, Some(_) | None) => text.map(String::into_bytes),
    };
    Ok(Action {
        kind,
        path: action
            .text("file_path")
            .ok_or_else(|| missing("file_path"))?,
        previous_path: action.text("previous_path").filter(|path| !path.is_empty()),
        content,
        last_commit_id: action.text("last_commit_id").filter(|id| !id.is_empty()),
        executable: action.flag("execute_filemode"),
    })
}

/// Makes a commit on a branch and lets happen what follows a push.
pub async fn make(
    call: &Call,
    project: &Project,
    branch: &str,
    message: &str,
    actions: Vec<Action>,
) -> Result<Commit, Answer> {
    let repository = call.repository(project);
    let user = call.actor.known()?;
    let role = call.actor.role_at(&project.full_path);
    if project.archived {
        return Err(Answer::forbidden(None));
    }
    let empty = project.default_branch.is_none();
    if !empty && !project.may_push(branch, role) {
        return Err(Answer::bad_request(
            "You are not allowed to push into this branch",
        ));
    }
    let writer = call.instance.writer(project.id);
    let turn = writer.lock().await;
    let branches = repository.branches().await?;
    let tip = branches
        .iter()
        .find(|(name, _)| name == branch)
        .map(|(_, sha)| sha.clone());
    let forced = call.params.flag("force").unwrap_or(false);
    let start = call
        .params
        .text("start_branch")
        .or_else(|| call.params.text("start_sha"));
    let parent = match (&tip, start) {
        (Some(_), Some(_)) if !forced => {
            return Err(Answer::bad_request(format!(
                "A branch called '{branch}' already exists. Switch to that branch in order to make changes"
            )));
        }
        (_, Some(start)) => {
            Some(repository.resolve(&start).await?.ok_or_else(|| {
                Answer::bad_request(format!("Cannot find start_branch '{start}'"))
            })?)
        }
        (Some(tip), None) => Some(tip.clone()),
        (None, None) if branches.is_empty() => None,
        (None, None) => {
            return Err(Answer::bad_request(
                "You can only create or edit files when you are on a branch",
            ));
        }
    };
    let committer = (
        user.name.clone(),
        format!("{}@users.noreply.gitlab.example.com", user.username),
    );
    let author = (
        call.params
            .text("author_name")
            .unwrap_or_else(|| committer.0.clone()),
        call.params
            .text("author_email")
            .unwrap_or_else(|| committer.1.clone()),
    );
    let change = Change {
        branch: branch.into(),
        parent,
        tip: tip.clone(),
        message: message.into(),
        author,
        committer,
        actions,
    };
    let sha = repository
        .commit(&change, moment::now().as_second())
        .await
        .map_err(|refused| match refused {
            Refused::Because(why) => Answer::bad_request(why),
            Refused::Broken(error) => error.into(),
        })?;
    drop(turn);
    let update = Update {
        old: tip.unwrap_or_else(|| ZEROS.into()),
        new: sha.clone(),
        name: format!("refs/heads/{branch}"),
    };
    after(&call.instance, &call.actor, project.id, &[update]).await?;
    repository
        .commit_at(&sha)
        .await?
        .ok_or_else(|| Answer::not_found("Commit"))
}
