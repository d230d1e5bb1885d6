//! The resources of EC2's calls, as far as networks need them.
//!
//! EC2 checks everything a call names, and what it makes: `CreateSubnet` needs a right on the VPC and one on subnets.

use super::{Arn, Resource};
use crate::aws::call::{Call, Params};

/// Parameters that name a resource, with its type.
const NAMING: [(&str, &str); 10] = [
    ("VpcId", "vpc"),
    ("SubnetId", "subnet"),
    ("RouteTableId", "route-table"),
    ("InternetGatewayId", "internet-gateway"),
    ("NatGatewayId", "natgateway"),
    ("AllocationId", "elastic-ip"),
    ("GroupId", "security-group"),
    ("SecurityGroupId", "security-group"),
    ("SecurityGroupRuleId", "security-group-rule"),
    ("VpcEndpointId", "vpc-endpoint"),
];

/// What operations make.
const MAKING: [(&str, &str); 11] = [
    ("AllocateAddress", "elastic-ip"),
    ("AuthorizeSecurityGroupEgress", "security-group-rule"),
    ("AuthorizeSecurityGroupIngress", "security-group-rule"),
    ("CreateInternetGateway", "internet-gateway"),
    ("CreateNatGateway", "natgateway"),
    ("CreateNetworkInterface", "network-interface"),
    ("CreateRouteTable", "route-table"),
    ("CreateSecurityGroup", "security-group"),
    ("CreateSubnet", "subnet"),
    ("CreateVpc", "vpc"),
    ("CreateVpcEndpoint", "vpc-endpoint"),
];

/// What an id begins with, by type.
const PREFIXES: [(&str, &str); 9] = [
    ("vpc-", "vpc"),
    ("subnet-", "subnet"),
    ("rtb-", "route-table"),
    ("igw-", "internet-gateway"),
    ("nat-", "natgateway"),
    ("eipalloc-", "elastic-ip"),
    ("sg-", "security-group"),
    ("sgr-", "security-group-rule"),
    ("vpce-", "vpc-endpoint"),
];

/// Derives what a call names.
pub(super) fn existing(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    let Params::Form(form) = &call.params else {
        return Vec::new();
    };
    if matches!(call.operation.as_str(), "CreateTags" | "DeleteTags") {
        return call
            .texts("ResourceId")
            .iter()
            .filter_map(|id| by_prefix(id, at))
            .collect();
    }
    // A route's target is not checked, only the table it goes to.
    let only_table = call.operation.ends_with("Route");
    NAMING
        .into_iter()
        .filter(|(_, kind)| !only_table || *kind == "route-table")
        .flat_map(|(parameter, kind)| {
            let one = form.get(parameter).cloned();
            one.into_iter()
                .chain(call.texts(parameter))
                .map(move |id| at.of(&format!("{kind}/{id}")))
        })
        .collect()
}

/// Derives what a call makes.
pub(super) fn made(call: &Call, at: &Arn<'_>) -> Option<Resource> {
    let (_, kind) = MAKING
        .into_iter()
        .find(|(operation, _)| *operation == call.operation)?;
    Some(at.of(&format!("{kind}/*")))
}

/// Derives what a call puts tags on while making it.
pub(super) fn tagged(call: &Call, at: &Arn<'_>) -> Vec<Resource> {
    let Params::Form(form) = &call.params else {
        return Vec::new();
    };
    (1..)
        .map_while(|index| form.get(&format!("TagSpecification.{index}.ResourceType")))
        .map(|kind| at.of(&format!("{kind}/*")))
        .collect()
}

fn by_prefix(id: &str, at: &Arn<'_>) -> Option<Resource> {
    let (_, kind) = PREFIXES
        .into_iter()
        .find(|(prefix, _)| id.starts_with(prefix))?;
    Some(at.of(&format!("{kind}/{id}")))
}
