//! What ECR says about images, read from the registry.

use serde_json::{Value, json};

use super::{Registry, Repository};
use crate::aws::Gate;
use crate::aws::answer::{Answer, Refusal};
use crate::aws::call::Call;
use crate::aws::ecr::registry::Manifest;

/// An image that a call asks for.
struct Asked {
    tag: Option<String>,
    digest: Option<String>,
}

impl Asked {
    fn all(call: &Call) -> Vec<Self> {
        let ids = call.value("imageIds").as_array().into_iter().flatten();
        let text = |id: &Value, name: &str| id[name].as_str().map(str::to_owned);
        ids.map(|id| Self {
            tag: text(id, "imageTag"),
            digest: text(id, "imageDigest"),
        })
        .collect()
    }

    fn id(&self) -> Value {
        let mut id = json!({});
        if let Some(tag) = &self.tag {
            id["imageTag"] = tag.clone().into();
        }
        if let Some(digest) = &self.digest {
            id["imageDigest"] = digest.clone().into();
        }
        id
    }

    /// Answers the manifest; a digest given beside a tag must be the tag's.
    async fn find(
        &self,
        registry: &Registry,
        repository: &Repository,
    ) -> Result<Option<Manifest>, Refusal> {
        let Some(reference) = self.tag.as_ref().or(self.digest.as_ref()) else {
            return Ok(None);
        };
        let found = registry.manifest(&repository.path(), reference).await?;
        Ok(found.filter(|manifest| {
            self.digest
                .as_ref()
                .is_none_or(|digest| *digest == manifest.digest)
        }))
    }
}

impl Gate {
    pub(super) async fn describe_images(
        &self,
        repository: &Repository,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let tagged = self.tagged(repository).await?;
        let asked = Asked::all(call);
        let mut found: Vec<Manifest> = Vec::new();
        if asked.is_empty() {
            for (_, manifest) in &tagged {
                if found.iter().all(|known| known.digest != manifest.digest) {
                    found.push(manifest.clone());
                }
            }
        }
        for asked in asked {
            let manifest = asked.find(&self.registry, repository).await?.ok_or_else(|| {
                let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".into());
                Refusal::code(
                    "ImageNotFoundException",
                    format!(
                        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' in the registry with id '{}'",
                        text(&asked.digest),
                        text(&asked.tag),
                        repository.name,
                        repository.place.account
                    ),
                )
            })?;
            found.push(manifest);
        }
        let details: Vec<Value> = found
            .iter()
            .map(|manifest| {
                let tags: Vec<&str> = tagged
                    .iter()
                    .filter(|(_, known)| known.digest == manifest.digest)
                    .map(|(tag, _)| tag.as_str())
                    .collect();
                let mut detail = json!({
                    "registryId": repository.place.account,
                    "repositoryName": repository.name,
                    "imageDigest": manifest.digest,
                    "imageSizeInBytes": Registry::size(manifest),
                    "imageManifestMediaType": manifest.media_type,
                });
                if !tags.is_empty() {
                    detail["imageTags"] = tags.into();
                }
                detail
            })
            .collect();
        Ok(Answer::json(&json!({ "imageDetails": details })))
    }

    pub(super) async fn list_images(
        &self,
        repository: &Repository,
        _: &Call,
    ) -> Result<Answer, Refusal> {
        let ids: Vec<Value> = self
            .tagged(repository)
            .await?
            .into_iter()
            .map(|(tag, manifest)| json!({ "imageTag": tag, "imageDigest": manifest.digest }))
            .collect();
        Ok(Answer::json(&json!({ "imageIds": ids })))
    }

    pub(super) async fn batch_get_image(
        &self,
        repository: &Repository,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for asked in Asked::all(call) {
            match asked.find(&self.registry, repository).await? {
                Some(manifest) => {
                    let mut id = asked.id();
                    id["imageDigest"] = manifest.digest.clone().into();
                    images.push(json!({
                        "registryId": repository.place.account,
                        "repositoryName": repository.name,
                        "imageId": id,
                        "imageManifest": String::from_utf8_lossy(&manifest.bytes),
                        "imageManifestMediaType": manifest.media_type,
                    }));
                }
                None => failures.push(not_found(&asked)),
            }
        }
        Ok(Answer::json(
            &json!({ "images": images, "failures": failures }),
        ))
    }

    pub(super) async fn batch_delete_image(
        &self,
        repository: &Repository,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        for asked in Asked::all(call) {
            match asked.find(&self.registry, repository).await? {
                Some(manifest) => {
                    self.registry.delete(repository, &manifest.digest).await?;
                    let mut id = asked.id();
                    id["imageDigest"] = manifest.digest.into();
                    deleted.push(id);
                }
                None => failures.push(not_found(&asked)),
            }
        }
        Ok(Answer::json(
            &json!({ "imageIds": deleted, "failures": failures }),
        ))
    }

    async fn tagged(&self, repository: &Repository) -> Result<Vec<(String, Manifest)>, Refusal> {
        let mut tagged = Vec::new();
        for tag in self.registry.tags(repository).await? {
            if let Some(manifest) = self.registry.manifest(&repository.path(), &tag).await? {
                tagged.push((tag, manifest));
            }
        }
        Ok(tagged)
    }
}

fn not_found(asked: &Asked) -> Value {
    json!({
        "imageId": asked.id(),
        "failureCode": "ImageNotFound",
        "failureReason": "Requested image not found",
    })
}
