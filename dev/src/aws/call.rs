//! One call to AWS as it arrives: who signed it, for which service, which operation with which parameters.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Uri};
use serde_json::Value;

use super::eks::route;

/// The protocols AWS's services speak; each shapes errors in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Form in, XML out: STS, IAM, load balancing.
    Query,
    /// Form in, XML out, with its own error shape: EC2.
    Ec2,
    /// JSON with the operation in a header: ECS, DynamoDB, SSM, KMS and most others.
    Json,
    /// JSON with the operation in method and path: EKS.
    Rest,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The HTTP method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The service as IAM names it: `ecs`, `elasticloadbalancing`.
    pub service: String,
    /// The region signed for.
    pub region: String,
    /// The operation; for REST services whose paths are not known here the method and path.
    pub operation: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The access key id in the signature.
    pub access_key: Option<String>,
    /// The parameters: a JSON body, or the flat fields of a form.
    pub params: Params,
}

/// The parameters of a call.
#[derive(Debug, Clone)]
pub enum Params {
    /// The fields of a form: `Tags.member.1.Key`.
    Form(BTreeMap<String, String>),
    /// A JSON document.
    Json(Value),
}

const DEFAULT_REGION: &str = "us-east-1";

impl Call {
    /// Understands a request whose body has been read.
    #[must_use]
    pub fn read(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Self {
        let header = |name: http::HeaderName| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let scope = Scope::read(header(AUTHORIZATION));
        let target = headers
            .get("x-amz-target")
            .and_then(|value| value.to_str().ok());
        let is_form = header(CONTENT_TYPE).starts_with("application/x-www-form-urlencoded");
        let (operation, protocol, params) = if let Some(target) = target {
            let operation = target.rsplit('.').next().unwrap_or(target).to_owned();
            let document = serde_json::from_slice(&body).unwrap_or(Value::Null);
            (operation, Protocol::Json, Params::Json(document))
        } else if is_form || uri.query().is_some_and(|query| query.contains("Action=")) {
            let text = if is_form {
                &body[..]
            } else {
                uri.query().unwrap_or_default().as_bytes()
            };
            let form: BTreeMap<String, String> =
                url::form_urlencoded::parse(text).into_owned().collect();
            let protocol = if scope.service == "ec2" {
                Protocol::Ec2
            } else {
                Protocol::Query
            };
            let operation = form.get("Action").cloned().unwrap_or_default();
            (operation, protocol, Params::Form(form))
        } else {
            let document = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let eks = scope.service == "eks" || scope.service == "eks-auth";
            let named = eks.then(|| route::operation(&method, uri.path())).flatten();
            (
                named.map_or_else(|| format!("{method} {}", uri.path()), str::to_owned),
                Protocol::Rest,
                Params::Json(document),
            )
        };
        let unsigned_sts = scope.service.is_empty() && operation.starts_with("AssumeRoleWith");
        Self {
            service: if unsigned_sts {
                "sts".into()
            } else {
                scope.service
            },
            region: scope.region,
            access_key: scope.access_key,
            method,
            uri,
            headers,
            body,
            operation,
            protocol,
            params,
        }
    }

    /// Names the operation as IAM and the journal do.
    #[must_use]
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// Answers a text parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.params {
            Params::Form(form) => form.get(name).map(String::as_str),
            Params::Json(document) => document.get(name).and_then(Value::as_str),
        }
    }

    /// Answers a parameter of a JSON call.
    #[must_use]
    pub fn value(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null;
        match &self.params {
            Params::Form(_) => &NULL,
            Params::Json(document) => document.get(name).unwrap_or(&NULL),
        }
    }

    /// Answers the texts of a list parameter.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        match &self.params {
            Params::Form(form) => (1..)
                .map_while(|index| {
                    form.get(&format!("{name}.member.{index}"))
                        .or_else(|| form.get(&format!("{name}.{index}")))
                        .cloned()
                })
                .collect(),
            Params::Json(document) => document
                .get(name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
        }
    }

    /// Answers the key-value pairs of a list parameter of tags, however the service spells them.
    #[must_use]
    pub fn tags(&self, name: &str) -> BTreeMap<String, String> {
        match &self.params {
            Params::Form(form) => (1..)
                .map_while(|index| {
                    let field = |part: &str| {
                        form.get(&format!("{name}.member.{index}.{part}"))
                            .or_else(|| form.get(&format!("{name}.{index}.{part}")))
                            .cloned()
                    };
                    Some((field("Key")?, field("Value").unwrap_or_default()))
                })
                .collect(),
            Params::Json(document) => document.get(name).map(tags_in).unwrap_or_default(),
        }
    }
}

/// Reads tags: a list of keys and values, or a map, however the service spells them.
#[must_use]
pub fn tags_in(tags: &Value) -> BTreeMap<String, String> {
    let pairs = tags.as_array().into_iter().flatten().filter_map(|tag| {
        let field = |names: [&str; 3]| {
            names
                .into_iter()
                .find_map(|name| tag.get(name)?.as_str())
                .map(str::to_owned)
        };
        let key = field(["Key", "key", "TagKey"])?;
        Some((
            key,
            field(["Value", "value", "TagValue"]).unwrap_or_default(),
        ))
    });
    let map = tags
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    pairs.chain(map).collect()
}

/// What a SigV4 `Authorization` header says about the caller and the service.
struct Scope {
    access_key: Option<String>,
    region: String,
    service: String,
}

impl Scope {
    fn read(authorization: &str) -> Self {
        let credential = authorization
            .split_once("Credential=")
            .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or(rest))
            .unwrap_or_default();
        let mut parts = credential.split('/');
        let access_key = parts
            .next()
            .filter(|key| !key.is_empty())
            .map(str::to_owned);
        let region = parts.nth(1).unwrap_or(DEFAULT_REGION).to_owned();
        let service = parts.next().unwrap_or_default();
        Self {
            access_key,
            region,
            service: service.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn call(headers: &[(&'static str, &str)], body: &'static str) -> Call {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect();
        Call::read(
            Method::POST,
            Uri::from_static("/"),
            headers,
            Bytes::from_static(body.as_bytes()),
        )
    }

    #[test]
    fn a_json_call_is_read_from_its_target_and_signature() {
        let call = call(
            &[
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20260101/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=0",
                ),
                (
                    "x-amz-target",
                    "AmazonEC2ContainerServiceV20141113.DescribeServices",
                ),
            ],
            r#"{"cluster":"c","services":["a","b"],"tags":[{"key":"k","value":"v"}]}"#,
        );
        assert_eq!(call.action(), "ecs:DescribeServices");
        assert_eq!(call.region, "eu-west-1");
        assert_eq!(call.access_key.as_deref(), Some("ASIAEXAMPLE"));
        assert_eq!(call.text("cluster"), Some("c"));
        assert_eq!(call.texts("services"), ["a", "b"]);
        assert_eq!(call.tags("tags")["k"], "v");
    }

    #[test]
    fn an_unsigned_form_with_a_web_identity_is_for_sts() {
        let call = call(
            &[("content-type", "application/x-www-form-urlencoded")],
            "Action=AssumeRoleWithWebIdentity&Tags.member.1.Key=a&Tags.member.1.Value=b",
        );
        assert_eq!(call.action(), "sts:AssumeRoleWithWebIdentity");
        assert_eq!(call.protocol, Protocol::Query);
        assert_eq!(call.access_key, None);
        assert_eq!(call.tags("Tags")["a"], "b");
    }
}
