//! A provider's roles where a platform wants them.

use serde_json::json;

use super::manifest::{application, environment, provider, with};
use super::stage::Stage;

#[tokio::test]
async fn roles_with_a_path_are_made_where_the_spec_says_and_are_used() {
    let stage = Stage::enter("paths").await;
    let role = |name: &str| format!("arn:aws:iam::222222222222:role/teams/acme/{name}");
    let roles = json!({
        "bootstrap": "arn:aws:iam::222222222222:role/acme-bootstrap-role",
        "provisioning": role("provisioning"),
        "operations": role("operations"),
    });
    let paths = with(provider("paths-eu", "222222222222"), "/spec/roles", roles);
    stage.cluster.apply(&paths).await;
    let ready = stage.cluster.ready("EnvironmentProvider", "paths-eu").await;
    let outputs = &ready["status"]["outputs"];
    assert_eq!(outputs["provisioningRoleArn"], role("provisioning"));
    assert_eq!(outputs["operationsRoleArn"], role("operations"));

    // The pipeline of an application deploys with the one, the controller looks with the other.
    let paths = environment("paths", 1, &["paths-eu"]);
    stage.cluster.apply(&paths).await;
    stage
        .settle(&application("paths", "cart", &["paths"]))
        .await;
}
