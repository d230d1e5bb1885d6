//! Why a role could not be assumed, and what would let it be. AWS itself only says no.

use std::fmt;

use serde_json::{Value, json};

use crate::domain::runtime::OperationsAccess;

/// One refused AssumeRole.
pub(super) struct Denial<'a> {
    /// What was asked for.
    pub(super) access: &'a OperationsAccess,
    /// Our own ARN, where AWS told it.
    pub(super) caller: Option<&'a str>,
    /// What AWS said, short.
    pub(super) said: &'a str,
}

impl fmt::Display for Denial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OperationsAccess {
            role, external_id, ..
        } = self.access;
        let principal = self.caller.map(principal);
        let who = principal.as_deref().unwrap_or("the controller's own role");
        let statements = trust(
            principal
                .as_deref()
                .unwrap_or("ARN of the controller's own role"),
            external_id,
        );
        write!(
            f,
            "{who} may not assume {role} with external id {external_id}: the role does not exist, its trust policy does \
             not allow it, or the controller's own policies do not (AWS does not tell which); create the role, let its \
             trust policy hold {statements}, and let the controller's own policies allow these three actions on it; \
             AWS said: {}",
            self.said
        )
    }
}

/// The principal to trust: the role behind a session, since a session has another name each time.
/// A session's ARN does not have the role's path; a role with a path must be written with it.
fn principal(caller: &str) -> String {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    if let ["arn", partition, "sts", _, account, resource] = parts.as_slice()
        && let Some(session) = resource.strip_prefix("assumed-role/")
        && let Some((role, _)) = session.split_once('/')
    {
        return format!("arn:{partition}:iam::{account}:role/{role}");
    }
    caller.to_owned()
}

/// The statements that a trust policy needs. Tags and source identity are actions of their own,
/// and AWS gives them no external id to compare, so they stand in a statement without it.
fn trust(principal: &str, external_id: &str) -> Value {
    json!([
        {
            "Effect": "Allow",
            "Principal": { "AWS": principal },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "sts:ExternalId": external_id } },
        },
        {
            "Effect": "Allow",
            "Principal": { "AWS": principal },
            "Action": ["sts:TagSession", "sts:SetSourceIdentity"],
        },
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::name::RoleArn;

    fn access() -> OperationsAccess {
        OperationsAccess {
            provider_uid: "uid".into(),
            role: RoleArn::parse("arn:aws:iam::222222222222:role/acme-dev-operations-role")
                .unwrap(),
            external_id: "hx-1234".into(),
            region: "eu-west-1".into(),
            session_name: "shop@cart".into(),
            source_identity: "shop@cart".into(),
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn a_denial_names_role_principal_and_external_id_and_the_trust_that_is_missing() {
        let denial = Denial {
            access: &access(),
            caller: Some("arn:aws:sts::111111111111:assumed-role/harmonix-controller/pod-1"),
            said: "AccessDenied: not authorized",
        };
        assert_eq!(
            denial.to_string(),
            "arn:aws:iam::111111111111:role/harmonix-controller may not assume \
             arn:aws:iam::222222222222:role/acme-dev-operations-role with external id hx-1234: the role does not exist, \
             its trust policy does not allow it, or the controller's own policies do not (AWS does not tell which); \
             create the role, let its trust policy hold \
             [{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:role/harmonix-controller\"},\
             \"Action\":\"sts:AssumeRole\",\"Condition\":{\"StringEquals\":{\"sts:ExternalId\":\"hx-1234\"}}},\
             {\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::111111111111:role/harmonix-controller\"},\
             \"Action\":[\"sts:TagSession\",\"sts:SetSourceIdentity\"]}], and let the controller's own policies allow these three actions on it; \
             AWS said: AccessDenied: not authorized"
        );
    }

    #[test]
    fn a_denial_says_what_it_can_when_aws_does_not_tell_who_we_are() {
        let text = Denial {
            access: &access(),
            caller: None,
            said: "AccessDenied",
        }
        .to_string();
        assert!(
            text.starts_with("the controller's own role may not assume"),
            "{text}"
        );
        assert!(
            text.contains("\"AWS\":\"ARN of the controller's own role\""),
            "{text}"
        );
    }

    #[test]
    fn only_a_session_is_turned_into_its_role() {
        for (caller, wanted) in [
            (
                "arn:aws-cn:sts::111111111111:assumed-role/hx/pod",
                "arn:aws-cn:iam::111111111111:role/hx",
            ),
            (
                "arn:aws:iam::111111111111:role/harmonix-controller",
                "arn:aws:iam::111111111111:role/harmonix-controller",
            ),
            (
                "arn:aws:iam::111111111111:user/x",
                "arn:aws:iam::111111111111:user/x",
            ),
        ] {
            assert_eq!(principal(caller), wanted);
        }
    }
}
