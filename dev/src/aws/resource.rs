//! Which resource a call is about.
//!
//! AWS decides per operation which resource types it checks. Here the ARN is derived for the operations Harmonix and
//! its templates use; for the rest only service, region and account are known ([`Resource::Somewhere`]).

use super::call::Call;
use crate::fault::matches_wildcard;

mod network;
mod service;

/// The resource of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// This one.
    Arn(String),
    /// No resource: the operation is allowed on `*` only.
    Everything,
    /// One whose ARN begins so; which one is not known here.
    Somewhere(String),
}

impl Resource {
    /// Says whether an `Allow` on this pattern covers the resource. What is not known is given the benefit of the
    /// doubt within its own service, region and account.
    #[must_use]
    pub fn may_match(&self, pattern: &str) -> bool {
        match self {
            Self::Arn(arn) => matches_wildcard(pattern, arn),
            Self::Everything => pattern == "*",
            Self::Somewhere(start) => {
                pattern == "*"
                    || start
                        .split(':')
                        .take(5)
                        .zip(pattern.split(':'))
                        .all(|(known, wanted)| matches_wildcard(wanted, known) || known.is_empty())
                        && pattern.split(':').count() >= 6
            }
        }
    }

    /// Says whether a `Deny` on this pattern covers the resource for certain.
    #[must_use]
    pub fn must_match(&self, pattern: &str) -> bool {
        match self {
            Self::Arn(arn) => matches_wildcard(pattern, arn),
            Self::Everything | Self::Somewhere(_) => pattern == "*",
        }
    }

    /// Writes the resource as an error message names it.
    #[must_use]
    pub fn display(&self) -> &str {
        match self {
            Self::Arn(arn) => arn,
            Self::Everything | Self::Somewhere(_) => "*",
        }
    }

    /// Answers the account, where it is known.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.arn()?
            .split(':')
            .nth(4)
            .filter(|account| !account.is_empty())
    }

    /// Answers the ARN, where it is known.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn),
            Self::Everything | Self::Somewhere(_) => None,
        }
    }
}

/// Operations that AWS checks against `*` only.
const ON_EVERYTHING: [&str; 27] = [
    "ec2:Describe*",
    "elasticloadbalancing:Describe*",
    "ecr:GetAuthorizationToken",
    "ecs:ListClusters",
    "ecs:CreateCluster",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTaskDefinition*",
    "ecs:DeregisterTaskDefinition",
    "ssm:DescribeParameters",
    "kms:ListAliases",
    "kms:ListKeys",
    "kms:CreateKey",
    "kms:GenerateRandom",
    "dynamodb:ListTables",
    "dynamodb:DescribeLimits",
    "iam:List*Providers",
    "iam:ListRoles",
    "iam:ListPolicies",
    "iam:ListUsers",
    "sts:GetCallerIdentity",
    "secretsmanager:ListSecrets",
    "logs:DescribeResourcePolicies",
    "logs:PutResourcePolicy",
    "eks:ListClusters",
    "tag:*",
    "acm:ListCertificates",
    "ecr:DescribeRegistry",
];

/// Derives the resources a call is about: a batch names several, anything else one.
#[must_use]
pub fn of(call: &Call, account: &str) -> Vec<Resource> {
    let action = call.action();
    if ON_EVERYTHING
        .iter()
        .any(|pattern| matches_wildcard(pattern, &action))
    {
        return vec![Resource::Everything];
    }
    let at = Arn {
        service: &call.service,
        region: &call.region,
        account,
    };
    let found = match call.service.as_str() {
        "dynamodb" => service::dynamodb(call, &at),
        "ssm" => service::ssm(call, &at),
        "ecs" => service::ecs(call, &at),
        "ecr" => service::ecr(call, &at),
        "iam" | "sts" => service::iam(call, account),
        "kms" => service::kms(call, &at),
        "logs" => service::logs(call, &at),
        "secretsmanager" => service::secrets(call, &at),
        "ec2" => network::existing(call, &at)
            .into_iter()
            .chain(network::made(call, &at))
            .collect(),
        "elasticloadbalancing" => service::load_balancing(call, &at),
        "eks" | "eks-auth" => service::eks(call, &at),
        _ => Vec::new(),
    };
    if found.is_empty() {
        vec![at.somewhere()]
    } else {
        found
    }
}

/// Answers the last segment of a name or ARN.
#[must_use]
pub fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Derives the resources that a call, which makes something with tags on it, tags.
#[must_use]
pub fn tagged_by(call: &Call, account: &str) -> Vec<Resource> {
    let at = Arn {
        service: &call.service,
        region: &call.region,
        account,
    };
    match call.action().as_str() {
        "kms:CreateKey" => vec![at.of("key/*")],
        "ecs:CreateCluster" => {
            let name = call.text("clusterName").unwrap_or("default");
            vec![at.of(&format!("cluster/{name}"))]
        }
        "elasticloadbalancing:CreateListener" => {
            let balancer = call.text("LoadBalancerArn").unwrap_or_default();
            vec![Resource::Arn(format!(
                "{}/*",
                balancer.replacen(":loadbalancer/", ":listener/", 1)
            ))]
        }
        "elasticloadbalancing:CreateRule" => {
            let listener = call.text("ListenerArn").unwrap_or_default();
            vec![Resource::Arn(format!(
                "{}/*",
                listener.replacen(":listener/", ":listener-rule/", 1)
            ))]
        }
        _ if call.service == "ec2" => network::tagged(call, &at),
        _ => of(call, account),
    }
}

struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
}

impl Arn<'_> {
    fn of(&self, rest: &str) -> Resource {
        // A caller may name a thing by its ARN wherever its name would do.
        if rest.contains("arn:") {
            let at = rest.find("arn:").unwrap_or_default();
            return Resource::Arn(rest[at..].to_owned());
        }
        Resource::Arn(format!(
            "arn:aws:{}:{}:{}:{rest}",
            self.service, self.region, self.account
        ))
    }

    fn somewhere(&self) -> Resource {
        Resource::Somewhere(format!(
            "arn:aws:{}:{}:{}:",
            self.service, self.region, self.account
        ))
    }
}
