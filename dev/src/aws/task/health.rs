//! Whether a container is healthy.

use std::time::{Duration, Instant};

/// Asks a container for its health, again and again.
#[derive(Debug)]
pub struct Probe {
    address: Option<String>,
    client: reqwest::Client,
    begun: Instant,
    limit: Duration,
    healthy: bool,
    failures: u32,
}

/// What a look at the container found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing new.
    Nothing,
    /// It is healthy for the first time.
    BecameHealthy,
    /// It was not healthy in time, or is not any more.
    Unhealthy,
}

/// How often a container that is not healthy yet is asked.
const SOON: Duration = Duration::from_millis(150);
/// How often a healthy one is asked.
const LATER: Duration = Duration::from_secs(2);
/// How many answers may fail before a healthy container counts as unhealthy.
const PATIENCE: u32 = 3;
/// How long a container without a port must live to count as healthy.
const SETTLED: Duration = Duration::from_secs(1);

impl Probe {
    /// Prepares to ask `path` on a loopback port; without a path, to live for a while is health.
    #[must_use]
    pub fn new(path: Option<&str>, port: u16, limit_seconds: u64) -> Self {
        Self {
            address: path.map(|path| format!("http://127.0.0.1:{port}{path}")),
            client: reqwest::Client::new(),
            begun: Instant::now(),
            limit: Duration::from_secs(limit_seconds),
            healthy: false,
            failures: 0,
        }
    }

    /// Waits for the next look and answers what it found.
    pub async fn next(&mut self) -> Finding {
        tokio::time::sleep(if self.healthy { LATER } else { SOON }).await;
        let well = match &self.address {
            Some(address) => {
                let asked = self.client.get(address).timeout(LATER).send().await;
                asked.is_ok_and(|response| response.status().as_u16() == 200)
            }
            None => self.begun.elapsed() >= SETTLED,
        };
        self.failures = if well { 0 } else { self.failures + 1 };
        match (self.healthy, well) {
            (false, true) => {
                self.healthy = true;
                Finding::BecameHealthy
            }
            (false, false) if self.begun.elapsed() >= self.limit => Finding::Unhealthy,
            (true, false) if self.failures >= PATIENCE => Finding::Unhealthy,
            (false | true, _) => Finding::Nothing,
        }
    }
}
