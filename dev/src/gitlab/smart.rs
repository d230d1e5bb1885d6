//! Git over HTTP: clone, fetch and push, by `git http-backend`.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::access::Actor;
use super::answer::Answer;
use super::instance::Instance;
use super::model::{Project, Role};
use super::repository::{Repository, isolated};

mod push;

use push::Terms;
pub use push::{Update, after};

/// What a request over Git's protocol is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Which branches there are, before a fetch or a push.
    References {
        /// Whether a push is to follow.
        push: bool,
    },
    /// Fetch.
    Fetch,
    /// Push.
    Push,
}

/// A request over Git's protocol.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What for.
    pub service: Service,
    /// The project's full path.
    pub project: String,
}

impl Wanted {
    /// Reads a request's path; answers nothing where it is none of Git's.
    pub fn read(method: &Method, path: &str, query: &str) -> Option<Self> {
        let path = path.trim_start_matches('/');
        let (project, rest) = path.split_once(".git/")?;
        let service = match (method.as_str(), rest) {
            ("GET", "info/refs") => {
                References::read(query).map(|push| Service::References { push })?
            }
            ("POST", "git-upload-pack") => Service::Fetch,
            ("POST", "git-receive-pack") => Service::Push,
            _ => return None,
        };
        Some(Self {
            service,
            project: project.into(),
        })
    }

    /// Answers the journal's name for it.
    pub fn action(&self) -> &'static str {
        match self.service {
            Service::References { .. } => "git.refs",
            Service::Fetch => "git.fetch",
            Service::Push => "git.push",
        }
    }

    fn pushes(&self) -> bool {
        match self.service {
            Service::References { push } => push,
            Service::Fetch => false,
            Service::Push => true,
        }
    }
}

struct References;

impl References {
    fn read(query: &str) -> Option<bool> {
        match query.strip_prefix("service=")? {
            "git-upload-pack" => Some(false),
            "git-receive-pack" => Some(true),
            _ => None,
        }
    }
}

/// Makes the hook that refuses a push where the server says so.
pub fn install_hook(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("pre-receive");
    let text = r#"#!/bin/sh
# The server decides and says why; Git carries it to whoever pushes.
refuse() { echo "GitLab: $1" >&2; exit 1; }
[ -z "$REFUSE_PUSH" ] || refuse "$REFUSE_PUSH"
while read -r old new name; do
    case " $NO_FORCE_PUSH " in *" $name "*) ;; *) continue ;; esac
    case "$old $new" in *0000000000000000000000000000000000000000*) continue ;; esac
    git merge-base --is-ancestor "$old" "$new" ||
        refuse "You are not allowed to force push code to a protected branch on this project."
done
"#;
    std::fs::write(&path, text)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
}

/// Checks whether the actor may do what is asked; answers the project.
pub fn admit(instance: &Instance, actor: &Actor, wanted: &Wanted) -> Result<Project, Answer> {
    let ask = || {
        Answer::bytes(
            StatusCode::UNAUTHORIZED,
            "text/plain",
            b"HTTP Basic: Access denied\n".to_vec(),
        )
        .with_header(header::WWW_AUTHENTICATE, "Basic realm=\"GitLab\"")
    };
    let absent = || {
        let text = "The project you were looking for could not be found or you don't have permission to view it.\n";
        Answer::bytes(StatusCode::NOT_FOUND, "text/plain", text.into())
    };
    let forbidden = |text: &str| {
        Answer::bytes(
            StatusCode::FORBIDDEN,
            "text/plain",
            format!("{text}\n").into_bytes(),
        )
    };
    let project = instance.store.read(|data| {
        let moved = data.redirects.get(&wanted.project).map(u64::to_string);
        data.project(&wanted.project)
            .or_else(|| data.project(&moved?))
            .cloned()
    });
    let Some(project) = project else {
        // Whoever is not known learns nothing about what exists.
        return Err(if matches!(actor, Actor::Anonymous) {
            ask()
        } else {
            absent()
        });
    };
    if actor.demand(&project, Role::Reporter).is_err() {
        return Err(match actor {
            Actor::Anonymous => ask(),
            Actor::User(_) | Actor::Job { .. } => match actor.role_at(&project.full_path) {
                Some(_) => forbidden("You are not allowed to download code from this project."),
                None => absent(),
            },
        });
    }
    if !wanted.pushes() {
        return scoped(actor, "read_repository").map(|()| project);
    }
    match actor {
        Actor::Anonymous => Err(ask()),
        Actor::Job { .. }
            if project.setting("ci_push_repository_for_job_token_allowed") != true =>
        {
            Err(forbidden(
                "You are not allowed to upload code for this project.",
            ))
        }
        Actor::User(_) | Actor::Job { .. }
            if actor.role_at(&project.full_path) < Some(Role::Developer) =>
        {
            Err(forbidden(
                "You are not allowed to push code to this project.",
            ))
        }
        Actor::User(_) | Actor::Job { .. } if project.archived => Err(forbidden(
            "You can't push code to a read-only GitLab instance.",
        )),
        Actor::User(_) | Actor::Job { .. } => scoped(actor, "write_repository").map(|()| project),
    }
}

