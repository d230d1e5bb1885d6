//! The way to AWS through a proxy, as the environment says.

use harmonix::adapters::aws::AwsSessions;
use harmonix::ports::CloudSessions as _;

use super::standin::{Proxy, alone, text};
use super::wire::access;

const ASSUMED: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIASESSION</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"#;

/// What the tests below run in a process of its own.
#[tokio::test]
#[ignore = "run by the other tests, which set its environment"]
async fn a_role_is_assumed() {
    let aws = AwsSessions::new("eu-west-1", &super::wire::meter().1).await;
    let assumed = aws.operations(&access()).await.map(|_| "a session");
    println!("assumed: {assumed:?}");
}

fn assumed_with(variables: &[(&str, &str)]) -> String {
    let own = [
        ("AWS_ACCESS_KEY_ID", "AKIAOWN"),
        ("AWS_SECRET_ACCESS_KEY", "own"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    text(&alone(
        "proxy::a_role_is_assumed",
        &[&own, variables].concat(),
    ))
}

#[test]
fn the_environments_proxy_sees_a_tunnel_to_sts_and_nothing_inside_it() {
    let proxy = Proxy::answering("");
    let told = assumed_with(&[("HTTPS_PROXY", &proxy.url)]);
    assert!(told.contains("assumed: Err"), "{told}");
    let seen = proxy.seen();
    assert_eq!(
        seen[..2],
        [
            "CONNECT sts.eu-west-1.amazonaws.com:443 HTTP/1.1",
            "TLS for sts.eu-west-1.amazonaws.com"
        ],
        "{told}"
    );
}

#[test]
fn what_goes_in_the_clear_goes_through_the_proxy_as_well_unless_it_is_excepted() {
    let (proxy, direct) = (Proxy::answering(ASSUMED), Proxy::answering(ASSUMED));
    let told = assumed_with(&[
        ("HTTP_PROXY", &proxy.url),
        ("AWS_ENDPOINT_URL", "http://aws.example.com"),
    ]);
    assert!(told.contains("assumed: Ok"), "{told}");
    assert_eq!(proxy.seen(), ["POST http://aws.example.com/ HTTP/1.1"]);

    let told = assumed_with(&[
        ("HTTP_PROXY", &proxy.url),
        ("NO_PROXY", "127.0.0.1"),
        ("AWS_ENDPOINT_URL", &direct.url),
    ]);
    assert!(told.contains("assumed: Ok"), "{told}");
    assert_eq!(direct.seen(), ["POST / HTTP/1.1"]);
    assert_eq!(proxy.seen().len(), 1);
}
