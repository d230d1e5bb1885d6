//! Roles as IAM holds them: trust, rights and boundary, read from moto and kept for a moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::answer::{Refusal, RefusalKind};
use super::moto::{Moto, Place, policy_text};
use super::policy::Policy;

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// The ARN, path included.
    pub arn: String,
    /// The unique id.
    pub id: String,
    /// The account it is in.
    pub account: String,
    /// Who may assume it.
    pub trust: Policy,
    /// What its sessions may do: inline and attached policies.
    pub rights: Vec<Policy>,
    /// What its sessions may do at most.
    pub boundary: Option<Policy>,
    /// How long a session may last, in seconds.
    pub longest_session: u64,
}

/// An OIDC provider of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// The ARN.
    pub arn: String,
    /// The audiences it accepts.
    pub audiences: Vec<String>,
}

/// Reads roles, and remembers each for a moment: until IAM of its account changes through the gate, at most
/// [`KEPT`].
#[derive(Debug)]
pub struct Roles {
    moto: Moto,
    kept: Mutex<HashMap<String, Kept>>,
}

/// A role that was looked for, and when; also that there was none.
type Kept = (Instant, Option<Arc<Role>>);

const KEPT: Duration = Duration::from_secs(10);

impl Roles {
    /// Reads roles from this moto.
    #[must_use]
    pub fn new(moto: Moto) -> Self {
        Self {
            moto,
            kept: Mutex::default(),
        }
    }

    /// Forgets what was read of a role, or of all where a change is about no role; called after each change in IAM.
    pub fn forget(&self, role: Option<&str>) {
        let of_another = |arn: &str| role.is_some() && parts(arn).map(|(_, name)| name) != role;
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|arn, _| of_another(arn));
    }

    /// Answers the role of this ARN, or nothing where there is none.
    pub async fn find(&self, arn: &str) -> Result<Option<Arc<Role>>, Refusal> {
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(arn)
            .cloned();
        if let Some((read, role)) = kept
            && read.elapsed() < KEPT
        {
            return Ok(role);
        }
        let role = self.read(arn).await?.map(Arc::new);
        let entry = (Instant::now(), role.clone());
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(arn.to_owned(), entry);
        Ok(role)
    }

    /// Answers the ARN and the boundary of a role that a call names without its path.
    pub async fn look(&self, account: &str, name: &str) -> Option<(String, Option<String>)> {
        let fields = [("Action", "GetRole"), ("RoleName", name)];
        let found = self
            .moto
            .form(&global(account), "iam", &fields)
            .await
            .ok()?;
        let role = &found["Role"];
        let boundary = role["PermissionsBoundary"]["PermissionsBoundaryArn"].as_str();
        Some((
            role["Arn"].as_str()?.to_owned(),
            boundary.map(str::to_owned),
        ))
    }

    /// Answers the OIDC provider of an issuer in an account, or nothing where there is none.
    pub async fn oidc_provider(
        &self,
        account: &str,
        issuer: &str,
    ) -> Result<Option<OidcProvider>, Refusal> {
        let host = issuer.trim_start_matches("https://");
        let arn = format!("arn:aws:iam::{account}:oidc-provider/{host}");
        let fields = [
            ("Action", "GetOpenIDConnectProvider"),
            ("OpenIDConnectProviderArn", &arn),
        ];
        let found = self.moto.form(&global(account), "iam", &fields).await;
        Ok(absent_as_none(found)?.map(|found| OidcProvider {
            arn: arn.clone(),
            audiences: strings(&found["ClientIDList"]),
        }))
    }

    async fn read(&self, arn: &str) -> Result<Option<Role>, Refusal> {
        let Some((account, name)) = parts(arn) else {
            return Ok(None);
        };
        let place = global(account);
        let ask = |fields: Vec<(&'static str, String)>| {
            let place = &place;
            async move {
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                self.moto.form(place, "iam", &fields).await
            }
        };
        let of_role =
            |action: &str| vec![("Action", action.to_owned()), ("RoleName", name.to_owned())];
        let Some(found) = absent_as_none(ask(of_role("GetRole")).await)? else {
            return Ok(None);
        };
        let role = &found["Role"];
        if role["Arn"].as_str() != Some(arn) {
            return Ok(None);
        }
        let mut rights = Vec::new();
        for policy in strings(&ask(of_role("ListRolePolicies")).await?["PolicyNames"]) {
            let mut fields = of_role("GetRolePolicy");
            fields.push(("PolicyName", policy));
            rights.push(Policy::parse(&policy_text(
                &ask(fields).await?["PolicyDocument"],
            )));
        }
        let attached = ask(of_role("ListAttachedRolePolicies")).await?;
        for policy in attached["AttachedPolicies"]
            .as_array()
            .into_iter()
            .flatten()
        {
            rights.push(self.managed(&place, &policy["PolicyArn"]).await?);
        }
        let boundary = match &role["PermissionsBoundary"]["PermissionsBoundaryArn"] {
            Value::Null => None,
            arn => Some(self.managed(&place, arn).await?),
        };
        Ok(Some(Role {
            arn: arn.to_owned(),
            id: role["RoleId"].as_str().unwrap_or_default().to_owned(),
            account: account.to_owned(),
            trust: Policy::parse(&policy_text(&role["AssumeRolePolicyDocument"])),
            rights,
            boundary,
            longest_session: role["MaxSessionDuration"].as_u64().unwrap_or(3600),
        }))
    }

    async fn managed(&self, place: &Place, arn: &Value) -> Result<Policy, Refusal> {
        let arn = arn.as_str().unwrap_or_default();
        let policy = self
            .moto
            .form(place, "iam", &[("Action", "GetPolicy"), ("PolicyArn", arn)])
            .await?;
        let version = policy["Policy"]["DefaultVersionId"]
            .as_str()
            .unwrap_or("v1")
            .to_owned();
        let fields = [
            ("Action", "GetPolicyVersion"),
            ("PolicyArn", arn),
            ("VersionId", &version),
        ];
        let document = self.moto.form(place, "iam", &fields).await?;
        Ok(Policy::parse(&policy_text(
            &document["PolicyVersion"]["Document"],
        )))
    }
}

/// Splits a role's ARN into account and name, the path left out.
#[must_use]
pub fn parts(arn: &str) -> Option<(&str, &str)> {
    let mut fields = arn.splitn(6, ':');
    let ("arn", Some("iam"), Some(""), Some(account), Some(resource)) = (
        fields.next()?,
        fields.nth(1),
        fields.next(),
        fields.next(),
        fields.next(),
    ) else {
        return None;
    };
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    (is_account && !name.is_empty()).then_some((account, name))
}

/// IAM has no regions.
fn global(account: &str) -> Place {
    Place {
        account: account.to_owned(),
        region: "us-east-1".to_owned(),
    }
}

fn absent_as_none(found: Result<Value, Refusal>) -> Result<Option<Value>, Refusal> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Refusal {
            kind: RefusalKind::Code(code, _),
            ..
        }) if code.starts_with("NoSuchEntity") => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}
