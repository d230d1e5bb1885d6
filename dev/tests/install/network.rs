//! The NetworkPolicy as rendered, read by rules of our own: nothing enforces it in the local world.

use std::net::IpAddr;

use serde_json::Value;

use super::helm::{Helm, RELEASE, Rendered};

/// Whether a range in the notation of CIDR holds an address.
fn holds(range: &str, address: IpAddr) -> bool {
    let (network, bits) = range.split_once('/').unwrap();
    let bits: u32 = bits.parse().unwrap();
    let numbers = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let (network, width) = numbers(network.parse().unwrap());
    let (address, of) = numbers(address);
    width == of && (bits == 0 || network >> (width - bits) == address >> (width - bits))
}

/// Whether a rule lets out to an address outside the cluster.
fn leads(rule: &Value, address: IpAddr, port: u64) -> bool {
    let ports = rule["ports"].as_array();
    let by_port = ports.is_none_or(|ports| {
        ports
            .iter()
            .any(|entry| entry["protocol"] == "TCP" && entry["port"] == port)
    });
    let by_peer = rule["to"].as_array().is_none_or(|peers| {
        peers
            .iter()
            .filter_map(|peer| peer.get("ipBlock"))
            .any(|block| {
                let except = block["except"].as_array().into_iter().flatten();
                holds(block["cidr"].as_str().unwrap(), address)
                    && !except
                        .into_iter()
                        .any(|range| holds(range.as_str().unwrap(), address))
            })
    });
    by_port && by_peer
}

fn lets_out(policy: &Value, address: &str, port: u64) -> bool {
    let address: IpAddr = address.parse().unwrap();
    let rules = policy["spec"]["egress"].as_array().unwrap();
    rules.iter().any(|rule| leads(rule, address, port))
}

fn policy(rendered: &Rendered) -> &Value {
    rendered.get("NetworkPolicy", RELEASE)
}

const METADATA: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];

#[test]
fn it_lets_out_what_is_needed_and_never_to_the_instances_metadata() {
    let rendered = Helm::offline().rendered(&[]);
    let policy = policy(&rendered);
    for (address, port, wanted) in [
        ("10.0.0.1", 443, true),
        ("10.99.0.1", 6443, true),
        ("52.94.0.1", 443, true),
        ("2600:1f00::1", 443, true),
        ("169.254.170.23", 80, true),
        ("fd00:ec2::23", 80, true),
        ("52.94.0.1", 80, false),
        ("52.94.0.1", 22, false),
        ("169.254.170.23", 22, false),
        ("169.254.170.24", 80, false),
    ] {
        assert_eq!(lets_out(policy, address, port), wanted, "{address} {port}");
    }
    for address in METADATA {
        for port in [53, 80, 443, 6443] {
            assert!(!lets_out(policy, address, port), "{address} {port}");
        }
    }
    assert_eq!(
        policy["spec"]["policyTypes"],
        serde_json::json!(["Ingress", "Egress"])
    );
    let ingress = policy["spec"]["ingress"].as_array().unwrap();
    assert_eq!(ingress.len(), 1);
    assert_eq!(
        ingress[0],
        serde_json::json!({ "ports": [{ "protocol": "TCP", "port": 8080 }] })
    );
}

#[test]
fn whatever_ranges_are_given_the_instances_metadata_is_not_among_them() {
    let helm = Helm::offline();
    for range in [
        "0.0.0.0/0",
        "128.0.0.0/1",
        "160.0.0.0/3",
        "169.0.0.0/8",
        "169.254.0.0/16",
        "169.254.169.0/24",
        "169.254.169.254/31",
        "10.0.0.0/8",
        "::/0",
        "2600:1f00::/24",
        "fd12:3456::/32",
    ] {
        let https = format!("networkPolicy.https.cidrs={{{range}}}");
        let server = format!("networkPolicy.apiServer.cidrs={{{range}}}");
        let rendered = helm.rendered(&["--set", &https, "--set", &server]);
        for policy in rendered
            .0
            .iter()
            .filter(|object| object["kind"] == "NetworkPolicy")
        {
            for address in METADATA {
                assert!(!lets_out(policy, address, 443), "{range} {policy}");
            }
        }
        let (network, _) = range.split_once('/').unwrap();
        let inside = if network == "::" { "2600::1" } else { network };
        // 169.254.169.254/31 holds one address that may be reached, whose name is not the range's.
        let inside = if inside.ends_with(".254") {
            "169.254.169.255"
        } else {
            inside
        };
        assert!(lets_out(policy(&rendered), inside, 443), "{range}");
        assert!(
            !lets_out(policy(&rendered), "8.8.8.8", 443) || range == "0.0.0.0/0",
            "{range}"
        );
    }
}

#[test]
fn it_follows_gitlabs_port_and_the_way_the_role_is_had() {
    let helm = Helm::offline();
    for (settings, address, port, wanted) in [
        (
            &["gitlab.url=https://gitlab.example.com:8443"][..],
            "52.94.0.1",
            8443,
            true,
        ),
        (
            &["gitlab.url=https://gitlab.example.com:8443"],
            "52.94.0.1",
            8444,
            false,
        ),
        (
            &[
                "gitlab.url=http://gitlab.example.com",
                "gitlab.oidc.issuer=https://gitlab.example.com",
            ],
            "52.94.0.1",
            80,
            true,
        ),
        (&["aws.identity=IRSA"], "169.254.170.23", 80, false),
        (&["aws.identity=None"], "169.254.170.23", 80, false),
        (
            &[
                "networkPolicy.extraEgress[0].to[0].ipBlock.cidr=10.1.0.0/16",
                "networkPolicy.extraEgress[0].ports[0].protocol=TCP",
                "networkPolicy.extraEgress[0].ports[0].port=3128",
            ],
            "10.1.2.3",
            3128,
            true,
        ),
    ] {
        let arguments: Vec<&str> = settings
            .iter()
            .flat_map(|setting| ["--set", setting])
            .collect();
        let rendered = helm.rendered(&arguments);
        assert_eq!(
            lets_out(policy(&rendered), address, port),
            wanted,
            "{settings:?}"
        );
    }
    let rendered = helm.rendered(&["--set", "networkPolicy.enabled=false"]);
    assert!(
        rendered
            .names()
            .iter()
            .all(|name| !name.starts_with("NetworkPolicy/"))
    );
}

#[test]
fn an_address_is_in_a_range_or_not() {
    for (range, address, wanted) in [
        ("10.0.0.0/8", "10.1.2.3", true),
        ("10.0.0.0/8", "11.1.2.3", false),
        ("0.0.0.0/0", "11.1.2.3", true),
        ("0.0.0.0/0", "::1", false),
        ("1.2.3.4/32", "1.2.3.4", true),
        ("1.2.3.4/32", "1.2.3.5", false),
        ("::/0", "::1", true),
        ("fd00::/16", "fd00:ec2::254", true),
        ("fd00::/16", "fd01::1", false),
    ] {
        assert_eq!(
            holds(range, address.parse().unwrap()),
            wanted,
            "{range} {address}"
        );
    }
}
