//! `AssumeRole`: what the caller's own policies say, and what the role's trust policy says.

use super::SessionRequest;
use crate::aws::Gate;
use crate::aws::answer::{Answer, Refusal};
use crate::aws::call::Call;
use crate::aws::identity::{Kind, Principal};
use crate::aws::permission::{Need, Right, context_of};
use crate::aws::policy::{Context, Named, Says};
use crate::aws::resource::Resource;
use crate::aws::role::Role;

impl Gate {
    pub(super) async fn assume_role(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let mut request = SessionRequest::read(call)?;
        if let Kind::Session(session) = &principal.kind {
            request.inherit(session)?;
        }
        let denied = |action: &str| {
            Refusal::denied(format!(
                "User: {} is not authorized to perform: {action} on resource: {}",
                principal.arn, request.role_arn
            ))
        };
        // STS tells a role that does not exist from one that does not trust the caller by nothing at all.
        let Some(role) = self.roles.find(&request.role_arn).await? else {
            return Err(denied("sts:AssumeRole"));
        };
        let context = context(call, principal, &request);
        for action in actions("sts:AssumeRole", &request) {
            if !self.trusted(principal, &role, action, &context).await? {
                return Err(denied(action));
            }
        }
        if request.seconds > 3600 && principal.role().is_some() {
            return Err(Refusal::code(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        within_longest(&role, &request)?;
        Ok(self.issue(
            "AssumeRole",
            &role,
            &request,
            "<PackedPolicySize>1</PackedPolicySize>",
        ))
    }

    async fn trusted(
        &self,
        principal: &Principal,
        role: &Role,
        action: &'static str,
        context: &Context,
    ) -> Result<bool, Refusal> {
        let resource = Resource::Arn(role.arn.clone());
        let (says, named) = role
            .trust
            .says_of(&principal.caller(), action, &resource, context);
        let need = Need {
            action: action.to_owned(),
            resource,
        };
        let right = self.right(principal, &need, context).await?;
        let same_account = principal.account == role.account;
        Ok(match (says, right, named) {
            (Says::Deny | Says::Nothing, _, _) | (Says::Allow, Right::Denied(_), _) => false,
            (Says::Allow, Right::Granted, _) => true,
            // Within one account a trust policy that names the caller itself is enough.
            (Says::Allow, Right::Missing(_), Some(Named::Itself)) => same_account,
            (Says::Allow, Right::Missing(_), Some(Named::ByAccount) | None) => false,
        })
    }
}

/// Lists the actions that a request needs: tags and a source identity each take a right of their own.
pub fn actions(first: &'static str, request: &SessionRequest) -> Vec<&'static str> {
    let mut actions = vec![first];
    if !request.tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if request.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    actions
}

/// Refuses a session longer than the role allows.
pub(super) fn within_longest(role: &Role, request: &SessionRequest) -> Result<(), Refusal> {
    if request.seconds.unsigned_abs() <= role.longest_session {
        return Ok(());
    }
    Err(Refusal::code(
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ))
}

/// Sets the condition keys that a request for a session gives.
pub fn describe(context: &mut Context, request: &SessionRequest) {
    context.set("sts:RoleSessionName", &request.session_name);
    if let Some(id) = &request.external_id {
        context.set("sts:ExternalId", id);
    }
    if let Some(identity) = &request.source_identity {
        context.set("sts:SourceIdentity", identity);
    }
    if !request.transitive.is_empty() {
        context.set_all("sts:TransitiveTagKeys", request.transitive.clone());
    }
}

fn context(call: &Call, principal: &Principal, request: &SessionRequest) -> Context {
    let mut context = context_of(call, principal);
    request.tell(&mut context);
    if let (Kind::Session(session), None) = (&principal.kind, &request.source_identity)
        && let Some(identity) = &session.source_identity
    {
        context.set("sts:SourceIdentity", identity);
    }
    describe(&mut context, request);
    context
}
