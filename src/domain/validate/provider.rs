//! Rules of an EnvironmentProvider.

use std::net::Ipv4Addr;

use crate::api::EnvironmentProvider;
use crate::domain::finding::Finding;
use crate::domain::name::Partition;

use super::{check_keys, check_name, schema};

/// Every mistake in a provider's name and spec.
pub fn provider(provider: &EnvironmentProvider) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = provider.metadata.name.as_deref().unwrap_or_default();
    let spec = &provider.spec;
    schema::PROVIDER.check(spec, &mut findings);
    check_name(name, &mut findings);
    check_keys(
        "spec.gitlabGroups",
        spec.gitlab_groups.iter().map(String::as_str),
        &mut findings,
    );
    if spec.prefix.len() + name.len() > 44 {
        findings.push(Finding::new(
            "",
            "spec.prefix and metadata.name together must be at most 44 characters, since AWS names are made of both; choose a shorter one",
        ));
    }
    check_roles(provider, &mut findings);
    check_network(provider, &mut findings);
    findings
}

fn check_roles(provider: &EnvironmentProvider, findings: &mut Vec<Finding>) {
    let spec = &provider.spec;
    let partition = Partition::of(&spec.region).as_str();
    let own = [
        ("spec.roles.provisioning", spec.roles.provisioning.as_ref()),
        ("spec.roles.operations", spec.roles.operations.as_ref()),
    ];
    let bootstrap = ("spec.roles.bootstrap", Some(&spec.roles.bootstrap));
    for (field, arn) in own.into_iter().chain([bootstrap]) {
        let Some(arn) = arn else { continue };
        let part = |index: usize| arn.split(':').nth(index).unwrap_or_default();
        if part(4) != spec.account {
            findings.push(Finding::new(
                "",
                format!("{field} must be a role of spec.account; correct the account in the ARN"),
            ));
        }
        if part(1) != partition {
            findings.push(Finding::new(
                field,
                format!("the partition in the ARN must be the one of spec.region: {partition}"),
            ));
        }
    }
    for (field, arn) in own {
        if arn.is_some_and(|arn| arn.contains(":role/harmonix/")) {
            findings.push(Finding::new(
                "",
                format!("{field} must not be under the path /harmonix/, where pipelines may change roles; choose another path"),
            ));
        }
    }
    // IAM tells roles apart by their names, whatever their paths and capitals.
    let role = |given: Option<&String>, purpose: &str| {
        let name = provider.metadata.name.as_deref().unwrap_or_default();
        match given {
            Some(arn) => arn.rsplit('/').next().unwrap_or_default().to_owned(),
            None => format!("{}-{name}-{purpose}-role", spec.prefix),
        }
        .to_ascii_lowercase()
    };
    if role(spec.roles.provisioning.as_ref(), "provisioning")
        == role(spec.roles.operations.as_ref(), "operations")
    {
        findings.push(Finding::new(
            "",
            "spec.roles.provisioning and spec.roles.operations must be two roles, their defaults included, and IAM tells roles apart by their names, not by paths or capitals: pipelines use one, the controller the other; name two",
        ));
    }
}

fn check_network(provider: &EnvironmentProvider, findings: &mut Vec<Finding>) {
    let network = &provider.spec.network;
    if network.create.is_some() == network.existing.is_some() {
        findings.push(Finding::new(
            "",
            "set exactly one of spec.network.create and spec.network.existing",
        ));
    }
    if network
        .create
        .as_ref()
        .is_some_and(|create| !is_network(&create.cidr))
    {
        findings.push(Finding::new(
            "",
            "spec.network.create.cidr must be an IPv4 network from /16 to /24 without host bits, such as 10.20.0.0/16",
        ));
    }
    if let Some(existing) = &network.existing {
        for (field, ids) in [
            (
                "spec.network.existing.publicSubnetIds",
                &existing.public_subnet_ids,
            ),
            (
                "spec.network.existing.privateSubnetIds",
                &existing.private_subnet_ids,
            ),
        ] {
            check_keys(field, ids.iter().map(String::as_str), findings);
        }
    }
}

fn is_network(cidr: &str) -> bool {
    let Some((address, length)) = cidr.split_once('/') else {
        return false;
    };
    let (Ok(address), Ok(length)) = (address.parse::<Ipv4Addr>(), length.parse::<u32>()) else {
        return false;
    };
    (16..=24).contains(&length) && (address.to_bits() & (u32::MAX >> length)) == 0
}
