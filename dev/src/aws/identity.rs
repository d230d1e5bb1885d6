//! Who calls: identities known from the start, and the sessions the gate issued.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

use super::answer::{Refusal, RefusalKind};
use super::config::{Rights, StaticIdentity};
use super::policy::{Caller, Context, Policy};

/// Someone who calls.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The ARN that AWS names the caller by.
    pub arn: String,
    /// The account it acts in.
    pub account: String,
    /// What it is.
    pub kind: Kind,
}

/// What a principal is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Known from the start.
    Static(Rights),
    /// A session of a role.
    Session(RoleSession),
}

/// A session of a role.
#[derive(Debug, Clone)]
pub struct RoleSession {
    /// The role's ARN, path included.
    pub role_arn: String,
    /// The role's unique id followed by the session's name.
    pub assumed_role_id: String,
    /// The session's tags.
    pub tags: BTreeMap<String, String>,
    /// Which of them the sessions inherit that are made from this one.
    pub transitive: Vec<String>,
    /// Who is behind it, as the caller of `AssumeRole` said.
    pub source_identity: Option<String>,
    /// Policies given with `AssumeRole`, each of which must allow too.
    pub policies: Vec<Policy>,
    /// When it is over.
    pub expires: Timestamp,
}

/// The credentials of a new session.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access key id.
    pub access_key: String,
    /// The secret key.
    pub secret: String,
    /// The session token.
    pub token: String,
}

impl Principal {
    /// Answers the ARN of the role behind this principal, where there is one.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        match &self.kind {
            Kind::Session(session) => Some(&session.role_arn),
            Kind::Static(_) => Some(self.arn.as_str()).filter(|arn| arn.contains(":role/")),
        }
    }

    /// Describes this principal as resource policies see it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        let role = self.role().map(str::to_owned);
        let mut arns = vec![self.arn.clone()];
        arns.extend(role.filter(|role| *role != self.arn));
        Caller::Aws {
            arns,
            account: self.account.clone(),
        }
    }

    /// Sets the condition keys that tell of this principal.
    pub fn describe(&self, context: &mut Context) {
        context.set("aws:PrincipalArn", self.role().unwrap_or(&self.arn));
        context.set("aws:PrincipalAccount", &self.account);
        match &self.kind {
            Kind::Static(_) => {}
            Kind::Session(session) => {
                for (key, value) in &session.tags {
                    context.set(&format!("aws:PrincipalTag/{key}"), value);
                }
                if let Some(identity) = &session.source_identity {
                    context.set("aws:SourceIdentity", identity);
                }
            }
        }
    }
}

/// All identities the gate knows.
#[derive(Debug, Default)]
pub struct Identities {
    known: Mutex<HashMap<String, Principal>>,
}

impl Identities {
    /// Knows the identities of the start file.
    #[must_use]
    pub fn new(identities: &[StaticIdentity]) -> Self {
        let known = identities.iter().map(|identity| {
            let principal = Principal {
                arn: identity.principal.clone(),
                account: identity.account.clone(),
                kind: Kind::Static(identity.rights()),
            };
            (identity.access_key_id.clone(), principal)
        });
        Self {
            known: Mutex::new(known.collect()),
        }
    }

    fn with<T>(&self, use_known: impl FnOnce(&mut HashMap<String, Principal>) -> T) -> T {
        use_known(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers who an access key belongs to.
    pub fn find(&self, access_key: Option<&str>, now: Timestamp) -> Result<Principal, Refusal> {
        match self.whose(access_key) {
            None => Err(Refusal {
                kind: RefusalKind::UnknownKey,
                message: "The security token included in the request is invalid.".into(),
            }),
            Some(Principal {
                kind: Kind::Session(session),
                ..
            }) if session.expires <= now => Err(Refusal {
                kind: RefusalKind::Expired,
                message: "The security token included in the request is expired".into(),
            }),
            Some(principal) => Ok(principal),
        }
    }

    /// Answers whose an access key is or was: what is over is still somebody's.
    #[must_use]
    pub fn whose(&self, access_key: Option<&str>) -> Option<Principal> {
        access_key.and_then(|key| self.with(|known| known.get(key).cloned()))
    }

    /// Issues a session and answers its credentials.
    pub fn issue(&self, principal: Principal) -> Credentials {
        let credentials = Credentials {
            access_key: format!("ASIA{}", letters(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")),
            secret: letters(40, ALPHANUMERIC),
            token: letters(200, ALPHANUMERIC),
        };
        self.with(|known| known.insert(credentials.access_key.clone(), principal));
        credentials
    }

    /// Ends all sessions of the roles whose ARN contains `role`, and answers how many that were.
    pub fn expire(&self, role: &str, now: Timestamp) -> usize {
        self.with(|known| {
            known
                .values_mut()
                .filter_map(|principal| match &mut principal.kind {
                    Kind::Session(session) if session.role_arn.contains(role) => Some(session),
                    Kind::Session(_) | Kind::Static(_) => None,
                })
                .filter(|session| session.expires > now)
                .map(|session| session.expires = now - SignedDuration::from_secs(1))
                .count()
        })
    }
}

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Makes a random text of the given letters.
#[must_use]
pub fn letters(length: usize, alphabet: &[u8]) -> String {
    let mut random = rand::rng();
    (0..length)
        .map(|_| char::from(alphabet[random.random_range(0..alphabet.len())]))
        .collect()
}
