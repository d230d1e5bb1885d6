//! The Secret with the installation key: made once, never changed. Whoever loses the key loses what marks everything as
//! ours, so there is no way here to write over one.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::{Client, Error};

use crate::api::FIELD_MANAGER;
use crate::domain::identity::InstallationKey;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// Where the key lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// The Secret's namespace.
    pub namespace: String,
    /// The Secret's name.
    pub secret: String,
    /// The entry in it that is the key.
    pub entry: String,
}

/// What became of the Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// There was none; this is the new one.
    Made,
    /// There was one. It is as it was.
    Kept,
}

/// Makes the Secret with this text as the key where there is none. Of several at once one makes it, and all are content.
///
/// # Errors
/// A sentence: the API server did not do it, or the Secret that is there holds no key that could be used. It names no
/// content.
pub async fn ensure(client: Client, place: &KeyPlace, key: String) -> Result<Ensured, String> {
    let KeyPlace {
        namespace,
        secret: name,
        entry,
    } = place;
    let api = Api::<Secret>::namespaced(client, namespace);
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            labels: Some(BTreeMap::from([(
                "app.kubernetes.io/name".to_owned(),
                "harmonix".to_owned(),
            )])),
            ..ObjectMeta::default()
        },
        // Another key is another installation: nobody changes this one by mistake.
        immutable: Some(true),
        type_: Some("Opaque".to_owned()),
        string_data: Some(BTreeMap::from([(entry.clone(), key)])),
        ..Secret::default()
    };
    let params = PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    };
    match within(api.create(&params, &secret)).await {
        Ok(_) => return Ok(Ensured::Made),
        Err(Trouble::Refused(Error::Api(status))) if status.is_already_exists() => {}
        Err(trouble) => {
            return Err(format!(
                "the Secret {namespace}/{name} could not be made: {trouble}"
            ));
        }
    }
    // One that is there is kept whatever it holds; a controller that could not start with it is told of now.
    let there = within(api.get(name)).await.map_err(|trouble| {
        format!("the Secret {namespace}/{name} is there, but could not be read: {trouble}")
    })?;
    let held = there.data.unwrap_or_default().remove(entry);
    let Some(held) = held else {
        return Err(format!(
            "the Secret {namespace}/{name} is there and has no entry {entry}: name another Secret or another entry, or \
             put the installation key into it"
        ));
    };
    match InstallationKey::new(held.0.trim_ascii()) {
        Ok(_) => Ok(Ensured::Kept),
        Err(problem) => Err(format!(
            "the entry {entry} of the Secret {namespace}/{name} cannot be used: {problem}"
        )),
    }
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Refused(Error),
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Late,
}

