//! ECR: repositories and their policies are moto's, images are those of a real registry.
//!
//! moto never sees a push, so whatever is said about images is read from the registry; and every repository's address
//! names that registry.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::json;

use super::Gate;
use super::answer::{Answer, Refusal};
use super::call::Call;
use super::identity::Principal;
use super::moto::Place;
use super::permission::{Need, context_of};
use super::policy::{Context, Policy, Says};
use super::resource::Resource;

pub mod front;
mod image;
pub mod registry;

pub use registry::Registry;

/// A repository: where it is and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Account and region.
    pub place: Place,
    /// The name.
    pub name: String,
}

impl Repository {
    /// Answers the ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:ecr:{}:{}:repository/{}",
            self.place.region, self.place.account, self.name
        )
    }

    /// Answers the path in the registry: `<account>/<region>/<name>`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}/{}", self.place.account, self.place.region, self.name)
    }

    /// Reads the path in the registry; one of another form belongs to nobody.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let (account, rest) = path.split_once('/')?;
        let (region, name) = rest.split_once('/')?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        is_account.then(|| Self {
            place: Place {
                account: account.to_owned(),
                region: region.to_owned(),
            },
            name: name.to_owned(),
        })
    }
}

static GENUINE_ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/").ok());

impl Gate {
    /// Serves an ECR call on repositories of `account`; the caller has the right to it.
    pub(super) async fn ecr(
        &self,
        principal: &Principal,
        call: &Call,
        account: &str,
    ) -> Result<Answer, Refusal> {
        let place = Place {
            account: account.to_owned(),
            region: call.region.clone(),
        };
        match call.operation.as_str() {
            "GetAuthorizationToken" => Ok(self.registry_token(principal, call)),
            "DescribeImages" => {
                self.describe_images(&self.repository(place, call).await?, call)
                    .await
            }
            "ListImages" => {
                self.list_images(&self.repository(place, call).await?, call)
                    .await
            }
            "BatchGetImage" => {
                self.batch_get_image(&self.repository(place, call).await?, call)
                    .await
            }
            "BatchDeleteImage" => {
                self.batch_delete_image(&self.repository(place, call).await?, call)
                    .await
            }
            "DeleteRepository" => {
                let repository = self.repository(place, call).await?;
                let forced = call.value("force").as_bool().unwrap_or_default();
                if !forced && !self.registry.tags(&repository).await?.is_empty() {
                    return Err(Refusal::code(
                        "RepositoryNotEmptyException",
                        format!(
                            "The repository with name '{}' in registry with id '{account}' cannot be deleted because it still contains images",
                            repository.name
                        ),
                    ));
                }
                self.registry.empty(&repository).await?;
                self.with_our_addresses(call, account).await
            }
            _ => self.with_our_addresses(call, account).await,
        }
    }

    /// Serves an ECR call on a repository of another account: both sides must allow it.
    pub(super) async fn ecr_of_another_account(
        &self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        self.permit(principal, call).await?;
        let account = call.text("registryId").unwrap_or_default();
        let name = call.text("repositoryName").unwrap_or_default();
        let place = Place {
            account: account.to_owned(),
            region: call.region.clone(),
        };
        let repository = Repository {
            place,
            name: name.to_owned(),
        };
        let context = context_of(call, principal);
        if self
            .repository_policy_says(&repository, principal, &call.action(), &context)
            .await?
            != Says::Allow
        {
            return Err(Refusal::denied(format!(
                "User: {} is not authorized to perform: {} on resource: {} because no resource-based policy allows the {} action",
                principal.arn,
                call.action(),
                repository.arn(),
                call.action()
            )));
        }
        self.ecr(principal, call, account).await
    }

    /// Refuses where the caller may not do `action` on the repository: within one account its own policies or the
    /// repository's must allow it, across accounts both.
    pub(super) async fn permit_on_repository(
        &self,
        principal: &Principal,
        repository: &Repository,
        action: &str,
    ) -> Result<(), Refusal> {
        let mut context = Context::default();
        principal.describe(&mut context);
        context.set("aws:ResourceAccount", &repository.place.account);
        let need = Need {
            action: action.to_owned(),
            resource: Resource::Arn(repository.arn()),
        };
        let own = self.require(principal, &need, &context).await;
        let says = self
            .repository_policy_says(repository, principal, action, &context)
            .await?;
        let same_account = principal.account == repository.place.account;
        match (says, own, same_account) {
            (Says::Allow, Ok(()), _) | (Says::Nothing, Ok(()), true) => Ok(()),
            (Says::Allow, Err(_), true) => Ok(()),
            (Says::Allow | Says::Nothing, Err(refusal), _) => Err(refusal),
            (Says::Nothing, Ok(()), false) | (Says::Deny, _, _) => Err(Refusal::denied(format!(
                "User: {} is not authorized to perform: {action} on resource: {} because no resource-based policy allows the {action} action",
                principal.arn,
                repository.arn()
            ))),
        }
    }

    async fn repository_policy_says(
        &self,
        repository: &Repository,
        principal: &Principal,
        action: &str,
        context: &Context,
    ) -> Result<Says, Refusal> {
        let target = "AmazonEC2ContainerRegistry_V20150921.GetRepositoryPolicy";
        let asked = json!({ "repositoryName": repository.name });
        match self
            .moto
            .json(&repository.place, "ecr", target, &asked)
            .await
        {
            Ok(found) => {
                let policy = Policy::parse(found["policyText"].as_str().unwrap_or_default());
                let resource = Resource::Arn(repository.arn());
                Ok(policy
                    .says_of(&principal.caller(), action, &resource, context)
                    .0)
            }
            // No policy, or no repository: neither allows anything.
            Err(_) => Ok(Says::Nothing),
        }
    }

    async fn with_our_addresses(&self, call: &Call, account: &str) -> Result<Answer, Refusal> {
        let answer = self.moto.forward(call, account).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let ours = format!("{}/$1/$2/", self.registry.public_host());
        let text = GENUINE_ADDRESS.as_ref().map_or(text.clone(), |pattern| {
            pattern.replace_all(&text, ours.as_str()).into_owned()
        });
        Ok(answer.with_body(text))
    }

    /// Makes sure that the repository a call names exists.
    async fn repository(&self, place: Place, call: &Call) -> Result<Repository, Refusal> {
        let name = call.text("repositoryName").unwrap_or_default().to_owned();
        let target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
        self.moto
            .json(&place, "ecr", target, &json!({ "repositoryNames": [name] }))
            .await?;
        Ok(Repository { place, name })
    }

    /// Answers whether a repository exists, and whether its tags may be moved.
    async fn immutable(&self, repository: &Repository) -> Result<bool, Refusal> {
        let target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
        let asked = json!({ "repositoryNames": [repository.name] });
        let found = self
            .moto
            .json(&repository.place, "ecr", target, &asked)
            .await?;
        Ok(found["repositories"][0]["imageTagMutability"] == "IMMUTABLE")
    }

    /// Makes a password for the registry; it is the caller's access key, which the registry's front looks up again.
    fn registry_token(&self, principal: &Principal, call: &Call) -> Answer {
        let key = call.access_key.as_deref().unwrap_or_default();
        let expires = Timestamp::now() + SignedDuration::from_hours(12);
        Answer::json(&json!({ "authorizationData": [{
            "authorizationToken": STANDARD.encode(format!("AWS:{}", STANDARD.encode(key))),
            "expiresAt": expires.as_second(),
            "proxyEndpoint": format!("http://{}", self.registry.public_host()),
            "registryId": principal.account,
        }] }))
    }
}
