//! The way of one call: read, known, faulted, allowed, served, written down.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Gate;
use super::answer::{Answer, Refusal};
use super::call::{Call, Protocol};
use super::fact;
use super::identity::{Kind, Principal};
use super::{label, resource};
use crate::chaos::label::Label;
use crate::fault::{self, Fault};
use crate::journal::Entry;

/// More than AWS takes in one request of any service served here.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

pub(super) async fn serve(State(gate): State<Arc<Gate>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return (
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request's body could not be read",
        )
            .into_response();
    };
    let call = Call::read(head.method, head.uri, head.headers, body);
    // A task of its own: a client that hangs up does not stop what it asked for, nor its line in the journal.
    let served = tokio::spawn(async move { gate.serve_call(call).await });
    served.await.unwrap_or_else(|error| {
        let sentence = format!("the gate broke while it served the call: {error}");
        (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
    })
}

/// What is known about a call when its line is written.
struct Line {
    label: Option<Label>,
    action: String,
    actor: String,
    account: Option<String>,
    resource: Option<String>,
    detail: Map<String, Value>,
}

impl Gate {
    async fn serve_call(&self, call: Call) -> Response {
        let web = call.action() == "sts:AssumeRoleWithWebIdentity";
        let principal = if web {
            None
        } else {
            Some(
                self.identities
                    .find(call.access_key.as_deref(), Timestamp::now()),
            )
        };
        // Whose session it was is known also where it is over.
        let whose = self.identities.whose(call.access_key.as_deref());
        let whose = whose.as_ref().filter(|_| !web);
        let line = Line::of(&call, whose);
        let role = call
            .text("RoleArn")
            .filter(|_| call.service == "sts")
            .or_else(|| whose?.role())
            .map(str::to_owned);
        let names = ["RoleSessionName", "SourceIdentity"]
            .map(|name| call.text(name).unwrap_or_default())
            .join(" ");
        let fault = self.faults.take(&fault::Request {
            action: &line.action,
            path: line.resource.as_deref().unwrap_or_default(),
            actor: &line.actor,
            account: line.account.as_deref(),
            role: role.as_deref(),
            label: line.label.as_ref(),
            names: &names,
        });
        if let Some(fault) = &fault {
            fault.begin().await;
            if let Some((status, response)) = fault.instead() {
                self.write(&call, line, status, Some(fault));
                return response;
            }
        }
        let served = match fault
            .as_ref()
            .and_then(|fault| instead(fault, &call, &line))
        {
            Some(refused) => refused,
            None => self.answer(&call, principal).await,
        };
        self.write(&call, line, served.status.as_u16(), fault.as_ref());
        match fault {
            Some(fault) => fault.end(served.into_response()).await,
            None => served.into_response(),
        }
    }

    async fn answer(&self, call: &Call, principal: Option<Result<Principal, Refusal>>) -> Answer {
        let answered = match principal {
            None => self.assume_role_with_web_identity(call).await,
            Some(Err(refusal)) => Err(refusal),
            Some(Ok(principal)) => self.serve_known(call, &principal).await,
        };
        answered.unwrap_or_else(|refusal| refusal.answer(call.protocol, None))
    }

    async fn serve_known(&self, call: &Call, principal: &Principal) -> Result<Answer, Refusal> {
        if call.service == "sts" {
            return self.sts(principal, call).await;
        }
        if call.service == "ecr"
            && call
                .text("registryId")
                .is_some_and(|id| id != principal.account)
        {
            return self.ecr_of_another_account(principal, call).await;
        }
        self.permit(principal, call).await?;
        let answer = match call.service.as_str() {
            "ecr" => self.ecr(principal, call, &principal.account).await,
            "ecs" => self.ecs(principal, call).await,
            "eks" | "eks-auth" => self.eks(principal, call).await,
            "dynamodb" => self.dynamodb(principal, call).await,
            "elasticloadbalancing" => self.load_balancing(principal, call).await,
            "ec2" => self.network(principal, call).await,
            _ => self.moto.forward(call, &principal.account).await,
        };
        if call.service == "iam" && is_mutating(&call.action()) {
            self.roles.forget(call.text("RoleName"));
        }
        answer
    }

    fn write(&self, call: &Call, line: Line, status: u16, fault: Option<&Fault>) {
        let mut detail = line.detail;
        if let Some(fault) = fault {
            fault.note(&mut detail);
        }
        self.journal.record(&Entry {
            time: Timestamp::now(),
            arrived: None,
            service: call.service.clone(),
            method: call.method.to_string(),
            path: String::new(),
            mutating: is_mutating(&line.action),
            action: line.action,
            actor: line.actor,
            account: line.account,
            resource: line.resource,
            status,
            detail,
            label: line.label,
            fault: fault.map(|fault| fault.name().to_owned()),
        });
    }
}

