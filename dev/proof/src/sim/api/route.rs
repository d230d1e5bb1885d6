//! Routes: what a request is about.

use http::{Method, Request};
use kube::client::Body;

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// EnvironmentProviders.
    Providers,
    /// Environments.
    Environments,
    /// Applications.
    Applications,
    /// Namespaces.
    Namespaces,
}

impl Table {
    /// The kind of its objects.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Providers => "EnvironmentProvider",
            Self::Environments => "Environment",
            Self::Applications => "Application",
            Self::Namespaces => "Namespace",
        }
    }

    /// Their group and version.
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Providers | Self::Environments | Self::Applications => "harmonix.io/v1alpha1",
            Self::Namespaces => "v1",
        }
    }

    fn of(plural: &str) -> Option<Self> {
        match plural {
            "environmentproviders" => Some(Self::Providers),
            "environments" => Some(Self::Environments),
            "applications" => Some(Self::Applications),
            "namespaces" => Some(Self::Namespaces),
            _ => None,
        }
    }
}

/// What a request is about.
#[derive(Debug)]
pub enum Route {
    /// A list of a table.
    List(Table),
    /// A watch of a table, from this version on.
    Watch(Table, u64),
    /// A patch of an object's metadata.
    Metadata(Table, String),
    /// An application of an object's status.
    Status(Table, String),
    /// An event.
    Event,
    /// Something that a controller of ours has no business to ask.
    Unknown(String),
}

impl Route {
    /// The route of a request.
    pub fn of(request: &Request<Body>) -> Self {
        Self::find(request)
            .unwrap_or_else(|| Self::Unknown(format!("{} {}", request.method(), request.uri())))
    }

    fn find(request: &Request<Body>) -> Option<Self> {
        let path = request.uri().path();
        let query = request.uri().query().unwrap_or_default();
        if path.starts_with("/apis/events.k8s.io/v1/namespaces/") {
            return Some(Self::Event);
        }
        let rest = path
            .strip_prefix("/apis/harmonix.io/v1alpha1/")
            .or_else(|| path.strip_prefix("/api/v1/"))?;
        let parts: Vec<&str> = rest.split('/').collect();
        let verb = request.method();
        match (verb, parts.as_slice()) {
            (&Method::GET, [plural]) => {
                let table = Table::of(plural)?;
                let value = |name: &str| {
                    query
                        .split('&')
                        .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
                        .map(|(_, value)| value)
                };
                if value("watch") == Some("true") {
                    let version = value("resourceVersion")?.parse().ok()?;
                    return Some(Self::Watch(table, version));
                }
                Some(Self::List(table))
            }
            (&Method::PATCH, ["namespaces", namespace, plural, name]) => Some(Self::Metadata(
                Table::of(plural)?,
                format!("{namespace}/{name}"),
            )),
            (&Method::PATCH, ["namespaces", namespace, plural, name, "status"]) => Some(
                Self::Status(Table::of(plural)?, format!("{namespace}/{name}")),
            ),
            (&Method::PATCH, [plural, name]) => {
                Some(Self::Metadata(Table::of(plural)?, (*name).to_owned()))
            }
            (&Method::PATCH, [plural, name, "status"]) => {
                Some(Self::Status(Table::of(plural)?, (*name).to_owned()))
            }
            _ => None,
        }
    }
}
