//! Groups: their numbers are asked for once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gitlab::api::common::{NameOrId, VisibilityLevel};
use gitlab::api::endpoint_prelude::*;
use gitlab::api::groups::CreateGroup;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::domain::failure::{Failure, FailureKind};

use super::attempt::Attempt;
use super::{GitlabHost, built, failure, found};

/// Numbers of groups by full path. Only what exists is remembered.
#[derive(Default)]
pub(super) struct Groups(Mutex<HashMap<String, Arc<OnceCell<u64>>>>);

impl Groups {
    fn cell(&self, path: &str) -> Arc<OnceCell<u64>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(path.to_owned()).or_default())
    }

    fn forget(&self, path: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(path);
    }
}

/// `GET /groups/:path` without the group's projects, which the crate's builder cannot leave out.
struct Lookup<'a>(NameOrId<'a>);

impl Endpoint for Lookup<'_> {
    fn method(&self) -> Method {
        Method::GET
    }

    fn endpoint(&self) -> Cow<'static, str> {
        format!("groups/{}", self.0).into()
    }

    fn parameters(&self) -> QueryParams<'_> {
        let mut params = QueryParams::default();
        params.push("with_projects", false);
        params
    }
}

#[derive(Deserialize)]
struct Group {
    id: u64,
    #[serde(default)]
    description: Option<String>,
}

impl GitlabHost {
    /// A group's number. However many ask for it at once, GitLab is asked once.
    pub(super) async fn group_id(&self, path: &str) -> Result<u64, Failure> {
        let attempt = Attempt::new(format!("looking up the group {path}"));
        let cell = self.groups.cell(path);
        let id = cell
            .get_or_try_init(|| async {
                let group: Group = self.ask(&attempt, Lookup(path.into())).await?;
                Ok::<u64, Failure>(group.id)
            })
            .await;
        id.copied().inspect_err(|_| self.groups.forget(path))
    }

    pub(super) async fn find_group(&self, path: &str) -> Result<Option<u64>, Failure> {
        found(self.group_id(path).await)
    }

    pub(super) async fn describe_group(&self, path: &str) -> Result<Option<String>, Failure> {
        let attempt = Attempt::new(format!("looking up the group {path}"));
        let group: Result<Group, Failure> = self.ask(&attempt, Lookup(path.into())).await;
        Ok(found(group)?.map(|group| group.description.unwrap_or_default()))
    }

    pub(super) async fn make_group(&self, path: &str, description: &str) -> Result<(), Failure> {
        let attempt = Attempt::new(format!("creating the group {path}"));
        let Some((parent, name)) = path.rsplit_once('/') else {
            let why = "a group at the top is for a person to make";
            return Err(failure::unsaid(&attempt, &why));
        };
        let parent_id = self.group_id(parent).await?;
        let endpoint = CreateGroup::builder()
            .name(name)
            .path(name)
            .parent_id(parent_id)
            .description(description)
            .visibility(VisibilityLevel::Private)
            .build();
        let made: Result<Group, Failure> = self.ask(&attempt, built(&attempt, endpoint)?).await;
        let group = made.inspect_err(|failure| self.doubt_group(parent, failure))?;
        // Whoever asks next need not; if somebody was faster, the number is the same.
        let _ = self.groups.cell(path).set(group.id);
        Ok(())
    }

    /// Forgets a group when a refusal may mean that its number is no longer right.
    pub(super) fn doubt_group(&self, path: &str, failure: &Failure) {
        match failure.kind {
            FailureKind::Missing | FailureKind::Denied | FailureKind::Invalid => {
                self.groups.forget(path);
            }
            FailureKind::Retryable
            | FailureKind::Unsent
            | FailureKind::Throttled(_)
            | FailureKind::Conflict => {}
        }
    }
}
