//! Load balancing: moto's, whose load balancers are ready at once.

use super::Gate;
use super::answer::{Answer, Refusal};
use super::call::Call;
use super::identity::Principal;
use super::moto::Place;

impl Gate {
    pub(super) async fn load_balancing(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let answer = self.moto.forward(call, &principal.account).await?;
        if call.operation != "DescribeLoadBalancers" {
            return Ok(answer);
        }
        // moto says `provisioning` the first time it is asked; Terraform then waits a minute to ask again.
        let text = String::from_utf8_lossy(&answer.body)
            .replace("<Code>provisioning</Code>", "<Code>active</Code>");
        Ok(answer.with_body(text))
    }

    /// Answers the health check's path of a target group, where it has one.
    pub(super) async fn target_group_path(&self, place: &Place, arn: &str) -> Option<String> {
        let fields = [
            ("Action", "DescribeTargetGroups"),
            ("Version", VERSION),
            ("TargetGroupArns.member.1", arn),
        ];
        let text = self
            .moto
            .form_text(place, "elasticloadbalancing", &fields)
            .await
            .ok()?;
        let (_, rest) = text.split_once("<HealthCheckPath>")?;
        rest.split_once('<').map(|(path, _)| path.to_owned())
    }
}

/// The version of the load balancing interface: an older one means another service.
pub(super) const VERSION: &str = "2015-12-01";
