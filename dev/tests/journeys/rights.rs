//! Rights: what the roles grant is what the API server saw the controller do, no less and no more.

use std::time::{Duration, Instant};

use harmonix_dev::rights::{self, Granted, asked};
use serde_json::{Value, json};

use super::errand::{account, kubectl};
use super::manifest::{application, provider, with};
use super::stage::Stage;

/// How long a controller may take to end, or to say something.
const LIMIT: Duration = Duration::from_secs(20);

/// Everything that the controller does to Kubernetes is done here, so that it does not matter which journeys came before:
/// objects of each kind come and go, the same transition comes twice, and one of several replicas leads.
#[tokio::test]
async fn no_right_is_unused_and_none_is_missing() {
    let stage = Stage::alone("rights").await;
    let mut held = stage.shared.running().await;
    held.as_mut().unwrap().stop(LIMIT).await.unwrap();
    *held = Some(stage.shared.start_with(&["--leader-election"], &[]));
    drop(held);
    let cart = application("rights", "cart", &["dev"]);
    stage.settle(&cart).await;
    stage
        .settle(&with(cart, "/spec/environments/0/replicas", 2))
        .await;
    stage.cluster.delete("Application", "rights/cart").await;
    stage.cluster.gone("Application", "rights/cart").await;
    let place = provider("passing-eu", "222222222222");
    stage.cluster.apply(&place).await;
    stage
        .cluster
        .ready("EnvironmentProvider", "passing-eu")
        .await;
    stage
        .cluster
        .delete("EnvironmentProvider", "passing-eu")
        .await;
    stage
        .cluster
        .gone("EnvironmentProvider", "passing-eu")
        .await;

    // Whoever ends gives the lease back; the next one is no leader's.
    let mut held = stage.shared.running().await;
    held.as_mut().unwrap().stop(LIMIT).await.unwrap();
    drop(held);

    // All that this world saw so far is judged, whichever journeys came before.
    let log = stage.world.layout.journal("kubernetes");
    let verdict = rights::judge(
        &Granted::read(rights::CONTROLLER).unwrap(),
        &Granted::read(rights::EVERYBODY).unwrap(),
        asked::read(&log, asked::ACCOUNT).unwrap(),
    );
    assert!(verdict.requests > 20, "{verdict}");
    assert!(
        verdict.unused.is_empty() && verdict.missing.is_empty(),
        "{verdict}"
    );
}

#[tokio::test]
async fn the_roles_of_the_world_are_the_printed_ones_and_whoever_is_authenticated_may_ask_what_it_may_do()
 {
    let stage = Stage::enter("rights-granted").await;
    let rules = |arguments: &[&str]| -> Value {
        let text = kubectl(
            stage.world,
            &[&["get", "--output", "json"], arguments].concat(),
            "",
        );
        serde_json::from_str::<Value>(&text.unwrap()).unwrap()["rules"].clone()
    };
    let printed: Vec<Value> = rights::CONTROLLER
        .split("---\n")
        .filter(|document| !document.is_empty())
        .map(|document| serde_saphyr::from_str(document).unwrap())
        .collect();
    let own = ["role", "harmonix", "--namespace", "harmonix-system"];
    assert_eq!(rules(&["clusterrole", "harmonix"]), printed[0]["rules"]);
    assert_eq!(rules(&own), printed[1]["rules"]);

    // What is asked at the start is nothing that our roles must grant.
    let everybody: Value = serde_saphyr::from_str(rights::EVERYBODY).unwrap();
    let wanted = &everybody["rules"][0];
    let granted = rules(&["clusterrole", "system:basic-user"]);
    let has = |rule: &Value, key: &str| {
        let all = rule[key].as_array().cloned().unwrap_or_default();
        wanted[key]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| all.contains(one))
    };
    let keys = ["apiGroups", "resources", "verbs"];
    let mut rules = granted.as_array().unwrap().iter();
    assert!(
        rules.any(|rule| keys.iter().all(|key| has(rule, key))),
        "{granted}"
    );
}

#[tokio::test]
async fn a_controller_that_lacks_a_right_names_it_and_goes_on() {
    let stage = Stage::alone("rights-scant").await;
    // The printed role without one of its rights.
    let text = rights::CONTROLLER.split("---\n").nth(1).unwrap();
    let mut role: Value = serde_saphyr::from_str(text).unwrap();
    role["metadata"]["name"] = "scant".into();
    for rule in role["rules"].as_array_mut().unwrap() {
        let resources = rule["resources"].as_array_mut().unwrap();
        resources.retain(|resource| resource != "environments/status" && resource != "events");
        if resources.is_empty() {
            resources.push(json!("nothings"));
        }
    }
    kubectl(
        stage.world,
        &["apply", "--filename", "-"],
        &role.to_string(),
    )
    .unwrap();
    let scant = account(
        stage.world,
        "harmonix-system",
        "scant",
        &["ClusterRole/scant"],
    );

    let mut held = stage.shared.running().await;
    held.as_mut().unwrap().stop(LIMIT).await.unwrap();
    let mut controller = stage
        .shared
        .start_with(&[], &[("KUBECONFIG", scant.to_str().unwrap())]);
    let until = Instant::now() + LIMIT;
    let line = loop {
        let text = std::fs::read_to_string(controller.log()).unwrap_or_default();
        let mut lines = text
            .lines()
            .filter(|line| line.contains("service account may not "));
        if let Some(line) = lines.next() {
            assert_eq!(lines.next(), None, "one line");
            break line.to_owned();
        }
        assert!(Instant::now() < until, "{text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(
        line.contains(
            "may not patch environments/status of harmonix.io, create events of events.k8s.io, patch events of \
             events.k8s.io; grant it the roles that `harmonix rbac` prints"
        ),
        "{line}"
    );
    controller.check().unwrap();
    controller.stop(LIMIT).await.unwrap();
    drop(held);
}
