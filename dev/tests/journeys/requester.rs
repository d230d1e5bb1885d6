//! Who asked: admission stamps it, nobody can sign for another, and audit records say it.

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::errand::{account, kubectl, kubectl_with};
use super::manifest::{application, environment, provider, with};
use super::stage::Stage;

const STAMP: &str = "harmonix.io/requested-by";

fn forged(object: Value, name: &str) -> Value {
    with(object, "/metadata/annotations", json!({ STAMP: name }))
}

async fn stamp(stage: &Stage, kind: &str, name: &str) -> Value {
    stage.cluster.get(kind, name).await["metadata"]["annotations"][STAMP].clone()
}

/// Of each record of the cart: the action, who asked, and for which generation.
async fn records(stage: &Stage) -> Vec<[String; 3]> {
    let records = stage.ledger.records("dev-eu", &stage.object("cart")).await;
    let fields = ["actionType", "initiatedBy", "generation"];
    records
        .iter()
        .map(|record| fields.map(|field| record[field].clone()))
        .collect()
}

#[tokio::test]
async fn who_asked_is_stamped_and_recorded_and_nobody_signs_for_another() {
    let stage = Stage::enter("requester").await;
    let ada = Cluster::as_user(stage.world, Some("ada")).await;
    let bob = Cluster::as_user(stage.world, Some("bob@example.com")).await;
    let (kind, name) = ("Application", "requester/cart");
    let cart = application("requester", "cart", &["dev"]);

    ada.apply(&forged(cart.clone(), "mallory")).await;
    stage.cluster.ready(kind, name).await;
    assert_eq!(
        stamp(&stage, kind, name).await,
        "ada",
        "made with a forged one"
    );
    let first = records(&stage).await;
    assert!(first.len() >= 3, "{first:?}");
    for [action, who, generation] in &first {
        assert_eq!([who.as_str(), generation], ["ada", "1"], "{action}");
    }

    // Whatever does not change the spec changes nothing about who asked for it.
    bob.annotate(kind, name, STAMP, Some("mallory")).await;
    assert_eq!(stamp(&stage, kind, name).await, "ada", "set");
    bob.annotate(kind, name, STAMP, None).await;
    assert_eq!(stamp(&stage, kind, name).await, "ada", "taken away");
    let replaced = with(
        stage.cluster.get(kind, name).await,
        "/metadata/annotations",
        Value::Null,
    );
    bob.replace(kind, name, &replaced).await;
    assert_eq!(
        stamp(&stage, kind, name).await,
        "ada",
        "dropped by a replacement"
    );

    // Whatever does is stamped anew, whatever it says itself.
    let edited = with(cart, "/spec/environments/0/replicas", 2);
    bob.apply(&forged(edited, "ada")).await;
    stage.cluster.ready(kind, name).await;
    assert_eq!(stamp(&stage, kind, name).await, "bob@example.com");
    let all = records(&stage).await;
    assert_eq!(all[..first.len()], first[..]);
    let then: Vec<[&str; 3]> = all[first.len()..]
        .iter()
        .map(|record| record.each_ref().map(String::as_str))
        .collect();
    assert_eq!(
        then,
        [
            ["CommitFiles", "bob@example.com", "2"],
            ["Deploy", "bob@example.com", "2"],
        ]
    );
    let letters = stage.forge.commits(&stage.project("cart")).await;
    assert_eq!(letters.len(), 2, "one commit for each of the two");
}

#[tokio::test]
async fn platform_objects_are_stamped_as_well() {
    let stage = Stage::enter("requester-platform").await;
    let ada = Cluster::as_user(stage.world, Some("ada")).await;
    let place = with(provider("asked-eu", "222222222222"), "/spec/suspend", true);
    let objects = [
        ("EnvironmentProvider", "asked-eu", place),
        (
            "Environment",
            "asked",
            environment("asked", 1, &["asked-eu"]),
        ),
    ];
    for (kind, name, object) in objects {
        ada.apply(&forged(object, "mallory")).await;
        assert_eq!(stamp(&stage, kind, name).await, "ada", "{kind}");
        stage.cluster.delete(kind, name).await;
        stage.cluster.gone(kind, name).await;
    }
}

