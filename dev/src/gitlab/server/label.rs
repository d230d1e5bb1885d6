//! What a request of the controller is called.

use super::super::access::Actor;
use super::super::params::Params;
use crate::chaos::label::Label;
use crate::world::gitlab::{APPLICATIONS_GROUP, PROVIDERS_GROUP};

/// What is asked, as far as its label tells.
pub struct Asked<'a> {
    /// The journal's action.
    pub action: &'a str,
    /// The full path of the project or group.
    pub path: Option<&'a str>,
    /// Query and body.
    pub params: Option<&'a Params>,
}

/// Labels a request; people's and jobs' have no label.
pub fn of(actor: &Actor, asked: &Asked<'_>) -> Option<Label> {
    let Actor::User(user) = actor else {
        return None;
    };
    user.bot
        .then(|| Label::new(kind(asked.path), "gitlab", asked.action, &step(asked)))
}

/// Tells the kind of object by the group; what is about a whole group of ours is about no object.
fn kind(path: Option<&str>) -> &'static str {
    let lies_in = |group: &str| {
        path.and_then(|path| path.strip_prefix(group))
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if lies_in(APPLICATIONS_GROUP) {
        "Application"
    } else if lies_in(PROVIDERS_GROUP) {
        "EnvironmentProvider"
    } else {
        "Installation"
    }
}

/// Pipelines differ by what they are started for; that stands in the variables they are started with.
fn step(asked: &Asked<'_>) -> String {
    if asked.action != "pipelines.create" {
        return String::new();
    }
    let variables = asked
        .params
        .and_then(|params| params.objects("variables"))
        .unwrap_or_default();
    let value = |name: &str| {
        variables
            .iter()
            .find(|variable| variable.text("key").as_deref() == Some(name))
            .and_then(|variable| variable.text("value"))
    };
    [value("HARMONIX_ACTION"), value("HARMONIX_ENVIRONMENT")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gitlab::model::User;

    fn user(bot: bool) -> Actor {
        let user = serde_json::json!({
            "id": 1, "username": "harmonix", "name": "Harmonix", "bot": bot, "administrator": false,
            "groups": {}, "token_id": 1, "token": "t", "scopes": ["api"], "expires_at": null, "revoked": false,
            "created_at": "2026-01-01T00:00:00Z",
        });
        Actor::User(serde_json::from_value::<User>(user).unwrap())
    }

    fn label(actor: &Actor, action: &str, path: Option<&str>, body: &str) -> Option<String> {
        let params = Params::read("", "application/json", body.as_bytes()).unwrap();
        let asked = Asked {
            action,
            path,
            params: Some(&params),
        };
        of(actor, &asked).map(String::from)
    }

    #[test]
    fn the_group_tells_the_kind_and_the_variables_tell_the_step() {
        let deploy = r#"{"ref":"main","variables":[{"key":"HARMONIX_ACTION","value":"deploy"},
            {"key":"HARMONIX_ENVIRONMENT","value":"dev"},{"key":"HARMONIX_RELEASE","value":"1"}]}"#;
        let provision =
            r#"{"ref":"main","variables":[{"key":"HARMONIX_ACTION","value":"provision"}]}"#;
        for (action, path, body, expected) in [
            (
                "pipelines.create",
                Some("aws-apps/shop/cart"),
                deploy,
                "Application/gitlab/pipelines.create/deploy dev",
            ),
            (
                "pipelines.create",
                Some("aws-environment-providers/eu"),
                provision,
                "EnvironmentProvider/gitlab/pipelines.create/provision",
            ),
            (
                "groups.create",
                Some("aws-apps/shop"),
                "",
                "Application/gitlab/groups.create/-",
            ),
            (
                "groups.get",
                Some("aws-apps"),
                "",
                "Installation/gitlab/groups.get/-",
            ),
            (
                "projects.get",
                Some("aws-apps-of-others/x"),
                "",
                "Installation/gitlab/projects.get/-",
            ),
            ("tokens.self", None, "", "Installation/gitlab/tokens.self/-"),
        ] {
            let found = label(&user(true), action, path, body);
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_people_and_strangers_ask_has_no_label() {
        let path = Some("aws-apps/shop/cart");
        assert_eq!(label(&user(false), "commits.create", path, ""), None);
        assert_eq!(label(&Actor::Anonymous, "projects.get", path, ""), None);
        let Actor::User(user) = user(true) else {
            panic!("is a user")
        };
        let job = Actor::Job { job: 1, user };
        assert_eq!(label(&job, "state.put", path, ""), None);
    }
}
