//! The door: the only way to the API server. It lets through what a table of rights names and nothing else: a request that
//! nobody granted is a mistake of ours, and is found before it leaves.

use std::fmt::Display;

use http::{Request, Response};
use kube::client::{Body, ClientBuilder, DynBody};
use kube::{Client, Config};
use tower::filter::FilterLayer;
use tower::layer::util::Identity;
use tower::util::BoxService;
use tower::{BoxError, Layer, Service};

use super::right::{self, Rule};

/// A request that stands in no table.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not sent: the table of rights names no right for it")]
pub struct Ungranted(String);

/// What kube makes of a configuration: connections, who we are, and trying again.
pub type Inner = BoxService<Request<Body>, Response<Box<DynBody>>, BoxError>;

/// Where the API server is: the one that the kubeconfig names, else that of the pod this runs in.
///
/// # Errors
/// A sentence, where there is neither.
pub async fn config() -> Result<Config, String> {
    let mut config = Config::infer().await.map_err(|error| none(&error))?;
    if config.proxy_url.is_some() && config.proxy_url == proxy_of_the_environment() {
        config.proxy_url = None;
    }
    Ok(config)
}

/// A client, past something that looks at each request on its way. Sends nothing yet.
///
/// # Errors
/// A sentence, where the configuration cannot be used.
pub fn client<L>(config: Config, table: &'static [Rule], past: &L) -> Result<Client, String>
where
    L: Layer<Inner>,
    L::Service: Service<Request<Body>, Response = Response<Box<DynBody>>> + Send + 'static,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
{
    let builder = ClientBuilder::try_from(config).map_err(|error| none(&error))?;
    Ok(builder.with_layer(past).with_layer(&only(table)).build())
}

/// Connects. Sends nothing yet.
///
/// # Errors
/// A sentence, where there is no API server to connect to.
pub async fn connect(table: &'static [Rule]) -> Result<Client, String> {
    client(config().await?, table, &Identity::new())
}

fn none(error: &dyn Display) -> String {
    format!(
        "no access to Kubernetes: {error}; set KUBECONFIG, or run in a pod with a service account"
    )
}

/// The proxy of the environment leads to GitLab and AWS. The API server is on this side of it; a kubeconfig that needs a
/// proxy names it itself.
#[expect(
    clippy::disallowed_methods,
    reason = "what kube read, so that it can be told from what the kubeconfig says"
)]
fn proxy_of_the_environment() -> Option<http::Uri> {
    let filled = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    filled("HTTPS_PROXY")
        .or_else(|| filled("https_proxy"))?
        .parse()
        .ok()
}

/// The layer around a client's service that lets through only what the table names.
pub fn only(
    table: &'static [Rule],
) -> FilterLayer<impl Fn(Request<Body>) -> Result<Request<Body>, Ungranted> + Clone + Send + 'static>
{
    FilterLayer::new(move |request: Request<Body>| {
        match right::needed(table, request.method(), request.uri()) {
            Some(_) => Ok(request),
            None => Err(Ungranted(format!(
                "{} {}",
                request.method(),
                request.uri().path()
            ))),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use k8s_openapi::api::core::v1::{Namespace, Secret};
    use kube::api::{Api, ListParams};
    use tower::{ServiceBuilder, service_fn};

    use super::*;
    use crate::adapters::kube::right::CONTROLLER;

    #[tokio::test]
    async fn what_no_right_is_named_for_never_leaves_and_all_else_does() {
        let met = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&met);
        let list = br#"{"apiVersion":"v1","kind":"NamespaceList","metadata":{},"items":[]}"#;
        let service = ServiceBuilder::new()
            .layer(only(CONTROLLER))
            .service(service_fn(move |_: Request<Body>| {
                counted.fetch_add(1, Ordering::SeqCst);
                async { Ok::<_, tower::BoxError>(http::Response::new(Body::from(list.to_vec()))) }
            }));
        let client = Client::new(service, "default");

        let namespaces = Api::<Namespace>::all(client.clone());
        assert!(namespaces.list(&ListParams::default()).await.is_ok());
        assert_eq!(met.load(Ordering::SeqCst), 1);

        let refused = namespaces.get("shop").await.unwrap_err().to_string();
        assert!(refused.contains("GET /api/v1/namespaces/shop"), "{refused}");
        let secrets = Api::<Secret>::all(client);
        assert!(secrets.list(&ListParams::default()).await.is_err());
        assert_eq!(met.load(Ordering::SeqCst), 1, "it left all the same");
    }
}
