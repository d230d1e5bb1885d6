//! Files of a repository.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::Role;

struct Found {
    facts: Value,
    content: Vec<u8>,
}

async fn find(call: &Call) -> Result<Found, Answer> {
    let project = call.project(Role::Reporter)?;
    let repository = call.repository(&project);
    let name = match call.params.text("ref").as_deref() {
        None | Some("HEAD") => project.default_branch.clone().unwrap_or_default(),
        Some(name) => name.to_owned(),
    };
    let path = call.part("file_path");
    let sha = repository
        .resolve(&name)
        .await?
        .ok_or_else(|| Answer::not_found("Commit"))?;
    let blob = repository
        .blob(&sha, path)
        .await?
        .ok_or_else(|| Answer::not_found("File"))?;
    let last = repository.last_commit_for(&sha, path).await?;
    let digest: String = Sha256::digest(&blob.content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let facts = json!({
        "file_name": path.rsplit('/').next().unwrap_or_default(),
        "file_path": path,
        "size": blob.content.len(),
        "encoding": "base64",
        "content_sha256": digest,
        "ref": name,
        "blob_id": blob.id,
        "commit_id": sha,
        "last_commit_id": last,
        "execute_filemode": blob.executable,
    });
    Ok(Found {
        facts,
        content: blob.content,
    })
}

/// What GET tells in its body, HEAD tells in headers.
fn with_facts(answer: Answer, facts: &Value) -> Answer {
    facts
        .as_object()
        .into_iter()
        .flatten()
        .fold(answer, |answer, (key, value)| {
            let name = format!("x-gitlab-{}", key.replace('_', "-"));
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            match HeaderName::try_from(name) {
                Ok(name) => answer.with_header(name, text),
                Err(_) => answer,
            }
        })
}

/// `GET` and `HEAD /projects/:id/repository/files/:file_path`
pub async fn get(call: Call) -> Reply {
    // The ref is asked for by GitLab's document, and an absent one is refused.
    if call.params.text("ref").is_none() {
        return Err(Answer::bad_parameter("ref is missing, ref is empty"));
    }
    let Found { mut facts, content } = find(&call).await?;
    if call.method == Method::HEAD {
        return Ok(with_facts(Answer::empty(StatusCode::OK), &facts));
    }
    let answer = Answer::empty(StatusCode::OK);
    let headers = with_facts(answer, &facts).headers.clone();
    if let Value::Object(facts) = &mut facts {
        facts.insert("content".into(), STANDARD.encode(content).into());
    }
    let mut answer = Answer::ok(&facts);
    answer.headers.extend(headers);
    Ok(answer)
}

/// `GET /projects/:id/repository/files/:file_path/raw`
pub async fn raw(call: Call) -> Reply {
    let Found { facts, content } = find(&call).await?;
    Ok(with_facts(
        Answer::bytes(StatusCode::OK, "text/plain; charset=utf-8", content),
        &facts,
    ))
}
