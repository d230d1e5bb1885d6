//! Leadership as a value that is read: whether this process may act, and since when.

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::lease::Epoch;

/// A time in which this process acts and nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Which of all terms it is.
    pub epoch: Epoch,
    /// When it began.
    pub began: Timestamp,
    /// When it ends unless the lease is renewed; nothing where it does not end.
    pub until: Option<Instant>,
}

impl Term {
    /// That of a process which acts without a lease.
    pub const fn endless(epoch: Epoch, began: Timestamp) -> Self {
        Self {
            epoch,
            began,
            until: None,
        }
    }

    /// Whether it is over. A process that was stopped for a while finds out here, before anybody tells it.
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// Whether this process leads. Clones tell the same.
#[derive(Clone, Debug)]
pub struct Leadership {
    term: watch::Receiver<Option<Term>>,
}

impl Leadership {
    /// That of a process which acts without a lease.
    pub fn sole(term: Term) -> Self {
        Self {
            term: watch::channel(Some(term)).1,
        }
    }

    /// None, until whoever has the sender says so.
    pub fn told() -> (watch::Sender<Option<Term>>, Self) {
        let (told, term) = watch::channel(None);
        (told, Self { term })
    }

    /// The present term; nothing while somebody else may act.
    pub fn term(&self) -> Option<Term> {
        let term = *self.term.borrow();
        term.filter(|term| !term.is_over())
    }

    /// Whether it leads in this very term.
    pub(super) fn is_held_in(&self, epoch: Epoch) -> bool {
        self.term().is_some_and(|term| term.epoch == epoch)
    }

    /// Resolves when this process leads.
    pub(super) async fn gained(&self) -> Term {
        let mut changes = self.term.clone();
        loop {
            changes.mark_unchanged();
            if let Some(term) = self.term() {
                return term;
            }
            if changes.changed().await.is_err() {
                // Nobody is left who could gain it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Resolves when this term is over.
    pub(super) async fn lost(&self, epoch: Epoch) {
        let mut changes = self.term.clone();
        loop {
            changes.mark_unchanged();
            let Some(term) = self.term().filter(|term| term.epoch == epoch) else {
                return;
            };
            let ends = async {
                match term.until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Where nobody is left who renews it, it ends in its time.
                Ok(()) = changes.changed() => {}
                () = ends => {}
            }
        }
    }
}
