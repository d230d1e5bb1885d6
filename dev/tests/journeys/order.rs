//! Whatever is applied first, all of it becomes ready.

use super::manifest::{application, environment, provider};
use super::stage::Stage;

/// Providers are places in AWS: each order has its own, so that nothing is ready before it begins.
async fn in_order(number: usize, order: [usize; 3]) {
    let namespace = format!("order-{number}");
    let stage = Stage::enter(&namespace).await;
    let (place, stage_name) = (format!("order-{number}"), format!("first-{number}"));
    let objects = [
        provider(&place, "222222222222"),
        environment(&stage_name, 1, &[&place]),
        application(&namespace, "cart", &[&stage_name]),
    ];
    for index in order {
        stage.cluster.apply(&objects[index]).await;
        // Each is seen, and its own status is written, before the next comes.
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    }
    stage.cluster.ready("EnvironmentProvider", &place).await;
    stage.cluster.ready("Environment", &stage_name).await;
    stage
        .cluster
        .ready("Application", &format!("{namespace}/cart"))
        .await;
    assert_eq!(
        stage
            .forge
            .projects_of(&format!("aws-apps/{namespace}"))
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn provider_environment_application_is_an_order_that_converges() {
    in_order(0, [0, 1, 2]).await;
}

#[tokio::test]
async fn provider_application_environment_is_an_order_that_converges() {
    in_order(1, [0, 2, 1]).await;
}

#[tokio::test]
async fn environment_provider_application_is_an_order_that_converges() {
    in_order(2, [1, 0, 2]).await;
}

#[tokio::test]
async fn environment_application_provider_is_an_order_that_converges() {
    in_order(3, [1, 2, 0]).await;
}

#[tokio::test]
async fn application_provider_environment_is_an_order_that_converges() {
    in_order(4, [2, 0, 1]).await;
}

#[tokio::test]
async fn application_environment_provider_is_an_order_that_converges() {
    in_order(5, [2, 1, 0]).await;
}
