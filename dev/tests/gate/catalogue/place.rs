//! The modules where neither the demo nor a journey takes them: a network that exists, roles with a path, an
//! application inside the network, an application over HTTPS. Each module runs as the role that its pipeline assumes.

use harmonix_dev::aws::config::TaskMode;
use serde_json::{Value, json};

use super::policy::{assert_ledger, assert_narrow};
use super::shape;
use super::terraform::{Caller, Made, Module};
use crate::world::{ISSUER, REGION, World, administrator};

const ACCOUNT: &str = "examples/account";
const PROVIDER: &str = "src/catalogue/ecs-fargate-provider/terraform";
const SERVICE: &str = "src/catalogue/node-service/source/infrastructure";
const RANGE: &str = "10.9.0.0/16";

/// What of a service is applied: all but its load balancer, for which Terraform waits a minute, and what needs that. The
/// rest is planned, on top of what was applied.
const AT_ONCE: [&str; 5] = [
    "aws_ecs_task_definition.this",
    "aws_iam_role_policy.execution",
    "aws_lb_target_group.this",
    "aws_vpc_security_group_egress_rule.tasks",
    "aws_vpc_security_group_ingress_rule.clients",
];

/// A network that somebody made.
struct Network {
    vpc: String,
    public: [String; 2],
    private: [String; 2],
    /// A subnet of another network.
    foreign: String,
}

impl Network {
    async fn make(world: &World) -> Self {
        let vpc = ec2(
            world,
            "vpcId",
            &[("Action", "CreateVpc"), ("CidrBlock", RANGE)],
        )
        .await;
        let other = [("Action", "CreateVpc"), ("CidrBlock", "10.8.0.0/16")];
        let other = ec2(world, "vpcId", &other).await;
        let subnet = async |vpc: &str, range: &str, zone: &str| {
            let zone = format!("{REGION}{zone}");
            let fields = [
                ("Action", "CreateSubnet"),
                ("VpcId", vpc),
                ("CidrBlock", range),
                ("AvailabilityZone", &zone),
            ];
            ec2(world, "subnetId", &fields).await
        };
        Self {
            public: [
                subnet(&vpc, "10.9.0.0/24", "a").await,
                subnet(&vpc, "10.9.1.0/24", "b").await,
            ],
            private: [
                subnet(&vpc, "10.9.2.0/24", "a").await,
                subnet(&vpc, "10.9.3.0/24", "b").await,
            ],
            foreign: subnet(&other, "10.8.0.0/24", "a").await,
            vpc,
        }
    }
}

/// Makes something in EC2 and answers its id.
async fn ec2(world: &World, id: &str, fields: &[(&str, &str)]) -> String {
    let mut fields = fields.to_vec();
    fields.push(("Version", "2016-11-15"));
    let (status, answer) = world.form(Some(&administrator()), "ec2", &fields).await;
    let found = answer
        .split_once(&format!("<{id}>"))
        .and_then(|(_, rest)| rest.split_once('<'));
    assert_eq!(status, 200, "{answer}");
    found.unwrap_or_else(|| panic!("{answer}")).0.to_owned()
}

async fn certificate(world: &World) -> String {
    let wanted = json!({ "DomainName": "cart.example.com" });
    let target = "CertificateManager.RequestCertificate";
    let (status, answer) = world.json(&administrator(), "acm", target, wanted).await;
    assert_eq!(status, 200, "{answer}");
    answer["CertificateArn"].as_str().unwrap().to_owned()
}

fn provider(world: &World, network: &Network) -> Value {
    json!({
        "name": "dev-eu", "prefix": "acme", "account": world.account, "region": REGION,
        "network": {
            "create": null,
            "existing": {
                "vpc_id": network.vpc,
                "public_subnet_ids": network.public,
                "private_subnet_ids": network.private,
            },
        },
        "provisioning_role_name": "provisioning", "provisioning_role_path": "/teams/acme/",
        "operations_role_name": "operations", "operations_role_path": "/teams/acme/",
        "oidc_issuer": ISSUER, "oidc_audience": ISSUER,
        "trusted_groups": ["aws-apps"], "provider_project": "providers/dev-eu",
        "controller_principal": format!("arn:aws:iam::{}:role/controller", world.platform),
        "external_id": "harmonix-1",
    })
}

