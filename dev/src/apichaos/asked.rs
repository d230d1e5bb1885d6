//! What is asked of the API server: for which object, and what it is called.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use serde_json::{Map, Value};

use super::mode::Kind;
use crate::chaos::label::Label;
use crate::fault;

/// Where the controller makes its effects durable before they happen.
const INTENTS: &str = "harmonix.io/intents";
/// What is asked for no object of ours.
const INSTALLATION: &str = "Installation";

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it is called.
    pub label: Label,
    /// The kind whose list or watch is asked for, where that is one of those that the controller follows.
    pub follows: Option<Kind>,
    /// Whether that is a watch.
    pub watch: bool,
    /// Namespace and name, as far as the path says.
    pub resource: String,
    /// The path without its query.
    pub path: String,
    /// Who asks, as its token says.
    pub actor: String,
    /// Whether it changes anything.
    pub mutating: bool,
    /// The version that a watch begins at.
    pub version: String,
    /// The page of a list that is asked for; empty for the first.
    pub page: String,
    /// Small facts.
    pub detail: Map<String, Value>,
}

impl Asked {
    /// Reads a request.
    #[must_use]
    pub fn of(head: &Parts, body: &[u8]) -> Self {
        let path = head.uri.path().to_owned();
        let place = Place::of(&path);
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let query = |wanted: &str| {
            let query = head.uri.query().unwrap_or_default();
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        let page = query("continue");
        let watch = matches!(query("watch").as_str(), "true" | "1");
        let asks = Asks::of(&head.method, &place, watch, &body);
        let kind = match &asks {
            Asks::Event => text(&body, "/regarding/kind"),
            _ => Kind::of(&place.plural).map(|kind| kind.name().to_owned()),
        };
        let step = match asks {
            Asks::Hold => intents(&body).join("+"),
            Asks::Status => ready_reason(&body),
            Asks::Event => text(&body, "/reason").unwrap_or_default(),
            Asks::List if !page.is_empty() => "continue".to_owned(),
            _ => String::new(),
        };
        let label = Label::new(
            kind.as_deref().unwrap_or(INSTALLATION),
            "kubernetes",
            asks.verb(),
            &step,
        );
        let reads = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS)
            || matches!(asks, Asks::Review);
        let follows = matches!(asks, Asks::List | Asks::Watch)
            .then(|| Kind::of(&place.plural))
            .flatten();
        let version = query("resourceVersion");
        Self {
            follows,
            watch: matches!(asks, Asks::Watch),
            resource: resource(&asks, &place, &body),
            actor: actor(&head.headers),
            mutating: !reads,
            detail: detail(&body, &version, &page),
            label,
            path,
            version,
            page,
        }
    }

    /// Answers it as rules see it.
    #[must_use]
    pub fn as_met(&self) -> fault::Request<'_> {
        fault::Request {
            label: Some(&self.label),
            action: &self.label.verb,
            path: &self.path,
            actor: &self.actor,
            names: &self.resource,
            ..fault::Request::default()
        }
    }
}

/// What a request wants.
enum Asks {
    Hold,
    Release,
    Status,
    Event,
    List,
    Watch,
    Get,
    /// What one may do, which is asked with a POST and stores nothing.
    Review,
    Other(String),
}

impl Asks {
    fn of(method: &Method, place: &Place, watch: bool, body: &Value) -> Self {
        let named = !place.name.is_empty();
        match *method {
            Method::GET if place.plural.is_empty() => Self::Get,
            Method::GET if watch => Self::Watch,
            Method::GET if named => Self::Get,
            Method::GET => Self::List,
            Method::POST | Method::PATCH if place.plural == "events" => Self::Event,
            Method::POST if place.plural == "selfsubjectaccessreviews" => Self::Review,
            Method::PATCH if place.below == "status" => Self::Status,
            Method::PATCH if intent_text(body).is_some() => Self::Hold,
            Method::PATCH if body.pointer("/metadata/finalizers").is_some() => Self::Release,
            _ => Self::Other(method.as_str().to_lowercase()),
        }
    }

    fn verb(&self) -> &str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Status => "status",
            Self::Event => "event",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Get => "get",
            Self::Review => "review",
            Self::Other(method) => method,
        }
    }
}

/// The parts of a path; empty where it has none.
#[derive(Debug, Default, PartialEq)]
struct Place {
    namespace: String,
    plural: String,
    name: String,
    below: String,
}

impl Place {
    fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let rest = match parts.as_slice() {
            ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
            _ => &[],
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, plural, rest @ ..] if *plural != "status" => {
                (*namespace, [&[*plural], rest].concat())
            }
            rest => ("", rest.to_vec()),
        };
        let part = |at: usize| rest.get(at).copied().unwrap_or_default().to_owned();
        Self {
            namespace: namespace.to_owned(),
            plural: part(0),
            name: part(1),
            below: part(2),
        }
    }
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    Some(value.pointer(pointer)?.as_str()?.to_owned())
}

fn intent_text(body: &Value) -> Option<&str> {
    body.get("metadata")?
        .get("annotations")?
        .get(INTENTS)?
        .as_str()
}

fn intent_list(body: &Value) -> Vec<Value> {
    intent_text(body)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// The actions of a hold, as audit records call them; with the environment where there may be several at once.
fn intents(body: &Value) -> Vec<String> {
    let name = |intent: &Value| {
        let action = text(intent, "/action/do")?;
        let mut letters = action.chars();
        let first = letters.next()?.to_ascii_uppercase();
        let name = format!("{first}{}", letters.as_str());
        Some(match text(intent, "/action/environment") {
            Some(environment) => format!("{name} {environment}"),
            None => name,
        })
    };
    intent_list(body).iter().filter_map(name).collect()
}

fn ready_reason(body: &Value) -> String {
    body.pointer("/status/conditions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Ready")
        .and_then(|condition| text(condition, "/reason"))
        .unwrap_or_default()
}

fn resource(asks: &Asks, place: &Place, body: &Value) -> String {
    let (namespace, name) = match asks {
        Asks::Event => (
            text(body, "/regarding/namespace").unwrap_or_default(),
            text(body, "/regarding/name").unwrap_or_default(),
        ),
        _ => (place.namespace.clone(), place.name.clone()),
    };
    if namespace.is_empty() {
        name
    } else {
        format!("{namespace}/{name}")
    }
}

fn detail(body: &Value, version: &str, page: &str) -> Map<String, Value> {
    let mut detail = Map::new();
    let mut note = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            detail.insert(name.to_owned(), value.into());
        }
    };
    note("resourceVersion", Some(version.to_owned()));
    note("resourceVersion", text(body, "/metadata/resourceVersion"));
    note("uid", text(body, "/metadata/uid"));
    note("continue", Some(page.to_owned()));
    let ids: Vec<Value> = intent_list(body)
        .iter()
        .filter_map(|intent| text(intent, "/id").map(Value::from))
        .collect();
    if !ids.is_empty() {
        detail.insert("intents".to_owned(), ids.into());
    }
    detail
}

/// The subject of a service account's token; nobody's name stands in any other.
fn actor(headers: &HeaderMap) -> String {
    let subject = || {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let claims = token.strip_prefix("Bearer ")?.split('.').nth(1)?;
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        text(&claims, "/sub")
    };
    subject().unwrap_or_else(|| "unnamed".to_owned())
}

#[cfg(test)]
mod tests;
