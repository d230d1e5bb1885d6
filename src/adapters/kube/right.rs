//! Rights: everything that is ever asked of the API server, and who grants it. The one table behind the roles that
//! `harmonix rbac` prints, behind what is asked at the start, and behind the door that every request goes through:
//! what does not stand here is not sent.

use std::fmt;

use http::{Method, Uri};
use k8s_openapi::api::rbac::v1::PolicyRule;

use crate::api::GROUP;

/// What is done with a resource, as RBAC names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read one by its name.
    Get,
    /// Read all.
    List,
    /// Be told of changes.
    Watch,
    /// Make one.
    Create,
    /// Write one as a whole.
    Update,
    /// Change a part of one.
    Patch,
}

impl Verb {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
        }
    }

    /// The verb of a request, as the API server derives it.
    fn of(method: &Method, query: &str, named: bool) -> Option<Self> {
        let watch = query
            .split('&')
            .any(|pair| matches!(pair, "watch=true" | "watch=1" | "watch"));
        match (method, named) {
            (&Method::GET, _) if watch => Some(Self::Watch),
            (&Method::GET, true) => Some(Self::Get),
            (&Method::GET, false) => Some(Self::List),
            (&Method::POST, false) => Some(Self::Create),
            (&Method::PUT, true) => Some(Self::Update),
            (&Method::PATCH, true) => Some(Self::Patch),
            _ => None,
        }
    }
}

/// Who grants a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Our ClusterRole: in all namespaces, and for what lies in none.
    Cluster,
    /// Our Role: in one namespace, our own.
    Namespace,
    /// Kubernetes, to everybody who is authenticated (its ClusterRole `system:basic-user`).
    Everybody,
}

/// Rights of one kind.
#[derive(Debug)]
pub struct Rule {
    /// Who grants them.
    pub grant: Grant,
    /// The API group; empty for the core.
    pub group: &'static str,
    /// Resources, a subresource after a slash, as RBAC names them.
    pub resources: &'static [&'static str],
    /// What is done with each of them.
    pub verbs: &'static [Verb],
}

/// What the controller asks.
pub const CONTROLLER: &[Rule] = &[
    // Ours are read through a watch each.
    Rule {
        grant: Grant::Cluster,
        group: GROUP,
        resources: &["environmentproviders", "environments", "applications"],
        verbs: &[Verb::List, Verb::Watch],
    },
    // Metadata holds intents and the finalizer of what has effects, which an environment has not. Nothing here changes a
    // spec, and no rule of RBAC could say so: the tests do.
    Rule {
        grant: Grant::Cluster,
        group: GROUP,
        resources: &[
            "environmentproviders",
            "applications",
            "environmentproviders/status",
            "environments/status",
            "applications/status",
        ],
        verbs: &[Verb::Patch],
    },
    // Labels say which environments a namespace may use, an annotation says which GitLab group is its own.
    Rule {
        grant: Grant::Cluster,
        group: "",
        resources: &["namespaces"],
        verbs: &[Verb::List, Verb::Watch],
    },
    // One is made at a transition, and counted on when the same one comes again soon.
    Rule {
        grant: Grant::Cluster,
        group: "events.k8s.io",
        resources: &["events"],
        verbs: &[Verb::Create, Verb::Patch],
    },
    // Which of several replicas leads. By name only: no list, no watch.
    Rule {
        grant: Grant::Namespace,
        group: "coordination.k8s.io",
        resources: &["leases"],
        verbs: &[Verb::Get, Verb::Create, Verb::Update],
    },
    // What we may do at all. It stores nothing.
    Rule {
        grant: Grant::Everybody,
        group: "authorization.k8s.io",
        resources: &["selfsubjectaccessreviews"],
        verbs: &[Verb::Create],
    },
];

/// What `harmonix key ensure` asks: with an account of its own, so that the controller has no right on any Secret.
pub const KEY: &[Rule] = &[Rule {
    grant: Grant::Namespace,
    group: "",
    resources: &["secrets"],
    verbs: &[Verb::Get, Verb::Create],
}];

/// One right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// Who grants it.
    pub grant: Grant,
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The resource.
    pub resource: &'static str,
    /// The subresource; empty for the resource itself.
    pub subresource: &'static str,
    /// What is done with it.
    pub verb: Verb,
}

/// `patch applications/status of harmonix.io`.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb.as_str(), self.resource)?;
        if !self.subresource.is_empty() {
            write!(f, "/{}", self.subresource)?;
        }
        if !self.group.is_empty() {
            write!(f, " of {}", self.group)?;
        }
        Ok(())
    }
}

impl Rule {
    /// The rights, one by one.
    pub fn rights(&self) -> impl Iterator<Item = Right> {
        self.resources.iter().flat_map(move |name| {
            let (resource, subresource) = name.split_once('/').unwrap_or((name, ""));
            self.verbs.iter().map(move |&verb| Right {
                grant: self.grant,
                group: self.group,
                resource,
                subresource,
                verb,
            })
        })
    }
}

/// The rules of a role: what of a table one of the two roles grants.
#[must_use]
pub fn granted(table: &[Rule], grant: Grant) -> Vec<PolicyRule> {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    table
        .iter()
        .filter(|rule| rule.grant == grant)
        .map(|rule| PolicyRule {
            api_groups: Some(owned(&[rule.group])),
            resources: Some(owned(rule.resources)),
            verbs: rule
                .verbs
                .iter()
                .map(|verb| verb.as_str().to_owned())
                .collect(),
            ..PolicyRule::default()
        })
        .collect()
}

