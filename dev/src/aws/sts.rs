//! STS, which is the gate's own: moto neither reads trust policies nor checks tokens.

use jiff::{SignedDuration, Timestamp};

use super::Gate;
use super::answer::{Answer, REQUEST_ID, Refusal, escaped};
use super::call::Call;
use super::identity::{Credentials, Kind, Principal, RoleSession};
use super::policy::Policy;
use super::role::{self, Role};

mod assume;
mod oidc;
mod request;
mod web;

pub use assume::{actions, describe};
pub use oidc::{Issuers, Token};
pub use request::SessionRequest;

/// A session that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Its credentials.
    pub credentials: Credentials,
    /// Its ARN.
    pub arn: String,
    /// The role's unique id followed by the session's name.
    pub id: String,
    /// When it is over.
    pub expires: Timestamp,
}

impl Gate {
    /// Serves an STS call of a known caller.
    pub async fn sts(&self, principal: &Principal, call: &Call) -> Result<Answer, Refusal> {
        match call.operation.as_str() {
            "GetCallerIdentity" => Ok(caller_identity(principal)),
            "AssumeRole" => self.assume_role(principal, call).await,
            other => Err(Refusal::code(
                "InvalidAction",
                format!(
                    "The gate serves AssumeRole, AssumeRoleWithWebIdentity and GetCallerIdentity of STS, not {other}"
                ),
            )),
        }
    }

    /// Makes a session of a role for whoever was found to be trusted.
    pub fn begin(&self, role: &Role, request: &SessionRequest) -> Begun {
        let now = Timestamp::now();
        let expires = now + SignedDuration::from_secs(request.seconds);
        let name = role::parts(&role.arn).map_or("", |(_, name)| name);
        let arn = format!(
            "arn:aws:sts::{}:assumed-role/{name}/{}",
            role.account, request.session_name
        );
        let id = format!("{}:{}", role.id, request.session_name);
        let credentials = self.identities.issue(Principal {
            arn: arn.clone(),
            account: role.account.clone(),
            kind: Kind::Session(RoleSession {
                role_arn: role.arn.clone(),
                assumed_role_id: id.clone(),
                tags: request.tags.clone(),
                transitive: request.transitive.clone(),
                source_identity: request.source_identity.clone(),
                policies: request
                    .policy
                    .iter()
                    .map(|text| Policy::parse(text))
                    .collect(),
                expires,
            }),
        });
        Begun {
            credentials,
            arn,
            id,
            expires,
        }
    }

    /// Makes a session and answers it as `operation` does.
    fn issue(&self, operation: &str, role: &Role, request: &SessionRequest, more: &str) -> Answer {
        let Begun {
            credentials,
            arn,
            id,
            expires,
        } = self.begin(role, request);
        let source = request
            .source_identity
            .as_deref()
            .map(|identity| format!("<SourceIdentity>{}</SourceIdentity>", escaped(identity)))
            .unwrap_or_default();
        result(
            operation,
            &format!(
                "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
                 <SessionToken>{}</SessionToken><Expiration>{expires:.0}</Expiration></Credentials>\
                 <AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>{source}{more}",
                credentials.access_key,
                credentials.secret,
                credentials.token,
                escaped(&id),
                escaped(&arn),
            ),
        )
    }
}

fn caller_identity(principal: &Principal) -> Answer {
    let (arn, id) = match &principal.kind {
        Kind::Session(session) => (principal.arn.clone(), session.assumed_role_id.clone()),
        // A role that is known without a session stands for one that a platform assumed (IRSA, Pod Identity).
        Kind::Static(_) => match role::parts(&principal.arn) {
            Some((account, name)) => (
                format!("arn:aws:sts::{account}:assumed-role/{name}/static"),
                format!("AROA{name}:static"),
            ),
            None => (principal.arn.clone(), "AIDAEXAMPLE".to_owned()),
        },
    };
    result(
        "GetCallerIdentity",
        &format!(
            "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
            escaped(&arn),
            escaped(&id),
            principal.account
        ),
    )
}

fn result(operation: &str, content: &str) -> Answer {
    Answer::xml(format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <{operation}Result>{content}</{operation}Result>\
         <ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{operation}Response>"
    ))
}
