//! Whether a principal may do what it asks.

use super::Gate;
use super::answer::Refusal;
use super::call::Call;
use super::config::Rights;
use super::identity::{Kind, Principal, RoleSession};
use super::policy::{Context, Policy, Says};
use super::resource::{self, Resource};

mod context;
mod tag;

pub use context::of_call as context_of;

/// One right that a call needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: Resource,
}

/// What identity policies say of a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Allowed.
    Granted,
    /// Not allowed, and this is why.
    Missing(&'static str),
    /// Denied by a statement.
    Denied(&'static str),
}

/// What an identity that may only assume roles may do.
const ASSUMING: [&str; 4] = [
    "sts:AssumeRole",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:GetCallerIdentity",
];

impl Gate {
    /// Refuses a call that its caller may not make.
    pub async fn permit(&self, principal: &Principal, call: &Call) -> Result<(), Refusal> {
        if let Kind::Static(Rights::Administrator) = principal.kind {
            return Ok(());
        }
        let context = context_of(call, principal);
        let asks_for_tags = self.asks_for_tags(principal).await?;
        for (need, mut context) in self.needs(principal, call, &context).await {
            let account = need.resource.account().unwrap_or(&principal.account);
            context.set("aws:ResourceAccount", account);
            if asks_for_tags && let Resource::Arn(arn) = &need.resource {
                self.describe_tags(arn, &mut context).await;
            }
            self.require(principal, &need, &context).await?;
        }
        Ok(())
    }

    /// Says whether any policy of the caller looks at the tags of resources, which cost a call each.
    async fn asks_for_tags(&self, principal: &Principal) -> Result<bool, Refusal> {
        match principal.role() {
            None => Ok(false),
            Some(role) => {
                let role = self.roles.find(role).await?;
                Ok(role.is_some_and(|role| {
                    role.rights
                        .iter()
                        .any(|policy| policy.mentions("ResourceTag/"))
                }))
            }
        }
    }

    /// Lists the rights a call needs, each with the condition keys that hold for it.
    async fn needs(
        &self,
        principal: &Principal,
        call: &Call,
        context: &Context,
    ) -> Vec<(Need, Context)> {
        let action = call.action();
        let mut resources = resource::of(call, &principal.account);
        let mut context = context.clone();
        // IAM checks a role under its path and by its boundary, which calls do not tell.
        if call.service == "iam"
            && call.operation != "CreateRole"
            && let Some(name) = call.text("RoleName")
            && let Some((arn, boundary)) = self.roles.look(&principal.account, name).await
        {
            resources = vec![Resource::Arn(arn)];
            if let (Some(boundary), None) = (boundary, call.text("PermissionsBoundary")) {
                context.set("iam:PermissionsBoundary", boundary);
            }
        }
        let each = |action: &str, resources: Vec<Resource>, context: &Context| {
            let need = |resource| {
                (
                    Need {
                        action: action.to_owned(),
                        resource,
                    },
                    context.clone(),
                )
            };
            resources.into_iter().map(need).collect::<Vec<_>>()
        };
        let mut needs = each(&action, resources, &context);
        if let Some(tagging) = tagging_action(call) {
            let mut context = context.clone();
            context.set(&format!("{}:CreateAction", call.service), &call.operation);
            needs.extend(each(
                &tagging,
                resource::tagged_by(call, &principal.account),
                &context,
            ));
        }
        let passes: &[&str] = match action.as_str() {
            "ecs:RegisterTaskDefinition" => &["taskRoleArn", "executionRoleArn"],
            "eks:CreatePodIdentityAssociation" | "eks:UpdatePodIdentityAssociation" => &["roleArn"],
            _ => &[],
        };
        let roles = passes.iter().filter_map(|name| call.text(name));
        let roles = roles.map(|role| Resource::Arn(role.to_owned())).collect();
        needs.extend(each("iam:PassRole", roles, &context));
        needs
    }

    /// Refuses where the principal's own policies do not grant the need.
    pub async fn require(
        &self,
        principal: &Principal,
        need: &Need,
        context: &Context,
    ) -> Result<(), Refusal> {
        let because = match self.right(principal, need, context).await? {
            Right::Granted => return Ok(()),
            Right::Missing(policy) => {
                format!("because no {policy} allows the {} action", need.action)
            }
            Right::Denied(policy) => format!("with an explicit deny in {policy}"),
        };
        Err(Refusal::denied(format!(
            "User: {} is not authorized to perform: {} on resource: {} {because}",
            principal.arn,
            need.action,
            need.resource.display()
        )))
    }

    /// Says what the principal's own policies make of the need.
    pub async fn right(
        &self,
        principal: &Principal,
        need: &Need,
        context: &Context,
    ) -> Result<Right, Refusal> {
        match &principal.kind {
            Kind::Static(Rights::Administrator) => Ok(Right::Granted),
            Kind::Static(Rights::AssumeRoles) if ASSUMING.contains(&need.action.as_str()) => {
                Ok(Right::Granted)
            }
            Kind::Static(Rights::AssumeRoles) => Ok(Right::Missing("identity-based policy")),
            Kind::Session(session) => self.session_right(session, need, context).await,
        }
    }

    async fn session_right(
        &self,
        session: &RoleSession,
        need: &Need,
        context: &Context,
    ) -> Result<Right, Refusal> {
        let Some(role) = self.roles.find(&session.role_arn).await? else {
            // The role was deleted under its session: nothing allows anything any more.
            return Ok(Right::Missing("identity-based policy"));
        };
        let says = |policies: &[Policy]| {
            let all: Vec<Says> = policies
                .iter()
                .map(|policy| policy.says(&need.action, &need.resource, context))
                .collect();
            if all.contains(&Says::Deny) {
                Says::Deny
            } else if all.contains(&Says::Allow) {
                Says::Allow
            } else {
                Says::Nothing
            }
        };
        let boundary = role.boundary.as_slice();
        for (policies, name) in [
            (&role.rights[..], "an identity-based policy"),
            (boundary, "a permissions boundary"),
            (&session.policies[..], "a session policy"),
        ] {
            if says(policies) == Says::Deny {
                return Ok(Right::Denied(name));
            }
        }
        if says(&role.rights) != Says::Allow {
            return Ok(Right::Missing("identity-based policy"));
        }
        if role.boundary.is_some() && says(boundary) != Says::Allow {
            return Ok(Right::Missing("permissions boundary"));
        }
        if !session.policies.is_empty() && says(&session.policies) != Says::Allow {
            return Ok(Right::Missing("session policy"));
        }
        Ok(Right::Granted)
    }
}

/// Answers the further action that AWS asks for where a thing is made with tags on it.
fn tagging_action(call: &Call) -> Option<String> {
    let makes = ["Create", "Register", "Put", "Run", "Allocate"];
    if !makes.iter().any(|verb| call.operation.starts_with(verb))
        || context::tags_of(call).is_empty()
    {
        return None;
    }
    let action = match call.service.as_str() {
        "ec2" => "CreateTags",
        "elasticloadbalancing" => "AddTags",
        "ssm" => "AddTagsToResource",
        "iam" => match call.operation.as_str() {
            "CreateRole" => "TagRole",
            "CreatePolicy" => "TagPolicy",
            "CreateOpenIDConnectProvider" => "TagOpenIDConnectProvider",
            _ => return None,
        },
        "ecs" | "ecr" | "eks" | "kms" | "logs" | "dynamodb" | "secretsmanager" => "TagResource",
        _ => return None,
    };
    (call.operation != action).then(|| format!("{}:{action}", call.service))
}
