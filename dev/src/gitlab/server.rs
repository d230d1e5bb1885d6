//! Listens, and stops in good order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::control;
use super::instance::Instance;

mod label;
mod request;
mod target;

/// A stand-in that serves.
#[derive(Debug)]
pub struct Running {
    instance: Arc<Instance>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
    beside: Vec<JoinHandle<()>>,
}

impl Running {
    /// Answers where it is reached.
    pub fn url(&self) -> &str {
        &self.instance.url
    }

    /// Answers the instance.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// Stops serving, ends running jobs and writes the state file.
    pub async fn stop(self) -> io::Result<()> {
        // A receiver that is gone has stopped already.
        let _stopped_already = self.stop.send(());
        let ended = tokio::time::timeout(Duration::from_secs(2), self.served).await;
        // Nothing new is started any more; what runs is ended and written down.
        self.beside.iter().for_each(JoinHandle::abort);
        self.instance.engine.stop_all().await;
        // A saving that was just cut short counts as not done.
        self.instance.store.write(|_| ());
        self.instance.store.save().await?;
        match ended {
            Ok(Ok(result)) => result,
            // A client that keeps its connection open does not keep us.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}

/// Starts serving.
pub async fn run(instance: Arc<Instance>, listener: TcpListener) -> io::Result<Running> {
    let router = Router::new()
        .merge(instance.journal.routes())
        .merge(instance.faults.routes())
        .merge(control::routes())
        .fallback(request::serve)
        .with_state(Arc::clone(&instance));
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let until = async move {
            // A sender that is dropped asks to stop as well.
            let _asked_or_dropped = stopped.await;
        };
        axum::serve(listener, router)
            .with_graceful_shutdown(until)
            .await
    });
    let (saving, moving) = (Arc::clone(&instance), Arc::clone(&instance));
    let beside = vec![
        tokio::spawn(async move { saving.store.keep_saving().await }),
        tokio::spawn(async move { moving.engine.run(Arc::clone(&moving)).await }),
    ];
    Ok(Running {
        instance,
        stop,
        served,
        beside,
    })
}

/// Waits until the process is asked to stop.
pub async fn stop_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}
