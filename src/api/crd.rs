//! The CustomResourceDefinitions, as they are applied.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps,
};
use kube::CustomResourceExt;

use super::{Application, Environment, EnvironmentProvider};

/// Every CustomResourceDefinition of the group, complete.
pub fn all_crds() -> Vec<CustomResourceDefinition> {
    [
        EnvironmentProvider::crd(),
        Environment::crd(),
        Application::crd(),
    ]
    .into_iter()
    .map(with_initial_status)
    .collect()
}

/// GitOps tools take an object without status for ready: give every new one `Ready=Unknown`.
fn with_initial_status(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        if let Some(status) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
            .and_then(|schema: &mut JSONSchemaProps| schema.properties.as_mut())
            .and_then(|properties| properties.get_mut("status"))
        {
            status.default = Some(JSON(serde_json::json!({
                "conditions": [{
                    "type": "Ready",
                    "status": "Unknown",
                    "reason": "Pending",
                    "message": "the controller has not looked at it yet",
                    "lastTransitionTime": "1970-01-01T00:00:00Z",
                }],
            })));
            // A default is only filled in where the property may be absent, not null.
            status.nullable = None;
        }
    }
    crd
}
