//! `AssumeRoleForPodIdentity`: what the agent on a node asks for a pod.

use jiff::Timestamp;
use serde_json::json;

use super::{Association, Cluster, invalid};
use crate::aws::Gate;
use crate::aws::answer::{Answer, Refusal};
use crate::aws::call::Call;
use crate::aws::moto::Place;
use crate::aws::policy::{Caller, Context, Says};
use crate::aws::resource::Resource;
use crate::aws::sts::{SessionRequest, Token, actions, describe};

const AUDIENCE: &str = "pods.eks.amazonaws.com";
const HOURS: i64 = 6;

impl Gate {
    pub(super) async fn assume_role_for_pod(
        &self,
        place: &Place,
        name: &str,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let cluster = self.eks_cluster(place, name).await?;
        let token = self.pod_token(&cluster, call).await?;
        let pod = &token.claims.kubernetes;
        let association =
            self.associations.list(place, name).into_iter().find(|one| {
                one.namespace == pod.namespace && one.account == pod.serviceaccount.name
            });
        let Some(association) = association else {
            return Err(super::missing(format!(
                "No association found for service account {} in namespace {}",
                pod.serviceaccount.name, pod.namespace
            )));
        };
        let denied = || {
            Refusal::with_status(
                "AccessDeniedException",
                400,
                "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
            )
        };
        let role = self
            .roles
            .find(&association.role)
            .await?
            .ok_or_else(denied)?;
        let request = request(name, &cluster, &association, &token);
        let mut context = Context::default();
        context.set("aws:SourceArn", &cluster.arn);
        context.set("aws:SourceAccount", &place.account);
        request.tell(&mut context);
        describe(&mut context, &request);
        let caller = Caller::Service(AUDIENCE.to_owned());
        let resource = Resource::Arn(role.arn.clone());
        for action in actions("sts:AssumeRole", &request) {
            if role.trust.says_of(&caller, action, &resource, &context).0 != Says::Allow {
                return Err(denied());
            }
        }
        let session = self.begin(&role, &request);
        Ok(Answer::json(&json!({
            "subject": { "namespace": pod.namespace, "serviceAccount": pod.serviceaccount.name },
            "audience": AUDIENCE,
            "podIdentityAssociation": {
                "associationArn": association.arn(),
                "associationId": association.id,
            },
            "assumedRoleUser": { "arn": session.arn, "assumeRoleId": session.id },
            "credentials": {
                "accessKeyId": session.credentials.access_key,
                "secretAccessKey": session.credentials.secret,
                "sessionToken": session.credentials.token,
                "expiration": session.expires.as_second(),
            },
        })))
    }

    /// Reads the token of a pod, and believes it where the cluster itself signed it for Pod Identity.
    async fn pod_token(&self, cluster: &Cluster, call: &Call) -> Result<Token, Refusal> {
        let wrong = |why: &str| Refusal::code("InvalidTokenException", why);
        let token = Token::read(call.text("token").unwrap_or_default())
            .ok_or_else(|| invalid("token is no JWT"))?;
        if token.claims.iss != cluster.issuer {
            return Err(wrong("The token was issued by another cluster"));
        }
        self.issuers
            .verify(&token)
            .await
            .map_err(|why| wrong(&why))?;
        if !token.claims.aud.iter().any(|audience| audience == AUDIENCE) {
            return Err(wrong("The token is for another audience"));
        }
        if token.claims.exp <= Timestamp::now().as_second() {
            return Err(Refusal::code("ExpiredTokenException", "The token is over"));
        }
        Ok(token)
    }
}

/// The session that EKS asks for, with the tags that it puts on it unless the association says otherwise. All of them
/// are transitive.
fn request(
    name: &str,
    cluster: &Cluster,
    association: &Association,
    token: &Token,
) -> SessionRequest {
    let pod = &token.claims.kubernetes;
    let tags = [
        ("eks-cluster-arn", &cluster.arn[..]),
        ("eks-cluster-name", name),
        ("kubernetes-namespace", &pod.namespace),
        ("kubernetes-service-account", &pod.serviceaccount.name),
        ("kubernetes-pod-name", &pod.pod.name),
        ("kubernetes-pod-uid", &pod.pod.uid),
    ];
    let tags = tags
        .into_iter()
        .filter(|_| association.tagged)
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    let tags: std::collections::BTreeMap<_, _> = tags.collect();
    SessionRequest {
        role_arn: association.role.clone(),
        session_name: format!("eks-{name}-{}", pod.pod.uid)
            .chars()
            .take(64)
            .collect(),
        seconds: HOURS * 3600,
        transitive: tags.keys().cloned().collect(),
        tags,
        source_identity: None,
        external_id: None,
        policy: None,
    }
}