fn service(world: &World, name: &str) -> Value {
    json!({
        "name": name, "region": REGION, "provider_prefix": "acme", "provider_name": "dev-eu",
        "repository": "acme/shop/cart",
        "image": format!("{}/acme/shop/cart@sha256:{}", world.registry, "a".repeat(64)),
        "release": "4f1c", "configuration": "c0ffee",
        "namespace": "shop", "application": "cart", "environment": "dev", "replicas": 1,
        "cpu": 256, "memory": 512, "port": 8080, "health_path": "/health", "exposure": "internal",
        "log_retention_days": 30,
    })
}

fn set(values: &Value) -> Vec<&str> {
    let mut set: Vec<&str> = values
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    set.sort_unstable();
    set
}

fn sorted(ids: &[String; 2]) -> Vec<&str> {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids
}

/// Who may come in, as `range:port`.
fn clients(made: &Made) -> Vec<String> {
    let rules = made.all("aws_vpc_security_group_ingress_rule");
    let ranges = rules.into_iter().filter(|rule| rule["name"] == "clients");
    let mut clients: Vec<String> = ranges
        .map(|rule| {
            format!(
                "{}:{}",
                rule["values"]["cidr_ipv4"].as_str().unwrap(),
                rule["values"]["to_port"]
            )
        })
        .collect();
    clients.sort_unstable();
    clients
}

async fn bootstrap(world: &World) -> String {
    let module = Module::prepare(world, ACCOUNT, &Caller::Administrator).await;
    let variables = json!({
        "gitlab_issuer": ISSUER, "providers_group": "providers", "prefix": "acme",
        "roles": ["teams/acme/provisioning", "teams/acme/operations"],
    });
    let made = module.apply(&variables).await;
    assert_narrow(&made);
    made.output("bootstrap_role_arn").to_owned()
}

async fn place(world: &World, network: &Network, bootstrap: &str) -> String {
    let caller = Caller::Pipeline {
        role: bootstrap,
        project: "providers/dev-eu",
    };
    let module = Module::prepare(world, PROVIDER, &caller).await;
    let variables = provider(world, network);

    let made = module.apply(&variables).await;
    assert_narrow(&made);
    assert_ledger(&made);
    for kind in [
        "aws_vpc",
        "aws_subnet",
        "aws_nat_gateway",
        "aws_route_table",
    ] {
        let own = made
            .all(kind)
            .into_iter()
            .filter(|found| found["mode"] == "managed");
        assert_eq!(own.count(), 0, "{kind}");
    }
    let parameter = |name: &str| made.one(&format!("aws_ssm_parameter.{name}"))["value"].clone();
    assert_eq!(parameter("value[\"vpc\"]"), json!(network.vpc));
    assert_eq!(
        parameter("list[\"vpc/public-subnets\"]"),
        json!(network.public.join(","))
    );
    assert_eq!(
        parameter("list[\"vpc/private-subnets\"]"),
        json!(network.private.join(","))
    );
    let role = |name: &str| format!("arn:aws:iam::{}:role/teams/acme/{name}", world.account);
    assert_eq!(
        parameter("value[\"operations-role-arn\"]"),
        json!(role("operations"))
    );
    assert_eq!(made.output("provisioning_role_arn"), role("provisioning"));
    made.output("provisioning_role_arn").to_owned()
}