/// What is in an object's stamp, as its administrator sees it.
fn stamped(stage: &Stage, name: &str) -> String {
    let path = r"jsonpath={.metadata.annotations.harmonix\.io/requested-by}";
    let get = ["get", "application", name, "--namespace", &stage.namespace];
    kubectl(stage.world, &[&get[..], &["--output", path]].concat(), "").unwrap()
}

/// A suspended application, which the controller looks at and does not touch, with a stamp that nobody earned.
fn idle(stage: &Stage, name: &str, stamp: &str) -> Value {
    let object = application(&stage.namespace, name, &["dev"]);
    forged(with(object, "/spec/suspend", true), stamp)
}

/// `harmonix.io/requested-by` is in a field of every write that people can make of it.
#[tokio::test]
async fn whoever_writes_and_however_the_stamp_is_the_name_the_api_server_knows_them_by() {
    let stage = Stage::enter("forging").await;
    let world = stage.world;
    // Rights on applications, and nothing else: nobody here is an administrator.
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "forging" },
        "rules": [{
            "apiGroups": ["harmonix.io"], "resources": ["applications", "applications/status"], "verbs": ["*"],
        }],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": "forging", "namespace": "forging" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "forging" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "developers" }],
    });
    let objects = json!({ "apiVersion": "v1", "kind": "List", "items": [role, binding] });
    kubectl(world, &["apply", "--filename", "-"], &objects.to_string()).unwrap();

    // Users of many kinds, with groups that are called like users.
    for (number, (user, groups)) in [
        ("ada", &["developers"][..]),
        ("bob@example.com", &["ada", "developers"]),
        (
            "oidc:0a1b-ü \"quoted\" \\ {name}",
            &["developers", "system:authenticated"],
        ),
        (
            "https://idp.example.com#1",
            &["developers", "system:serviceaccounts"],
        ),
        ("system:serviceaccount:forging:ghost", &["developers"]),
        ("harmonix", &["developers"]),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("of-{number}");
        let mut who = vec!["--as", user];
        who.extend(groups.iter().flat_map(|group| ["--as-group", group]));
        let run = |arguments: &[&str], input: &Value| {
            kubectl(world, &[&who[..], arguments].concat(), &input.to_string()).unwrap()
        };
        let object = idle(&stage, &name, "mallory");
        run(&["create", "--filename", "-"], &object);
        assert_eq!(stamped(&stage, &name), user, "created");

        // Of somebody else's object everything but the spec is written, in every way there is.
        let own = format!("adas-{number}");
        let ada = [
            "--as",
            "ada",
            "--as-group",
            "developers",
            "create",
            "--filename",
            "-",
        ];
        let object = idle(&stage, &own, "mallory");
        kubectl(world, &ada, &object.to_string()).unwrap();
        let target = ["application", &own, "--namespace", "forging"];
        let patch = |kind: &str, change: Value| {
            let change = change.to_string();
            let patch = ["--type", kind, "--patch", &change];
            run(
                &[&["patch"], &target[..], &patch[..]].concat(),
                &Value::Null,
            );
            assert_eq!(stamped(&stage, &own), "ada", "{kind} {change}");
        };
        let path = "/metadata/annotations/harmonix.io~1requested-by";
        patch(
            "merge",
            json!({ "metadata": { "annotations": { STAMP: user } } }),
        );
        patch("merge", json!({ "metadata": { "annotations": null } }));
        patch("merge", json!({ "metadata": { "labels": { "a": "b" } } }));
        patch(
            "json",
            json!([{ "op": "replace", "path": path, "value": user }]),
        );
        patch("json", json!([{ "op": "remove", "path": path }]));
        patch(
            "json",
            json!([{ "op": "remove", "path": "/metadata/annotations" }]),
        );
        // By way of the status, which no policy looks at.
        let sneaked = json!({ "metadata": { "annotations": { STAMP: user } } }).to_string();
        let below = [
            "--subresource",
            "status",
            "--type",
            "merge",
            "--patch",
            &sneaked,
        ];
        run(
            &[&["patch"], &target[..], &below[..]].concat(),
            &Value::Null,
        );
        assert_eq!(stamped(&stage, &own), "ada", "status");
        // With a whole object that lacks the annotation, and with one that has another.
        for stamp in [None, Some(user)] {
            let read = [&["get"], &target[..], &["--output", "json"]].concat();
            let text = run(&read, &Value::Null);
            let mut object: Value = serde_json::from_str(&text).unwrap();
            object["metadata"]["annotations"] =
                stamp.map_or(Value::Null, |name| json!({ STAMP: name }));
            run(&["replace", "--filename", "-"], &object);
            assert_eq!(stamped(&stage, &own), "ada", "replaced with {stamp:?}");
        }
        // A change of the spec is one's own, whatever one calls oneself.
        let change = json!({
            "metadata": { "annotations": { STAMP: "ada" } },
            "spec": { "description": "Changed." },
        });
        let change = change.to_string();
        let edit = ["--type", "merge", "--patch", &change];
        run(&[&["patch"], &target[..], &edit[..]].concat(), &Value::Null);
        assert_eq!(stamped(&stage, &own), user, "edited");
    }
}

