//! The table of endpoints: what is served, under which name, and by whom it may be asked.
//!
//! Routing, the journal's action names and the test against GitLab's API document all read this one table.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Method;
use percent_encoding::percent_decode_str;

use super::access::Actor;
use super::answer::Reply;
use super::api::{
    branch, commit, environment, file, group, job, lint, oidc, pipeline, project, runner, state,
    tree, user,
};
use super::instance::Instance;
use super::params::Params;

/// Who may ask, before roles are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Everybody; nothing is checked.
    Open,
    /// Users; nobody where the thing itself is public.
    Users,
    /// Users, and running jobs with their token.
    Jobs,
}

/// A request for an endpoint.
#[derive(Debug, Clone)]
pub struct Call {
    /// The instance.
    pub instance: Arc<Instance>,
    /// Who asks.
    pub actor: Actor,
    /// The method as asked: HEAD finds the endpoint of GET.
    pub method: Method,
    /// The address as asked, without its query.
    pub address: String,
    /// Parts of the path by name.
    pub parts: BTreeMap<&'static str, String>,
    /// Query and body.
    pub params: Params,
    /// The body as it came.
    pub body: Bytes,
}

impl Call {
    /// Answers a part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.parts.get(name).map_or("", String::as_str)
    }
}

/// One endpoint.
pub struct Endpoint {
    /// Method.
    pub method: Method,
    /// Path as GitLab's API document writes it.
    pub path: &'static str,
    /// The journal's name for it.
    pub action: &'static str,
    /// Whether it changes anything.
    pub mutating: bool,
    /// Who may ask.
    pub door: Door,
    /// Where GitLab describes it, for what its API document of version 2 leaves out.
    pub described: Option<&'static str>,
    /// What serves it.
    pub serve: fn(Call) -> BoxFuture<'static, Reply>,
}

macro_rules! endpoints {
    ($($method:ident $path:literal $action:literal $kind:ident $door:ident $serve:path $(, $described:literal)?;)*) => {
        &[$(Endpoint {
            method: Method::$method,
            path: $path,
            action: $action,
            mutating: endpoints!(@ $kind),
            door: Door::$door,
            described: endpoints!(@@ $($described)?),
            serve: |call| Box::pin($serve(call)),
        }),*]
    };
    (@ reads) => { false };
    (@@) => { None };
    (@@ $described:literal) => { Some($described) };
    (@ writes) => { true };
}

/// Every endpoint that is served.
pub static ENDPOINTS: &[Endpoint] = endpoints![
    GET "/api/v4/user" "users.self" reads Users user::own, "doc/api/users.md";
    GET "/api/v4/version" "version" reads Users user::version;
    GET "/api/v4/metadata" "metadata" reads Users user::metadata;
    GET "/api/v4/personal_access_tokens/self" "tokens.self" reads Users user::token;
    GET "/api/v4/groups" "groups.list" reads Users group::list;
    POST "/api/v4/groups" "groups.create" writes Users group::create;
    GET "/api/v4/groups/{id}" "groups.get" reads Users group::get;
    GET "/api/v4/groups/{id}/projects" "groups.projects" reads Users group::projects;
    GET "/api/v4/projects" "projects.list" reads Users project::list;
    POST "/api/v4/projects" "projects.create" writes Users project::create;
    GET "/api/v4/projects/{id}" "projects.get" reads Users project::get;
    PUT "/api/v4/projects/{id}" "projects.update" writes Users project::update;
    DELETE "/api/v4/projects/{id}" "projects.delete" writes Users project::delete;
    GET "/api/v4/projects/{id}/repository/commits" "commits.list" reads Users commit::list;
    POST "/api/v4/projects/{id}/repository/commits" "commits.create" writes Users commit::create;
    GET "/api/v4/projects/{id}/repository/commits/{sha}" "commits.get" reads Users commit::get;
    GET "/api/v4/projects/{id}/repository/tree" "tree.list" reads Users tree::list;
    GET "/api/v4/projects/{id}/repository/files/{file_path}" "files.get" reads Users file::get;
    GET "/api/v4/projects/{id}/repository/files/{file_path}/raw" "files.raw" reads Users file::raw;
    GET "/api/v4/projects/{id}/repository/branches" "branches.list" reads Users branch::list;
    POST "/api/v4/projects/{id}/repository/branches" "branches.create" writes Users branch::create;
    GET "/api/v4/projects/{id}/repository/branches/{branch}" "branches.get" reads Users branch::get;
    DELETE "/api/v4/projects/{id}/repository/branches/{branch}" "branches.delete" writes Users branch::delete;
    GET "/api/v4/projects/{id}/protected_branches" "protected_branches.list" reads Users branch::protections;
    POST "/api/v4/projects/{id}/protected_branches" "protected_branches.create" writes Users branch::protect;
    GET "/api/v4/projects/{id}/protected_branches/{name}" "protected_branches.get" reads Users branch::protection;
    DELETE "/api/v4/projects/{id}/protected_branches/{name}" "protected_branches.delete" writes Users branch::unprotect;
    GET "/api/v4/projects/{id}/pipelines" "pipelines.list" reads Users pipeline::list;
    POST "/api/v4/projects/{id}/pipeline" "pipelines.create" writes Users pipeline::create;
    GET "/api/v4/projects/{id}/pipelines/latest" "pipelines.latest" reads Users pipeline::latest;
    GET "/api/v4/projects/{id}/pipelines/{pipeline_id}" "pipelines.get" reads Users pipeline::get;
    GET "/api/v4/projects/{id}/pipelines/{pipeline_id}/variables" "pipelines.variables" reads Users pipeline::variables;
    POST "/api/v4/projects/{id}/pipelines/{pipeline_id}/retry" "pipelines.retry" writes Users pipeline::retry;
    POST "/api/v4/projects/{id}/pipelines/{pipeline_id}/cancel" "pipelines.cancel" writes Users pipeline::cancel;
    GET "/api/v4/projects/{id}/pipelines/{pipeline_id}/jobs" "jobs.list" reads Jobs job::of_pipeline;
    GET "/api/v4/projects/{id}/jobs" "jobs.list" reads Users job::of_project;
    GET "/api/v4/projects/{id}/jobs/{job_id}" "jobs.get" reads Users job::get;
    GET "/api/v4/projects/{id}/jobs/{job_id}/trace" "jobs.trace" reads Users job::trace;
    POST "/api/v4/projects/{id}/jobs/{job_id}/retry" "jobs.retry" writes Users job::retry;
    POST "/api/v4/projects/{id}/jobs/{job_id}/play" "jobs.play" writes Users job::play;
    POST "/api/v4/projects/{id}/jobs/{job_id}/cancel" "jobs.cancel" writes Users job::cancel;
    GET "/api/v4/projects/{id}/jobs/{job_id}/artifacts" "jobs.artifacts" reads Jobs job::artifacts;
    GET "/api/v4/projects/{id}/jobs/{job_id}/artifacts/*artifact_path" "jobs.artifact" reads Jobs job::artifact;
    GET "/api/v4/projects/{id}/runners" "runners.list" reads Users runner::list;
    GET "/api/v4/projects/{id}/environments" "environments.list" reads Users environment::list;
    GET "/api/v4/projects/{id}/deployments" "deployments.list" reads Users environment::deployments;
    POST "/api/v4/projects/{id}/ci/lint" "ci.lint" reads Users lint::check;
    GET "/api/v4/projects/{id}/terraform/state/{name}" "state.get" reads Jobs state::get;
    POST "/api/v4/projects/{id}/terraform/state/{name}" "state.put" writes Jobs state::put;
    DELETE "/api/v4/projects/{id}/terraform/state/{name}" "state.delete" writes Jobs state::delete;
    POST "/api/v4/projects/{id}/terraform/state/{name}/lock" "state.lock" writes Jobs state::lock;
    DELETE "/api/v4/projects/{id}/terraform/state/{name}/lock" "state.unlock" writes Jobs state::unlock;
    GET "/api/v4/projects/{id}/terraform/state/{name}/versions/{serial}" "state.version" reads Jobs state::version;
    GET "/oauth/discovery/keys" "oidc.keys" reads Open oidc::keys, "doc/integration/openid_connect_provider.md";
    GET "/.well-known/openid-configuration" "oidc.configuration" reads Open oidc::configuration, "doc/integration/openid_connect_provider.md";
];

