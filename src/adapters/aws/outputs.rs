//! A provider's outputs, as its infrastructure code left them in SSM.

use std::collections::BTreeMap;

use crate::api::ProviderOutputs;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::RoleArn;

use super::failure::Asked;
use super::session::Session;

/// As many subnets as the status takes.
const MOST_SUBNETS: usize = 16;

impl Session {
    /// Reads all outputs by one request: names are known and fewer than the ten it takes.
    pub(super) async fn read_outputs(
        &self,
        prefix: &str,
        name: &str,
    ) -> Result<ProviderOutputs, Failure> {
        let names = Names::of(prefix, name);
        let asked = self.asking("ssm:GetParameters", format!("/{prefix}/{name}/*"));
        let request = self
            .shared
            .ground
            .ssm
            .get_parameters()
            .set_names(Some(names.all().map(str::to_owned).to_vec()));
        let answer = self
            .look(&asked, |credentials| {
                let request = request.clone().customize();
                request.config_override(credentials.for_ssm()).send()
            })
            .await?;
        let values = answer
            .parameters()
            .iter()
            .filter_map(|found| Some((found.name()?, found.value()?)))
            .filter(|(_, value)| !value.trim().is_empty())
            .collect();
        Values { asked, values }.outputs(&names)
    }
}

/// The parameters' names.
struct Names {
    vpc: String,
    public_subnets: String,
    private_subnets: String,
    cluster: String,
    audit_table: String,
    provisioning_role: String,
    operations_role: String,
}

impl Names {
    fn of(prefix: &str, name: &str) -> Self {
        let under = |rest: &str| format!("/{prefix}/{name}/{rest}");
        Self {
            vpc: under("vpc"),
            public_subnets: under("vpc/public-subnets"),
            private_subnets: under("vpc/private-subnets"),
            cluster: under("ecs-cluster"),
            audit_table: under(&format!("{name}-audit")),
            provisioning_role: under("provisioning-role-arn"),
            operations_role: under("operations-role-arn"),
        }
    }

    fn all(&self) -> [&str; 7] {
        [
            &self.vpc,
            &self.public_subnets,
            &self.private_subnets,
            &self.cluster,
            &self.audit_table,
            &self.provisioning_role,
            &self.operations_role,
        ]
    }
}

/// What SSM answered. Whoever may write parameters there wrote it: nothing is taken unread.
struct Values<'a> {
    asked: Asked<'a>,
    values: BTreeMap<&'a str, &'a str>,
}

impl Values<'_> {
    fn outputs(&self, names: &Names) -> Result<ProviderOutputs, Failure> {
        let missing: Vec<&str> = names
            .all()
            .into_iter()
            .filter(|name| !self.values.contains_key(name))
            .collect();
        if !missing.is_empty() {
            let verdict = format!(
                "found no {}; the provider's pipeline writes them at its end",
                missing.join(", ")
            );
            return Err(self.asked.failure(FailureKind::Missing, &verdict));
        }
        let cluster_arn = self.text(&names.cluster, 512)?;
        let cluster_name = cluster_name(&cluster_arn)
            .ok_or_else(|| self.unfit(&names.cluster, "the ARN of an ECS cluster"))?;
        Ok(ProviderOutputs {
            vpc_id: self.text(&names.vpc, 64)?,
            public_subnet_ids: self.list(&names.public_subnets)?,
            private_subnet_ids: self.list(&names.private_subnets)?,
            cluster_name: cluster_name.to_owned(),
            cluster_arn,
            audit_table: self.text(&names.audit_table, 255)?,
            provisioning_role_arn: self.role(&names.provisioning_role)?,
            operations_role_arn: self.role(&names.operations_role)?,
        })
    }

    fn raw(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.trim())
    }

    fn text(&self, name: &str, most: usize) -> Result<String, Failure> {
        let value = self.raw(name);
        if value.len() > most {
            return Err(self.unfit(name, &format!("at most {most} characters")));
        }
        Ok(value.to_owned())
    }

    fn role(&self, name: &str) -> Result<String, Failure> {
        RoleArn::parse(&self.text(name, 600)?)
            .map(|role| role.as_str().to_owned())
            .ok_or_else(|| self.unfit(name, "the ARN of a role"))
    }

    fn list(&self, name: &str) -> Result<Vec<String>, Failure> {
        let values: Vec<String> = self
            .raw(name)
            .split(',')
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect();
        if values.is_empty() || values.len() > MOST_SUBNETS || values.iter().any(|v| v.len() > 64) {
            return Err(self.unfit(name, &format!("1 to {MOST_SUBNETS} subnet ids")));
        }
        Ok(values)
    }

    fn unfit(&self, name: &str, wanted: &str) -> Failure {
        let verdict = format!(
            "found in {name} something else than {wanted}; run the provider's pipeline again"
        );
        self.asked.failure(FailureKind::Invalid, &verdict)
    }
}

fn cluster_name(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "ecs", _, _, resource] => resource
            .strip_prefix("cluster/")
            .filter(|name| !name.is_empty() && name.len() <= 255),
        _ => None,
    }
}