/// The right that a request needs; nothing where the table has none for it.
#[must_use]
pub fn needed(table: &[Rule], method: &Method, uri: &Uri) -> Option<Right> {
    let mut parts = uri.path().trim_start_matches('/').split('/');
    let group = match parts.next()? {
        "api" => "",
        "apis" => parts.next()?,
        _ => return None,
    };
    let _version = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let (resource, named, subresource) = match rest.as_slice() {
        // What follows a namespace lies in it, save these, which are its own.
        ["namespaces", _, below @ ("status" | "finalize")] => ("namespaces", true, *below),
        ["namespaces", _, resource] | [resource] => (*resource, false, ""),
        ["namespaces", _, resource, _] | [resource, _] => (*resource, true, ""),
        ["namespaces", _, resource, _, below] | [resource, _, below] => (*resource, true, *below),
        _ => return None,
    };
    let verb = Verb::of(method, uri.query().unwrap_or_default(), named)?;
    table.iter().flat_map(Rule::rights).find(|right| {
        (right.group, right.resource, right.subresource) == (group, resource, subresource)
            && right.verb == verb
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &Method, uri: &str) -> Option<String> {
        needed(CONTROLLER, method, &uri.parse().unwrap()).map(|right| right.to_string())
    }

    #[test]
    fn a_request_needs_the_right_that_the_api_server_asks_for() {
        let ours = "/apis/harmonix.io/v1alpha1";
        for (method, uri, right) in [
            (
                Method::GET,
                format!("{ours}/applications?limit=500"),
                "list applications of harmonix.io",
            ),
            (
                Method::GET,
                format!("{ours}/applications?&watch=true&timeoutSeconds=290"),
                "watch applications of harmonix.io",
            ),
            (
                Method::PATCH,
                format!("{ours}/namespaces/shop/applications/cart?"),
                "patch applications of harmonix.io",
            ),
            (
                Method::PATCH,
                format!("{ours}/namespaces/shop/applications/cart/status?force=true"),
                "patch applications/status of harmonix.io",
            ),
            (
                Method::PATCH,
                format!("{ours}/environments/dev/status"),
                "patch environments/status of harmonix.io",
            ),
            (
                Method::GET,
                "/api/v1/namespaces?watch=1".into(),
                "watch namespaces",
            ),
            (
                Method::POST,
                "/apis/events.k8s.io/v1/namespaces/shop/events".into(),
                "create events of events.k8s.io",
            ),
            (
                Method::PUT,
                "/apis/coordination.k8s.io/v1/namespaces/harmonix-system/leases/harmonix".into(),
                "update leases of coordination.k8s.io",
            ),
        ] {
            assert_eq!(asked(&method, &uri).as_deref(), Some(right), "{uri}");
        }
    }

    #[test]
    fn what_is_not_in_the_table_has_no_right() {
        let ours = "/apis/harmonix.io/v1alpha1";
        for (method, uri) in [
            // Ours, but not so.
            (Method::GET, format!("{ours}/environments/dev")),
            (Method::PATCH, format!("{ours}/environments/dev")),
            (Method::GET, format!("{ours}/environments/dev/status")),
            (Method::PUT, format!("{ours}/environments/dev")),
            (Method::DELETE, format!("{ours}/environments/dev")),
            (Method::DELETE, format!("{ours}/environments")),
            (Method::POST, format!("{ours}/environments")),
            (Method::POST, format!("{ours}/environments/dev")),
            (Method::PATCH, format!("{ours}/environments")),
            (
                Method::PATCH,
                format!("{ours}/environments/dev/status/more"),
            ),
            // A group of the same kinds that is somebody else's.
            (
                Method::GET,
                "/apis/example.com/v1alpha1/applications".into(),
            ),
            (
                Method::PATCH,
                "/api/v1/namespaces/shop/status?watch=true".into(),
            ),
            (Method::GET, "/api/v1/namespaces/shop".into()),
            (Method::GET, "/api/v1/secrets".into()),
            (Method::GET, "/api/v1/namespaces/shop/secrets/token".into()),
            (
                Method::GET,
                "/apis/coordination.k8s.io/v1/namespaces/harmonix-system/leases".into(),
            ),
            (Method::GET, "/version".into()),
            (Method::GET, "/".into()),
        ] {
            assert_eq!(asked(&method, &uri), None, "{method} {uri}");
        }
    }

    #[test]
    fn no_secret_is_the_controllers_and_none_is_ever_listed_or_watched() {
        assert!(
            CONTROLLER
                .iter()
                .flat_map(Rule::rights)
                .all(|right| right.resource != "secrets")
        );
        for right in KEY.iter().flat_map(Rule::rights) {
            assert_eq!(right.grant, Grant::Namespace, "{right}");
            assert!(matches!(right.verb, Verb::Get | Verb::Create), "{right}");
        }
    }

    #[test]
    fn no_right_is_granted_twice_and_no_rule_could_stand_in_another() {
        for table in [CONTROLLER, KEY] {
            let rights: Vec<Right> = table.iter().flat_map(Rule::rights).collect();
            for (at, right) in rights.iter().enumerate() {
                assert!(!rights[..at].contains(right), "{right} twice");
            }
            for (at, rule) in table.iter().enumerate() {
                let same = |other: &Rule| {
                    (other.grant, other.group, other.verbs) == (rule.grant, rule.group, rule.verbs)
                };
                assert!(!table[..at].iter().any(same), "{rule:?}");
            }
        }
    }
}
