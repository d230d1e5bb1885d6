//! Watches: lines as they come, late, cut, frozen or with 410, as the schedule has it.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use serde_json::json;

use super::{Table, status};
use crate::sim::draw::Draw;
use crate::sim::schedule::{Stir, Trouble};
use crate::sim::universe::Universe;

/// How long a watch lasts, as kube asks for.
const LASTS: i64 = 290_000;
/// How often an idle watch says how far it is.
const BOOKMARK: i64 = 100_000;

/// One open watch.
struct Watch {
    universe: Universe,
    table: Table,
    /// The version of the last line that was delivered.
    seen: u64,
    opened: i64,
    bookmarked: i64,
    over: bool,
}

/// What a watch does next.
enum Next {
    Line(Bytes),
    End,
    Until(i64),
    Wait(i64),
}

impl Universe {
    /// Opens a watch of a table; none where what it would go on from is no longer known.
    pub(super) fn watch(&self, table: Table, from: u64) -> Option<BoxStream<'static, Bytes>> {
        if from < self.server().rows(table).compacted {
            return None;
        }
        let now = self.now();
        let watch = Watch {
            universe: self.clone(),
            table,
            seen: from,
            opened: now,
            bookmarked: now,
            over: false,
        };
        Some(stream::unfold(watch, Watch::step).boxed())
    }

    /// What happens to all watches at this moment, since when and for how long.
    pub(super) fn stir(&self) -> Option<(Stir, i64, i64)> {
        let age = self.age();
        if !self.core().armed {
            return None;
        }
        self.schedule().troubles.iter().find_map(|trouble| {
            let Trouble::Watches { from, lasts, stir } = *trouble else {
                return None;
            };
            let within = (from..from + lasts).contains(&age);
            within.then(|| (stir, self.moment(from), self.moment(from + lasts)))
        })
    }

    fn next_stir(&self) -> Option<i64> {
        let age = self.age();
        let froms = self
            .schedule()
            .troubles
            .iter()
            .filter_map(|trouble| match *trouble {
                Trouble::Watches { from, .. } if from > age => Some(from),
                _ => None,
            });
        froms.min().map(|from| self.moment(from))
    }
}

impl Watch {
    async fn step(mut self) -> Option<(Bytes, Self)> {
        loop {
            if self.over {
                return None;
            }
            let universe = self.universe.clone();
            let changed = universe.changed();
            match self.next() {
                Next::Line(line) => return Some((line, self)),
                Next::End => return None,
                Next::Until(at) => tokio::time::sleep_until(universe.instant(at)).await,
                Next::Wait(at) => {
                    tokio::select! {
                        biased;
                        () = changed => {}
                        () = tokio::time::sleep_until(universe.instant(at)) => {}
                    }
                }
            }
        }
    }

    fn next(&mut self) -> Next {
        let now = self.universe.now();
        match self.universe.stir() {
            Some((Stir::Cut, ..)) => return Next::End,
            Some((Stir::Frozen, _, until)) => return Next::Until(until),
            Some((Stir::Gone, since, _)) if self.opened <= since => {
                self.over = true;
                let gone = status(410, "Expired", "too old resource version");
                let line = json!({ "type": "ERROR", "object": gone });
                return Next::Line(format!("{line}\n").into());
            }
            Some((Stir::Gone, ..)) | None => {}
        }
        let server = self.universe.server();
        let rows = server.rows(self.table);
        let first = rows
            .history
            .partition_point(|change| change.version <= self.seen);
        if let Some(change) = rows.history.get(first) {
            let mut draw = Draw::at(
                self.universe.schedule().seed,
                ("line", self.table as u64, change.version),
            );
            let lag = draw.within(0..self.universe.schedule().pace + 1);
            let at = change.at + i64::try_from(lag).unwrap_or_default();
            if at > now {
                return Next::Until(at);
            }
            self.seen = change.version;
            return Next::Line(change.line.clone());
        }
        drop(server);
        if now >= self.opened + LASTS {
            return Next::End;
        }
        if now >= self.bookmarked + BOOKMARK {
            self.bookmarked = now;
            let version = self.universe.world().state().version;
            self.seen = self.seen.max(version);
            let mark = json!({
                "type": "BOOKMARK",
                "object": {
                    "kind": self.table.kind(), "apiVersion": self.table.api_version(),
                    "metadata": { "resourceVersion": version.to_string() },
                },
            });
            return Next::Line(format!("{mark}\n").into());
        }
        let soonest = [
            Some(self.opened + LASTS),
            Some(self.bookmarked + BOOKMARK),
            self.universe.next_stir(),
        ];
        Next::Wait(
            soonest
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(now + 1000)
                .max(now + 1),
        )
    }
}

/// How long a request may hang before its client gives up.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(295);
