//! AWS at the other end of the wire: every request is kept, every answer is a closure's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use harmonix::adapters::aws::AwsSessions;
use harmonix::adapters::clock::SystemClock;
use harmonix::adapters::meter::Meter;
use harmonix::domain::name::RoleArn;
use harmonix::domain::runtime::OperationsAccess;
use harmonix::ports::{CloudSessions, OperationsSession, Telemetry};
use serde_json::Value;

pub const OWN_KEY: &str = "AKIAOWNIDENTITY";
pub const OPERATIONS_ROLE: &str = "arn:aws:iam::222222222222:role/acme-dev-operations-role";

/// How long an answer 429 asks to be left alone.
pub const RETRY_AFTER: Duration = Duration::from_secs(7);

/// One request, as it went out.
#[derive(Clone, Debug)]
pub struct Sent {
    /// `sts:AssumeRole`, `ecs:DescribeServices`, ...
    pub action: String,
    pub host: String,
    /// The access key that signed it.
    pub key: String,
    pub region: String,
    pub token: String,
    /// Parameters of a query request.
    pub form: BTreeMap<String, String>,
    /// Body of a JSON request.
    pub json: Value,
}

/// An answer: status and body.
pub type Answer = (u16, String);

/// A world that answers `reply`.
pub struct Wire {
    pub aws: Arc<AwsSessions>,
    meter: Arc<Meter>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Wire {
    /// A world whose STS always agrees; everything else is `reply`'s.
    pub fn agreeing(reply: impl Fn(&Sent) -> Answer + Send + Sync + 'static) -> Self {
        let count = AtomicI64::new(0);
        Self::of(move |sent| match sent.action.as_str() {
            "sts:AssumeRole" => assumed(count.fetch_add(1, Ordering::SeqCst) + 1),
            _ => reply(sent),
        })
    }

    /// A world that answers everything with `reply`.
    pub fn of(reply: impl Fn(&Sent) -> Answer + Send + Sync + 'static) -> Self {
        let sent: Arc<Mutex<Vec<Sent>>> = Arc::default();
        let http = {
            let sent = Arc::clone(&sent);
            infallible_client_fn(move |request| {
                let body = request.body().bytes().unwrap_or_default();
                let one = read(request.uri(), request.headers(), body);
                sent.lock().unwrap().push(one.clone());
                let (status, body) = reply(&one);
                let mut answer = http::Response::builder().status(status);
                if status == 429 {
                    answer = answer.header("retry-after", RETRY_AFTER.as_secs());
                }
                answer.body(body).unwrap()
            })
        };
        let base = base(own()).to_builder().http_client(http).build();
        let (meter, telemetry) = meter();
        let aws = Arc::new(AwsSessions::telling(&base, &telemetry));
        Self { aws, meter, sent }
    }

    /// How many requests were told of, by host, verb and class.
    pub fn told(&self, host: &str, verb: &str, class: &str) -> usize {
        told(&self.meter, host, verb, class)
    }

    /// A session for the usual access.
    pub async fn session(&self) -> Arc<dyn OperationsSession> {
        self.aws.operations(&access()).await.unwrap()
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    pub fn count(&self, action: &str) -> usize {
        self.sent()
            .iter()
            .filter(|one| one.action == action)
            .count()
    }

    pub fn only(&self, action: &str) -> Sent {
        let mut found = self.sent();
        found.retain(|one| one.action == action);
        assert_eq!(found.len(), 1, "{action}: {found:?}");
        found.remove(0)
    }
}

/// A meter, and the same as telemetry.
pub fn meter() -> (Arc<Meter>, Arc<dyn Telemetry>) {
    let meter = Arc::new(Meter::new(Arc::new(SystemClock)));
    (Arc::clone(&meter), meter)
}

/// How many requests a meter was told of, by host, verb and class.
pub fn told(meter: &Meter, host: &str, verb: &str, class: &str) -> usize {
    let series = format!(
        "harmonix_external_calls_total{{host=\"{host}\",verb=\"{verb}\",class=\"{class}\"}} "
    );
    let text = meter.text();
    let count = text.lines().find_map(|line| line.strip_prefix(&series));
    count.unwrap().parse().unwrap()
}

/// The controller's own credentials.
pub fn own() -> Credentials {
    Credentials::new(OWN_KEY, "own", None, None, "own")
}

/// A configuration whose requests really go out, to `endpoint`.
pub fn at(endpoint: &str, own: Credentials) -> SdkConfig {
    base(own).to_builder().endpoint_url(endpoint).build()
}

fn base(own: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(own))
        .build()
}

/// The usual access.
pub fn access() -> OperationsAccess {
    OperationsAccess {
        provider_uid: "7d9f".into(),
        role: RoleArn::parse(OPERATIONS_ROLE).unwrap(),
        external_id: "hx-1234".into(),
        region: "eu-west-1".into(),
        session_name: "shop@cart".into(),
        source_identity: "shop@cart".into(),
        tags: BTreeMap::from([
            ("harmonix:application".into(), "cart".into()),
            ("harmonix:namespace".into(), "shop".into()),
        ]),
    }
}

/// STS agrees: the `number`th session. By our time of day it ended long ago: one of the two clocks is wrong.
pub fn assumed(number: i64) -> Answer {
    let expiry = "2001-09-09T01:46:40Z";
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>ASIASESSION{number}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
         <SessionToken>token{number}</SessionToken><Expiration>{expiry}</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    );
    (200, body)
}

/// STS refuses, in its own protocol.
pub fn query_error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    (status, body)
}

/// ECS, SSM and DynamoDB refuse, in theirs.
pub fn json_error(status: u16, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({ "__type": code, "message": message });
    (status, body.to_string())
}

fn read(uri: &http::Uri, headers: &http::HeaderMap, body: &[u8]) -> Sent {
    let header = |name: &str| {
        let value = headers.get(name);
        value
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    // AWS4-HMAC-SHA256 Credential=KEY/20270115/REGION/SERVICE/aws4_request, SignedHeaders=…
    let authorization = header("authorization");
    let scope = authorization
        .split("Credential=")
        .nth(1)
        .unwrap_or_default();
    let mut scope = scope.split('/');
    let key = scope.next().unwrap_or_default().to_owned();
    let region = scope.nth(1).unwrap_or_default().to_owned();
    let service = scope.next().unwrap_or_default().to_owned();
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let target = header("x-amz-target");
    let verb = match target.rsplit('.').next() {
        Some(verb) if !verb.is_empty() => verb.to_owned(),
        _ => form.get("Action").cloned().unwrap_or_default(),
    };
    Sent {
        action: format!("{service}:{verb}"),
        host: uri.host().unwrap_or_default().to_owned(),
        key,
        region,
        token: header("x-amz-security-token"),
        json: serde_json::from_slice(body).unwrap_or_default(),
        form,
    }
}
