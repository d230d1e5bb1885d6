//! A watch, event by event: delivered at once, late, twice, in another order, or not at all.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::body::BodyDataStream;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{AsyncBufReadExt, Stream, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep_until};

use super::mode::{Kind, Mode, Modes};
use super::refusal;

/// How often a watch that delivers nothing says that all is well.
const BOOKMARK_EVERY: Duration = Duration::from_secs(1);

type Out = mpsc::UnboundedSender<io::Result<Bytes>>;

/// A watch that is open.
pub struct Feed {
    kind: Kind,
    lines: BoxStream<'static, io::Result<String>>,
    modes: watch::Receiver<Modes>,
    /// How the kind was when it was opened.
    born: Mode,
    held: VecDeque<Event>,
    /// How the API server ended it, once it has.
    ended: Option<io::Result<()>>,
    /// The version that the reader has seen.
    seen: String,
}

struct Event {
    came: Instant,
    line: Bytes,
    object: String,
    version: String,
}

impl Event {
    fn of(line: String) -> Self {
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        let text = |name: &str| {
            let metadata = event
                .get("object")
                .and_then(|object| object.get("metadata"));
            let value = metadata.and_then(|metadata| metadata.get(name)?.as_str());
            value.unwrap_or_default().to_owned()
        };
        Self {
            came: Instant::now(),
            object: format!("{}/{}", text("namespace"), text("name")),
            version: text("resourceVersion"),
            line: Bytes::from(line + "\n"),
        }
    }
}

/// Answers the lines of an answer.
pub fn lines(body: BodyDataStream) -> BoxStream<'static, io::Result<String>> {
    body.map_err(io::Error::other)
        .into_async_read()
        .lines()
        .boxed()
}

impl Feed {
    /// Follows a watch that begins at this version.
    pub fn new(
        kind: Kind,
        version: String,
        lines: BoxStream<'static, io::Result<String>>,
        modes: watch::Receiver<Modes>,
    ) -> Self {
        let born = modes.borrow().get(&kind).cloned().unwrap_or_default();
        Self {
            kind,
            lines,
            modes,
            born,
            held: VecDeque::new(),
            ended: None,
            seen: version,
        }
    }

    /// Delivers, until the watch ends or its reader goes.
    pub fn deliver(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let (out, delivered) = mpsc::unbounded_channel();
        tokio::spawn(self.run(out));
        stream::unfold(delivered, |mut delivered| async {
            delivered.recv().await.map(|item| (item, delivered))
        })
    }

    async fn run(mut self, out: Out) {
        let mut bookmarks = interval(BOOKMARK_EVERY);
        loop {
            let mode = self
                .modes
                .borrow_and_update()
                .get(&self.kind)
                .cloned()
                .unwrap_or_default();
            // A reader that has gone takes nothing more; that is seen below.
            if mode.cuts > self.born.cuts {
                let _ = out.send(Err(io::ErrorKind::ConnectionAborted.into()));
                return;
            }
            if mode.expiries > self.born.expiries {
                let _ = out.send(Ok(event("ERROR", &refusal::expired())));
                return;
            }
            let stands = mode.frozen || (self.born.stale.is_some() && mode.stale.is_some());
            let wait = mode.lag.max(mode.reorder);
            if !stands {
                self.pass_on(&mode, wait, &out);
            }
            if self.held.is_empty()
                && let Some(ended) = self.ended.take()
            {
                if let Err(error) = ended {
                    let _ = out.send(Err(error));
                }
                return;
            }
            let due = self
                .held
                .front()
                .filter(|_| !stands)
                .map(|event| event.came + wait);
            tokio::select! {
                line = self.lines.next(), if self.ended.is_none() => match line {
                    Some(Ok(line)) => self.held.push_back(Event::of(line)),
                    Some(Err(error)) => self.ended = Some(Err(error)),
                    None => self.ended = Some(Ok(())),
                },
                changed = self.modes.changed() => if changed.is_err() { return },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                _ = bookmarks.tick(), if mode.bookmarks => {
                    let _ = out.send(Ok(self.bookmark()));
                }
                () = out.closed() => return,
            }
        }
    }

    /// Delivers what has waited long enough.
    fn pass_on(&mut self, mode: &Mode, wait: Duration, out: &Out) {
        let now = Instant::now();
        let is_due = |event: &Event| event.came + wait <= now;
        if !self.held.front().is_some_and(is_due) {
            return;
        }
        let mut due: Vec<Event> = if mode.reorder.is_zero() {
            let waiting = self.held.iter().position(|event| !is_due(event));
            self.held
                .drain(..waiting.unwrap_or(self.held.len()))
                .collect()
        } else {
            self.held.drain(..).collect()
        };
        if let Some(last) = due.iter().rev().find(|event| !event.version.is_empty()) {
            self.seen.clone_from(&last.version);
        }
        if !mode.reorder.is_zero() {
            due = last_object_first(due);
        }
        // In one piece: no cut parts what is only right together.
        let times = if mode.duplicate { 2 } else { 1 };
        let lines: Vec<u8> = due
            .iter()
            .flat_map(|event| event.line.repeat(times))
            .collect();
        let _ = out.send(Ok(lines.into()));
    }

    fn bookmark(&self) -> Bytes {
        let object = json!({
            "kind": self.kind.name(),
            "apiVersion": self.kind.api_version(),
            "metadata": { "resourceVersion": self.seen, "creationTimestamp": null },
        });
        event("BOOKMARK", &object)
    }
}

fn event(kind: &str, object: &Value) -> Bytes {
    Bytes::from(json!({ "type": kind, "object": object }).to_string() + "\n")
}

/// Events of one object stay in their order.
fn last_object_first(mut events: Vec<Event>) -> Vec<Event> {
    let objects: Vec<String> = events.iter().map(|event| event.object.clone()).collect();
    let first = |event: &Event| objects.iter().position(|object| *object == event.object);
    events.sort_by_key(|event| std::cmp::Reverse(first(event)));
    events
}
