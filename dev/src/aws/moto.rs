//! moto behind the gate.
//!
//! moto keeps what AWS would keep and knows nothing of who may do what. The account is chosen by a header that moto
//! obeys before anything in the signature, so no session of its own is needed.

use std::sync::Arc;

use axum::http::Uri;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::sync::Mutex;

use super::answer::{Answer, Refusal};
use super::call::Call;

mod kept;

use kept::{Asked, Course, Kept};

/// A client of the moto server.
#[derive(Debug, Clone)]
pub struct Moto {
    address: String,
    client: reqwest::Client,
    kept: Arc<Kept>,
    /// moto serves each request in a thread of its own, and its threads change what others are walking through: one
    /// request at a time costs nothing, since Python runs one thread at a time anyway.
    turn: Arc<Mutex<()>>,
}

/// Whose resources a call is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

const ACCOUNT: &str = "x-moto-account-id";
/// Headers that belong to one connection or are made anew for the next.
const OWN_HEADERS: [&str; 7] = [
    "connection",
    "content-length",
    "transfer-encoding",
    "date",
    "server",
    "status",
    "keep-alive",
];

impl Moto {
    /// Makes a client of the server at `address`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into().trim_end_matches('/').to_owned(),
            client: reqwest::Client::new(),
            kept: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// Serves a call as it came, in the given account.
    pub async fn forward(&self, call: &Call, account: &str) -> Result<Answer, Refusal> {
        self.pass(call, account, call.body.clone()).await
    }

    /// Serves a JSON call with other parameters than it came with.
    pub async fn forward_with(
        &self,
        call: &Call,
        account: &str,
        params: &Value,
    ) -> Result<Answer, Refusal> {
        let body = Bytes::from(params.to_string());
        self.pass(call, account, body).await
    }

    async fn pass(&self, call: &Call, account: &str, body: Bytes) -> Result<Answer, Refusal> {
        let action = (call.service.as_str(), call.operation.as_str());
        let asked = Asked::of(account, &call.region, action, &body);
        let headers = call.headers.clone();
        self.ask(asked, (&call.method, &call.uri), headers, body, account)
            .await
    }

    /// Makes a JSON call of the gate's own: `target` is `AmazonSSM.GetParameter` and the like.
    pub async fn json(
        &self,
        place: &Place,
        service: &str,
        target: &str,
        params: &Value,
    ) -> Result<Value, Refusal> {
        let headers = [
            (AUTHORIZATION, signature(service, &place.region)),
            (CONTENT_TYPE, "application/x-amz-json-1.1".to_owned()),
            (HeaderName::from_static("x-amz-target"), target.to_owned()),
        ];
        let operation = target.rsplit('.').next().unwrap_or(target);
        let posted = self.post(headers, params.to_string(), place, (service, operation));
        understood(&posted.await?)
    }

    /// Makes a form call of the gate's own and answers its result as JSON.
    pub async fn form(
        &self,
        place: &Place,
        service: &str,
        fields: &[(&str, &str)],
    ) -> Result<Value, Refusal> {
        let operation = fields
            .iter()
            .find(|(name, _)| *name == "Action")
            .map_or("", |(_, value)| value);
        let fields = [fields, &[("ContentType", "JSON")]].concat();
        let answer = self.post_form(place, service, &fields).await?;
        let mut document = understood(&answer)?;
        Ok(document[format!("{operation}Response")][format!("{operation}Result")].take())
    }