/// What a path leads to.
pub enum Found {
    /// An endpoint and the named parts of the path.
    Endpoint(&'static Endpoint, BTreeMap<&'static str, String>),
    /// A path that is served with other methods only.
    OtherMethods(Vec<&'static str>),
    /// Nothing.
    Nothing,
}

/// Finds the endpoint for a request; the path is as it came, still encoded.
pub fn find(method: &Method, path: &str) -> Found {
    let wanted = if *method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut others = Vec::new();
    for endpoint in ENDPOINTS {
        let Some(parts) = matched(endpoint.path, path) else {
            continue;
        };
        if endpoint.method == wanted {
            return Found::Endpoint(endpoint, parts);
        }
        others.push(endpoint.method.as_str());
    }
    if others.is_empty() {
        Found::Nothing
    } else {
        Found::OtherMethods(others)
    }
}

fn matched(template: &'static str, path: &str) -> Option<BTreeMap<&'static str, String>> {
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .ok()
            .map(|text| text.into_owned())
    };
    let mut parts = BTreeMap::new();
    let mut given = path.split('/');
    for wanted in template.split('/') {
        if let Some(name) = wanted.strip_prefix('*') {
            let rest: Vec<&str> = given.by_ref().collect();
            parts.insert(
                name,
                decoded(&rest.join("/")).filter(|rest| !rest.is_empty())?,
            );
            return Some(parts);
        }
        let part = given.next()?;
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => {
                parts.insert(name, decoded(part).filter(|part| !part.is_empty())?);
            }
            None if wanted == part => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_path_is_one_part() {
        let Found::Endpoint(endpoint, parts) = find(&Method::GET, "/api/v4/projects/a%2Fb%2Fc")
        else {
            panic!("not found")
        };
        assert_eq!(
            (endpoint.action, parts["id"].as_str()),
            ("projects.get", "a/b/c")
        );
    }

    #[test]
    fn a_file_in_the_artifacts_is_the_rest_of_the_path() {
        let path = "/api/v4/projects/1/jobs/2/artifacts/out/release.json";
        let Found::Endpoint(endpoint, parts) = find(&Method::GET, path) else {
            panic!("not found")
        };
        assert_eq!(
            (endpoint.action, parts["artifact_path"].as_str()),
            ("jobs.artifact", "out/release.json")
        );
    }

    #[test]
    fn a_known_path_with_another_method_is_not_unknown() {
        assert!(matches!(
            find(&Method::PATCH, "/api/v4/projects/1"),
            Found::OtherMethods(_)
        ));
        assert!(matches!(
            find(&Method::GET, "/api/v4/nothing"),
            Found::Nothing
        ));
    }
}