async fn within<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, Trouble> {
    match tokio::time::timeout(DEADLINE, request).await {
        Ok(answer) => answer.map_err(Trouble::Refused),
        Err(_) => Err(Trouble::Late),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::{Method, Request, Response, StatusCode};
    use k8s_openapi::ByteString;
    use kube::client::Body;
    use serde_json::json;
    use tower::{BoxError, ServiceBuilder, service_fn};

    use super::*;
    use crate::adapters::kube::door::only;
    use crate::adapters::kube::right::KEY;

    const TEXT: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

    fn place() -> KeyPlace {
        KeyPlace {
            namespace: "own".into(),
            secret: "key".into(),
            entry: "installation.key".into(),
        }
    }

    type Shelf = Arc<Mutex<Option<Secret>>>;

    fn answer(code: StatusCode, body: &impl serde::Serialize) -> Result<Response<Body>, BoxError> {
        let body = Body::from(serde_json::to_vec(body)?);
        Ok(Response::builder().status(code).body(body)?)
    }

    fn failure(code: StatusCode, reason: &str) -> Result<Response<Body>, BoxError> {
        let status = json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "reason": reason, "code": code.as_u16(), "message": reason,
        });
        answer(code, &status)
    }

    /// An API server with room for one Secret.
    fn server(shelf: &Shelf) -> Client {
        let shelf = Arc::clone(shelf);
        let service = ServiceBuilder::new().layer(only(KEY)).service(service_fn(
            move |request: Request<Body>| {
                let shelf = Arc::clone(&shelf);
                async move {
                    if request.method() == Method::GET {
                        let there = shelf.lock().unwrap().clone();
                        return match there {
                            Some(secret) => answer(StatusCode::OK, &secret),
                            None => failure(StatusCode::NOT_FOUND, "NotFound"),
                        };
                    }
                    let body = request.into_body().collect_bytes().await?;
                    let mut secret: Secret = serde_json::from_slice(&body)?;
                    let mut there = shelf.lock().unwrap();
                    if there.is_some() {
                        return failure(StatusCode::CONFLICT, "AlreadyExists");
                    }
                    let given = secret.string_data.take().unwrap_or_default().into_iter();
                    secret.data = Some(
                        given
                            .map(|(name, text)| (name, ByteString(text.into_bytes())))
                            .collect(),
                    );
                    *there = Some(secret.clone());
                    answer(StatusCode::CREATED, &secret)
                }
            },
        ));
        Client::new(service, "default")
    }

    fn held(shelf: &Shelf) -> Vec<u8> {
        let there = shelf.lock().unwrap().clone().unwrap();
        there.data.unwrap()["installation.key"].0.clone()
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_never_changed() {
        let shelf = Shelf::default();
        let ensure = |text: &str| {
            let (client, text) = (server(&shelf), text.to_owned());
            async move { ensure(client, &place(), text).await }
        };
        assert_eq!(ensure(TEXT).await, Ok(Ensured::Made));
        assert_eq!(held(&shelf), TEXT.as_bytes());
        assert_eq!(ensure(&TEXT.to_uppercase()).await, Ok(Ensured::Kept));
        assert_eq!(held(&shelf), TEXT.as_bytes());
        assert_eq!(
            shelf.lock().unwrap().as_ref().unwrap().immutable,
            Some(true)
        );
    }

    #[tokio::test]
    async fn of_many_at_once_one_makes_it_and_all_are_content() {
        let shelf = Shelf::default();
        let many = (0..16).map(|number| {
            let client = server(&shelf);
            async move {
                ensure(client, &place(), format!("{TEXT}{number}"))
                    .await
                    .unwrap()
            }
        });
        let ensured = futures::future::join_all(many).await;
        let made = ensured.iter().filter(|&&one| one == Ensured::Made).count();
        assert_eq!(made, 1, "{ensured:?}");
    }

    #[tokio::test]
    async fn a_secret_that_holds_no_key_is_left_and_told_of_without_its_content() {
        for (data, why) in [
            (
                json!({ "other": "c2VjcmV0" }),
                "has no entry installation.key",
            ),
            (
                json!({ "installation.key": "c2VjcmV0" }),
                "installation.key of the Secret own/key cannot be used",
            ),
        ] {
            let there = json!({ "metadata": { "name": "key" }, "data": data });
            let there: Secret = serde_json::from_value(there).unwrap();
            let shelf = Arc::new(Mutex::new(Some(there.clone())));
            let told = ensure(server(&shelf), &place(), TEXT.into())
                .await
                .unwrap_err();
            assert!(told.contains(why), "{told}");
            assert!(!told.contains("secret") && !told.contains(TEXT), "{told}");
            assert_eq!(*shelf.lock().unwrap(), Some(there));
        }
    }

    #[tokio::test]
    async fn a_refusal_says_what_was_refused_and_no_key() {
        let service =
            service_fn(|_: Request<Body>| async { failure(StatusCode::FORBIDDEN, "Forbidden") });
        let client = Client::new(service, "default");
        let told = ensure(client, &place(), TEXT.into()).await.unwrap_err();
        assert!(
            told.starts_with("the Secret own/key could not be made: "),
            "{told}"
        );
        assert!(!told.contains(TEXT), "{told}");
    }
}
