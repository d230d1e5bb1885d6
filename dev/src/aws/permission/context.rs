//! The condition keys of a call.

use std::collections::BTreeMap;

use crate::aws::call::{Call, Params};
use crate::aws::identity::Principal;
use crate::aws::policy::Context;
use crate::aws::resource::last;

/// Collects the condition keys that a call and its caller give.
#[must_use]
pub fn of_call(call: &Call, principal: &Principal) -> Context {
    let mut context = Context::default();
    principal.describe(&mut context);
    context.set("aws:RequestedRegion", &call.region);
    // The loopback connection stands for AWS's TLS endpoints.
    context.set("aws:SecureTransport", "true");
    let tags = tags_of(call);
    for (key, value) in &tags {
        context.set(&format!("aws:RequestTag/{key}"), value);
    }
    let mut keys: Vec<String> = tags.into_keys().collect();
    keys.extend(call.texts("TagKeys"));
    keys.extend(call.texts("tagKeys"));
    if !keys.is_empty() {
        context.set_all("aws:TagKeys", keys);
    }
    match call.service.as_str() {
        "iam" => {
            for (parameter, key) in [
                ("PermissionsBoundary", "iam:PermissionsBoundary"),
                ("PolicyArn", "iam:PolicyARN"),
                ("AWSServiceName", "iam:AWSServiceName"),
            ] {
                if let Some(value) = call.text(parameter) {
                    context.set(key, value);
                }
            }
        }
        "ecs" => {
            if call.operation == "RegisterTaskDefinition" {
                context.set("iam:PassedToService", "ecs-tasks.amazonaws.com");
            }
            if let Some(cluster) = call.text("cluster") {
                let arn = format!(
                    "arn:aws:ecs:{}:{}:cluster/{}",
                    call.region,
                    principal.account,
                    last(cluster)
                );
                context.set("ecs:cluster", arn);
            }
        }
        "eks" => context.set("iam:PassedToService", "pods.eks.amazonaws.com"),
        "dynamodb" => {
            let keys = ["Key", "Item"]
                .into_iter()
                .filter_map(|name| call.value(name)["id"]["S"].as_str().map(str::to_owned))
                .collect::<Vec<_>>();
            if !keys.is_empty() {
                context.set_all("dynamodb:LeadingKeys", keys);
            }
        }
        "ec2" => {
            if let Some(action) = call.text("ResourceType") {
                context.set("ec2:ResourceType", action);
            }
        }
        _ => {}
    }
    context
}

/// Collects the tags a call puts on what it makes, wherever the service has them.
#[must_use]
pub fn tags_of(call: &Call) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for name in ["Tags", "tags", "TagList", "Tag"] {
        tags.append(&mut call.tags(name));
    }
    if let Params::Form(form) = &call.params {
        // EC2: `TagSpecification.1.Tag.2.Key`.
        for (field, key) in form
            .iter()
            .filter(|(field, _)| field.starts_with("TagSpecification."))
        {
            if let Some(tag) = field.strip_suffix(".Key") {
                let value = form
                    .get(&format!("{tag}.Value"))
                    .cloned()
                    .unwrap_or_default();
                tags.insert(key.clone(), value);
            }
        }
    }
    tags
}
