//! `examples/eks`: the controller's own role, applied as it stands, and what a pod gets with it.

use harmonix_dev::aws::config::TaskMode;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use super::policy::assert_narrow;
use super::terraform::{Caller, Made, Module};
use crate::world::{ISSUER, Key, REGION, World, administrator, code, other_administrator, session};

const MODULE: &str = "examples/eks";
const PROVIDER: &str = "src/catalogue/ecs-fargate-provider/terraform";
const SUBJECT: &str = "system:serviceaccount:harmonix-system:harmonix";
const PODS: &str = "pods.eks.amazonaws.com";

/// A cluster with the module applied for it, and a provider in another account.
struct Platform {
    world: World,
    issuer: String,
    role: String,
    /// The operations role of the provider.
    operations: String,
}

impl Platform {
    async fn build(identities: &[&str]) -> Self {
        let world = World::start(TaskMode::None).await;
        let params = json!({
            "name": "platform",
            "roleArn": format!("arn:aws:iam::{}:role/cluster", world.account),
            "resourcesVpcConfig": { "subnetIds": [] },
        });
        let way = (Method::POST, "/clusters");
        let (status, made) = world.rest(&administrator(), "eks", way, params).await;
        assert_eq!(status, 200, "{made}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let issuer = issuer("PLATFORM");
        learn(&world, "platform", &issuer).await;
        let variables = json!({
            "identities": identities,
            "cluster_arn": text(&made["cluster"]["arn"]),
            "oidc_issuer": issuer,
            "accounts": [world.other],
            "prefixes": ["acme"],
            "path": "/platform/",
        });
        let module = Module::prepare(&world, MODULE, &Caller::Administrator).await;
        let made = module.apply(&variables).await;
        assert_narrow(&made);
        assert_rights(&made, &world);
        assert!(module.is_settled(&variables).await);
        let role = made.output("role_arn").to_owned();
        let operations = operations(&world, &role).await;
        Self {
            world,
            issuer,
            role,
            operations,
        }
    }

    /// A token of a pod: of this service account, for this audience.
    fn token(&self, subject: &str, audience: &str) -> String {
        let now = Timestamp::now().as_second();
        let [_, _, namespace, account] = subject.split(':').collect::<Vec<_>>()[..] else {
            panic!("{subject}")
        };
        self.world.issuer.sign(&json!({
            "iss": self.issuer, "sub": subject, "aud": [audience],
            "nbf": now - 5, "iat": now, "exp": now + 3600,
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": { "name": account, "uid": "11111111-1111-4111-8111-111111111111" },
                "pod": { "name": "harmonix-0", "uid": "22222222-2222-4222-8222-222222222222" },
            },
        }))
    }

    async fn irsa(&self, subject: &str, audience: &str) -> Result<Key, (u16, String)> {
        let token = self.token(subject, audience);
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", &self.role),
            ("RoleSessionName", "harmonix-0"),
            ("WebIdentityToken", &token),
        ];
        session(self.world.form(None, "sts", &fields).await)
    }

    /// What the agent on the node gets for a pod.
    async fn pod_identity(&self, subject: &str, audience: &str) -> Result<Key, (u16, Value)> {
        let path = "/clusters/platform/assume-role-for-pod-identity";
        let params = json!({ "token": self.token(subject, audience) });
        let way = (Method::POST, path);
        let agent = administrator();
        match self.world.rest(&agent, "eks-auth", way, params).await {
            (200, answer) => Ok(Key(answer["credentials"]["accessKeyId"]
                .as_str()
                .unwrap()
                .to_owned())),
            refused => Err(refused),
        }
    }

    /// Asks for a session of the operations role just as the controller does.
    async fn operate(&self, key: &Key) -> Result<Key, (u16, String)> {
        self.world.assume_with(key, &self.operations, &ASKED).await
    }

    /// Runs the AWS CLI as the administrator, as the pages show it.
    async fn aws(&self, command: &str) -> Value {
        let cli = std::env::var_os("HARMONIX_AWS_CLI")
            .expect("HARMONIX_AWS_CLI must name the AWS CLI: run `cargo dev test`, which sets it");
        let ran = Command::new(cli)
            .args(command.split_whitespace())
            .env("AWS_ENDPOINT_URL", &self.world.address)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", administrator().0)
            .env("AWS_SECRET_ACCESS_KEY", "unchecked")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{command}: {said}");
        serde_json::from_slice(&ran.stdout).unwrap()
    }

    async fn associate(&self, more: &str) -> Value {
        let command = format!(
            "eks create-pod-identity-association --cluster-name platform --namespace harmonix-system \
             --service-account harmonix --role-arn {} {more}",
            self.role
        );
        self.aws(&command).await["association"].take()
    }
}

/// What the controller asks for: an external id, tags, and a source identity.
const ASKED: [(&str, &str); 5] = [
    ("RoleSessionName", "harmonix"),
    ("ExternalId", "harmonix-1"),
    ("SourceIdentity", "envp-dev-eu"),
    ("Tags.member.1.Key", "harmonix:provider"),
    ("Tags.member.1.Value", "dev-eu"),
];

fn issuer(cluster: &str) -> String {
    format!("https://oidc.eks.{REGION}.amazonaws.com/id/{cluster}")
}

