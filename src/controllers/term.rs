//! What is done in a term, and only in it: effects, records, and writes to our own objects.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use serde_json::Value;

use crate::domain::failure::{Failure, FailureKind, Party};
use crate::domain::notice::Notice;
use crate::domain::version::Version;
use crate::ports::StoreError;

use super::Context;

impl Context {
    /// Does something while this process leads; nothing is what came of it where it does not lead, or no longer.
    ///
    /// Whether it leads is looked at each time before anything goes on. A process that is stopped for a while and then
    /// goes on could otherwise still send what it was about to send, long after another one took its place. What was sent
    /// may happen: whoever leads then finds it by its intent.
    pub(super) async fn while_leading<T>(&self, work: impl Future<Output = T> + Send) -> Option<T> {
        let mut work = pin!(work);
        let mut lost = pin!(self.leadership.lost(self.epoch));
        poll_fn(|cx| {
            if !self.leadership.is_held_in(self.epoch) || lost.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// Makes intents durable and holds the finalizer.
    pub(super) async fn hold(
        &self,
        object: &Version,
        finalizers: &[String],
        intents: &str,
    ) -> Result<Version, StoreError> {
        let write = self.ports.store.hold(object, finalizers, intents);
        let written = self.while_leading(write).await;
        written.unwrap_or(Err(StoreError::Withheld))
    }

    /// Applies the whole status.
    pub(super) async fn apply_status(
        &self,
        object: &Version,
        status: Value,
    ) -> Result<Version, StoreError> {
        let write = self.ports.store.apply_status(object, status);
        let written = self.while_leading(write).await;
        written.unwrap_or(Err(StoreError::Withheld))
    }

    /// Releases the finalizer.
    pub(super) async fn release(
        &self,
        object: &Version,
        finalizers: &[String],
    ) -> Result<(), StoreError> {
        let write = self.ports.store.release(object, finalizers);
        let written = self.while_leading(write).await;
        written.unwrap_or(Err(StoreError::Withheld))
    }

    /// Tells a transition.
    pub(super) async fn notify(&self, object: &Version, notice: &Notice) {
        self.while_leading(self.ports.store.notify(object, notice))
            .await;
    }
}

/// What becomes of an effect outside when this process does not lead any more.
pub(super) fn withheld(party: Party) -> Failure {
    Failure {
        party,
        // It may have been sent already.
        kind: FailureKind::Retryable,
        message: "this process does not lead any more; whoever does finds out what became of this"
            .to_owned(),
    }
}