async fn inside(world: &World, network: &Network, provisioning: &str) -> Value {
    let caller = Caller::Pipeline {
        role: provisioning,
        project: "aws-apps/shop/cart",
    };
    let module = Module::prepare(world, SERVICE, &caller).await;
    let variables = service(world, "cart-inside");
    assert_narrow(&module.apply_some(&variables, &AT_ONCE).await);
    let made = module.plan(&variables).await;
    let balancer = made.one("aws_lb.this");
    assert_eq!(balancer["internal"], true);
    assert_eq!(set(&balancer["subnets"]), sorted(&network.private));
    assert_eq!(clients(&made), [format!("{RANGE}:80")]);
    assert_eq!(made.all("aws_lb_listener").len(), 1);
    assert_eq!(
        made.one("aws_lb_listener.http")["default_action"][0]["type"],
        "forward"
    );
    shape::of_plan(world, &made, "cart-inside").await
}

async fn over_https(world: &World, network: &Network, provisioning: &str) {
    let caller = Caller::Pipeline {
        role: provisioning,
        project: "aws-apps/shop/cart",
    };
    let module = Module::prepare(world, SERVICE, &caller).await;
    let certificate = certificate(world).await;
    let mut variables = service(world, "cart-https");
    variables["exposure"] = json!("public");
    variables["certificate_arn"] = json!(certificate);
    module.apply_some(&variables, &AT_ONCE).await;
    let made = module.plan(&variables).await;
    let balancer = made.one("aws_lb.this");
    assert_eq!(balancer["internal"], false);
    assert_eq!(set(&balancer["subnets"]), sorted(&network.public));
    assert_eq!(clients(&made), ["0.0.0.0/0:443", "0.0.0.0/0:80"]);
    let plain = &made.one("aws_lb_listener.http")["default_action"][0];
    assert_eq!(plain["type"], "redirect");
    assert_eq!(plain["redirect"][0]["protocol"], "HTTPS");
    assert_eq!(plain["redirect"][0]["status_code"], "HTTP_301");
    let secure = made.one("aws_lb_listener.https[0]");
    assert_eq!(
        (&secure["port"], &secure["protocol"]),
        (&json!(443), &json!("HTTPS"))
    );
    assert_eq!(secure["certificate_arn"], json!(certificate));
    assert_eq!(secure["default_action"][0]["type"], "forward");
    // Tasks stay inside, whoever comes in through the load balancer.
    let network_of = &made.one("aws_ecs_service.this")["network_configuration"][0];
    assert_eq!(network_of["assign_public_ip"], false);
    assert_eq!(set(&network_of["subnets"]), sorted(&network.private));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_exists_takes_applications_inside_and_over_https() {
    let world = World::start(TaskMode::None).await;
    let network = Network::make(&world).await;
    let bootstrap = bootstrap(&world).await;
    let provisioning = place(&world, &network, &bootstrap).await;
    let (service, ()) = tokio::join!(
        inside(&world, &network, &provisioning),
        over_https(&world, &network, &provisioning),
    );
    // The scripted jobs claim what has just been made for real.
    let roles = ["provisioning", "operations"];
    let provider = shape::of_provider(&world, "dev-eu", roles).await;
    shape::is_what_the_scripted_jobs_leave(&world, &bootstrap, (&provider, &service)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_cannot_be_is_refused_before_anything_is_made() {
    let world = World::start(TaskMode::None).await;
    let network = Network::make(&world).await;
    let module = Module::prepare(&world, PROVIDER, &Caller::Administrator).await;
    let variables = provider(&world, &network);

    let mut odd = variables.clone();
    odd["name"] = json!("d".repeat(41));
    odd["network"]["existing"]["public_subnet_ids"][1] = json!(network.foreign);
    let told = module.refused(&odd).await;
    let foreign = format!("Subnet {} belongs to vpc-", network.foreign);
    assert!(told.contains(&foreign), "{told}");
    assert!(told.contains("must have at most 45 characters"), "{told}");

    for purpose in ["provisioning", "operations"] {
        let mut among = variables.clone();
        among[format!("{purpose}_role_path")] = json!("/harmonix/acme-dev-eu/");
        let told = module.refused(&among).await;
        assert!(
            told.contains(&format!("correct spec.roles.{purpose}")),
            "{told}"
        );
    }
}
