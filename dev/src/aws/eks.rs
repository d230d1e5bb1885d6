//! EKS: moto keeps the clusters; the gate adds what moto lacks: add-ons, and EKS Pod Identity, that is
//! the associations and the credentials that a pod gets for its service account's token.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::Gate;
use super::answer::{Answer, Refusal, RefusalKind};
use super::call::Call;
use super::identity::Principal;
use super::moto::Place;

mod addon;
mod association;
mod issuer;
mod pod;
pub mod route;

pub use addon::Addons;
pub use association::Associations;
pub use issuer::ClusterIssuers;

use association::Association;
use route::Route;

/// A cluster, as far as Pod Identity asks.
#[derive(Debug, Clone)]
struct Cluster {
    arn: String,
    /// The issuer of its service account tokens.
    issuer: String,
}

impl Gate {
    /// Serves a call to EKS, or to its part for pods (`eks-auth`), of a caller that may make it.
    pub async fn eks(&self, principal: &Principal, call: &Call) -> Result<Answer, Refusal> {
        let place = Place {
            account: principal.account.clone(),
            region: call.region.clone(),
        };
        let path = call.uri.path();
        let route = Route::read(path);
        match (call.operation.as_str(), route) {
            ("CreatePodIdentityAssociation", Some(Route::Associations(cluster))) => {
                self.eks_cluster(&place, cluster).await?;
                self.passed(call).await?;
                let made = self.associations.create(&place, cluster, call)?;
                Ok(shown(&made))
            }
            ("ListPodIdentityAssociations", Some(Route::Associations(cluster))) => {
                self.eks_cluster(&place, cluster).await?;
                let asked: Vec<(String, String)> =
                    url::form_urlencoded::parse(call.uri.query().unwrap_or_default().as_bytes())
                        .into_owned()
                        .collect();
                let of = |name: &str| {
                    let found = asked.iter().find(|(asked, _)| asked == name);
                    found.map(|(_, value)| value.as_str())
                };
                let listed = self.associations.list(&place, cluster);
                let summaries: Vec<Value> = listed
                    .iter()
                    .filter(|one| of("namespace").is_none_or(|asked| asked == one.namespace))
                    .filter(|one| of("serviceAccount").is_none_or(|asked| asked == one.account))
                    .map(Association::summary)
                    .collect();
                Ok(Answer::json(&json!({ "associations": summaries })))
            }
            ("DescribePodIdentityAssociation", Some(Route::Association(cluster, id))) => {
                Ok(shown(&self.associations.find(&place, cluster, id)?))
            }
            ("UpdatePodIdentityAssociation", Some(Route::Association(cluster, id))) => {
                self.passed(call).await?;
                let changed = self.associations.update(&place, cluster, id, call)?;
                Ok(shown(&changed))
            }
            ("DeletePodIdentityAssociation", Some(Route::Association(cluster, id))) => {
                Ok(shown(&self.associations.remove(&place, cluster, id)?))
            }
            ("AssumeRoleForPodIdentity", Some(Route::Pod(cluster))) => {
                self.assume_role_for_pod(&place, cluster, call).await
            }
            ("CreateAddon", Some(Route::Addons(cluster))) => {
                self.eks_cluster(&place, cluster).await?;
                let made = self.addons.create(&place, cluster, call)?;
                Ok(Answer::json(&json!({ "addon": made })))
            }
            ("DescribeAddon", Some(Route::Addon(cluster, name))) => {
                let found = self.addons.find(&place, cluster, name)?;
                Ok(Answer::json(&json!({ "addon": found })))
            }
            ("DescribeCluster", Some(Route::Cluster(_))) => {
                let answer = self.moto.forward(call, &principal.account).await?;
                let Some(mut document) = answer.document() else {
                    return Ok(answer);
                };
                self.clusters.correct(&place, &mut document);
                Ok(answer.with_body(document.to_string()))
            }
            ("DeleteCluster", Some(Route::Cluster(cluster))) => {
                let answer = self.moto.forward(call, &principal.account).await?;
                if answer.status.is_success() {
                    self.associations.forget(&place, cluster);
                    self.addons.forget(&place, cluster);
                }
                Ok(answer)
            }
            _ => self.moto.forward(call, &principal.account).await,
        }
    }

    async fn eks_cluster(&self, place: &Place, name: &str) -> Result<Cluster, Refusal> {
        let found = self
            .moto
            .get(place, "eks", &format!("/clusters/{name}"))
            .await;
        let mut document = found.map_err(|refusal| match refusal.kind {
            RefusalKind::Code(_, 404) => missing(format!("No cluster found for name: {name}.")),
            _ => refusal,
        })?;
        self.clusters.correct(place, &mut document);
        let cluster = &document["cluster"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Cluster {
            arn: text(&cluster["arn"]),
            issuer: text(&cluster["identity"]["oidc"]["issuer"]),
        })
    }

    /// Refuses a role that does not exist: EKS looks before it takes one.
    async fn passed(&self, call: &Call) -> Result<(), Refusal> {
        let Some(role) = call.text("roleArn") else {
            return Ok(());
        };
        if self.roles.find(role).await?.is_none() {
            return Err(invalid("Role provided in the request does not exist."));
        }
        Ok(())
    }
}

fn shown(association: &Association) -> Answer {
    Answer::json(&json!({ "association": association.document() }))
}

fn missing(message: impl Into<String>) -> Refusal {
    Refusal::with_status("ResourceNotFoundException", 404, message)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::code("InvalidParameterException", message)
}

/// Reads one segment of a path.
fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
