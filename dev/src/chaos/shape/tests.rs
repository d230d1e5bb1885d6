use super::*;

#[test]
fn what_differs_between_runs_is_replaced_by_what_it_is() {
    for (text, neutral) in [
        ("aws-apps/p0042/cart", "aws-apps/{run}/cart"),
        (
            "harmonix:123456789012:Application/p0042/cart:b14357fc6e899a4be917c6edc8fc5ac1",
            "harmonix:{installation}:Application/{run}/cart:{hash}",
        ),
        (
            "the cart\nharmonix-intent:01a1ff1870b0753ba77632816f2531cf",
            "the cart",
        ),
        ("at 2026-11-21T16:48:27.733172624Z", "at {time}"),
        (
            "http://127.0.0.1:24367/x/-/jobs/53",
            "http://127.0.0.1:{port}/x/-/jobs/{number}",
        ),
        (
            "acme-12450e39-1084-a7ad-fa63-b81736d80e72",
            "acme-{identity}",
        ),
        (
            "p0042-cart-dev-dev-eu-3787719d",
            "{run}-cart-dev-dev-eu-{hash}",
        ),
    ] {
        assert_eq!(neutral::text(text, "p0042"), neutral);
    }
}

#[test]
fn accounts_and_words_stay() {
    for text in [
        "arn:aws:iam::222222222222:role/acme-bootstrap-role",
        "facade accede 1234567",
        "10.20.0.0/16 and 1234567",
    ] {
        assert_eq!(neutral::text(text, "p0042"), text);
    }
}

#[test]
fn a_fact_that_is_there_twice_is_one_of_both() {
    let mut facts = Facts::of("p1");
    facts.note("service p1-x", "ACTIVE");
    facts.note("service p1-x", "DRAINING");
    assert_eq!(facts.known["service {run}-x"], "ACTIVE, DRAINING");
}
