//! `AssumeRole`: who is trusted, for what, and for how long.

use harmonix_dev::aws::config::TaskMode;
use serde_json::json;

use crate::world::{Key, World, administrator, code, controller};

type Row<'a> = (&'static str, String, Vec<(&'a str, &'a str)>, bool);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trust_policy_decides_who_gets_a_session() {
    let world = World::start(TaskMode::None).await;
    let me = format!("arn:aws:iam::{}:role/controller", world.platform);
    let statement = |principal: &str, actions: &str, condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":{actions},"Condition":{condition}}}"#
        )
    };
    let assume = r#""sts:AssumeRole""#;
    let root = format!("arn:aws:iam::{}:root", world.platform);
    let external = r#"{"StringEquals":{"sts:ExternalId":"right"}}"#;
    let tagging = r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#;
    let tagged = r#"{"StringEquals":{"aws:RequestTag/team":"shop"},"StringLike":{"sts:SourceIdentity":"app-*"}}"#;
    let tag = |value| {
        [
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", value),
        ]
    };
    let id = |value| ("ExternalId", value);
    let source = ("SourceIdentity", "app-1");
    let (shop, cart) = (tag("shop"), tag("cart"));
    // name, trust statement, further parameters, whether it is granted
    let rows: [Row<'_>; 14] = [
        ("by-arn", statement(&me, assume, "{}"), vec![], true),
        ("by-root", statement(&root, assume, "{}"), vec![], true),
        (
            "by-account",
            statement(&world.platform, assume, "{}"),
            vec![],
            true,
        ),
        (
            "foreign",
            statement("arn:aws:iam::999999999999:root", assume, "{}"),
            vec![],
            false,
        ),
        (
            "other-role",
            statement(&me.replace("controller", "other"), assume, "{}"),
            vec![],
            false,
        ),
        (
            "other-action",
            statement(&me, r#""sts:TagSession""#, "{}"),
            vec![],
            false,
        ),
        (
            "id-right",
            statement(&me, assume, external),
            vec![id("right")],
            true,
        ),
        (
            "id-wrong",
            statement(&me, assume, external),
            vec![id("wrong")],
            false,
        ),
        (
            "id-missing",
            statement(&me, assume, external),
            vec![],
            false,
        ),
        (
            "tags-untrusted",
            statement(&me, assume, "{}"),
            shop.to_vec(),
            false,
        ),
        (
            "source-untrusted",
            statement(&me, assume, "{}"),
            vec![source],
            false,
        ),
        (
            "tags-right",
            statement(&me, tagging, tagged),
            [&shop[..], &[source]].concat(),
            true,
        ),
        (
            "tags-wrong",
            statement(&me, tagging, tagged),
            [&cart[..], &[source]].concat(),
            false,
        ),
        (
            "tags-missing",
            statement(&me, tagging, tagged),
            vec![source],
            false,
        ),
    ];
    for (name, trust, more, granted) in rows {
        let role = world.role(name, &trust, "").await;
        let answered = world.assume(&role, &more).await;
        assert_eq!(answered.is_ok(), granted, "{name}: {answered:?}");
        if let Err((status, answer)) = answered {
            assert_eq!((status, code(&answer)), (403, "AccessDenied"), "{name}");
            assert!(
                answer.contains(&format!("User: {me} is not authorized to perform: sts:")),
                "{answer}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_does_not_exist_is_denied_like_one_that_does_not_trust() {
    let world = World::start(TaskMode::None).await;
    world.role("real", &world.trust_controller(), "").await;
    for wrong in ["none", "real"] {
        // The second lacks the path of the real one.
        let role = format!("arn:aws:iam::{}:role/{wrong}", world.account);
        let (status, answer) = world.assume(&role, &[]).await.unwrap_err();
        assert_eq!((status, code(&answer)), (403, "AccessDenied"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_the_rules_of_sts_is_refused_before_any_policy() {
    let world = World::start(TaskMode::None).await;
    let role = world.role("any", &world.trust_controller(), "").await;
    for wrong in [
        ("DurationSeconds", "899"),
        ("DurationSeconds", "43201"),
        ("DurationSeconds", "7200"),
        ("RoleSessionName", "a b"),
        ("ExternalId", "x"),
        ("SourceIdentity", "a b"),
    ] {
        let fields = [
            ("Action", "AssumeRole"),
            ("RoleArn", role.as_str()),
            ("RoleSessionName", "demo"),
        ];
        let fields: Vec<_> = fields
            .into_iter()
            .filter(|(name, _)| *name != wrong.0)
            .chain([wrong])
            .collect();
        let (status, answer) = world.form(Some(&controller()), "sts", &fields).await;
        assert_eq!(
            (status, code(&answer)),
            (400, "ValidationError"),
            "{wrong:?}: {answer}"
        );
    }
    assert!(
        world
            .assume(&role, &[("DurationSeconds", "900")])
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_says_who_it_is_and_ends_when_its_time_is_over() {
    let world = World::start(TaskMode::None).await;
    let rights = r#"{"Effect":"Allow","Action":"ecs:ListClusters","Resource":"*"}"#;
    let role = world.role("short", &world.trust_controller(), rights).await;
    let key = world.assume(&role, &[]).await.unwrap();
    let who = [("Action", "GetCallerIdentity")];
    let (status, answer) = world.form(Some(&key), "sts", &who).await;
    assert_eq!(status, 200);
    let arn = format!(
        "<Arn>arn:aws:sts::{}:assumed-role/short/demo</Arn>",
        world.account
    );
    assert!(answer.contains(&arn), "{answer}");
    let list = "AmazonEC2ContainerServiceV20141113.ListClusters";
    assert_eq!(world.json(&key, "ecs", list, json!({})).await.0, 200);
    let expire = format!("{}/__sessions/expire", world.address);
    let which = json!({ "role_contains": "role/demo/short" });
    assert!(
        world
            .client
            .post(expire)
            .json(&which)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let (status, answer) = world.form(Some(&key), "sts", &who).await;
    assert_eq!((status, code(&answer)), (403, "ExpiredToken"));
    let (status, answer) = world.json(&key, "ecs", list, json!({})).await;
    assert_eq!(
        (status, &answer["__type"]),
        (400, &json!("ExpiredTokenException"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_key_is_refused_in_the_shape_of_each_protocol() {
    let world = World::start(TaskMode::None).await;
    let nobody = Key("AKIANOBODY".into());
    let (status, answer) = world
        .form(Some(&nobody), "sts", &[("Action", "GetCallerIdentity")])
        .await;
    assert_eq!((status, code(&answer)), (403, "InvalidClientTokenId"));
    let (status, answer) = world
        .form(Some(&nobody), "ec2", &[("Action", "DescribeVpcs")])
        .await;
    assert_eq!((status, code(&answer)), (401, "AuthFailure"));
    let (status, answer) = world
        .json(&nobody, "ssm", "AmazonSSM.GetParameter", json!({}))
        .await;
    assert_eq!(
        (status, &answer["__type"]),
        (400, &json!("UnrecognizedClientException"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_controller_may_assume_roles_and_nothing_else() {
    let world = World::start(TaskMode::None).await;
    let (status, _) = world
        .form(
            Some(&controller()),
            "sts",
            &[("Action", "GetCallerIdentity")],
        )
        .await;
    assert_eq!(status, 200);
    let list = "AmazonEC2ContainerServiceV20141113.ListClusters";
    let (status, answer) = world.json(&controller(), "ecs", list, json!({})).await;
    assert_eq!(
        (status, &answer["__type"]),
        (400, &json!("AccessDeniedException"))
    );
    assert_eq!(
        world.json(&administrator(), "ecs", list, json!({})).await.0,
        200
    );
}
