//! Who asked: admission stamps it, nobody can sign for another, and audit records say it.

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::errand::{account, kubectl};
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
    bob.edit(kind, name, |object| {
        with(object, "/metadata/annotations", Value::Null)
    })
    .await;
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

const KIND: &str = "Application";

/// A suspended application, which the controller looks at and does not touch, with a stamp that nobody earned.
fn idle(stage: &Stage, name: &str, stamp: &str) -> Value {
    let object = application(&stage.namespace, name, &["dev"]);
    forged(with(object, "/spec/suspend", true), stamp)
}

/// A role with all rights on applications and no other, and such rights as are named besides.
fn developers(stage: &Stage, name: &str, more: &[Value]) {
    let mut rules = vec![json!({
        "apiGroups": ["harmonix.io"], "resources": ["applications", "applications/status"], "verbs": ["*"],
    })];
    rules.extend_from_slice(more);
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": name },
        "rules": rules,
    });
    apply(stage, &role);
}

/// Gives a user or a group a role in all namespaces.
fn bind(stage: &Stage, kind: &str, who: &str, role: &str) {
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": role },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": who }],
    });
    apply(stage, &binding);
}

fn apply(stage: &Stage, object: &Value) {
    let arguments = ["apply", "--filename", "-"];
    kubectl(stage.world, &arguments, &object.to_string()).unwrap();
}

/// Sends a patch of this type about an application, or about what is below it.
async fn patch(who: &Cluster, name: &str, below: &str, kind: &str, change: &Value) {
    let (namespace, name) = name.split_once('/').unwrap();
    let uri =
        format!("/apis/harmonix.io/v1alpha1/namespaces/{namespace}/applications/{name}{below}");
    let request = http::Request::patch(uri)
        .header("content-type", format!("application/{kind}-patch+json"))
        .body(change.to_string().into_bytes());
    who.send(request.unwrap()).await.unwrap();
}

#[tokio::test]
async fn whoever_writes_and_however_the_stamp_is_the_name_the_api_server_knows_them_by() {
    let stage = Stage::enter("forging").await;
    let administrator = stage.world.layout.administrator_kubeconfig();
    developers(&stage, "forging", &[]);
    bind(&stage, "Group", "developers", "forging");
    // None of these is an administrator; groups may be called like users.
    let ada = Cluster::posing(stage.world, &administrator, "ada", &["developers"]).await;
    for (number, (user, groups)) in [
        ("bob@example.com", &["ada", "developers"][..]),
        (
            "oidc:0a1b \"quoted\" \\ {name}",
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
        let who = Cluster::posing(stage.world, &administrator, user, groups).await;
        let own = format!("own-{number}");
        who.create(&idle(&stage, &own, "ada")).await.unwrap();
        let own = format!("forging/{own}");
        assert_eq!(stamp(&stage, KIND, &own).await, user, "created");

        // Of what is somebody else's everything but the spec is written, in every way there is.
        let name = format!("adas-{number}");
        ada.create(&idle(&stage, &name, user)).await.unwrap();
        let name = format!("forging/{name}");
        let path = "/metadata/annotations/harmonix.io~1requested-by";
        let set = json!({ "metadata": { "annotations": { STAMP: user } } });
        for (below, kind, change) in [
            ("", "merge", set.clone()),
            ("", "merge", json!({ "metadata": { "annotations": null } })),
            (
                "",
                "merge",
                json!({ "metadata": { "labels": { "a": "b" } } }),
            ),
            (
                "",
                "json",
                json!([{ "op": "replace", "path": path, "value": user }]),
            ),
            ("", "json", json!([{ "op": "remove", "path": path }])),
            (
                "",
                "json",
                json!([{ "op": "remove", "path": "/metadata/annotations" }]),
            ),
            // By way of the status, which no policy looks at.
            ("/status", "merge", set),
        ] {
            patch(&who, &name, below, kind, &change).await;
            assert_eq!(stamp(&stage, KIND, &name).await, "ada", "{kind} {change}");
        }
        // With a whole object that lacks the annotation, and with one that has another.
        for given in [Value::Null, json!({ STAMP: user })] {
            let change = |object| with(object, "/metadata/annotations", given.clone());
            who.edit(KIND, &name, change).await;
            assert_eq!(
                stamp(&stage, KIND, &name).await,
                "ada",
                "replaced with {given}"
            );
        }
        // A change of the spec is one's own, whatever one calls oneself.
        let change = json!({
            "metadata": { "annotations": { STAMP: "ada" } },
            "spec": { "description": "Changed." },
        });
        patch(&who, &name, "", "merge", &change).await;
        assert_eq!(stamp(&stage, KIND, &name).await, user, "edited");
        // As is one with a whole object that says nothing of who asked.
        ada.edit(KIND, &name, |object| {
            let object = with(object, "/metadata/annotations", Value::Null);
            with(object, "/spec/description", "Changed again.")
        })
        .await;
        assert_eq!(stamp(&stage, KIND, &name).await, "ada", "replaced anew");
    }
}

#[tokio::test]
async fn nobody_signs_as_another_without_the_right_to_be_another() {
    let stage = Stage::enter("impersonation").await;
    let world = stage.world;
    let become_ada = json!({
        "apiGroups": [""], "resources": ["users"], "resourceNames": ["ada"], "verbs": ["impersonate"],
    });
    developers(&stage, "impersonation", &[]);
    developers(&stage, "impersonation-of-ada", &[become_ada]);
    bind(&stage, "User", "ada", "impersonation");
    let account = |name: &str, role: &str| account(world, "impersonation", name, &[role]);
    let plain = account("plain", "ClusterRole/impersonation");
    let proxy = account("proxy", "ClusterRole/impersonation-of-ada");

    // A service account, as GitOps tools have one, signs with its own name.
    let own = Cluster::with(world, &plain).await;
    own.create(&idle(&stage, "own", "ada")).await.unwrap();
    assert_eq!(
        stamp(&stage, KIND, "impersonation/own").await,
        "system:serviceaccount:impersonation:plain"
    );
    // Who may be ada, and nobody else, signs as ada: that is what the right means.
    let ada = Cluster::posing(world, &proxy, "ada", &[]).await;
    let object = idle(&stage, "as-ada", "mallory");
    ada.create(&object).await.unwrap();
    assert_eq!(stamp(&stage, KIND, "impersonation/as-ada").await, "ada");
    // Nobody may be anybody else.
    for (kubeconfig, user, groups) in [
        (&plain, "ada", &[][..]),
        (&proxy, "bob", &[]),
        (&proxy, "ada", &["system:masters"]),
        (
            &proxy,
            "system:serviceaccount:harmonix-system:harmonix",
            &[],
        ),
    ] {
        let who = Cluster::posing(world, kubeconfig, user, groups).await;
        let refused = who.create(&idle(&stage, "as-other", "ada")).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("cannot impersonate"), "{user}: {refused}");
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