impl Line {
    fn of(call: &Call, principal: Option<&Principal>) -> Self {
        let role = call.text("RoleArn").filter(|_| call.service == "sts");
        // A session is asked for in the account of the role.
        let account = role
            .and_then(|role| super::role::parts(role).map(|(account, _)| account.to_owned()))
            .or_else(|| principal.map(|principal| principal.account.clone()));
        let resources = resource::of(call, account.as_deref().unwrap_or_default());
        let mut detail = fact::of(call);
        if call.service == "sts" {
            let tags = call.tags("Tags");
            if !tags.is_empty() {
                let tags = tags
                    .into_iter()
                    .map(|(key, value)| (key, value.into()))
                    .collect();
                detail.insert("Tags".into(), Value::Object(tags));
            }
        }
        if let Some(Principal {
            kind: Kind::Session(session),
            ..
        }) = principal
        {
            if let Some(identity) = &session.source_identity {
                detail.insert("sourceIdentity".into(), identity.clone().into());
            }
            if !session.tags.is_empty() {
                let tags = session
                    .tags
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone().into()));
                detail.insert("sessionTags".into(), Value::Object(tags.collect()));
            }
        }
        Self {
            label: label::of(call, principal),
            action: call.action(),
            actor: principal
                .map_or_else(|| "anonymous".to_owned(), |principal| principal.arn.clone()),
            account,
            resource: resources
                .iter()
                .find_map(|resource| resource.arn())
                .map(str::to_owned),
            detail,
        }
    }
}

/// Answers what a fault makes AWS itself answer instead of serving, in the shape of the service.
fn instead(fault: &Fault, call: &Call, line: &Line) -> Option<Answer> {
    match fault {
        Fault::Status {
            status,
            retry_after,
            code,
            message,
        } => {
            let refusal = injected(call, *status, code.as_deref(), message.as_deref());
            Some(refusal.answer(call.protocol, *retry_after))
        }
        Fault::Deny => {
            let message = format!(
                "User: {} is not authorized to perform: {} on resource: {} with an explicit deny in a service control policy",
                line.actor,
                line.action,
                line.resource.as_deref().unwrap_or("*")
            );
            Some(Refusal::denied(message).answer(call.protocol, None))
        }
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

/// An error of the service's own, by the code that it gives to this status.
fn injected(call: &Call, status: u16, code: Option<&str>, message: Option<&str>) -> Refusal {
    let usual = match (call.protocol, call.service.as_str(), status) {
        (Protocol::Query, _, 400 | 429) => "Throttling",
        (Protocol::Ec2, _, 400 | 429 | 503) => "RequestLimitExceeded",
        (Protocol::Json | Protocol::Rest, _, 400 | 429) => "ThrottlingException",
        (Protocol::Query, _, 403) => "AccessDenied",
        (Protocol::Ec2, _, 403) => "UnauthorizedOperation",
        (Protocol::Json | Protocol::Rest, _, 403) => "AccessDeniedException",
        (_, "ecs", 404) => "ServiceNotFoundException",
        (_, "ssm", 404) => "ParameterNotFound",
        (_, _, 404) => "ResourceNotFoundException",
        (_, "ecs", 500..) => "ServerException",
        (_, _, 503) => "ServiceUnavailable",
        (_, "dynamodb" | "ssm", 500..) => "InternalServerError",
        (_, _, _) => "InternalFailure",
    };
    Refusal::with_status(
        code.unwrap_or(usual),
        status,
        message.unwrap_or("injected by the local world"),
    )
}

/// Says whether an action changes anything, by the verb its operation begins with.
#[must_use]
pub(super) fn is_mutating(action: &str) -> bool {
    const READING: [&str; 16] = [
        "Get",
        "List",
        "Describe",
        "BatchGet",
        "BatchCheck",
        "Head",
        "Query",
        "Scan",
        "AssumeRole",
        "Lookup",
        "Filter",
        "Encrypt",
        "Generate",
        "Decrypt",
        "Simulate",
        "Discover",
    ];
    let operation = action
        .split_once(':')
        .map_or(action, |(_, operation)| operation);
    // An operation of a REST service is its method and path.
    !READING.iter().any(|verb| operation.starts_with(verb))
        && !operation.starts_with("GET ")
        && !operation.starts_with("HEAD ")
}
