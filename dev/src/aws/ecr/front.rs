//! The registry as ECR serves it: with a password from `GetAuthorizationToken`, rights checked, tags that stay put.
//!
//! Paths of the form `<account>/<region>/<repository>` are ECR's. Anything else in the registry (base images that the
//! world put there) may be read by anyone and written by nobody through here.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, json};

use super::Repository;
use super::registry::PASSED_ON;
use crate::aws::Gate;
use crate::aws::answer::Refusal;
use crate::aws::identity::Principal;
use crate::fault::{self, Fault};
use crate::journal::Entry;

/// Serves the registry.
pub fn routes(gate: Arc<Gate>) -> Router {
    Router::new().fallback(serve).with_state(gate)
}

/// What is asked of the registry.
struct Asked<'a> {
    path: &'a str,
    rest: &'a str,
    action: &'static str,
}

impl<'a> Asked<'a> {
    fn read(method: &Method, path: &'a str) -> Option<Self> {
        let path = path.strip_prefix("/v2/")?;
        let part = ["/manifests/", "/blobs/", "/tags/"]
            .into_iter()
            .find_map(|part| path.find(part))?;
        let (path, rest) = path.split_at(part);
        let reads = *method == Method::GET || *method == Method::HEAD;
        let action = if rest.starts_with("/manifests/") {
            if reads {
                "ecr:BatchGetImage"
            } else {
                "ecr:PutImage"
            }
        } else if rest.starts_with("/tags/") {
            "ecr:ListImages"
        } else if *method == Method::HEAD {
            "ecr:BatchCheckLayerAvailability"
        } else if *method == Method::POST {
            "ecr:InitiateLayerUpload"
        } else if *method == Method::PUT {
            "ecr:CompleteLayerUpload"
        } else if reads && !rest.starts_with("/blobs/uploads/") {
            "ecr:GetDownloadUrlForLayer"
        } else {
            "ecr:UploadLayerPart"
        };
        Some(Self { path, rest, action })
    }

    fn tag(&self) -> Option<&str> {
        self.rest
            .strip_prefix("/manifests/")
            .filter(|reference| !reference.starts_with("sha256:"))
    }
}

async fn serve(State(gate): State<Arc<Gate>>, request: Request<Body>) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let principal = gate.of_password(request.headers());
    let Some(asked) = Asked::read(&method, &path) else {
        // `/v2/` is where clients ask whether a password is wanted.
        return match principal {
            Some(_) => gate.pass_on(request).await,
            None => challenge(),
        };
    };
    let fault = gate.faults.take(&fault::Request {
        action: asked.action,
        path: asked.path,
        actor: principal
            .as_ref()
            .map_or("anonymous", |principal| principal.arn.as_str()),
        account: principal
            .as_ref()
            .map(|principal| principal.account.as_str()),
        role: principal.as_ref().and_then(Principal::role),
        ..fault::Request::default()
    });
    let write = |status: u16| {
        gate.write_image(&method, &asked, principal.as_ref(), status, fault.as_ref());
    };
    if let Some(fault) = &fault {
        fault.begin().await;
        if let Some((status, response)) = fault.instead() {
            write(status);
            return response;
        }
    }
    let response = match fault.as_ref().and_then(instead) {
        Some(refused) => refused,
        None => gate.serve_image(principal.as_ref(), &asked, request).await,
    };
    write(response.status().as_u16());
    match fault {
        Some(fault) => fault.end(response).await,
        None => response,
    }
}

/// Answers what a fault makes the registry itself answer instead of serving.
fn instead(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::Status {
            status, message, ..
        } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            let message = message.as_deref().unwrap_or("injected by the local world");
            Some(error(status, "UNKNOWN", message))
        }
        Fault::Deny => Some(error(
            StatusCode::FORBIDDEN,
            "DENIED",
            "denied by the local world",
        )),
        Fault::Refuse
        | Fault::LostAnswer
        | Fault::HalfAnswer
        | Fault::Delay { .. }
        | Fault::Late { .. }
        | Fault::Garbage
        | Fault::Redirect
        | Fault::Kill { .. }
        | Fault::Stop { .. } => None,
    }
}

impl Gate {
    fn of_password(&self, headers: &HeaderMap) -> Option<Principal> {
        let basic = headers
            .get(AUTHORIZATION)?
            .to_str()
            .ok()?
            .strip_prefix("Basic ")?;
        let pair = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
        let password = pair.strip_prefix("AWS:")?;
        let key = String::from_utf8(STANDARD.decode(password).ok()?).ok()?;
        // A registry password outlives the session that fetched it on AWS; here it ends with it.
        self.identities.find(Some(&key), Timestamp::now()).ok()
    }

