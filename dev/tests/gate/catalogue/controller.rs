//! `examples/eks`: the controller's own role, applied as it stands, and what a pod gets with it.

use harmonix_dev::aws::config::TaskMode;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::platform::{MODULE, Platform, assert_only_operates, issuer, learn};
use super::terraform::{Caller, Module};
use crate::world::{REGION, World, administrator, code};

const SUBJECT: &str = "system:serviceaccount:harmonix-system:harmonix";
const PODS: &str = "pods.eks.amazonaws.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_irsa_the_controller_assumes_operations_roles_and_nothing_else() {
    let platform = Platform::build(&["irsa"]).await;
    let key = platform.irsa(SUBJECT, "sts.amazonaws.com").await.unwrap();
    assert_only_operates(&platform, &key).await;

    for (subject, audience, expected) in [
        (
            "system:serviceaccount:harmonix-system:default",
            "sts.amazonaws.com",
            "AccessDenied",
        ),
        (
            "system:serviceaccount:shop:harmonix",
            "sts.amazonaws.com",
            "AccessDenied",
        ),
        (SUBJECT, PODS, "InvalidIdentityToken"),
    ] {
        let (_, answer) = platform.irsa(subject, audience).await.unwrap_err();
        assert_eq!(code(&answer), expected, "{subject} {audience}: {answer}");
    }
    // The other way to the role was not asked for.
    platform.associate("--disable-session-tags").await;
    let (_, answer) = platform.pod_identity(SUBJECT, PODS).await.unwrap_err();
    assert_eq!(answer["code"], "AccessDeniedException", "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_pod_identity_the_controller_assumes_operations_roles_and_nothing_else() {
    let platform = Platform::build(&["pod-identity"]).await;
    let (status, answer) = platform.pod_identity(SUBJECT, PODS).await.unwrap_err();
    assert_eq!(
        (status, &answer["code"]),
        (404, &json!("ResourceNotFoundException"))
    );

    let made = platform.associate("--disable-session-tags").await;
    assert_eq!(made["disableSessionTags"], true);
    let key = platform.pod_identity(SUBJECT, PODS).await.unwrap();
    assert_only_operates(&platform, &key).await;

    for (subject, audience) in [
        ("system:serviceaccount:harmonix-system:default", PODS),
        ("system:serviceaccount:shop:harmonix", PODS),
        (SUBJECT, "sts.amazonaws.com"),
    ] {
        let refused = platform.pod_identity(subject, audience).await;
        assert!(refused.is_err(), "{subject} {audience}");
    }
    // The other way to the role was not asked for: IAM does not even know the cluster.
    let (_, answer) = platform
        .irsa(SUBJECT, "sts.amazonaws.com")
        .await
        .unwrap_err();
    assert_eq!(code(&answer), "InvalidIdentityToken", "{answer}");

    // Another cluster of the account is refused by the trust policy, whatever is associated there.
    let world = &platform.world;
    let params = json!({
        "name": "sandbox",
        "roleArn": format!("arn:aws:iam::{}:role/cluster", world.account),
        "resourcesVpcConfig": { "subnetIds": [] },
    });
    let way = (Method::POST, "/clusters");
    let (status, made) = world.rest(&administrator(), "eks", way, params).await;
    assert_eq!(status, 200, "{made}");
    let issuer = issuer("SANDBOX");
    learn(world, "sandbox", &issuer).await;
    let command = format!(
        "eks create-pod-identity-association --cluster-name sandbox --namespace harmonix-system \
         --service-account harmonix --role-arn {} --disable-session-tags",
        platform.role
    );
    platform.aws(&command).await;
    let mut claims = json!({ "iss": issuer, "sub": SUBJECT, "aud": [PODS] });
    claims["exp"] = json!(Timestamp::now().as_second() + 60);
    claims["kubernetes.io"] = json!({
        "namespace": "harmonix-system", "serviceaccount": { "name": "harmonix", "uid": "1" },
    });
    let params = json!({ "token": world.issuer.sign(&claims) });
    let way = (
        Method::POST,
        "/clusters/sandbox/assume-role-for-pod-identity",
    );
    let (_, answer) = world.rest(&administrator(), "eks-auth", way, params).await;
    assert_eq!(answer["code"], "AccessDeniedException", "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_tags_of_pod_identity_are_more_than_operations_roles_admit() {
    let platform = Platform::build(&["pod-identity", "irsa"]).await;
    let made = platform.associate("").await;
    assert_eq!(made["disableSessionTags"], false);
    let key = platform.pod_identity(SUBJECT, PODS).await.unwrap();
    let (status, answer) = platform.operate(&key).await.unwrap_err();
    assert_eq!((status, code(&answer)), (403, "AccessDenied"));
    assert!(answer.contains("to perform: sts:TagSession on"), "{answer}");

    let path = format!(
        "eks update-pod-identity-association --cluster-name platform --association-id {} --disable-session-tags",
        made["associationId"].as_str().unwrap()
    );
    platform.aws(&path).await;
    let key = platform.pod_identity(SUBJECT, PODS).await.unwrap();
    platform.operate(&key).await.unwrap();
    // Both ways at once, while one takes the other's place.
    let key = platform.irsa(SUBJECT, "sts.amazonaws.com").await.unwrap();
    platform.operate(&key).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_association_is_there_once_is_found_and_goes() {
    let platform = Platform::build(&["pod-identity"]).await;
    let world = &platform.world;
    let made = platform
        .associate("--disable-session-tags --tags team=platform")
        .await;
    let arn = format!(
        "arn:aws:eks:{REGION}:{}:podidentityassociation/platform/",
        world.account
    );
    assert!(made["associationArn"].as_str().unwrap().starts_with(&arn));
    assert_eq!(made["tags"], json!({ "team": "platform" }));

    let path = "/clusters/platform/pod-identity-associations";
    let again = json!({
        "namespace": "harmonix-system", "serviceAccount": "harmonix", "roleArn": platform.role,
    });
    let ask = async |cluster: &str, params: &Value| {
        let path = path.replace("platform", cluster);
        let way = (Method::POST, path.as_str());
        world
            .rest(&administrator(), "eks", way, params.clone())
            .await
    };
    let (status, answer) = ask("platform", &again).await;
    assert_eq!(
        (status, &answer["code"]),
        (409, &json!("ResourceInUseException"))
    );
    let (status, answer) = ask("none", &again).await;
    assert_eq!(
        (status, &answer["code"]),
        (404, &json!("ResourceNotFoundException"))
    );
    let mut none = again.clone();
    none["roleArn"] = json!(platform.role.replace("controller", "none"));
    let (status, answer) = ask("platform", &none).await;
    assert_eq!(
        (status, &answer["code"]),
        (400, &json!("InvalidParameterException"))
    );

    let list = "eks list-pod-identity-associations --cluster-name platform";
    let id = made["associationId"].as_str().unwrap();
    for (namespace, found) in [("harmonix-system", 1), ("shop", 0)] {
        let listed = platform
            .aws(&format!("{list} --namespace {namespace}"))
            .await;
        assert_eq!(listed["associations"].as_array().unwrap().len(), found);
    }
    let one = format!("--cluster-name platform --association-id {id}");
    let described = platform
        .aws(&format!("eks describe-pod-identity-association {one}"))
        .await;
    assert_eq!(described["association"]["roleArn"], json!(platform.role));
    platform
        .aws(&format!("eks delete-pod-identity-association {one}"))
        .await;
    let listed = platform.aws(list).await;
    assert_eq!(listed["associations"], json!([]));
    // The gate's session is not the pod's: who may make associations must also be allowed to pass the role.
    let rights = r#"{"Effect":"Allow","Action":"eks:CreatePodIdentityAssociation","Resource":"*"}"#;
    let role = world
        .role("developer", &world.trust_controller(), rights)
        .await;
    let key = world.assume(&role, &[]).await.unwrap();
    let (status, answer) = world.rest(&key, "eks", (Method::POST, path), again).await;
    assert_eq!(status, 403);
    assert!(
        answer["message"].as_str().unwrap().contains("iam:PassRole"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_gets_the_agent_of_pod_identity_once() {
    let platform = Platform::build(&["pod-identity"]).await;
    let addon = "--cluster-name platform --addon-name eks-pod-identity-agent";
    let made = platform.aws(&format!("eks create-addon {addon}")).await;
    assert_eq!(made["addon"]["status"], "ACTIVE");
    let shown = platform.aws(&format!("eks describe-addon {addon}")).await;
    assert_eq!(shown, made);
    let again = json!({ "addonName": "eks-pod-identity-agent" });
    let ask = async |path: &str| {
        let way = (Method::POST, path);
        let world = &platform.world;
        world
            .rest(&administrator(), "eks", way, again.clone())
            .await
    };
    let (status, answer) = ask("/clusters/platform/addons").await;
    assert_eq!(
        (status, &answer["code"]),
        (409, &json!("ResourceInUseException"))
    );
    let (status, answer) = ask("/clusters/none/addons").await;
    assert_eq!(
        (status, &answer["code"]),
        (404, &json!("ResourceNotFoundException"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_would_reach_further_is_refused_before_it_is_made() {
    let world = World::start(TaskMode::None).await;
    let module = Module::prepare(&world, MODULE, &Caller::Administrator).await;
    let right = json!({
        "cluster_arn": format!("arn:aws:eks:{REGION}:{}:cluster/platform", world.account),
        "accounts": [world.other],
    });
    for (name, value, says) in [
        (
            "cluster_arn",
            Value::Null,
            "EKS Pod Identity needs the cluster's ARN",
        ),
        (
            "cluster_arn",
            json!("arn:aws:eks:eu-west-1:111111111111:cluster/*"),
            "A cluster's ARN looks like",
        ),
        (
            "identities",
            json!(["irsa"]),
            "IRSA needs the cluster's issuer",
        ),
        ("identities", json!([]), "Identities are"),
        ("identities", json!(["node"]), "Identities are"),
        ("accounts", json!([]), "Accounts have 12 digits"),
        ("accounts", json!(["2*"]), "Accounts have 12 digits"),
        (
            "prefixes",
            json!(["*"]),
            "A prefix must be a lower-case label",
        ),
        (
            "roles",
            json!(["arn:aws:iam::222222222222:role/*"]),
            "A role is its whole ARN",
        ),
        (
            "namespace",
            json!("*"),
            "The namespace must be the name of one",
        ),
        (
            "service_account",
            json!("*"),
            "The service account must be the name of one",
        ),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value;
        let told = module.refused(&wrong).await;
        assert!(told.contains(says), "{name}: {told}");
    }
}
