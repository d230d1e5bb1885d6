//! Objects as people write them, and how the API server keeps them.

use harmonix::api::{Application, Environment, EnvironmentProvider};
use kube::ResourceExt;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{State, key};

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// A provider whose account follows from its name, so that two places are two accounts.
pub fn provider(name: &str) -> EnvironmentProvider {
    let account = if name.starts_with("dev") {
        "222222222222"
    } else {
        "333333333333"
    };
    read(json!({
        "apiVersion": "harmonix.io/v1alpha1",
        "kind": "EnvironmentProvider",
        "metadata": { "name": name },
        "spec": {
            "type": "ecs",
            "account": account,
            "region": "eu-west-1",
            "prefix": "acme",
            "roles": { "bootstrap": format!("arn:aws:iam::{account}:role/bootstrap") },
            "network": { "create": { "cidr": "10.20.0.0/16" } },
            "gitlabGroups": ["apps"],
        },
    }))
}

/// An environment on these providers, open to every namespace.
pub fn environment(name: &str, level: i32, providers: &[&str]) -> Environment {
    let providers: Vec<Value> = providers
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    read(json!({
        "apiVersion": "harmonix.io/v1alpha1",
        "kind": "Environment",
        "metadata": { "name": name },
        "spec": {
            "type": "ecs",
            "category": "development",
            "level": level,
            "providers": providers,
            "allowedNamespaces": { "from": "All" },
        },
    }))
}

/// An application in the namespace `shop`, in these environments.
pub fn application(name: &str, environments: &[&str]) -> Application {
    let environments: Vec<Value> = environments
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    read(json!({
        "apiVersion": "harmonix.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": name, "namespace": "shop" },
        "spec": { "template": { "name": "node-service" }, "environments": environments },
    }))
}

impl State {
    fn admit<K: ResourceExt>(&mut self, object: &mut K) {
        self.version += 1;
        let number = self.next_number();
        let meta = object.meta_mut();
        meta.generation = Some(meta.generation.unwrap_or_default() + 1);
        meta.uid.get_or_insert(format!("uid-{number}"));
        meta.resource_version = Some(self.version.to_string());
    }

    /// Creates a provider, or changes its spec.
    pub fn put_provider(&mut self, mut object: EnvironmentProvider) {
        self.admit(&mut object);
        self.providers.insert(object.name_any(), object);
    }

    /// Creates an environment, or changes its spec.
    pub fn put_environment(&mut self, mut object: Environment) {
        self.admit(&mut object);
        self.environments.insert(object.name_any(), object);
    }

    /// Creates an application, or changes its spec.
    pub fn put_application(&mut self, mut object: Application) {
        self.admit(&mut object);
        let key = key(&object.namespace().unwrap_or_default(), &object.name_any());
        for environment in &object.spec.environments {
            if let Some(release) = &environment.release {
                let pin = (key.clone(), environment.name.clone(), release.clone());
                self.pins.insert(pin);
            }
        }
        self.applications.insert(key, object);
    }

    /// Changes the spec of an application in the namespace `shop`.
    pub fn edit(&mut self, name: &str, change: impl FnOnce(&mut Application)) {
        let mut object = self.applications[&key("shop", name)].clone();
        change(&mut object);
        self.put_application(object);
    }

    /// Sets an annotation of an application in the namespace `shop`; its generation stays.
    pub fn annotate(&mut self, name: &str, annotation: &str, value: &str) {
        self.version += 1;
        let version = self.version.to_string();
        let object = self.applications.get_mut(&key("shop", name)).unwrap();
        object
            .annotations_mut()
            .insert(annotation.into(), value.into());
        object.metadata.resource_version = Some(version);
    }

    /// Sets an annotation of a provider; its generation stays.
    pub fn annotate_provider(&mut self, name: &str, annotation: &str, value: &str) {
        self.version += 1;
        let version = self.version.to_string();
        let object = self.providers.get_mut(name).unwrap();
        object
            .annotations_mut()
            .insert(annotation.into(), value.into());
        object.metadata.resource_version = Some(version);
    }

    /// Asks for the deletion of an application in the namespace `shop`.
    pub fn delete(&mut self, name: &str) {
        self.version += 1;
        let (version, now) = (self.version.to_string(), self.now());
        let object = self.applications.get_mut(&key("shop", name)).unwrap();
        if object.finalizers().is_empty() {
            self.applications.remove(&key("shop", name));
            return;
        }
        object.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now));
        object.metadata.resource_version = Some(version);
    }
}
