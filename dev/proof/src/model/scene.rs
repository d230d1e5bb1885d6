//! What stays the same in one story: the platform, the applications' names, and the bounds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use harmonix::api::{Application, Environment, EnvironmentProvider};
use harmonix::domain::identity::{Identity, InstallationKey};
use harmonix::domain::settings::{Settings, Stamp};
use harmonix::domain::target::{self, ApplicationInput, ApplicationTarget};
use harmonix::domain::version::NamespaceFacts;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::broken::Broken;
use super::story::Story;

/// Where applications live.
const NAMESPACE: &str = "shop";
/// What the applications are called.
const NAMES: [&str; 2] = ["cart", "till"];

/// What stays the same.
pub(super) struct Scene {
    pub(super) settings: Settings,
    pub(super) story: Story,
    pub(super) broken: Option<Broken>,
    pub(super) lanes: Vec<Facts>,
    providers: BTreeMap<String, Arc<EnvironmentProvider>>,
    environments: BTreeMap<String, Arc<Environment>>,
}

/// What follows from the name of an application.
pub(super) struct Facts {
    pub(super) name: &'static str,
    pub(super) identity: Identity,
    pub(super) path: String,
    pub(super) image_repository: String,
    pub(super) places: Vec<Spot>,
    /// The digest of each environment's parameters, for one replica and for two.
    pub(super) configurations: BTreeMap<(String, i32), String>,
}

/// Where one environment of an application runs.
pub(super) struct Spot {
    pub(super) environment: String,
    pub(super) cluster: String,
    pub(super) service: String,
}

/// Why there is no scene.
#[derive(Debug, thiserror::Error)]
pub(super) enum SceneError {
    #[error("an object of the scene cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("{0}")]
    Refused(String),
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, SceneError> {
    Ok(serde_json::from_value(value)?)
}

fn provider(name: &str) -> Result<EnvironmentProvider, SceneError> {
    let account = if name.starts_with("dev") {
        "222222222222"
    } else {
        "333333333333"
    };
    read(json!({
        "apiVersion": "harmonix.io/v1alpha1",
        "kind": "EnvironmentProvider",
        "metadata": { "name": name, "uid": format!("uid-{name}"), "generation": 1, "resourceVersion": "1" },
        "spec": {
            "type": "ecs",
            "account": account,
            "region": "eu-west-1",
            "prefix": "acme",
            "roles": { "bootstrap": format!("arn:aws:iam::{account}:role/bootstrap") },
            "network": { "create": { "cidr": "10.20.0.0/16" } },
            "gitlabGroups": ["apps"],
        },
        "status": {
            "observedGeneration": 1,
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Succeeded", "message": "",
                "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z",
            }],
            "outputs": {
                "vpcId": "vpc-01234567",
                "publicSubnetIds": ["subnet-01234567"],
                "privateSubnetIds": ["subnet-89abcdef"],
                "clusterName": format!("acme-{name}-cluster"),
                "clusterArn": format!("arn:aws:ecs:eu-west-1:{account}:cluster/acme-{name}-cluster"),
                "auditTable": table(name),
                "provisioningRoleArn": format!("arn:aws:iam::{account}:role/acme-{name}-provisioning-role"),
                "operationsRoleArn": format!("arn:aws:iam::{account}:role/acme-{name}-operations-role"),
            },
        },
    }))
}

fn table(provider: &str) -> String {
    format!("acme-{provider}-audit")
}

fn environment(name: &str, level: usize) -> Result<Environment, SceneError> {
    read(json!({
        "apiVersion": "harmonix.io/v1alpha1",
        "kind": "Environment",
        "metadata": { "name": name, "uid": format!("uid-{name}"), "generation": 1 },
        "spec": {
            "type": "ecs",
            "category": "development",
            "level": level,
            "providers": [{ "name": format!("{name}-place") }],
            "allowedNamespaces": { "from": "All" },
        },
    }))
}

