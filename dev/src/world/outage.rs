//! The API server dies and etcd stands still, on request. Both come back where they were, with what they knew.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::World;
use super::kubernetes::{client, ready};
use super::part::Part;
use super::process::Process;
use crate::failure::Failure;

const API_SERVER: &str = "kube-apiserver";
const ETCD: &str = "etcd";
/// How long the kernel may take to end a process.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// How long the API server may take until it says that it is ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A part that stands still. It goes on when this is dropped, whatever comes.
#[derive(Debug)]
#[must_use = "it goes on at once where nobody keeps this"]
pub struct Stalled(Process);

impl Drop for Stalled {
    fn drop(&mut self) {
        self.0.signal(Signal::SIGCONT);
    }
}

impl World {
    /// Kills the API server (SIGKILL): nobody is answered until it is started again.
    pub async fn kill_api_server(&self) -> Result<(), Failure> {
        let server = self.running(API_SERVER)?;
        server.process.signal_group(Signal::SIGKILL);
        if !server.process.ended_within(KILL_LIMIT).await {
            return Err(Failure::new(format!(
                "the API server (process {}) does not end even when it is killed",
                server.process.pid
            )));
        }
        // Where this program started it, nobody else looks at how it ended.
        server.process.reap();
        Ok(())
    }

    /// Starts the API server again, at its port and over its data, and waits until it says that it is ready; one that
    /// runs is left as it is.
    pub async fn restore_api_server(&self) -> Result<(), Failure> {
        let known = self.part(API_SERVER)?;
        let server = if known.process.is_alive() {
            known
        } else {
            self.register().start(&known.recipe)?.0
        };
        let client = client(&self.layout.administrator_kubeconfig()).await?;
        let until = Instant::now() + READY_LIMIT;
        while !ready(&client).await {
            if !server.process.is_alive() {
                return Err(server.recipe.died());
            }
            if Instant::now() >= until {
                let log = &server.recipe.log;
                let sentence = format!(
                    "the API server was started again and is not ready after {READY_LIMIT:?}; its log is {}",
                    log.display()
                );
                return Err(Failure::new(sentence).with_log(log));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Stops etcd (SIGSTOP), until what is answered is dropped: the API server takes requests and gets nowhere with
    /// them.
    pub fn stall_etcd(&self) -> Result<Stalled, Failure> {
        let etcd = self.running(ETCD)?;
        etcd.process.signal(Signal::SIGSTOP);
        Ok(Stalled(etcd.process))
    }

    fn running(&self, name: &str) -> Result<Part, Failure> {
        let part = self.part(name)?;
        if part.process.is_alive() {
            Ok(part)
        } else {
            Err(part.recipe.died())
        }
    }

    fn part(&self, name: &str) -> Result<Part, Failure> {
        self.register().part(name)?.ok_or_else(|| {
            Failure::new(format!(
                "the world {:?} has no {name}: bring it up with `cargo dev up --name {0}`",
                self.name
            ))
        })
    }
}
