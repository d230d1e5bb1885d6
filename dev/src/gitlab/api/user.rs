//! Who one is, and what the instance is.

use serde_json::{Value, json};

use super::super::VERSION;
use super::super::access::Actor;
use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;
use super::super::model::{Data, User};
use super::super::moment;

/// Answers a user as other things refer to it.
pub fn basic(url: &str, user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "public_email": null,
        "name": user.name,
        "state": "active",
        "locked": false,
        "avatar_url": null,
        "web_url": format!("{url}/{}", user.username),
    })
}

/// Answers a user by name, or null where it is gone.
pub fn by_name(url: &str, data: &Data, name: &str) -> Value {
    data.users
        .get(name)
        .map_or(Value::Null, |user| basic(url, user))
}

/// `GET /user`
pub async fn own(call: Call) -> Reply {
    let user = call.actor.known()?;
    let mut body = basic(&call.instance.url, user);
    let more = json!({
        "created_at": "2025-01-01T00:00:00.000Z",
        "bio": "",
        "location": "",
        "linkedin": "",
        "twitter": "",
        "discord": "",
        "website_url": "",
        "github": "",
        "job_title": "",
        "pronouns": null,
        "organization": "",
        "bot": user.bot,
        "work_information": null,
        "local_time": null,
        "last_sign_in_at": null,
        "confirmed_at": "2025-01-01T00:00:00.000Z",
        "last_activity_on": moment::day(moment::now()),
        "email": format!("{}@users.noreply.gitlab.example.com", user.username),
        "theme_id": null,
        "color_scheme_id": 1,
        "projects_limit": 100_000,
        "current_sign_in_at": null,
        "identities": [],
        "can_create_group": true,
        "can_create_project": true,
        "two_factor_enabled": false,
        "external": false,
        "private_profile": false,
        "commit_email": format!("{}@users.noreply.gitlab.example.com", user.username),
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
        // Only administrators are told that they are.
        if user.administrator {
            body.insert("is_admin".into(), true.into());
        }
    }
    Ok(Answer::ok(&body))
}

/// `GET /version`
pub async fn version(call: Call) -> Reply {
    call.actor.known()?;
    Ok(Answer::ok(
        &json!({ "version": VERSION, "revision": "0000000" }),
    ))
}

/// `GET /metadata`
pub async fn metadata(call: Call) -> Reply {
    call.actor.known()?;
    Ok(Answer::ok(&json!({
        "version": VERSION,
        "revision": "0000000",
        "kas": { "enabled": false, "externalUrl": null, "externalK8sProxyUrl": null, "version": null },
        "enterprise": false,
    })))
}

/// `GET /personal_access_tokens/self`
pub async fn token(call: Call) -> Reply {
    let user = match &call.actor {
        Actor::User(user) => user,
        Actor::Anonymous | Actor::Job { .. } => return Err(Answer::unauthorized()),
    };
    Ok(Answer::ok(&json!({
        "id": user.token_id,
        "name": user.username,
        "revoked": user.revoked,
        "created_at": "2025-01-01T00:00:00.000Z",
        "description": null,
        "scopes": user.scopes,
        "user_id": user.id,
        "last_used_at": moment::text(moment::now()),
        "active": true,
        "expires_at": user.expires_at.map(|day| day.to_string()),
        "last_used_ips": ["127.0.0.1"],
    })))
}