#[tokio::test]
async fn nobody_signs_as_another_without_the_right_to_be_another() {
    let stage = Stage::enter("impersonation").await;
    let world = stage.world;
    let rules = |name: &str, rules: Value| {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": name },
            "rules": rules,
        });
        kubectl(world, &["apply", "--filename", "-"], &role.to_string()).unwrap();
    };
    let applications =
        json!({ "apiGroups": ["harmonix.io"], "resources": ["applications"], "verbs": ["*"] });
    let become_ada = json!({
        "apiGroups": [""], "resources": ["users"], "resourceNames": ["ada"], "verbs": ["impersonate"],
    });
    rules("impersonation-plain", json!([applications.clone()]));
    rules("impersonation-ada", json!([applications, become_ada]));
    let plain = account(
        world,
        "impersonation",
        "plain",
        &["ClusterRole/impersonation-plain"],
    );
    let proxy = account(
        world,
        "impersonation",
        "proxy",
        &["ClusterRole/impersonation-ada"],
    );
    let ada = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": { "name": "impersonation-of-ada" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "impersonation-plain" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ada" }],
    });
    kubectl(world, &["apply", "--filename", "-"], &ada.to_string()).unwrap();
    let create = |kubeconfig, who: &[&str], name: &str, stamp: &str| {
        let object = idle(&stage, name, stamp).to_string();
        let arguments = [who, &["create", "--filename", "-"]].concat();
        kubectl_with(world, kubeconfig, &arguments, &object)
    };

    // A service account, as GitOps tools have one, signs with its own name.
    create(&plain, &[], "own", "ada").unwrap();
    assert_eq!(
        stamped(&stage, "own"),
        "system:serviceaccount:impersonation:plain"
    );
    // It may not be anybody else.
    let refused = create(&plain, &["--as", "ada"], "as-ada", "ada").unwrap_err();
    assert!(refused.contains("cannot impersonate"), "{refused}");
    // Who may be ada, and nobody else, signs as ada: that is what the right means.
    create(&proxy, &["--as", "ada"], "as-ada", "mallory").unwrap();
    assert_eq!(stamped(&stage, "as-ada"), "ada");
    for who in [
        &["--as", "bob"][..],
        &["--as", "ada", "--as-group", "system:masters"],
        &["--as", "system:serviceaccount:harmonix-system:harmonix"],
    ] {
        let refused = create(&proxy, who, "as-other", "ada").unwrap_err();
        assert!(refused.contains("cannot impersonate"), "{who:?}: {refused}");
    }
}

#[tokio::test]
async fn the_controllers_own_writes_leave_the_stamp_and_it_has_no_way_to_set_one() {
    let stage = Stage::enter("own-writes").await;
    let ada = Cluster::as_user(stage.world, Some("ada")).await;
    let (kind, name) = ("Application", "own-writes/cart");
    ada.apply(&application("own-writes", "cart", &["dev"]))
        .await;
    // It wrote intents, a finalizer and many a status by now.
    let ready = stage.cluster.ready(kind, name).await;
    assert!(ready["metadata"]["annotations"]["harmonix.io/intents"].is_string());
    assert_eq!(stamp(&stage, kind, name).await, "ada");
    // Nor could it, with its own account.
    let own = Cluster::with(stage.world, &stage.world.layout.controller_kubeconfig()).await;
    own.annotate(kind, name, STAMP, Some("mallory")).await;
    assert_eq!(stamp(&stage, kind, name).await, "ada");
    own.annotate(kind, name, STAMP, None).await;
    assert_eq!(stamp(&stage, kind, name).await, "ada");
}
