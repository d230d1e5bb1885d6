//! `AssumeRoleWithWebIdentity`: tokens of an OIDC issuer.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harmonix_dev::aws::config::TaskMode;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::{ISSUER, World, administrator, code, session};

/// An OIDC issuer with one key.
pub struct Issuer {
    pub address: String,
    key: KeyPair,
}

impl Issuer {
    pub async fn serve() -> Self {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = key.public_key();
        let keys = json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        }] });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/keys", listener.local_addr().unwrap());
        let routes = Router::new().route("/keys", get(move || async move { Json(keys) }));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, key }
    }

    /// Signs claims.
    pub fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!(
            "{}.{}",
            part(&json!({ "alg": "RS256", "kid": "one" })),
            part(claims)
        );
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

const SUBJECT: &str = "project_path:apps/team/shop:ref_type:branch:ref:main";

fn claims() -> Value {
    let now = Timestamp::now().as_second();
    json!({ "iss": ISSUER, "sub": SUBJECT, "aud": ISSUER, "nbf": now - 5, "iat": now, "exp": now + 300 })
}

async fn provider(world: &World) -> String {
    let fields = [
        ("Action", "CreateOpenIDConnectProvider"),
        ("Url", ISSUER),
        ("ClientIDList.member.1", ISSUER),
        (
            "ThumbprintList.member.1",
            "0000000000000000000000000000000000000000",
        ),
    ];
    let (status, answer) = world.form(Some(&administrator()), "iam", &fields).await;
    assert_eq!(status, 200, "{answer}");
    format!(
        "arn:aws:iam::{}:oidc-provider/gitlab.example.com",
        world.account
    )
}

async fn role(world: &World, name: &str) -> String {
    let provider = format!(
        "arn:aws:iam::{}:oidc-provider/gitlab.example.com",
        world.account
    );
    let trust = format!(
        r#"{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity",
            "Condition":{{"StringEquals":{{"gitlab.example.com:aud":"{ISSUER}"}},
                          "StringLike":{{"gitlab.example.com:sub":["project_path:apps/*:ref_type:branch:ref:main"]}}}}}}"#
    );
    world.role(name, &trust, "").await
}

async fn assume(world: &World, role: &str, token: &str) -> (u16, String) {
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("RoleArn", role),
        ("RoleSessionName", "job-1"),
        ("WebIdentityToken", token),
    ];
    world.form(None, "sts", &fields).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_genuine_token_of_a_trusted_subject_gets_a_session() {
    let world = World::start(TaskMode::None).await;
    provider(&world).await;
    let role = role(&world, "provisioning").await;
    let key = session(assume(&world, &role, &world.issuer.sign(&claims())).await).unwrap();
    let (status, answer) = world
        .form(Some(&key), "sts", &[("Action", "GetCallerIdentity")])
        .await;
    assert_eq!(status, 200);
    assert!(
        answer.contains("assumed-role/provisioning/job-1"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_not_right_in_every_respect_gets_nothing() {
    let world = World::start(TaskMode::None).await;
    let role = role(&world, "provisioning").await;
    let genuine = world.issuer.sign(&claims());
    let (status, answer) = assume(&world, &role, &genuine).await;
    assert_eq!(
        (status, code(&answer)),
        (400, "InvalidIdentityToken"),
        "without a provider: {answer}"
    );
    provider(&world).await;
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        world.issuer.sign(&claims)
    };
    let forged = Issuer::serve().await.sign(&claims());
    let now = Timestamp::now().as_second();
    for (what, token, expected) in [
        ("another signer", forged, (400, "InvalidIdentityToken")),
        (
            "no token",
            "nonsense".to_owned(),
            (400, "InvalidIdentityToken"),
        ),
        (
            "another issuer",
            with("iss", json!("https://other.example.com")),
            (400, "InvalidIdentityToken"),
        ),
        (
            "another audience",
            with("aud", json!("https://other.example.com")),
            (400, "InvalidIdentityToken"),
        ),
        (
            "not yet valid",
            with("nbf", json!(now + 100)),
            (400, "InvalidIdentityToken"),
        ),
        (
            "expired",
            with("exp", json!(now - 1)),
            (400, "ExpiredTokenException"),
        ),
        (
            "another branch",
            with("sub", json!(SUBJECT.replace("main", "other"))),
            (403, "AccessDenied"),
        ),
        (
            "another group",
            with("sub", json!(SUBJECT.replace("apps/", "else/"))),
            (403, "AccessDenied"),
        ),
    ] {
        let (status, answer) = assume(&world, &role, &token).await;
        assert_eq!((status, code(&answer)), expected, "{what}: {answer}");
    }
    let missing = role.replace("provisioning", "none");
    let (status, answer) = assume(&world, &missing, &genuine).await;
    assert_eq!((status, code(&answer)), (403, "AccessDenied"), "{answer}");
    assert!(session(assume(&world, &role, &genuine).await).is_ok());
}
