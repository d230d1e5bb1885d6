//! What the API server grants us: asked once we run, beside everything else, so that a right that was forgotten is named
//! before somebody wonders why nothing happens.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, PostParams};
use tokio::sync::watch;

use super::failure::call;
use super::right::{Grant, Right, Rule};

/// How many questions are on their way at once.
const AT_ONCE: usize = 4;
/// When it is asked again while something is missing, or while nobody answers.
const AGAIN: Duration = Duration::from_mins(1);
/// How long after a refusal it is asked once more: an API server that has just begun has not read all roles yet.
const CONFIRM: Duration = Duration::from_secs(2);

/// What is known of our rights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Rights {
    /// Nobody has answered yet.
    #[default]
    Unknown,
    /// We may do all that we have to.
    Complete,
    /// These are missing, in one sentence.
    Missing(String),
}

impl Rights {
    /// What is missing; nothing where nothing is, or where it is not known.
    #[must_use]
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Missing(sentence) => Some(sentence),
            Self::Unknown | Self::Complete => None,
        }
    }

    fn of(missing: &[Right]) -> Self {
        if missing.is_empty() {
            return Self::Complete;
        }
        let named: Vec<String> = missing.iter().map(ToString::to_string).collect();
        Self::Missing(format!(
            "the controller's service account may not {}; grant it the roles that `harmonix rbac` prints",
            named.join(", ")
        ))
    }
}

