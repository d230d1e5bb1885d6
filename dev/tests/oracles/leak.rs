//! O4: nothing outside is left without an owner.

use harmonix_dev::chaos::oracle::Oracle::Leak;
use serde_json::json;

use super::control::rejects;
use super::history::{CART, CART_PROJECT, TILL, TILL_PROJECT, attribute, record};

#[test]
fn a_marked_project_without_its_object_or_its_letting_go() {
    rejects(Leak, "which is neither there nor let go", |evidence| {
        evidence
            .objects
            .retain(|object| object["kind"] != "Application");
    });
    rejects(Leak, "which is neither there nor let go", |evidence| {
        let at = record(evidence, TILL, "LetGo");
        evidence.records.remove(at);
    });
    rejects(Leak, "which is neither there nor let go", |evidence| {
        let at = record(evidence, TILL, "LetGo");
        *attribute(evidence, at, "status") = "FAILED".into();
    });
}

#[test]
fn an_object_with_two_projects() {
    rejects(
        Leak,
        &format!("{CART} is the owner of 2 projects"),
        |evidence| {
            let own = evidence.projects.iter().find(|p| p.path == CART_PROJECT);
            let mut second = own.unwrap().clone();
            second.path = format!("{CART_PROJECT}-2");
            evidence.projects.push(second);
        },
    );
}

#[test]
fn a_project_of_ours_that_bears_no_mark() {
    rejects(Leak, "and it bears no mark", |evidence| {
        let own = evidence
            .projects
            .iter_mut()
            .find(|p| p.path == TILL_PROJECT);
        own.unwrap().shown["description"] = json!("The till.");
    });
}

#[test]
fn a_service_that_belongs_to_nobody() {
    rejects(Leak, "belongs to", |evidence| {
        evidence.services[0]["serviceName"] = "p0001-stray-dev-dev-eu-00000000".into();
    });
    rejects(Leak, "belongs to Application/p0001/stray", |evidence| {
        evidence.services[0]["tags"] =
            json!([{ "key": "harmonix:application", "value": "p0001/stray" }]);
    });
}
