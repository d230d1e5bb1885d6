//! The GitRepositories of the cluster, and their status.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::archive::{Archives, revision, whole_second};
use super::remote::{Login, Remote};
use crate::failure::{Doing, Failure};

/// The branch of a GitRepository that names none.
const DEFAULT_BRANCH: &str = "master";

/// All of them.
pub struct Repositories {
    client: Client,
    archives: Archives,
    /// What could not be done last, so that it is logged once.
    troubles: BTreeMap<String, String>,
}

impl Repositories {
    pub fn new(client: Client, archives: Archives) -> Self {
        Self {
            client,
            archives,
            troubles: BTreeMap::new(),
        }
    }

    fn api(&self, namespace: Option<&str>) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("source.toolkit.fluxcd.io", "v1", "GitRepository");
        let resource = ApiResource::from_gvk_with_plural(&kind, "gitrepositories");
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// Looks at all of them again and again.
    pub async fn keep_up(mut self, interval: Duration) {
        loop {
            let trouble = match self.api(None).list(&ListParams::default()).await {
                Ok(found) => {
                    for object in found {
                        self.look_after(&object).await;
                    }
                    None
                }
                Err(error) => Some(format!("cannot list GitRepositories: {error}")),
            };
            self.note("all", trouble);
            tokio::time::sleep(interval).await;
        }
    }

    async fn look_after(&mut self, object: &DynamicObject) {
        if object.data["spec"]["suspend"] == true {
            return;
        }
        let namespace = object.namespace().unwrap_or_default();
        let name = object.name_any();
        let before = &object.data["status"];
        let packed = self.packed(object, &namespace, &name).await;
        let after = status(before, object.metadata.generation, packed, Timestamp::now());
        let trouble = match after {
            Some(after) => {
                let change = Patch::Merge(json!({ "status": after }));
                let api = self.api(Some(&namespace));
                let written = api
                    .patch_status(&name, &PatchParams::default(), &change)
                    .await;
                tracing::info!(namespace, name, status = %after, "source");
                written.err().map(|error| error.to_string())
            }
            None => None,
        };
        self.note(&format!("{namespace}/{name}"), trouble);
    }

    /// The artifact of the newest commit: the one that the status names, or another.
    async fn packed(
        &self,
        object: &DynamicObject,
        namespace: &str,
        name: &str,
    ) -> Result<Value, Failure> {
        let remote = self.remote(object, namespace).await?;
        let commit = remote.head().await?;
        let known = &object.data["status"]["artifact"];
        if known["revision"] == revision(&remote.branch, &commit).as_str() {
            return Ok(known.clone());
        }
        self.archives.pack(namespace, name, &remote, &commit).await
    }

    async fn remote(&self, object: &DynamicObject, namespace: &str) -> Result<Remote, Failure> {
        let spec = &object.data["spec"];
        let text = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str);
        let login = match text("/secretRef/name") {
            Some(secret) => Some(self.login(namespace, secret).await?),
            None => None,
        };
        Ok(Remote {
            url: text("/url").unwrap_or_default().to_owned(),
            branch: text("/ref/branch").unwrap_or(DEFAULT_BRANCH).to_owned(),
            login,
        })
    }

    async fn login(&self, namespace: &str, name: &str) -> Result<Login, Failure> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let secret = secrets
            .get(name)
            .await
            .doing(|| format!("read the Secret {namespace}/{name}"))?;
        let value = |key: &str| {
            let bytes = secret.data.as_ref().and_then(|data| data.get(key));
            bytes
                .and_then(|bytes| String::from_utf8(bytes.0.clone()).ok())
                .ok_or_else(|| Failure::new(format!("the Secret {namespace}/{name} has no {key}")))
        };
        Ok(Login {
            user: value("username")?,
            password: value("password")?,
        })
    }

    fn note(&mut self, about: &str, trouble: Option<String>) {
        match trouble {
            Some(trouble) if self.troubles.get(about) != Some(&trouble) => {
                tracing::warn!(about, "{trouble}");
                self.troubles.insert(about.to_owned(), trouble);
            }
            Some(_) => {}
            None => drop(self.troubles.remove(about)),
        }
    }
}

/// The status after a look; nothing where it is as before.
fn status(
    before: &Value,
    generation: Option<i64>,
    packed: Result<Value, Failure>,
    now: Timestamp,
) -> Option<Value> {
    let (artifact, word, reason, message) = match packed {
        Ok(artifact) => {
            let message = format!(
                "stored artifact for revision '{}'",
                text(&artifact["revision"])
            );
            (artifact, "True", "Succeeded", message)
        }
        // What was packed before can still be had.
        Err(failure) => {
            let artifact = before["artifact"].clone();
            (artifact, "False", "GitOperationFailed", failure.to_string())
        }
    };
    let ready = &before["conditions"][0];
    let same = ready["status"] == word
        && ready["message"] == message.as_str()
        && before["observedGeneration"] == json!(generation)
        && before["artifact"] == artifact;
    if same {
        return None;
    }
    let since = if ready["status"] == word {
        ready["lastTransitionTime"].clone()
    } else {
        whole_second(now).into()
    };
    Some(json!({
        "observedGeneration": generation,
        "artifact": artifact,
        "conditions": [{
            "type": "Ready", "status": word, "reason": reason, "message": message,
            "observedGeneration": generation, "lastTransitionTime": since,
        }],
    }))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_status_is_written_once_for_each_commit_and_each_trouble() {
        let artifact = |commit: &str| json!({ "revision": format!("main@sha1:{commit}") });
        let first = status(&Value::Null, Some(1), Ok(artifact("a")), at(1)).unwrap();
        assert_eq!(first["conditions"][0]["status"], "True");
        assert_eq!(status(&first, Some(1), Ok(artifact("a")), at(2)), None);

        let second = status(&first, Some(1), Ok(artifact("b")), at(2)).unwrap();
        assert_eq!(second["artifact"], artifact("b"));
        let since = |status: &Value| status["conditions"][0]["lastTransitionTime"].clone();
        assert_eq!(since(&second), since(&first));

        let trouble = || Err(Failure::new("nobody answers"));
        let third = status(&second, Some(1), trouble(), at(3)).unwrap();
        assert_eq!(third["conditions"][0]["message"], "nobody answers");
        assert_eq!(third["artifact"], artifact("b"));
        assert_ne!(since(&third), since(&second));
        assert_eq!(status(&third, Some(1), trouble(), at(4)), None);
        assert!(status(&third, Some(2), trouble(), at(4)).is_some());
    }
}
