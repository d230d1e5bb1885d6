//! EC2: moto's, with the descriptions of some security group rules repaired.

use super::Gate;
use super::answer::{Answer, Refusal};
use super::call::{Call, Params};
use super::identity::Principal;
use super::moto::Place;

impl Gate {
    /// Serves an EC2 call. moto forgets the description of a rule whose other side is a security group, and Terraform
    /// would set it again with every apply; a later change keeps it, so it is set once more at once.
    pub(super) async fn network(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let answer = self.moto.forward(call, &principal.account).await?;
        let Params::Form(form) = &call.params else {
            return Ok(answer);
        };
        let authorizes = call.operation.starts_with("AuthorizeSecurityGroup");
        let field = |name: &str| form.get(name).map(String::as_str);
        let (Some(description), Some(other), Some(group)) = (
            field("IpPermissions.1.Groups.1.Description"),
            field("IpPermissions.1.Groups.1.GroupId"),
            field("GroupId"),
        ) else {
            return Ok(answer);
        };
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let id = text
            .split_once("<securityGroupRuleId>")
            .and_then(|(_, rest)| rest.split_once('<'))
            .map(|(id, _)| id);
        if let Some(id) = id.filter(|_| authorizes && answer.status.is_success()) {
            let place = Place {
                account: principal.account.clone(),
                region: call.region.clone(),
            };
            let rule = "SecurityGroupRule.1.SecurityGroupRule";
            let names = ["IpProtocol", "FromPort", "ToPort"];
            let same = names.map(|name| {
                (
                    format!("{rule}.{name}"),
                    field(&format!("IpPermissions.1.{name}")),
                )
            });
            let (described, referenced) = (
                format!("{rule}.Description"),
                format!("{rule}.ReferencedGroupId"),
            );
            let mut fields = vec![
                ("Action", "ModifySecurityGroupRules"),
                ("Version", "2016-11-15"),
                ("GroupId", group),
                ("SecurityGroupRule.1.SecurityGroupRuleId", id),
                (described.as_str(), description),
                (referenced.as_str(), other),
            ];
            fields.extend(
                same.iter()
                    .filter_map(|(name, value)| Some((name.as_str(), (*value)?))),
            );
            self.moto.form_text(&place, "ec2", &fields).await?;
        }
        Ok(answer)
    }
}
