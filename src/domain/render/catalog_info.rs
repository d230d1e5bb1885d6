//! Backstage's entity file, so that an existing portal can show what we made.

use serde_json::{Value, json};

use crate::domain::file::File;
use crate::domain::identity::Identity;

/// What the entity file says.
pub(super) struct Entity<'a> {
    /// The object.
    pub identity: &'a Identity,
    /// `Component` or `Resource`.
    pub kind: &'a str,
    /// Backstage's type.
    pub r#type: &'a str,
    /// Name for people.
    pub title: Option<&'a str>,
    /// A sentence for people.
    pub description: Option<&'a str>,
    /// The team.
    pub owner: Option<&'a str>,
    /// The system.
    pub system: Option<&'a str>,
}

/// `catalog-info.yaml`.
pub(super) fn catalog_info(entity: &Entity<'_>) -> File {
    let mut metadata = json!({
        "name": entity.identity.name,
        "annotations": { "harmonix.io/object": entity.identity.to_string() },
    });
    let mut spec = json!({ "type": entity.r#type, "lifecycle": "production" });
    put(&mut metadata, "title", entity.title);
    put(&mut metadata, "description", entity.description);
    put(&mut spec, "owner", Some(entity.owner.unwrap_or("unknown")));
    put(&mut spec, "system", entity.system);
    let value = json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": entity.kind,
        "metadata": metadata,
        "spec": spec,
    });
    File::new("catalog-info.yaml", super::yaml(&value))
}

fn put(object: &mut Value, key: &str, value: Option<&str>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(key.to_owned(), value.into());
    }
}
