//! `GET /projects/:path/repository/tree`, with its parameters in the query: the crate's builder puts
//! them into the body of the GET, which proxies drop and GitLab need not read.

use gitlab::api::Pageable;
use gitlab::api::common::NameOrId;
use gitlab::api::endpoint_prelude::*;
use serde::Deserialize;

/// One level of a tree, or everything below it.
pub(super) struct Tree<'a> {
    pub(super) project: NameOrId<'a>,
    pub(super) branch: &'a str,
    pub(super) below: Below<'a>,
}

/// Where to list.
pub(super) enum Below<'a> {
    /// The root, that level alone.
    Root,
    /// A folder and all its folders.
    Folder(&'a str),
}

impl Endpoint for Tree<'_> {
    fn method(&self) -> Method {
        Method::GET
    }

    fn endpoint(&self) -> Cow<'static, str> {
        format!("projects/{}/repository/tree", self.project).into()
    }

    fn parameters(&self) -> QueryParams<'_> {
        let mut params = QueryParams::default();
        params.push("ref", self.branch);
        match self.below {
            Below::Root => {}
            Below::Folder(path) => {
                params.push("path", path).push("recursive", true);
            }
        }
        params
    }
}

impl Pageable for Tree<'_> {}

/// One entry as GitLab tells it.
#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) path: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}
