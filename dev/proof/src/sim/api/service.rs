//! The service that a Kubernetes client talks to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use harmonix::adapters::kube::only;
use harmonix::adapters::kube::right::CONTROLLER;
use harmonix::api::{Application, Environment, EnvironmentProvider};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use kube::{Client, ResourceExt as _};
use serde_json::Value;
use tower::BoxError;
use tower::retry::RetryLayer;
use tower::{ServiceBuilder, service_fn};

use super::patch::Part;
use super::route::Route;
use super::watch::READ_TIMEOUT;
use super::{Reply, Table};
use crate::sim::flight::Flight;
use crate::sim::schedule::{Door, Mishap, Stir};
use crate::sim::universe::{Admission, Universe};

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A client of the API server, set up as kube sets up its own.
pub fn client(universe: &Universe) -> Client {
    let universe = universe.clone();
    let service = ServiceBuilder::new()
        .layer(only(CONTROLLER))
        .layer(RetryLayer::new(RetryPolicy::server_retry()))
        .service(service_fn(move |request: Request<Body>| {
            let universe = universe.clone();
            async move { universe.serve(request).await }.boxed()
        }));
    Client::new(service, "default")
}

fn answer(reply: Reply) -> Result<Answer, BoxError> {
    let response = Response::builder().status(reply.code);
    Ok(response.body(Full::new(reply.body).boxed_unsync())?)
}

