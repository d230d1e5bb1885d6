//! Orders to lists and watches, at once or when a request comes by: `/__watches`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::Proxy;
use super::asked::Asked;
use super::list;
use super::mode::{Change, Kind, Mode, Modes};
use crate::fault::Match;

/// An order: what becomes of which lists and watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The kind; all where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What becomes of it.
    #[serde(flatten)]
    pub change: Change,
    /// After how many milliseconds all is as it should be again; only when told where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_millis: Option<u64>,
    /// The request before which it is done; at once where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
}

/// A request that an order waits for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Which.
    #[serde(rename = "match")]
    pub matches: Match,
    /// So many such pass first.
    #[serde(default)]
    pub skip: u32,
}

/// How lists and watches are, and who waits to change that.
#[derive(Debug, Default)]
pub struct Watches {
    modes: watch::Sender<Modes>,
    waiting: Mutex<Vec<(When, Order)>>,
    /// Where each kind is listed, and on whose behalf: an old view is what its reader could have seen.
    listed: Mutex<BTreeMap<Kind, Listed>>,
}

/// How a kind was listed last.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The path.
    pub path: String,
    /// Who asked.
    pub authorization: Option<HeaderValue>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watches {
    /// Answers how all kinds are, now and from now on.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Modes> {
        self.modes.subscribe()
    }

    /// Answers how a kind is now.
    #[must_use]
    pub fn mode(&self, kind: Kind) -> Mode {
        self.modes.borrow().get(&kind).cloned().unwrap_or_default()
    }

    /// Uses up one of what is counted; answers whether there was one.
    pub fn spend(&self, kind: Kind, counted: fn(&mut Mode) -> &mut u32) -> bool {
        let mut spent = false;
        self.modes.send_if_modified(|modes| {
            let left = counted(modes.entry(kind).or_default());
            spent = *left > 0;
            *left = left.saturating_sub(1);
            spent
        });
        spent
    }

    /// Notes how a kind is listed.
    pub fn note(&self, kind: Kind, listed: Listed) {
        locked(&self.listed).insert(kind, listed);
    }

    fn set(&self, kind: Kind, change: &Change, shown: Option<Bytes>) {
        self.modes
            .send_modify(|modes| modes.entry(kind).or_default().take(change, shown));
    }

    /// Takes the orders that wait for this request.
    fn due(&self, asked: &Asked) -> Vec<Order> {
        let met = asked.as_met();
        locked(&self.waiting)
            .extract_if(.., |(when, _)| {
                let meets = when.matches.meets(&met);
                let is_it = meets && when.skip == 0;
                when.skip -= u32::from(meets && !is_it);
                is_it
            })
            .map(|(_, order)| order)
            .collect()
    }
}

impl Proxy {
    /// Does what waits for this request, before it is passed on.
    pub(super) async fn meet(self: &Arc<Self>, asked: &Asked) {
        for order in self.watches.due(asked) {
            if let Err(why) = self.carry_out(order).await {
                tracing::error!(why, "an order could not be carried out");
            }
        }
    }

    async fn carry_out(self: &Arc<Self>, order: Order) -> Result<(), String> {
        let kinds = order.kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
        tracing::info!(?kinds, change = ?order.change, "lists and watches");
        let mut shown = Vec::new();
        for kind in &kinds {
            shown.push(match order.change {
                Change::Stale => {
                    let listed = locked(&self.watches.listed).get(kind).cloned();
                    let listed = listed
                        .ok_or_else(|| format!("nobody has listed any {} yet", kind.name()))?;
                    Some(list::fetch(&self.client, &listed).await?)
                }
                _ => None,
            });
        }
        for (kind, shown) in kinds.iter().zip(shown) {
            self.watches.set(*kind, &order.change, shown);
        }
        if let Some(millis) = order.for_millis {
            let proxy = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                for kind in kinds {
                    proxy.watches.set(kind, &Change::Thaw, None);
                }
            });
        }
        Ok(())
    }
}

/// `POST /__watches`.
pub async fn order(State(proxy): State<Arc<Proxy>>, Json(mut order): Json<Order>) -> Response {
    if let Some(when) = order.when.take() {
        locked(&proxy.watches.waiting).push((when, order));
        return StatusCode::NO_CONTENT.into_response();
    }
    match proxy.carry_out(order).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => (StatusCode::CONFLICT, why).into_response(),
    }
}

/// `DELETE /__watches`: all is as it should be, and nothing waits.
pub async fn clear(State(proxy): State<Arc<Proxy>>) -> StatusCode {
    locked(&proxy.watches.waiting).clear();
    for kind in Kind::ALL {
        proxy.watches.set(kind, &Change::Thaw, None);
    }
    StatusCode::NO_CONTENT
}
