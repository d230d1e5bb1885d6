//! The roles for people, as the cluster's own take them up, and the controller's account.

use super::cluster::Turn;
use super::helm::{NAMESPACE, RELEASE, chart, text};

#[tokio::test]
async fn people_may_do_what_their_role_of_the_cluster_says_and_no_more() {
    let turn = Turn::take().await;
    let cluster = turn.cluster;
    let prepared = cluster.prepare();
    let chart = text(&chart());
    turn.helm
        .run(&[
            "install",
            RELEASE,
            &chart,
            "--values",
            &prepared.path,
            "--namespace",
            NAMESPACE,
        ])
        .unwrap();
    for (kind, name, role) in [
        ("rolebinding", "viewer", "view"),
        ("rolebinding", "developer", "edit"),
        ("rolebinding", "lead", "admin"),
        ("clusterrolebinding", "engineer", "admin"),
        ("clusterrolebinding", "auditor", "view"),
        ("clusterrolebinding", "approver", "harmonix-approve"),
    ] {
        let _ = cluster.kubectl(&["delete", kind, name, "--namespace", NAMESPACE]);
        let (role, user) = (format!("--clusterrole={role}"), format!("--user={name}"));
        cluster
            .kubectl(&["create", kind, name, &role, &user, "--namespace", NAMESPACE])
            .unwrap();
    }
    let may = |user: &str, verb: &str, resource: &str| {
        let (name, below) = resource.split_once('/').unwrap_or((resource, ""));
        let (full, below) = (
            format!("{name}.harmonix.io"),
            format!("--subresource={below}"),
        );
        // What is of the whole cluster is asked for there.
        let place = match name {
            "applications" => "--namespace=harmonix-system",
            _ => "--all-namespaces",
        };
        // It says "no" with the exit code of a failure.
        cluster
            .kubectl(&["auth", "can-i", verb, &full, &below, "--as", user, place])
            .is_ok()
    };
    // The controller manager takes the rules up a moment after the roles were made.
    let until = std::time::Instant::now() + super::cluster::PATIENCE;
    while !may("viewer", "get", "applications")
        || !may("developer", "create", "applications")
        || !may("engineer", "create", "environments")
    {
        assert!(
            std::time::Instant::now() < until,
            "the cluster's roles have not taken ours up"
        );
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    let mut wrong = Vec::new();
    for (user, verb, resource, wanted) in TABLE {
        if may(user, verb, resource) != *wanted {
            wrong.push(format!("{user} {verb} {resource}: not {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const TABLE: &[(&str, &str, &str, bool)] = &[
    ("viewer", "watch", "applications", true),
    ("viewer", "create", "applications", false),
    ("viewer", "patch", "applications", false),
    // Of the whole cluster: a role in a namespace gives nothing.
    ("viewer", "get", "environments", false),
    ("auditor", "get", "environments", true),
    ("auditor", "list", "environmentproviders", true),
    ("auditor", "update", "environmentproviders", false),
    ("developer", "get", "applications", true),
    ("developer", "patch", "applications", true),
    ("developer", "delete", "applications", true),
    ("developer", "patch", "applications/status", false),
    ("developer", "update", "applications/status", false),
    ("developer", "create", "environments", false),
    ("lead", "create", "applications", true),
    ("lead", "patch", "applications/status", false),
    ("lead", "create", "environments", false),
    ("engineer", "create", "environments", true),
    ("engineer", "patch", "environmentproviders", true),
    ("engineer", "create", "applications", true),
    ("engineer", "patch", "environments/status", false),
    ("engineer", "approve", "environments", false),
    ("approver", "approve", "environments", true),
    ("approver", "get", "environments", true),
    ("approver", "create", "environments", false),
    ("approver", "create", "applications", false),
    ("nobody", "get", "applications", false),
    // The controller itself.
    (CONTROLLER, "watch", "applications", true),
    (CONTROLLER, "patch", "applications/status", true),
    (CONTROLLER, "delete", "applications", false),
    (CONTROLLER, "create", "applications", false),
    (CONTROLLER, "approve", "environments", false),
];

const CONTROLLER: &str = "system:serviceaccount:harmonix-system:harmonix";
