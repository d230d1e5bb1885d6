//! The way to GitLab through a proxy, as the environment says.

use std::time::Duration;

use harmonix::adapters::gitlab::{GitlabAddress, GitlabHost};
use harmonix::ports::Projects as _;

use crate::standin::{Proxy, alone, text};

/// What the tests below run in a process of its own.
#[tokio::test]
#[ignore = "run by the other tests, which set its environment"]
async fn a_project_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "glpat-x").unwrap();
    let host = GitlabHost::new(GitlabAddress {
        base_url: "https://gitlab.example.com".parse().unwrap(),
        token_file,
        ca_bundle: None,
        timeout: Duration::from_secs(5),
    });
    let asked = host.unwrap().project_at("apps/shop/cart").await;
    println!("asked: {asked:?}");
}

fn asked_with(variables: &[(&str, &str)]) {
    let output = alone("proxy::a_project_is_asked_for", variables);
    assert!(text(&output).contains("asked: Err"), "{}", text(&output));
}

#[test]
fn the_environments_proxy_sees_a_tunnel_to_gitlab_and_nothing_inside_it() {
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        let proxy = Proxy::answering("");
        asked_with(&[(variable, &proxy.url)]);
        assert_eq!(
            proxy.seen(),
            [
                "CONNECT gitlab.example.com:443 HTTP/1.1",
                "TLS for gitlab.example.com"
            ],
            "{variable}"
        );
    }
}

#[test]
fn an_instance_that_is_excepted_is_reached_without_the_proxy() {
    for except in ["gitlab.example.com", ".example.com", "*"] {
        let proxy = Proxy::answering("");
        asked_with(&[("HTTPS_PROXY", &proxy.url), ("NO_PROXY", except)]);
        assert!(proxy.seen().is_empty(), "{except}: {:?}", proxy.seen());
    }
}
