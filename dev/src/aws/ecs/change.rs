//! Making, changing and deleting services.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::service::{Key, Service, Status};
use super::{TARGET, view};
use crate::aws::Gate;
use crate::aws::answer::{Answer, Refusal};
use crate::aws::call::{Call, Params};
use crate::aws::identity::Principal;
use crate::aws::moto::Place;
use crate::aws::resource::last;

/// Parameters that say what to do, not how the service is.
const NOT_SETTINGS: [&str; 7] = [
    "cluster",
    "service",
    "serviceName",
    "desiredCount",
    "clientToken",
    "tags",
    "forceNewDeployment",
];

/// Settings whose change brings new tasks.
const DEPLOYING: [&str; 6] = [
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "capacityProviderStrategy",
    "serviceRegistries",
];

impl Gate {
    pub(super) async fn create_service(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let (place, cluster) = self.cluster(principal, call).await?;
        let name = call.text("serviceName").unwrap_or_default().to_owned();
        let key = Key {
            place,
            cluster,
            name,
        };
        let taken = |known: &std::collections::BTreeMap<Key, Service>| {
            known.get(&key).map(|service| service.status)
        };
        match self.services.look(taken) {
            Some(Status::Active) => {
                return Err(Refusal::code(
                    "InvalidParameterException",
                    "Creation of service was not idempotent.",
                ));
            }
            Some(Status::Draining) => {
                return Err(Refusal::code(
                    "InvalidParameterException",
                    "Unable to Start a service that is still Draining.",
                ));
            }
            Some(Status::Inactive) | None => {}
        }
        let definition = self
            .definition_arn(&key.place, call.text("taskDefinition").unwrap_or_default())
            .await?;
        let answer = self
            .moto
            .forward_with(call, &principal.account, &completed(call))
            .await?;
        if !answer.status.is_success() {
            return Ok(answer);
        }
        let mut settings = settings(call);
        settings.insert("taskDefinition".into(), definition.clone().into());
        let desired = count(call).unwrap_or(1);
        let service = Service::new(
            key.clone(),
            &definition,
            desired,
            settings,
            Timestamp::now(),
        );
        let mut described = view::service(&service);
        described["tags"] = call.value("tags").clone();
        self.services.with(|known| known.insert(key, service));
        Ok(Answer::json(&json!({ "service": described })))
    }

    pub(super) async fn update_service(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let key = self.active(principal, call).await?;
        let definition = match call.text("taskDefinition") {
            Some(asked) => Some(self.definition_arn(&key.place, asked).await?),
            None => None,
        };
        let answer = self
            .moto
            .forward_with(call, &principal.account, &completed(call))
            .await?;
        if !answer.status.is_success() {
            return Ok(answer);
        }
        let mut changed = settings(call);
        if let Some(definition) = definition {
            changed.insert("taskDefinition".into(), definition.into());
        }
        let forced = call
            .value("forceNewDeployment")
            .as_bool()
            .unwrap_or_default();
        let described = self.services.with(|known| {
            let service = known.get_mut(&key)?;
            let now = Timestamp::now();
            let deploys = DEPLOYING.iter().any(|name| {
                changed
                    .get(*name)
                    .is_some_and(|value| service.settings.get(*name) != Some(value))
            });
            service.settings.append(&mut changed);
            if let Some(desired) = count(call) {
                service.desired = desired;
            }
            if deploys || forced {
                let definition = service
                    .settings
                    .get("taskDefinition")
                    .and_then(Value::as_str);
                let definition = definition.unwrap_or_default().to_owned();
                service.deploy(&definition, now);
            }
            Some(view::service(service))
        });
        of_active(described)
    }

    pub(super) async fn delete_service(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let key = self.active(principal, call).await?;
        let forced = call.value("force").as_bool().unwrap_or_default();
        if !forced
            && self
                .services
                .look(|known| known.get(&key).is_some_and(|s| s.desired > 0))
        {
            return Err(Refusal::code(
                "InvalidParameterException",
                "The service cannot be stopped while it is scaled above 0.",
            ));
        }
        let mut params = completed(call);
        params["force"] = true.into();
        let answer = self
            .moto
            .forward_with(call, &principal.account, &params)
            .await?;
        if !answer.status.is_success() {
            return Ok(answer);
        }
        let described = self.services.with(|known| {
            let service = known.get_mut(&key)?;
            service.status = Status::Draining;
            service.desired = 0;
            Some(view::service(service))
        });
        of_active(described)
    }

    pub(super) async fn delete_cluster(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let (place, cluster) = self.cluster(principal, call).await?;
        let busy = self.services.look(|known| {
            known.values().any(|service| {
                service.key.place == place
                    && service.key.cluster == cluster
                    && service.status != Status::Inactive
            })
        });
        if busy {
            return Err(Refusal::code(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            ));
        }
        self.moto.forward(call, &principal.account).await
    }

    /// Answers the key of the service a call names, where it is active.
    async fn active(&self, principal: &Principal, call: &Call) -> Result<Key, Refusal> {
        let (place, cluster) = self.cluster(principal, call).await?;
        let name = last(call.text("service").unwrap_or_default()).to_owned();
        let key = Key {
            place,
            cluster,
            name,
        };
        match self
            .services
            .look(|known| known.get(&key).map(|service| service.status))
        {
            Some(Status::Active) => Ok(key),
            Some(Status::Draining | Status::Inactive) => Err(not_active()),
            None => Err(Refusal::code(
                "ServiceNotFoundException",
                "Service not found.",
            )),
        }
    }

    async fn definition_arn(&self, place: &Place, asked: &str) -> Result<String, Refusal> {
        let target = format!("{TARGET}.DescribeTaskDefinition");
        let found = self
            .moto
            .json(place, "ecs", &target, &json!({ "taskDefinition": asked }))
            .await?;
        let definition = &found["taskDefinition"];
        if definition["status"] == json!("INACTIVE") {
            return Err(Refusal::code(
                "ClientException",
                "TaskDefinition is inactive",
            ));
        }
        Ok(definition["taskDefinitionArn"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }
}

/// The answer that describes a service which was changed; none where it is not active any more.
fn of_active(described: Option<Value>) -> Result<Answer, Refusal> {
    described
        .map(|service| Answer::json(&json!({ "service": service })))
        .ok_or_else(not_active)
}

fn not_active() -> Refusal {
    Refusal::code("ServiceNotActiveException", "Service was not ACTIVE.")
}

fn count(call: &Call) -> Option<usize> {
    call.value("desiredCount")
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
}

/// Reads what a call says about how the service is.
fn settings(call: &Call) -> Map<String, Value> {
    let Params::Json(Value::Object(given)) = &call.params else {
        return Map::new();
    };
    let mut settings: Map<String, Value> = given
        .iter()
        .filter(|(name, value)| !NOT_SETTINGS.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(network) = settings.get_mut("networkConfiguration") {
        complete_network(network);
    }
    settings
}

/// Completes a call's parameters with what moto fails without.
fn completed(call: &Call) -> Value {
    let Params::Json(given) = &call.params else {
        return json!({});
    };
    let mut given = given.clone();
    if let Some(network) = given.get_mut("networkConfiguration") {
        complete_network(network);
    }
    given
}

/// AWS answers these fields also where they were not given; moto ends in an error without `securityGroups`.
fn complete_network(network: &mut Value) {
    if let Some(network) = network
        .get_mut("awsvpcConfiguration")
        .and_then(Value::as_object_mut)
    {
        network.entry("securityGroups").or_insert_with(|| json!([]));
        network
            .entry("assignPublicIp")
            .or_insert_with(|| json!("DISABLED"));
    }
}