fn lines(stream: BoxStream<'static, Bytes>) -> Result<Answer, BoxError> {
    let frames = stream.map(|line| Ok(Frame::data(line)));
    let body = StreamBody::new(frames).boxed_unsync();
    Ok(Response::builder().status(200).body(body)?)
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

impl Universe {
    async fn serve(&self, request: Request<Body>) -> Result<Answer, BoxError> {
        let route = Route::of(&request);
        let body = request.into_body().collect().await?.to_bytes();
        match route {
            Route::List(table) => self.serve_list(table).await,
            Route::Watch(table, from) => self.serve_watch(table, from).await,
            Route::Metadata(table, key) => {
                let value: Value = serde_json::from_slice(&body)?;
                let releases = value["metadata"].get("annotations").is_none();
                let door = if releases { Door::Release } else { Door::Hold };
                self.serve_patch(door, table, key, Part::Metadata, value)
                    .await
            }
            Route::Status(table, key) => {
                let value: Value = serde_json::from_slice(&body)?;
                self.serve_patch(Door::Status, table, key, Part::Status, value)
                    .await
            }
            Route::Event => {
                let admission = self.admit(Door::Event, "event");
                self.serve_simply(&admission, move || {
                    self.wrote();
                    Reply::fine(body)
                })
                .await
            }
            Route::Unknown(what) => {
                let words = format!("the controller asks for {what}");
                self.core().journal.violation(words);
                answer(Reply::refusal(404, "NotFound", "there is no such thing"))
            }
        }
    }

    async fn serve_list(&self, table: Table) -> Result<Answer, BoxError> {
        let admission = self.admit(Door::List, table.kind());
        self.serve_simply(&admission, || {
            let version = self.world().state().version;
            Reply::fine(self.server().list(table, version))
        })
        .await
    }

    async fn serve_watch(&self, table: Table, from: u64) -> Result<Answer, BoxError> {
        let admission = self.admit(Door::Watch, table.kind());
        pause(admission.there).await;
        if let Some(mishap) = admission.mishap {
            return self.without_doing(mishap).await;
        }
        if matches!(self.stir(), Some((Stir::Cut, ..))) {
            return Err("connection refused".into());
        }
        match self.watch(table, from) {
            Some(stream) => lines(stream),
            None => answer(Reply::refusal(410, "Expired", "too old resource version")),
        }
    }

    /// What only looks, or does nothing that counts.
    async fn serve_simply(
        &self,
        admission: &Admission,
        reply: impl FnOnce() -> Reply,
    ) -> Result<Answer, BoxError> {
        pause(admission.there).await;
        if let Some(mishap) = admission.mishap {
            return self.without_doing(mishap).await;
        }
        let reply = reply();
        pause(admission.back).await;
        answer(reply)
    }

    /// The answer to a request that is not done.
    async fn without_doing(&self, mishap: Mishap) -> Result<Answer, BoxError> {
        match mishap {
            Mishap::Denied => answer(Reply::refusal(403, "Forbidden", "not allowed")),
            Mishap::Unknown => answer(Reply::refusal(404, "NotFound", "not found")),
            Mishap::Throttled(_) => answer(Reply::refusal(429, "TooManyRequests", "slow down")),
            Mishap::Half => {
                let half = Bytes::from_static(b"{\"kind\":\"ApplicationList\",\"ite");
                answer(Reply {
                    code: 200,
                    body: half,
                })
            }
            Mishap::Hang | Mishap::Late => {
                tokio::time::sleep(READ_TIMEOUT).await;
                Err("deadline has elapsed".into())
            }
            Mishap::CrashBefore | Mishap::CrashDuring | Mishap::CrashAfter => self.die().await,
            Mishap::Lost => Err("connection reset".into()),
            Mishap::Refused | Mishap::Twice | Mishap::Rival => answer(Reply::refusal(
                500,
                "InternalError",
                "the API server failed",
            )),
        }
    }

    async fn serve_patch(
        &self,
        door: Door,
        table: Table,
        key: String,
        part: Part,
        body: Value,
    ) -> Result<Answer, BoxError> {
        let mut admission = self.admit(door, &format!("{} {key}", table.kind()));
        let mishap = admission.mishap;
        match mishap {
            None
            | Some(
                Mishap::Rival
                | Mishap::Twice
                | Mishap::Lost
                | Mishap::Half
                | Mishap::Late
                | Mishap::CrashDuring
                | Mishap::CrashAfter,
            ) => {}
            Some(
                Mishap::Refused
                | Mishap::Denied
                | Mishap::Unknown
                | Mishap::Throttled(_)
                | Mishap::Hang
                | Mishap::CrashBefore,
            ) => {
                pause(admission.there).await;
                return self.without_doing(mishap.unwrap_or(Mishap::Refused)).await;
            }
        }
        if matches!(mishap, Some(Mishap::Late | Mishap::CrashDuring)) {
            admission.there = admission.draw.within(1_000..19_000);
        }
        let universe = self.clone();
        let mut flight = Flight::new(self, &mut admission, move || {
            if mishap == Some(Mishap::Rival) {
                universe.rival(table, &key);
            }
            let reply = universe.patch(table, &key, part, &body);
            if mishap == Some(Mishap::Twice) {
                return universe.patch(table, &key, part, &body);
            }
            reply
        });
        match mishap {
            Some(Mishap::Late) => {
                flight.let_go();
                tokio::time::sleep(READ_TIMEOUT).await;
                return Err("deadline has elapsed".into());
            }
            Some(Mishap::CrashDuring) => {
                flight.let_go();
                return self.die().await;
            }
            _ => {}
        }
        let reply = flight.land().await;
        match mishap {
            Some(Mishap::CrashAfter) => return self.die().await,
            Some(Mishap::Lost) => return Err("connection reset".into()),
            Some(Mishap::Half) => {
                let half = reply.body.len() / 2;
                return answer(Reply {
                    code: reply.code,
                    body: reply.body.slice(..half),
                });
            }
            _ => {}
        }
        pause(admission.back).await;
        answer(reply)
    }

    /// Somebody else writes to an object.
    fn rival(&self, table: Table, key: &str) {
        let label = |labels: &mut BTreeMap<String, String>| {
            let count = labels.len();
            labels.insert(format!("rival-{count}"), "here".into());
        };
        match table {
            Table::Providers => self.touch::<EnvironmentProvider>(key, |o| label(o.labels_mut())),
            Table::Environments => self.touch::<Environment>(key, |o| label(o.labels_mut())),
            Table::Applications => self.touch::<Application>(key, |o| label(o.labels_mut())),
            Table::Namespaces => {}
        }
    }
}