/// Asks until everything is granted, and tells what is known so far. Fails never, and keeps nobody waiting.
///
/// Rights of our own namespace are asked for only where it is named, which is where they are used.
pub async fn ask(
    client: Client,
    table: &'static [Rule],
    namespace: Option<String>,
    told: watch::Sender<Rights>,
) {
    loop {
        match certain(&client, table, namespace.as_deref()).await {
            Ok(missing) => {
                let rights = Rights::of(&missing);
                let before = told.send_replace(rights.clone());
                match (&before, &rights) {
                    (before, rights) if before == rights => {}
                    (_, Rights::Missing(sentence)) => tracing::warn!("{sentence}"),
                    (Rights::Missing(_), Rights::Complete) => {
                        tracing::info!("every right is granted now");
                    }
                    (_, Rights::Complete | Rights::Unknown) => {}
                }
                if rights == Rights::Complete {
                    return;
                }
            }
            // Whoever cannot be asked is told of by the watches. What was known is not unknown for that.
            Err(why) => tracing::debug!(%why, "the controller cannot ask what it may do"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The rights of a table that we do not have, asked for twice where there are any.
async fn certain(
    client: &Client,
    table: &'static [Rule],
    namespace: Option<&str>,
) -> Result<Vec<Right>, String> {
    let first = missing(client, table, namespace).await?;
    if first.is_empty() {
        return Ok(first);
    }
    tokio::time::sleep(CONFIRM).await;
    missing(client, table, namespace).await
}

/// The rights of a table that we do not have, in the table's order.
async fn missing(
    client: &Client,
    table: &'static [Rule],
    namespace: Option<&str>,
) -> Result<Vec<Right>, String> {
    let questions = table.iter().flat_map(Rule::rights).filter_map(|right| {
        let within = match right.grant {
            Grant::Cluster => None,
            Grant::Namespace => Some(namespace?.to_owned()),
            // That we may ask is not worth a question.
            Grant::Everybody => return None,
        };
        Some((right, within))
    });
    let questions: Vec<(Right, Option<String>)> = questions.collect();
    let answers: Vec<Option<Right>> = stream::iter(questions)
        .map(|(right, within)| async move {
            let is_granted = is_granted(client, right, within).await?;
            Ok::<_, String>((!is_granted).then_some(right))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(answers.into_iter().flatten().collect())
}

async fn is_granted(
    client: &Client,
    right: Right,
    namespace: Option<String>,
) -> Result<bool, String> {
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: named(right.group),
                namespace,
                resource: named(right.resource),
                subresource: named(right.subresource),
                verb: named(right.verb.as_str()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let params = PostParams::default();
    let answer = call("asking what we may do", api.create(&params, &review)).await;
    let answer = answer.map_err(|error| error.to_string())?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::{Value, json};
    use tower::{BoxError, ServiceBuilder, service_fn};

    use super::*;
    use crate::adapters::kube::door::only;
    use crate::adapters::kube::right::CONTROLLER;

    /// An API server that refuses what the closure names, and keeps what it was asked.
    fn server(
        refuses: impl Fn(&Value) -> bool + Clone + Send + 'static,
    ) -> (Client, Arc<Mutex<Vec<Value>>>) {
        let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&asked);
        let service = ServiceBuilder::new()
            .layer(only(CONTROLLER))
            .service(service_fn(move |request: Request<Body>| {
                let (kept, refuses) = (Arc::clone(&kept), refuses.clone());
                async move {
                    let body = request.into_body().collect_bytes().await?;
                    let mut review: Value = serde_json::from_slice(&body)?;
                    let right = review["spec"]["resourceAttributes"].clone();
                    review["status"] = json!({ "allowed": !refuses(&right) });
                    kept.lock().unwrap().push(right);
                    Ok::<_, BoxError>(Response::new(Body::from(review.to_string().into_bytes())))
                }
            }));
        (Client::new(service, "default"), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_missing_is_named_in_one_sentence_until_it_is_granted() {
        let granted = Arc::new(Mutex::new(false));
        let held = Arc::clone(&granted);
        let (client, asked) = server(move |right| {
            !*held.lock().unwrap()
                && (right["subresource"] == "status" && right["resource"] == "applications"
                    || right["resource"] == "leases" && right["verb"] == "update")
        });
        let (told, mut known) = watch::channel(Rights::default());
        let asking = tokio::spawn(ask(client, CONTROLLER, Some("own".into()), told));
        known.changed().await.unwrap();
        let sentence = known.borrow().missing().unwrap().to_owned();
        assert!(
            sentence.contains(
                "may not patch applications/status of harmonix.io, update leases of coordination.k8s.io; grant"
            ),
            "{sentence}"
        );
        let first = asked.lock().unwrap().clone();
        let expected = CONTROLLER
            .iter()
            .filter(|rule| rule.grant != Grant::Everybody)
            .flat_map(Rule::rights)
            .count();
        assert_eq!(first.len(), 2 * expected, "asked, and asked once more");
        for right in &first {
            let namespace = (right["resource"] == "leases").then_some("own");
            assert_eq!(right["namespace"].as_str(), namespace, "{right}");
        }

        *granted.lock().unwrap() = true;
        asking.await.unwrap();
        assert_eq!(*known.borrow(), Rights::Complete);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_api_server_refuses_only_while_it_begins_is_not_told() {
        let first = Arc::new(Mutex::new(true));
        let (client, _) = server(move |right| {
            let is_first = right["resource"] == "namespaces" && *first.lock().unwrap();
            if is_first {
                *first.lock().unwrap() = false;
            }
            is_first
        });
        let (told, mut known) = watch::channel(Rights::default());
        let asking = tokio::spawn(ask(client, CONTROLLER, None, told));
        known.changed().await.unwrap();
        assert_eq!(*known.borrow(), Rights::Complete);
        asking.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_cannot_ask_knows_nothing_and_asks_again() {
        let service = service_fn(|_: Request<Body>| async {
            Err::<Response<Body>, BoxError>("nobody answers".into())
        });
        let (told, known) = watch::channel(Rights::default());
        let client = Client::new(service, "default");
        let asking = tokio::spawn(ask(client, CONTROLLER, None, told));
        tokio::time::sleep(AGAIN * 3).await;
        assert!(!asking.is_finished());
        assert_eq!(*known.borrow(), Rights::Unknown);
        asking.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn rights_that_are_not_used_are_not_asked_for() {
        let (client, asked) = server(|right| right["resource"] == "leases");
        let (told, known) = watch::channel(Rights::default());
        ask(client, CONTROLLER, None, told).await;
        assert_eq!(*known.borrow(), Rights::Complete);
        let asked = asked.lock().unwrap();
        assert!(asked.iter().all(|right| right["resource"] != "leases"));
    }
}
