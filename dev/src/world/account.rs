//! The AWS accounts of a world and who is known in them from the start.

use serde::{Deserialize, Serialize};

use super::secret::AccessKey;

/// The region that everything is in unless it says otherwise.
pub const REGION: &str = "eu-west-1";
/// Where the controller's own identity lives.
pub const PLATFORM: &str = "111111111111";
/// Where development environments are.
pub const DEVELOPMENT: &str = "222222222222";
/// Where production environments are.
pub const PRODUCTION: &str = "333333333333";
/// The prefix of the environment providers that the accounts are prepared for: that of `examples/first-light`.
pub const PREFIX: &str = "acme";
/// Roles that a provider may name beside those that it has by default.
pub const ROLES: [&str; 2] = ["teams/acme/provisioning", "teams/acme/operations"];
/// The principal of the controller.
pub const CONTROLLER_PRINCIPAL: &str = "arn:aws:iam::111111111111:role/harmonix-controller";

/// Someone AWS knows without a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The principal's ARN.
    pub principal: String,
    /// Its account.
    pub account: String,
    /// Its key.
    pub key: AccessKey,
}

/// The identities of a world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identities {
    /// The controller's own: it may assume roles and nothing else.
    pub controller: Identity,
    /// One administrator for each account.
    pub administrators: Vec<Identity>,
}

impl Identities {
    /// Makes up keys for everyone.
    #[must_use]
    pub fn random() -> Self {
        let identity = |principal: String, account: &str| Identity {
            principal,
            account: account.to_owned(),
            key: AccessKey::random(),
        };
        let administrators = [PLATFORM, DEVELOPMENT, PRODUCTION].map(|account| {
            identity(
                format!("arn:aws:iam::{account}:user/administrator"),
                account,
            )
        });
        Self {
            controller: identity(CONTROLLER_PRINCIPAL.to_owned(), PLATFORM),
            administrators: administrators.into(),
        }
    }

    /// Answers the administrator of an account.
    #[must_use]
    pub fn administrator(&self, account: &str) -> Option<&Identity> {
        self.administrators
            .iter()
            .find(|identity| identity.account == account)
    }

    /// Answers everyone.
    pub fn all(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(&self.controller).chain(&self.administrators)
    }
}
