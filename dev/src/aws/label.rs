//! What a request of the controller is called.

use std::collections::BTreeMap;

use super::call::Call;
use super::config::Rights;
use super::identity::{Kind, Principal};
use crate::chaos::label::Label;

/// Labels a call; jobs', people's and strangers' have no label.
///
/// The controller's sessions say by their tags which object they are for; a session that is asked for says so too.
pub fn of(call: &Call, principal: Option<&Principal>) -> Option<Label> {
    let asked = call.tags("Tags");
    let kind = match &principal?.kind {
        Kind::Session(session) => kind(&session.tags)?,
        Kind::Static(Rights::AssumeRoles) => kind(&asked).unwrap_or("Installation"),
        Kind::Static(Rights::Administrator) => return None,
    };
    Some(Label::new(
        kind,
        &call.service,
        &call.operation,
        &step(call),
    ))
}

fn kind(tags: &BTreeMap<String, String>) -> Option<&'static str> {
    if tags.contains_key("harmonix:application") {
        Some("Application")
    } else if tags.contains_key("harmonix:provider") {
        Some("EnvironmentProvider")
    } else {
        None
    }
}

fn step(call: &Call) -> String {
    let text = match (call.service.as_str(), call.operation.as_str()) {
        ("dynamodb", "PutItem") => {
            let item = call.value("Item");
            let attribute = |name: &str| item[name]["S"].as_str();
            // The probe is a write that can never happen, with a key of its own in place of a record.
            attribute("actionType").or_else(|| attribute("id").filter(|id| *id == "probe"))
        }
        ("sts", "AssumeRole") => call.text("RoleArn").and_then(purpose),
        _ => None,
    };
    text.unwrap_or_default().to_owned()
}

/// What a role of ours is for: its name says so, wherever it stands in it.
fn purpose(role: &str) -> Option<&'static str> {
    ["operations", "provisioning", "bootstrap"]
        .into_iter()
        .find(|purpose| role.contains(purpose))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, Uri};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::aws::identity::RoleSession;

    fn call(service: &str, kind: &str, target: Option<&str>, body: String) -> Call {
        let mut headers = HeaderMap::new();
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/{service}/aws4_request");
        for (name, value) in [
            ("authorization", Some(scope.as_str())),
            ("content-type", Some(kind)),
            ("x-amz-target", target),
        ] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        Call::read(
            Method::POST,
            Uri::from_static("/"),
            headers,
            Bytes::from(body),
        )
    }

    fn put(item: serde_json::Value) -> Call {
        let body = json!({ "TableName": "audit", "Item": item }).to_string();
        let target = Some("DynamoDB_20120810.PutItem");
        call("dynamodb", "application/x-amz-json-1.0", target, body)
    }

    fn assume(role: &str, tag: &str) -> Call {
        let body = format!(
            "Action=AssumeRole&RoleArn={role}&RoleSessionName=x&Tags.member.1.Key={tag}&Tags.member.1.Value=v"
        );
        call("sts", "application/x-www-form-urlencoded", None, body)
    }

    fn principal(kind: Kind) -> Principal {
        Principal {
            arn: "arn:aws:sts::2:assumed-role/r/s".into(),
            account: "2".into(),
            kind,
        }
    }

    fn session(tag: &str) -> Principal {
        principal(Kind::Session(RoleSession {
            role_arn: "arn:aws:iam::2:role/r".into(),
            assumed_role_id: "id:s".into(),
            tags: BTreeMap::from([(tag.to_owned(), "v".to_owned())]),
            transitive: Vec::new(),
            source_identity: None,
            policies: Vec::new(),
            expires: Timestamp::UNIX_EPOCH,
        }))
    }

    #[test]
    fn a_session_tells_the_kind_and_the_item_tells_the_step() {
        let label = |call: &Call, tag: &str| of(call, Some(&session(tag))).map(String::from);
        let record = put(json!({ "id": { "S": "i" }, "actionType": { "S": "CommitFiles" } }));
        assert_eq!(
            label(&record, "harmonix:application").as_deref(),
            Some("Application/dynamodb/PutItem/CommitFiles")
        );
        let probe = put(json!({ "id": { "S": "probe" }, "createdAt": { "S": "probe" } }));
        assert_eq!(
            label(&probe, "harmonix:provider").as_deref(),
            Some("EnvironmentProvider/dynamodb/PutItem/probe")
        );
        assert_eq!(label(&probe, "else"), None);
    }

    #[test]
    fn a_session_that_is_asked_for_is_for_the_object_in_its_tags() {
        let own = principal(Kind::Static(Rights::AssumeRoles));
        let label = |call: &Call| of(call, Some(&own)).map(String::from);
        let role = "arn%3Aaws%3Aiam%3A%3A2%3Arole%2Facme-dev-operations-role";
        assert_eq!(
            label(&assume(role, "harmonix:application")).as_deref(),
            Some("Application/sts/AssumeRole/operations")
        );
        assert_eq!(
            label(&assume(role, "harmonix:provider")).as_deref(),
            Some("EnvironmentProvider/sts/AssumeRole/operations")
        );
        let who = call(
            "sts",
            "application/x-www-form-urlencoded",
            None,
            "Action=GetCallerIdentity".into(),
        );
        assert_eq!(
            label(&who).as_deref(),
            Some("Installation/sts/GetCallerIdentity/-")
        );
    }

    #[test]
    fn what_administrators_and_strangers_ask_has_no_label() {
        let record = put(json!({}));
        let administrator = principal(Kind::Static(Rights::Administrator));
        assert_eq!(of(&record, Some(&administrator)), None);
        assert_eq!(of(&record, None), None);
    }
}
