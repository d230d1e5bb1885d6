//! The desk of somebody who installs: a shell in a copy of the checkout, with a cluster that has one real node, an
//! administrator's key for each account, and a GitLab with a token. Nothing of Harmonix is anywhere yet.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use harmonix_dev::image::Image;
use harmonix_dev::node::{AWS, GITLAB, Node};
use harmonix_dev::progress::Progress;
use harmonix_dev::tools::command::find;
use harmonix_dev::tools::{Cache, NodePrograms};
use harmonix_dev::world::account::{
    CONTROLLER_PRINCIPAL, DEVELOPMENT, PLATFORM, PRODUCTION, REGION,
};
use harmonix_dev::world::gitlab::ISSUER;
use harmonix_dev::world::name::{checkout, of_checkout};
use harmonix_dev::world::{Executor, Options, Tasks};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;

/// No command of a page takes longer: the longest brings an application up in two accounts.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// Where the webhook of IRSA mounts a pod's token.
const TOKEN: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// What stands in for a program that cannot do here what it does elsewhere.
const PROGRAMS: [(&str, &str); 4] = [
    ("aws", include_str!("programs/aws")),
    ("curl", include_str!("programs/curl")),
    ("docker", include_str!("programs/docker")),
    ("helm", include_str!("programs/helm")),
];
/// What a world has for its own controller, and an installation brings itself.
const OF_THE_WORLD: [&[&str]; 4] = [
    &[
        "mutatingadmissionpolicies,mutatingadmissionpolicybindings",
        "requested-by.harmonix.io",
    ],
    &["clusterroles,clusterrolebindings", "harmonix"],
    &[
        "customresourcedefinitions",
        "applications.harmonix.io",
        "environments.harmonix.io",
        "environmentproviders.harmonix.io",
    ],
    &["namespaces", "harmonix-system"],
];

/// Helm, as the suite's tools have it.
pub fn helm() -> PathBuf {
    tool("HARMONIX_HELM").join("helm")
}

fn tool(variable: &str) -> PathBuf {
    let named = std::env::var_os(variable);
    let named =
        named.unwrap_or_else(|| panic!("{variable} is not set: run `cargo dev test install`"));
    PathBuf::from(named)
}

