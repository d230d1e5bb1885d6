//! The client that talks to a real instance. See the parent module for why it is ours.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gitlab::api::{ApiError, AsyncClient, RestClient};
use http::request::Builder;
use http::{Response, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use url::Url;

use super::ANSWER_LIMIT;
use super::address::GitlabAddress;
use super::token::TokenFile;
use super::wire::{Keep, WireError, pass};
use crate::adapters::cause::chain;
use crate::adapters::gate::Gate;

/// What is read of a refusal: more than any sentence takes.
const REFUSAL_LIMIT: usize = 16 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const TOKEN_HEADER: &str = "PRIVATE-TOKEN";

pub(super) struct Connection {
    http: Client,
    api: Url,
    token: TokenFile,
}

impl Connection {
    /// Prepares to connect. Sends nothing.
    pub(super) fn open(address: GitlabAddress) -> Result<Self, String> {
        let api = address.api()?;
        let mut builder = Client::builder()
            .user_agent(concat!("harmonix/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .https_only(api.scheme() == "https")
            .connect_timeout(CONNECT_TIMEOUT);
        if address.is_loopback() {
            // A proxy from the environment would get to see what goes to our own machine.
            builder = builder.no_proxy();
        }
        if let Some(path) = &address.ca_bundle {
            let shown = path.display();
            let pem = std::fs::read(path).map_err(|error| {
                format!("the GitLab CA bundle {shown} cannot be read ({error})")
            })?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or_else(|| {
                    format!("the GitLab CA bundle {shown} must hold certificates in PEM")
                })?;
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder.build().map_err(|error| {
            format!(
                "a connection to GitLab cannot be prepared ({})",
                chain(&error)
            )
        })?;
        Ok(Self {
            http,
            api,
            token: TokenFile::new(address.token_file),
        })
    }

    async fn exchange(
        &self,
        request: Builder,
        body: Vec<u8>,
    ) -> Result<Response<Bytes>, ApiError<WireError>> {
        let extensions = request.extensions_ref();
        let gate = extensions.and_then(|e| e.get::<Arc<Gate>>().cloned());
        let keep = extensions.and_then(|e| e.get::<Keep>().copied());
        let keep = keep.unwrap_or(Keep::Whole(ANSWER_LIMIT));
        let token = self.token.current().await;
        let token = token.map_err(|why| ApiError::client(WireError::Token(why)))?;
        let request = request
            .header(TOKEN_HEADER, token.header()?)
            .body(body)
            .map_err(|error| transport(&error))?;
        let mut request = reqwest::Request::try_from(request).map_err(|error| transport(&error))?;
        if request.url().query() == Some("") {
            // The crate ends every URL with "?", which would stand in everybody's logs.
            request.url_mut().set_query(None);
        }
        if request.url().origin() != self.api.origin() {
            let refused = "the request would have gone to another host than the configured one";
            return Err(ApiError::client(WireError::Transport(refused.to_owned())));
        }
        if let Some(gate) = gate {
            // Reading the token can take a while, in which another request may have been told to wait.
            pass(&gate).map_err(ApiError::client)?;
        }
        let answer = self.http.execute(request).await;
        let answer = answer.map_err(|error| transport(&error.without_url()))?;
        let status = answer.status();
        if status == StatusCode::UNAUTHORIZED {
            self.token.doubt().await;
        }
        let mut whole = Response::builder().status(status);
        if let Some(headers) = whole.headers_mut() {
            headers.extend(answer.headers().clone());
        }
        let bytes = match (status.is_success(), keep) {
            (true, Keep::Whole(_)) => read(answer, keep).await?,
            (true, Keep::Tail(_)) => token.redact(read(answer, keep).await?),
            (false, _) => token.redact(read(answer, Keep::Tail(REFUSAL_LIMIT)).await?),
        };
        whole
            .body(Bytes::from(bytes))
            .map_err(|error| transport(&error))
    }
}

async fn read(mut answer: reqwest::Response, keep: Keep) -> Result<Vec<u8>, ApiError<WireError>> {
    let mut bytes = Vec::new();
    loop {
        let chunk = answer.chunk().await;
        let Some(chunk) = chunk.map_err(|error| transport(&error.without_url()))? else {
            return Ok(bytes);
        };
        bytes.extend_from_slice(&chunk);
        match keep {
            Keep::Whole(limit) if bytes.len() > limit => {
                return Err(ApiError::client(WireError::TooLong(limit)));
            }
            Keep::Whole(_) => {}
            Keep::Tail(limit) => {
                bytes.drain(..bytes.len().saturating_sub(limit));
            }
        }
    }
}

fn transport(error: &dyn Error) -> ApiError<WireError> {
    ApiError::client(WireError::Transport(chain(error)))
}

impl RestClient for Connection {
    type Error = WireError;

    fn rest_endpoint(&self, endpoint: &str) -> Result<Url, ApiError<WireError>> {
        Ok(self.api.join(endpoint)?)
    }
}

#[async_trait]
impl AsyncClient for Connection {
    async fn rest_async(
        &self,
        request: Builder,
        body: Vec<u8>,
    ) -> Result<Response<Bytes>, ApiError<WireError>> {
        self.exchange(request, body).await
    }
}
