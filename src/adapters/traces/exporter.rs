//! The way to the collector. OpenTelemetry's exporter writes the messages; they travel over the HTTP client that everything
//! else travels over, so that there is one TLS stack.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::KeyValue;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use reqwest::Client;
use tokio::sync::mpsc::Receiver;
use url::Url;

/// How long the collector may take for one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Spans of one request.
const BATCH: usize = 512;
/// What ends within this time goes together.
const TOGETHER: Duration = Duration::from_millis(500);
/// What is read of an answer: more than the collector has to say.
const ANSWER_LIMIT: usize = 64 * 1024;

/// An exporter to the collector at `endpoint`, where its path for traces begins.
pub(super) fn to(endpoint: &Url) -> Result<SpanExporter, String> {
    let refused = |error: &dyn std::error::Error| {
        format!("--otlp-endpoint {endpoint}: traces cannot be sent there ({error})")
    };
    let http = Client::builder()
        .user_agent(concat!("harmonix/", env!("CARGO_PKG_VERSION")))
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| refused(&error))?;
    let traces = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector(http))
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(traces)
        .with_timeout(TIMEOUT)
        .build()
        .map_err(|error| refused(&error))?;
    let resource = Resource::builder_empty().with_attributes([
        KeyValue::new("service.name", "harmonix"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ]);
    exporter.set_resource(&resource.build());
    Ok(exporter)
}

/// Sends what comes, until nobody is left who could tell anything.
pub(super) async fn send(exporter: SpanExporter, mut spans: Receiver<SpanData>) {
    let mut taken = true;
    let mut batch = Vec::new();
    while spans.recv_many(&mut batch, BATCH).await > 0 {
        tokio::time::sleep(TOGETHER).await;
        while batch.len() < BATCH
            && let Ok(span) = spans.try_recv()
        {
            batch.push(span);
        }
        match (exporter.export(std::mem::take(&mut batch)).await, taken) {
            (Ok(()), true) | (Err(_), false) => {}
            (Ok(()), false) => {
                tracing::info!("the collector takes traces again");
                taken = true;
            }
            (Err(error), true) => {
                tracing::warn!(%error, "the collector does not take traces; they are dropped until it does");
                taken = false;
            }
        }
    }
}

#[derive(Debug)]
struct Collector(Client);

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let mut answer = self.0.execute(request).await?;
        let mut whole = Response::builder().status(answer.status());
        if let Some(headers) = whole.headers_mut() {
            headers.extend(answer.headers().clone());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_LIMIT {
                return Err("the collector's answer is too long".into());
            }
        }
        Ok(whole.body(body.into())?)
    }
}
