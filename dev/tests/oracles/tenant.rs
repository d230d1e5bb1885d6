//! O7: nobody's credentials are used for somebody else's things.

use harmonix_dev::chaos::evidence::Evidence;
use harmonix_dev::chaos::oracle::Oracle::Tenant;
use serde_json::Value;

use super::control::rejects;
use super::history::request;

/// What the first request of this action by the cart tells.
fn detail<'a>(evidence: &'a mut Evidence, action: &str, name: &str) -> &'a mut Value {
    let at = request(evidence, |entry| {
        entry.action == action
            && entry.took_effect() == entry.mutating
            && entry.actor.ends_with("/p0001@cart")
    });
    evidence.requests[at].detail.get_mut(name).unwrap()
}

#[test]
fn a_service_of_another_application() {
    rejects(Tenant, "is about p0001-other-dev-dev-eu", |evidence| {
        let at = request(evidence, |entry| entry.action == "ecs:DescribeServices");
        let services = evidence.requests[at].detail.get_mut("services");
        services.unwrap()[0] = "p0001-other-dev-dev-eu-00000000".into();
    });
}

#[test]
fn a_record_of_another_application_or_in_another_table() {
    rejects(Tenant, "of Application/p0001/till", |evidence| {
        let till = evidence.requests.iter_mut().find(|entry| {
            entry.action == "dynamodb:PutItem" && entry.actor.ends_with("/p0001@till")
        });
        till.unwrap().detail["sessionTags"]["harmonix:application"] = "cart".into();
    });
    rejects(Tenant, "is about acme-prod-eu-audit", |evidence| {
        *detail(evidence, "dynamodb:PutItem", "TableName") = "acme-prod-eu-audit".into();
    });
}

#[test]
fn the_controllers_own_identity() {
    rejects(Tenant, "which is no session of an object", |evidence| {
        let at = request(evidence, |entry| entry.service == "dynamodb");
        let entry = &mut evidence.requests[at];
        entry.actor = "arn:aws:iam::111111111111:role/harmonix-controller".into();
        entry.detail.remove("sessionTags");
    });
}
