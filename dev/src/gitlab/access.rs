//! Who asks, and what they may.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::json;

use super::answer::Answer;
use super::model::{Data, Project, Role, Status, User, Visibility};
use super::moment;

/// Who asks.
#[derive(Debug, Clone)]
pub enum Actor {
    /// Nobody.
    Anonymous,
    /// A user, by their token.
    User(User),
    /// A running job, which acts with the rights of the user who started it.
    Job {
        /// The job.
        job: u64,
        /// Whose rights it has.
        user: User,
    },
}

/// What is wrong with the credentials given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The token is not known, or was taken back.
    Unknown,
    /// The token was good once.
    Expired,
}

impl Refusal {
    /// Answers 401 as GitLab does.
    pub fn answer(self) -> Answer {
        let invalid = |text: &str| {
            let body = json!({ "error": "invalid_token", "error_description": text });
            Answer::json(StatusCode::UNAUTHORIZED, &body).with_header(
                header::WWW_AUTHENTICATE,
                format!("Bearer realm=\"Protected by OAuth 2.0\", error=\"invalid_token\", error_description=\"{text}\""),
            )
        };
        match self {
            Self::Unknown => Answer::unauthorized(),
            Self::Expired => {
                invalid("Token is expired. You can either do re-authorization or token refresh.")
            }
        }
    }
}

impl Actor {
    /// Finds out who asks.
    pub fn of(headers: &HeaderMap, data: &Data) -> Result<Self, Refusal> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(token) = text("private-token") {
            return user(token, data);
        }
        if let Some(token) = text("job-token") {
            return job(token, data);
        }
        let Some(authorization) = text("authorization") else {
            return Ok(Self::Anonymous);
        };
        if let Some(token) = authorization.strip_prefix("Bearer ") {
            return user(token, data);
        }
        let Some((name, password)) = authorization.strip_prefix("Basic ").and_then(basic) else {
            return Err(Refusal::Unknown);
        };
        // Any user name goes with a personal token; the job's name is fixed.
        if name == "gitlab-ci-token" {
            job(&password, data)
        } else {
            user(&password, data)
        }
    }

    /// Names the actor as the journal does.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User(user) => &user.username,
            Self::Job { .. } => "gitlab-ci-token",
        }
    }

    /// Answers whose rights count.
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::Anonymous => None,
            Self::User(user) | Self::Job { user, .. } => Some(user),
        }
    }

    /// Answers the user, or 401.
    pub fn known(&self) -> Result<&User, Answer> {
        self.user().ok_or_else(Answer::unauthorized)
    }

    /// Says whether the token's scopes let it use a method of the API.
    pub fn check_scope(&self, method: &Method) -> Result<(), Answer> {
        let Self::User(user) = self else {
            return Ok(());
        };
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let good = |scope: &String| scope == "api" || (reads && scope == "read_api");
        if user.scopes.iter().any(good) {
            return Ok(());
        }
        Err(Answer::json(
            StatusCode::FORBIDDEN,
            &json!({
                "error": "insufficient_scope",
                "error_description": "The request requires higher privileges than provided by the access token.",
                "scope": if reads { "api read_api" } else { "api" },
            }),
        ))
    }

    /// Answers the role in a project or group of this path.
    pub fn role_at(&self, path: &str) -> Option<Role> {
        self.user().and_then(|user| user.role_at(path))
    }

    /// Says whether a thing of this visibility can be seen.
    pub fn may_see(&self, path: &str, visibility: Visibility) -> bool {
        match visibility {
            Visibility::Public => true,
            Visibility::Internal => self.user().is_some(),
            Visibility::Private => self.role_at(path).is_some(),
        }
    }

    /// Demands a role in a project: 404 for whoever cannot see it, 403 for whoever can.
    pub fn demand(&self, project: &Project, least: Role) -> Result<(), Answer> {
        if !self.may_see(&project.full_path, project.visibility) {
            return Err(Answer::not_found("Project"));
        }
        // Code of a project that everybody sees may be read by everybody.
        let open = project.visibility != Visibility::Private && least <= Role::Reporter;
        if open || self.role_at(&project.full_path) >= Some(least) {
            return Ok(());
        }
        Err(match self {
            Self::Anonymous => Answer::unauthorized(),
            Self::User(_) | Self::Job { .. } => Answer::forbidden(None),
        })
    }
}

fn basic(encoded: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':')
        .map(|(name, password)| (name.to_owned(), password.to_owned()))
}

fn user(token: &str, data: &Data) -> Result<Actor, Refusal> {
    let user = data
        .users
        .values()
        .find(|user| user.token == token && !user.revoked)
        .ok_or(Refusal::Unknown)?;
    let today = moment::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    match user.expires_at {
        Some(day) if day <= today => Err(Refusal::Expired),
        Some(_) | None => Ok(Actor::User(user.clone())),
    }
}

fn job(token: &str, data: &Data) -> Result<Actor, Refusal> {
    let job = data
        .jobs
        .values()
        .find(|job| job.status == Status::Running && job.token.as_deref() == Some(token))
        .ok_or(Refusal::Unknown)?;
    let user = data.users.get(&job.user).ok_or(Refusal::Unknown)?;
    Ok(Actor::Job {
        job: job.id,
        user: user.clone(),
    })
}