pub struct Desk {
    node: Node,
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl Desk {
    pub async fn set_up() -> Self {
        let progress = Progress::on_standard_error();
        let cache = Cache::of_user().unwrap();
        // Both take minutes where they were never built; in the node there is no way out to what they need.
        let image = Image::ensure(&cache, &progress).await.unwrap();
        let tools = NodePrograms::at(tool("HARMONIX_KUBELET"));
        let options = Options {
            executor: Executor::Scripted,
            tasks: Tasks::None,
        };
        // The same each time, so that what a run that was killed has left is taken away by the next one.
        let name = format!("pages-{}", of_checkout(checkout()));
        let node = Node::up(&name, options, tools, &progress).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let environment = environment(&node, folder.path());
        let desk = Self {
            node,
            folder,
            environment,
        };
        desk.write(&image.binary);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything that lies on the desk.
    fn write(&self, binary: &Path) {
        let layout = &self.node.world.layout;
        let write = |name: &str, text: &[u8]| {
            let file = self.path(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
        };
        let copy = |from: &Path, name: &str| write(name, &fs::read(from).unwrap());
        for (name, text) in PROGRAMS {
            write(&format!("programs/{name}"), text.as_bytes());
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(self.path("programs").join(name), mode).unwrap();
        }
        for kept in ["Dockerfile", "charts", "crds", "examples"] {
            copy_all(&checkout().join(kept), &self.path("checkout").join(kept));
        }
        copy(
            &layout.administrator_kubeconfig(),
            "administrator.kubeconfig",
        );
        copy(&layout.gitlab_token(), "checkout/gitlab-token");
        // GitLab's stand-in has no certificate; what is given has to be one all the same.
        let authority = layout.path("kubernetes/certificates/apiserver.crt");
        copy(&authority, "checkout/gitlab-ca.pem");
        copy(Path::new(CERTIFICATES), "prebuilt/ca-certificates.crt");
        copy(binary, "prebuilt/harmonix");
        write("home/.aws/credentials", self.credentials().as_bytes());
        write("world-values.yaml", self.values().to_string().as_bytes());
        write("state", b"");
    }

    /// The profiles that the pages name.
    fn credentials(&self) -> String {
        let profiles = [
            ("platform", PLATFORM),
            (DEVELOPMENT, DEVELOPMENT),
            (PRODUCTION, PRODUCTION),
        ];
        let profile = |(name, account): (&str, &str)| {
            let key = &self
                .node
                .world
                .identities
                .administrator(account)
                .unwrap()
                .key;
            format!(
                "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                key.id, key.secret
            )
        };
        profiles.map(profile).concat()
    }

    /// Where the world's GitLab, AWS and image are, and what EKS' own webhook would put into the pods of a service account
    /// that is annotated with a role.
    fn values(&self) -> serde_json::Value {
        let world = &self.node.world;
        let variable = |name: &str, value: String| json!({ "name": name, "value": value });
        json!({
            "gitlab": {
                "url": format!("http://{GITLAB}:{}", world.ports.gitlab),
                "oidc": { "issuer": ISSUER, "audience": ISSUER },
            },
            "aws": { "identity": "IRSA" },
            "extraEnv": [
                variable("AWS_ENDPOINT_URL", format!("http://{AWS}:{}", world.ports.aws)),
                variable("AWS_ROLE_ARN", CONTROLLER_PRINCIPAL.to_owned()),
                variable("AWS_WEB_IDENTITY_TOKEN_FILE", format!("{TOKEN}/token")),
            ],
            "extraVolumes": [{
                "name": "aws-iam-token",
                "projected": { "sources": [{ "serviceAccountToken": {
                    "audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token",
                } }] },
            }],
            "extraVolumeMounts": [{ "name": "aws-iam-token", "mountPath": TOKEN, "readOnly": true }],
            "image": { "repository": format!("127.0.0.1:{}/harmonix", world.ports.ecr) },
            "jobs": {
                "nodeImage": world.node_image,
                "terraformImage": world.node_image,
                "buildImage": world.node_image,
            },
            "controller": { "pollInterval": "1s" },
        })
    }

    /// Takes away what the world was given for its own controller, and makes what the pages expect to be there.
    pub async fn clear(&self) {
        let administrator = self.path("administrator.kubeconfig");
        for things in OF_THE_WORLD {
            let delete = format!(
                "kubectl --kubeconfig {} delete --ignore-not-found --timeout=2m {}",
                administrator.display(),
                things.join(" ")
            );
            self.run("what the world has of its own", &delete).await;
        }
        let accounts = self.node.world.layout.path("accounts");
        let destroy = format!(
            "terraform -chdir={} destroy -no-color -auto-approve",
            accounts.display()
        );
        self.run("the accounts as they were before", &destroy).await;
        let cluster = "aws --profile platform eks create-cluster --name platform \
                       --role-arn arn:aws:iam::111111111111:role/cluster --resources-vpc-config subnetIds=";
        self.run("a cluster in EKS", cluster).await;
        self.vouch().await;
    }

    /// Lets AWS know who signs the tokens of the cluster's service accounts. On the internet the keys lie below the issuer.
    async fn vouch(&self) {
        let world = &self.node.world;
        let keys = Command::new(world.kubectl())
            .args(["get", "--raw", "/openid/v1/jwks", "--kubeconfig"])
            .arg(world.layout.administrator_kubeconfig())
            .output()
            .await
            .unwrap();
        assert!(keys.status.success(), "{keys:?}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/keys", get(move || async move { keys.stdout }));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let known = json!({
            "issuer": world.kubernetes_url(),
            "keys": format!("http://{address}/keys"),
            "cluster": { "account": PLATFORM, "region": REGION, "name": "platform" },
        });
        let told = reqwest::Client::new()
            .post(format!("{}/__issuers", world.aws_url()))
            .json(&known)
            .send()
            .await
            .unwrap();
        assert!(told.status().is_success(), "{told:?}");
    }

    /// Runs a block as the next thing that somebody types into their shell: what was exported before is there, and a folder
    /// that was gone into is not.
    pub async fn run(&self, what: &str, block: &str) {
        let checkout = self.path("checkout");
        fs::create_dir_all(&checkout).unwrap();
        let (state, script) = (self.path("state"), self.path("block"));
        let text = format!(
            "set -eu -o pipefail\n. {state}\ncd {checkout}\n{block}\nexport -p >{state}\n",
            state = state.display(),
            checkout = checkout.display(),
        );
        fs::write(&script, text).unwrap();
        let begun = Instant::now();
        let running = Command::new("bash")
            .arg(&script)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let ended = tokio::time::timeout(LIMIT, running.wait_with_output()).await;
        let output = ended
            .unwrap_or_else(|_| panic!("{what} takes more than {LIMIT:?}:\n{block}"))
            .unwrap();
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert!(
            output.status.success(),
            "{what}: {}\n{block}\n---\n{told}",
            output.status
        );
        println!("{what}: {:.1} s", begun.elapsed().as_secs_f32());
        let image = self.path("image.tar");
        if image.exists() {
            self.node.import(&image).await.unwrap();
            fs::remove_file(&image).unwrap();
        }
    }

    pub async fn take_down(self) {
        self.node
            .down(&Progress::on_standard_error())
            .await
            .unwrap();
    }
}

fn environment(node: &Node, desk: &Path) -> BTreeMap<String, String> {
    let world = &node.world;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let folder_of = |program: PathBuf| text(program.parent().unwrap());
    let terraform = tool("HARMONIX_TERRAFORM");
    let path = [
        text(&desk.join("programs")),
        folder_of(world.kubectl()),
        folder_of(terraform),
        "/usr/local/bin:/usr/bin:/bin".to_owned(),
    ];
    let own = [
        ("PATH", path.join(":")),
        ("HOME", text(&desk.join("home"))),
        ("LANG", "C.UTF-8".to_owned()),
        ("KUBECONFIG", text(&desk.join("kubeconfig"))),
        ("AWS_ENDPOINT_URL", world.aws_url()),
        // Terraform's AWS provider asks STS before it reads the other one.
        ("AWS_ENDPOINT_URL_STS", world.aws_url()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_PAGER", String::new()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        // Nobody is there to say yes.
        ("TF_CLI_ARGS_apply", "-auto-approve -no-color".to_owned()),
        ("TF_CLI_ARGS_init", "-no-color".to_owned()),
        ("TF_CLI_CONFIG_FILE", text(&tool("TF_CLI_CONFIG_FILE"))),
        ("DESK", text(desk)),
        ("DESK_AWS", text(&tool("HARMONIX_AWS_CLI"))),
        ("DESK_CURL", text(&find("curl").expect("curl is in PATH"))),
        ("DESK_HELM", text(&helm())),
        ("DESK_GITLAB", world.gitlab_url()),
        ("DESK_ECR", format!("127.0.0.1:{}", world.ports.ecr)),
    ];
    own.map(|(name, value)| (name.to_owned(), value)).into()
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_file() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
        return;
    }
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        // What somebody left in an example: its state and its plugins.
        let text = name.to_string_lossy();
        if text.starts_with(".terraform") || text.starts_with("terraform.tfstate") {
            continue;
        }
        copy_all(&from.join(&name), &to.join(&name));
    }
}