fn settings(broken: Option<Broken>) -> Result<Settings, SceneError> {
    let grace = if broken == Some(Broken::NoGrace) {
        0
    } else {
        20
    };
    Ok(Settings {
        key: InstallationKey::new(vec![7; 32]).map_err(SceneError::Refused)?,
        applications_group: "apps".into(),
        providers_group: "places".into(),
        oidc_issuer: "https://gitlab.example.com".into(),
        oidc_audience: "https://gitlab.example.com".into(),
        controller_principal: "arn:aws:iam::111111111111:role/harmonix-controller".into(),
        terraform_image: format!("registry.example.com/terraform@sha256:{}", "1".repeat(64)),
        build_image: format!("registry.example.com/build@sha256:{}", "2".repeat(64)),
        node_image: format!("registry.example.com/node@sha256:{}", "3".repeat(64)),
        runner_tags: vec!["harmonix".into()],
        job_variables: Vec::new(),
        requested_by: Stamp::Enforced,
        poll_interval: Duration::from_secs(5),
        resync_interval: Duration::from_mins(1),
        pipeline_appears_within: Duration::from_mins(2),
        pipeline_starts_within: Duration::from_hours(10),
        lost_answer_grace: Duration::from_secs(grace),
    })
}

impl Scene {
    /// The scene of a story.
    pub(super) fn new(story: Story, broken: Option<Broken>) -> Result<Self, SceneError> {
        let stages: Vec<&str> = ["dev", "prod"].into_iter().take(story.stages).collect();
        let mut scene = Self {
            settings: settings(broken)?,
            story,
            broken,
            lanes: Vec::new(),
            providers: BTreeMap::new(),
            environments: BTreeMap::new(),
        };
        for (stage, level) in stages.iter().zip(1..) {
            let place = format!("{stage}-place");
            scene
                .providers
                .insert(place.clone(), Arc::new(provider(&place)?));
            scene
                .environments
                .insert((*stage).to_owned(), Arc::new(environment(stage, level)?));
        }
        for name in NAMES.into_iter().take(scene.story.applications) {
            let facts = scene.facts(name)?;
            scene.lanes.push(facts);
        }
        Ok(scene)
    }

    /// An application as it is first written.
    pub(super) fn application(&self, name: &str, uid: &str) -> Result<Application, SceneError> {
        let environments: Vec<Value> = self
            .environments
            .keys()
            .map(|name| json!({ "name": name }))
            .collect();
        read(json!({
            "apiVersion": "harmonix.io/v1alpha1",
            "kind": "Application",
            "metadata": { "name": name, "namespace": NAMESPACE, "uid": uid, "generation": 1 },
            "spec": { "template": { "name": "node-service" }, "environments": environments },
        }))
    }

    fn target(&self, application: &Application) -> Result<ApplicationTarget, SceneError> {
        let environments = self.environments.iter();
        let providers = self.providers.iter();
        let input = ApplicationInput {
            application,
            namespace: NamespaceFacts::default(),
            environments: environments
                .map(|(name, e)| (name.clone(), Some(Arc::clone(e))))
                .collect(),
            providers: providers
                .map(|(name, p)| (name.clone(), Some(Arc::clone(p))))
                .collect(),
        };
        target::application(&input, &self.settings)
            .map_err(|blocked| SceneError::Refused(blocked.message))
    }

    fn facts(&self, name: &'static str) -> Result<Facts, SceneError> {
        let mut application = self.application(name, "uid")?;
        let target = self.target(&application)?;
        let mut configurations = BTreeMap::new();
        for replicas in 1..=2 {
            for environment in &mut application.spec.environments {
                environment.replicas = replicas;
            }
            for environment in self.target(&application)?.environments {
                configurations.insert((environment.name, replicas), environment.configuration);
            }
        }
        let places = target
            .environments
            .iter()
            .flat_map(|environment| {
                environment.deployments.iter().map(|deployment| Spot {
                    environment: environment.name.clone(),
                    cluster: deployment.place.cluster.clone(),
                    service: deployment.service.clone(),
                })
            })
            .collect();
        Ok(Facts {
            name,
            identity: target.scope.identity,
            path: target.repository.path,
            image_repository: target.image_repository,
            places,
            configurations,
        })
    }

    pub(super) fn provider(&self, name: &str) -> Option<Arc<EnvironmentProvider>> {
        self.providers.get(name).map(Arc::clone)
    }

    pub(super) fn environment(&self, name: &str) -> Option<Arc<Environment>> {
        self.environments.get(name).map(Arc::clone)
    }

    pub(super) fn environments(&self) -> Vec<Arc<Environment>> {
        self.environments.values().map(Arc::clone).collect()
    }

    /// The audit tables that stand.
    pub(super) fn tables(&self) -> Vec<String> {
        self.providers.keys().map(|name| table(name)).collect()
    }

    /// What is known of one lane.
    pub(super) fn lane(&self, lane: usize) -> Option<&Facts> {
        self.lanes.get(lane)
    }

    /// Whether the controller is broken like this.
    pub(super) fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }
}
