//! A cluster with `examples/eks` applied for it, a provider in another account, and what the controller's role may do there.

use harmonix_dev::aws::config::TaskMode;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use super::policy::assert_narrow;
use super::terraform::{Caller, Made, Module};
use crate::world::{ISSUER, Key, REGION, World, administrator, code, other_administrator, session};

pub(super) const MODULE: &str = "examples/eks";
const PROVIDER: &str = "src/catalogue/ecs-fargate-provider/terraform";

/// A cluster with the module applied for it, and a provider in another account.
pub(super) struct Platform {
    pub(super) world: World,
    pub(super) issuer: String,
    pub(super) role: String,
    /// The operations role of the provider.
    pub(super) operations: String,
}

impl Platform {
    pub(super) async fn build(identities: &[&str]) -> Self {
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
    pub(super) fn token(&self, subject: &str, audience: &str) -> String {
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

    pub(super) async fn irsa(&self, subject: &str, audience: &str) -> Result<Key, (u16, String)> {
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
    pub(super) async fn pod_identity(
        &self,
        subject: &str,
        audience: &str,
    ) -> Result<Key, (u16, Value)> {
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
    pub(super) async fn operate(&self, key: &Key) -> Result<Key, (u16, String)> {
        self.world.assume_with(key, &self.operations, &ASKED).await
    }

    /// Runs the AWS CLI as the administrator, as the pages show it.
    pub(super) async fn aws(&self, command: &str) -> Value {
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

    pub(super) async fn associate(&self, more: &str) -> Value {
        let command = format!(
            "eks create-pod-identity-association --cluster-name platform --namespace harmonix-system \
             --service-account harmonix --role-arn {} {more}",
            self.role
        );
        self.aws(&command).await["association"].take()
    }
}

/// What the controller asks for: an external id, tags, and a source identity.
pub(super) const ASKED: [(&str, &str); 5] = [
    ("RoleSessionName", "harmonix"),
    ("ExternalId", "harmonix-1"),
    ("SourceIdentity", "envp-dev-eu"),
    ("Tags.member.1.Key", "harmonix:provider"),
    ("Tags.member.1.Value", "dev-eu"),
];

pub(super) fn issuer(cluster: &str) -> String {
    format!("https://oidc.eks.{REGION}.amazonaws.com/id/{cluster}")
}

/// Makes a cluster's issuer known; on the internet AWS finds its keys below its own address.
pub(super) async fn learn(world: &World, cluster: &str, issuer: &str) {
    let known = json!({
        "issuer": issuer, "keys": world.issuer.address,
        "cluster": { "account": world.account, "region": REGION, "name": cluster },
    });
    let address = format!("{}/__issuers", world.address);
    let posted = world.client.post(address).json(&known).send().await;
    assert_eq!(posted.unwrap().status().as_u16(), 204);
}

/// The one policy there is: three actions, on the operations roles of one prefix in one account.
pub(super) fn assert_rights(made: &Made, world: &World) {
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
pub(super) fn sorted(statements: &Value) -> Value {
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
pub(super) async fn operations(world: &World, controller: &str) -> String {
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
pub(super) async fn trusting(world: &World, name: &str, principal: &str) -> String {
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
pub(super) async fn assert_only_operates(platform: &Platform, key: &Key) {
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