/// Makes a cluster's issuer known; on the internet AWS finds its keys below its own address.
async fn learn(world: &World, cluster: &str, issuer: &str) {
    let known = json!({
        "issuer": issuer, "keys": world.issuer.address,
        "cluster": { "account": world.account, "region": REGION, "name": cluster },
    });
    let address = format!("{}/__issuers", world.address);
    let posted = world.client.post(address).json(&known).send().await;
    assert_eq!(posted.unwrap().status().as_u16(), 204);
}

/// The one policy there is: three actions, on the operations roles of one prefix in one account.
fn assert_rights(made: &Made, world: &World) {
    let policies = made.all("aws_iam_role_policy");
    assert_eq!(policies.len(), 1);
    assert!(made.all("aws_iam_role_policy_attachment").is_empty());
    let policy = policies[0]["values"]["policy"].as_str().unwrap();
    let policy: Value = serde_json::from_str(policy).unwrap();
    let expected = json!([{
        "Sid": "AssumeOperationsRoles",
        "Effect": "Allow",
        "Action": ["sts:TagSession", "sts:SetSourceIdentity", "sts:AssumeRole"],
        "Resource": format!("arn:aws:iam::{}:role/acme-*-operations-role", world.other),
    }]);
    assert_eq!(sorted(&policy["Statement"]), sorted(&expected));
}

/// A list of actions is a set.
fn sorted(statements: &Value) -> Value {
    let mut statements = statements.clone();
    if statements.is_object() {
        statements = json!([statements]);
    }
    for statement in statements.as_array_mut().unwrap() {
        let actions = statement["Action"].as_array_mut().unwrap();
        actions.sort_by_key(ToString::to_string);
    }
    statements
}

/// The operations role of a provider in the other account, as its own pipeline makes it.
async fn operations(world: &World, controller: &str) -> String {
    let module = Module::prepare(world, PROVIDER, &Caller::Of(other_administrator())).await;
    let variables = json!({
        "name": "dev-eu", "prefix": "acme", "account": world.other, "region": REGION,
        "network": { "create": { "cidr": "10.9.0.0/16" }, "existing": null },
        "provisioning_role_name": "acme-dev-eu-provisioning-role", "provisioning_role_path": "/",
        "operations_role_name": "acme-dev-eu-operations-role", "operations_role_path": "/",
        "oidc_issuer": ISSUER, "oidc_audience": ISSUER,
        "trusted_groups": ["aws-apps"], "provider_project": "providers/dev-eu",
        "controller_principal": controller, "external_id": "harmonix-1",
    });
    let made = module
        .apply_some(&variables, &["aws_iam_role.operations"])
        .await;
    let arn = &made.one("aws_iam_role.operations")["arn"];
    arn.as_str().unwrap().to_owned()
}

/// Makes a role in the other account that trusts this principal with everything it might ask for.
async fn trusting(world: &World, name: &str, principal: &str) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:*",
    }] });
    let fields = [
        ("Action", "CreateRole"),
        ("RoleName", name),
        ("AssumeRolePolicyDocument", &trust.to_string()),
    ];
    let key = other_administrator();
    let (status, answer) = world.form(Some(&key), "iam", &fields).await;
    assert_eq!(status, 200, "{answer}");
    format!("arn:aws:iam::{}:role/{name}", world.other)
}

/// The role may ask for sessions of operations roles, and for nothing else that anybody offers it.
async fn assert_only_operates(platform: &Platform, key: &Key) {
    let world = &platform.world;
    platform.operate(key).await.unwrap();
    let wrong_id = [&ASKED[..1], &[("ExternalId", "harmonix-2")], &ASKED[2..]].concat();
    let asked = world
        .assume_with(key, &platform.operations, &wrong_id)
        .await;
    assert_eq!(asked.unwrap_err().0, 403);
    for name in [
        "acme-dev-eu-provisioning-role",
        "acme-bootstrap-role",
        "other-dev-eu-operations-role",
        "administrator",
    ] {
        let role = trusting(world, name, &platform.role).await;
        let (status, answer) = world.assume_with(key, &role, &ASKED).await.unwrap_err();
        assert_eq!((status, code(&answer)), (403, "AccessDenied"), "{name}");
    }
    // In its own account it takes more than an account that trusts itself.
    let root = format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"sts:*"}}"#,
        world.account
    );
    let own = world.role("acme-own-operations-role", &root, "").await;
    assert!(world.assume_with(key, &own, &ASKED).await.is_err());

    let look = "AmazonEC2ContainerServiceV20141113.ListClusters";
    let (status, answer) = world.json(key, "ecs", look, json!({})).await;
    assert_eq!(
        answer["__type"], "AccessDeniedException",
        "{status} {answer}"
    );
    for (service, operation) in [("iam", "ListRoles"), ("ec2", "DescribeVpcs")] {
        let fields = [("Action", operation)];
        let (status, answer) = world.form(Some(key), service, &fields).await;
        assert_eq!(status, 403, "{operation}: {answer}");
    }
    let path = "/clusters/platform/pod-identity-associations";
    for way in [(Method::GET, "/clusters"), (Method::GET, path)] {
        let (status, answer) = world.rest(key, "eks", way, json!({})).await;
        assert_eq!(
            (status, &answer["code"]),
            (403, &json!("AccessDeniedException"))
        );
    }
}

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