    async fn serve_image(
        &self,
        principal: Option<&Principal>,
        asked: &Asked<'_>,
        request: Request<Body>,
    ) -> Response {
        let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
        match Repository::of_path(asked.path) {
            None if writes => error(
                StatusCode::FORBIDDEN,
                "DENIED",
                "only repositories named <account>/<region>/<name> can be pushed to",
            ),
            None => self.pass_on(request).await,
            Some(repository) => {
                let Some(principal) = principal else {
                    return challenge();
                };
                if let Err(refusal) = self
                    .permit_image(principal, &repository, asked, writes)
                    .await
                {
                    return refusal;
                }
                self.pass_on(request).await
            }
        }
    }

    async fn permit_image(
        &self,
        principal: &Principal,
        repository: &Repository,
        asked: &Asked<'_>,
        writes: bool,
    ) -> Result<(), Response> {
        let denied = |refusal: Refusal| error(StatusCode::FORBIDDEN, "DENIED", &refusal.message);
        self.permit_on_repository(principal, repository, asked.action)
            .await
            .map_err(denied)?;
        let immutable = self
            .immutable(repository)
            .await
            .map_err(|refusal| error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &refusal.message))?;
        let Some(tag) = asked.tag().filter(|_| writes && immutable) else {
            return Ok(());
        };
        match self.registry.manifest(&repository.path(), tag).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(error(
                StatusCode::BAD_REQUEST,
                "TAG_INVALID",
                &format!(
                    "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable.",
                    repository.name
                ),
            )),
            Err(refusal) => Err(error(StatusCode::BAD_GATEWAY, "UNKNOWN", &refusal.message)),
        }
    }

    async fn pass_on(&self, request: Request<Body>) -> Response {
        let (head, body) = request.into_parts();
        // A mount from another repository would pass by that repository's rights: it becomes a plain upload.
        let query = head
            .uri
            .query()
            .filter(|query| !query.contains("mount="))
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let mut headers = HeaderMap::new();
        for name in PASSED_ON {
            if let Some(value) = head.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        // The registry builds the addresses it answers from the host it was asked by.
        if let Some(host) = head.headers.get(HOST) {
            headers.insert(HOST, host.clone());
        }
        let address = self
            .registry
            .address(&format!("{}{query}", head.uri.path()));
        let mut asked = self
            .registry
            .client
            .request(head.method.clone(), address)
            .headers(headers);
        if !matches!(head.method, Method::GET | Method::HEAD) {
            asked = asked.body(reqwest::Body::wrap_stream(body.into_data_stream()));
        }
        match asked.send().await {
            Ok(answered) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = answered.status();
                *response.headers_mut() = answered.headers().clone();
                for name in ["connection", "transfer-encoding"] {
                    response.headers_mut().remove(name);
                }
                if head.method == Method::HEAD {
                    return response;
                }
                if answered.content_length().is_none() {
                    response.headers_mut().remove(CONTENT_LENGTH);
                }
                *response.body_mut() =
                    Body::from_stream(answered.bytes_stream().map_err(std::io::Error::other));
                response
            }
            Err(failed) => error(
                StatusCode::BAD_GATEWAY,
                "UNKNOWN",
                &self.registry.silent(&failed).message,
            ),
        }
    }

    fn write_image(
        &self,
        method: &Method,
        asked: &Asked<'_>,
        principal: Option<&Principal>,
        status: u16,
        fault: Option<&Fault>,
    ) {
        let repository = Repository::of_path(asked.path);
        let mut detail = Map::new();
        detail.insert(
            "image".into(),
            format!("{}{}", asked.path, asked.rest).into(),
        );
        self.journal.record(&Entry {
            time: Timestamp::now(),
            arrived: None,
            service: "ecr".into(),
            method: method.to_string(),
            path: String::new(),
            action: asked.action.into(),
            actor: principal.map_or_else(|| "anonymous".into(), |principal| principal.arn.clone()),
            account: repository
                .as_ref()
                .map(|repository| repository.place.account.clone()),
            resource: repository.map(|repository| repository.arn()),
            mutating: !matches!(*method, Method::GET | Method::HEAD),
            status,
            detail,
            label: None,
            fault: fault.map(|fault| fault.name().to_owned()),
        });
    }
}

fn challenge() -> Response {
    let mut response = error(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "authentication required",
    );
    let basic = HeaderValue::from_static("Basic realm=\"ecr\",service=\"ecr\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, basic);
    response
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "code": code, "message": message }] }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
