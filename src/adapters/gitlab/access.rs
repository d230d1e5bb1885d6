//! What is known of our own token.

use async_trait::async_trait;
use gitlab::api::personal_access_tokens::PersonalAccessTokenSelf;
use gitlab::api::users::CurrentUser;
use serde::Deserialize;

use crate::domain::failure::Failure;
use crate::domain::forge::TokenFacts;
use crate::ports::Access;

use super::attempt::Attempt;
use super::{GitlabHost, built};

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    scopes: Vec<String>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[async_trait]
impl Access for GitlabHost {
    async fn token(&self) -> Result<TokenFacts, Failure> {
        let attempt = Attempt::new("looking up our own access token");
        let token = built(&attempt, PersonalAccessTokenSelf::builder().build())?;
        let token: Token = self.ask(&attempt, token).await?;
        let attempt = Attempt::new("looking up our own user");
        let user = built(&attempt, CurrentUser::builder().build())?;
        let user: User = self.ask(&attempt, user).await?;
        Ok(TokenFacts {
            user: user.username,
            scopes: token.scopes,
            expires_on: token.expires_at,
        })
    }
}
