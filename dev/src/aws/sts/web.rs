//! `AssumeRoleWithWebIdentity`: whoever an OIDC provider vouches for.

use jiff::Timestamp;

use super::assume::{actions, describe, within_longest};
use super::{SessionRequest, oidc};
use crate::aws::Gate;
use crate::aws::answer::{Answer, Refusal, escaped};
use crate::aws::call::Call;
use crate::aws::policy::{Caller, Context, Says};
use crate::aws::resource::Resource;

impl Gate {
    /// Serves the call; nobody signed it, the token says who asks.
    pub async fn assume_role_with_web_identity(&self, call: &Call) -> Result<Answer, Refusal> {
        let mut request = SessionRequest::read(call)?;
        let text = call.text("WebIdentityToken").unwrap_or_default();
        let token = oidc::Token::read(text).ok_or_else(|| {
            invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
        })?;
        let denied = || Refusal::denied("Not authorized to perform sts:AssumeRoleWithWebIdentity");
        let Some((account, _)) = crate::aws::role::parts(&request.role_arn) else {
            return Err(denied());
        };
        let issuer = token.claims.iss.clone();
        let Some(provider) = self.roles.oidc_provider(account, &issuer).await? else {
            return Err(invalid(format!(
                "No OpenIDConnect provider found in your account for {issuer}"
            )));
        };
        self.issuers.verify(&token).await.map_err(invalid)?;
        if !provider
            .audiences
            .iter()
            .any(|audience| token.claims.aud.contains(audience))
        {
            return Err(invalid("Incorrect token audience"));
        }
        let now = Timestamp::now().as_second();
        if token.claims.exp <= now {
            return Err(Refusal::code(
                "ExpiredTokenException",
                format!(
                    "Token expired: current date/time {now} must be before the expiration date/time {}",
                    token.claims.exp
                ),
            ));
        }
        if token.claims.nbf.is_some_and(|from| from > now) {
            return Err(invalid("Token is not valid yet"));
        }
        for (key, value) in &token.claims.tags.principal_tags {
            request
                .tags
                .insert(key.clone(), value.first().cloned().unwrap_or_default());
        }
        let Some(role) = self.roles.find(&request.role_arn).await? else {
            return Err(denied());
        };
        let context = context(&token.claims, &request);
        let caller = Caller::Federated(provider.arn.clone());
        let resource = Resource::Arn(role.arn.clone());
        for action in actions("sts:AssumeRoleWithWebIdentity", &request) {
            if role.trust.says_of(&caller, action, &resource, &context).0 != Says::Allow {
                return Err(denied());
            }
        }
        within_longest(&role, &request)?;
        let more = format!(
            "<SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken><Audience>{}</Audience><Provider>{}</Provider>",
            escaped(&token.claims.sub),
            escaped(token.claims.aud.first().map_or("", String::as_str)),
            escaped(&provider.arn),
        );
        Ok(self.issue("AssumeRoleWithWebIdentity", &role, &request, &more))
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::code("InvalidIdentityToken", message)
}

fn context(claims: &oidc::Claims, request: &SessionRequest) -> Context {
    let mut context = Context::default();
    let host = claims.iss.trim_start_matches("https://");
    context.set(&format!("{host}:sub"), &claims.sub);
    context.set_all(&format!("{host}:aud"), claims.aud.clone());
    context.set("aws:SecureTransport", "true");
    context.set("aws:FederatedProvider", host);
    request.tell(&mut context);
    describe(&mut context, request);
    context
}