    /// Makes a form call to a service that answers XML only.
    pub async fn form_text(
        &self,
        place: &Place,
        service: &str,
        fields: &[(&str, &str)],
    ) -> Result<String, Refusal> {
        let answer = self.post_form(place, service, fields).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Reads something of a service whose operations are paths.
    pub async fn get(&self, place: &Place, service: &str, path: &str) -> Result<Value, Refusal> {
        let uri: Uri = path
            .parse()
            .map_err(|_| Refusal::internal(format!("{path} is no path")))?;
        let mut headers = HeaderMap::new();
        if let Ok(value) = signature(service, &place.region).parse() {
            headers.insert(AUTHORIZATION, value);
        }
        let body = Bytes::new();
        let asked = Asked::of(&place.account, &place.region, (service, path), &body);
        let way = (&Method::GET, &uri);
        let answer = self.ask(asked, way, headers, body, &place.account).await?;
        understood(&answer)
    }

    async fn post_form(
        &self,
        place: &Place,
        service: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Refusal> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let headers = [
            (AUTHORIZATION, signature(service, &place.region)),
            (
                CONTENT_TYPE,
                "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
            ),
        ];
        let operation = fields
            .iter()
            .find(|(name, _)| *name == "Action")
            .map_or("", |(_, value)| value);
        self.post(headers, body, place, (service, operation)).await
    }

    async fn post<const N: usize>(
        &self,
        headers: [(HeaderName, String); N],
        body: String,
        place: &Place,
        action: (&str, &str),
    ) -> Result<Answer, Refusal> {
        let headers = headers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
            .collect();
        let body = Bytes::from(body);
        let asked = Asked::of(&place.account, &place.region, action, &body);
        let way = (&Method::POST, &Uri::from_static("/"));
        self.ask(asked, way, headers, body, &place.account).await
    }

    /// Asks moto, unless it was asked the same before and nothing has changed since.
    async fn ask(
        &self,
        asked: Asked,
        way: (&Method, &Uri),
        headers: HeaderMap,
        body: Bytes,
        account: &str,
    ) -> Result<Answer, Refusal> {
        let changes = match self.kept.course(&asked) {
            Course::Answered(answer) => return Ok(answer),
            Course::Pass => return self.send(way, headers, body, account).await,
            Course::Change => {
                self.kept.changed(&asked);
                let answer = self.send(way, headers, body, account).await;
                self.kept.changed(&asked);
                return answer;
            }
            Course::Keep(changes) => changes,
        };
        let answer = self.send(way, headers, body, account).await?;
        if answer.status.is_success() {
            self.kept.keep(asked, &answer, changes);
        }
        Ok(answer)
    }

    async fn send(
        &self,
        (method, uri): (&Method, &Uri),
        mut headers: HeaderMap,
        body: Bytes,
        account: &str,
    ) -> Result<Answer, Refusal> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        headers.remove(HOST);
        for name in OWN_HEADERS {
            headers.remove(name);
        }
        if let Ok(account) = account.parse() {
            headers.insert(ACCOUNT, account);
        }
        let failed = |error: reqwest::Error| {
            Refusal::with_status(
                "ServiceUnavailable",
                503,
                format!(
                    "moto at {} did not answer: {error}; see its log",
                    self.address
                ),
            )
        };
        let _turn = self.turn.lock().await;
        let request = self
            .client
            .request(method.clone(), format!("{}{path}", self.address));
        let response = request
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(failed)?;
        let status =
            StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut headers = response.headers().clone();
        for name in OWN_HEADERS {
            headers.remove(name);
        }
        let body = response.bytes().await.map_err(failed)?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// Reads a JSON answer; an error in it becomes a refusal with its code.
fn understood(answer: &Answer) -> Result<Value, Refusal> {
    let document = answer
        .document()
        .ok_or_else(|| Refusal::internal(format!("moto answered {} and no JSON", answer.status)))?;
    if answer.status.is_success() {
        return Ok(document);
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let code = text(&document["__type"]).or_else(|| text(&document["Error"]["Code"]));
    let message = text(&document["message"]).or_else(|| text(&document["Error"]["Message"]));
    let code = code.unwrap_or_else(|| "InternalFailure".into());
    let code = code.rsplit('#').next().unwrap_or(&code);
    Err(Refusal::with_status(
        code,
        answer.status.as_u16(),
        message.unwrap_or_default(),
    ))
}

/// moto reads service and region from the signature and checks nothing else in it.
fn signature(service: &str, region: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=GATE/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// Reads a policy document as IAM hands it out: JSON, percent-encoded or not.
#[must_use]
pub fn policy_text(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        percent_decode_str(text).decode_utf8_lossy().into_owned()
    }
}