fn scoped(actor: &Actor, scope: &str) -> Result<(), Answer> {
    let Actor::User(user) = actor else {
        return Ok(());
    };
    let good = |have: &String| {
        have == "api" || have == scope || (scope == "read_repository" && have == "write_repository")
    };
    if user.scopes.iter().any(good) {
        return Ok(());
    }
    let text = "HTTP Basic: Access denied. The provided password or token is incorrect or your account has 2FA enabled and you must use a personal access token instead of a password.\n";
    Err(
        Answer::bytes(StatusCode::UNAUTHORIZED, "text/plain", text.into())
            .with_header(header::WWW_AUTHENTICATE, "Basic realm=\"GitLab\""),
    )
}

/// Serves a request that was admitted.
pub async fn serve(
    instance: &Arc<Instance>,
    actor: &Actor,
    wanted: &Wanted,
    project: &Project,
    (headers, query, body): (&HeaderMap, &str, Bytes),
) -> io::Result<Answer> {
    let repository = instance.repository(project.id);
    if wanted.service != Service::Push {
        return backend(
            instance,
            &repository,
            wanted,
            (headers, query, &body),
            Terms::default(),
        )
        .await;
    }
    let writer = instance.writer(project.id);
    let turn = writer.lock().await;
    let updates = push::updates(&body);
    let terms = push::terms(project, actor, &updates);
    let answer = backend(
        instance,
        &repository,
        wanted,
        (headers, query, &body),
        terms,
    )
    .await?;
    drop(turn);
    let landed = push::landed(&repository, updates).await?;
    push::after(instance, actor, project.id, &landed).await?;
    let names: Vec<&str> = landed.iter().map(|update| update.name.as_str()).collect();
    Ok(answer.with_detail("refs", names))
}

/// Runs Git's own server program.
async fn backend(
    instance: &Instance,
    repository: &Repository,
    wanted: &Wanted,
    (headers, query, body): (&HeaderMap, &str, &Bytes),
    terms: Terms,
) -> io::Result<Answer> {
    let folder = repository
        .path()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let (method, rest) = match wanted.service {
        Service::References { .. } => ("GET", "info/refs"),
        Service::Fetch => ("POST", "git-upload-pack"),
        Service::Push => ("POST", "git-receive-pack"),
    };
    let text = |name: HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let mut command = Command::new("git");
    isolated(&mut command)
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", instance.repositories())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", format!("/{folder}/{rest}"))
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", text(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text(header::CONTENT_ENCODING))
        .env(
            "GIT_PROTOCOL",
            text(HeaderName::from_static("git-protocol")),
        )
        .env("REMOTE_USER", "user")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REFUSE_PUSH", terms.refusal.unwrap_or_default())
        .env("NO_FORCE_PUSH", terms.no_force.join(" "));
    let settings = [
        (
            "core.hooksPath",
            instance.hooks().to_string_lossy().into_owned(),
        ),
        ("http.receivepack", "true".into()),
        ("uploadpack.allowAnySHA1InWant", "true".into()),
        ("uploadpack.allowFilter", "true".into()),
        ("receive.advertisePushOptions", "true".into()),
        ("gc.auto", "0".into()),
    ];
    command.env("GIT_CONFIG_COUNT", settings.len().to_string());
    for (number, (key, value)) in settings.into_iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{number}"), key);
        command.env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pipe = child.stdin.take();
    let feed = async {
        if let Some(mut pipe) = pipe {
            // A server program that refuses early closes the pipe; its answer tells more than this error.
            let _closed_early = pipe.write_all(body).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output?;
    answer_of(&output.stdout).ok_or_else(|| {
        io::Error::other(format!(
            "git http-backend failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ))
    })
}

/// Reads the answer of a CGI program.
fn answer_of(bytes: &[u8]) -> Option<Answer> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&bytes[..at]).ok()?, &bytes[at + 4..]);
    let mut answer = Answer::empty(StatusCode::OK);
    answer.body = Bytes::copy_from_slice(body);
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            answer.status = value.split(' ').next()?.parse().ok()?;
        } else {
            answer.headers.push((name.parse().ok()?, value.to_owned()));
        }
    }
    Some(answer)
}
