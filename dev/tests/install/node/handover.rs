//! How one pod hands over to another, as the API server was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use kube::api::{WatchEvent, WatchParams};
use serde_json::Value;

use super::cluster::{CONTROLLER, Cluster};

/// Each change of the leader since, as the API server wrote it down: from whom, to whom, and how long nobody was.
pub fn handovers(audited: &[Value], since: Timestamp) -> Vec<(String, String, Duration)> {
    let writes = audited.iter().filter_map(|event| {
        let code = event["responseStatus"]["code"].as_u64()?;
        if event["objectRef"]["resource"] != "leases" || code >= 300 {
            return None;
        }
        let time: Timestamp = event["stageTimestamp"].as_str()?.parse().ok()?;
        let spec = event.get("requestObject")?.get("spec")?;
        let holder = spec["holderIdentity"].as_str().unwrap_or_default();
        Some((time, holder.to_owned()))
    });
    let mut changes = Vec::new();
    // Who held it last, and when that was last said.
    let mut held: Option<(String, Timestamp)> = None;
    for (time, holder) in writes {
        match &held {
            Some((before, last)) if !holder.is_empty() && *before != holder => {
                if time > since {
                    let free = Duration::try_from(time.duration_since(*last)).unwrap();
                    changes.push((before.clone(), holder.clone(), free));
                }
                held = Some((holder, time));
            }
            // It was let go: nobody has it from then on.
            Some((before, _)) if holder.is_empty() => held = Some((before.clone(), time)),
            _ => held = Some((holder, time)),
        }
    }
    changes
}

/// How containers of the controller's pods ended, as the API server was told while they did.
pub struct Ends(Arc<Mutex<BTreeMap<String, i32>>>);

impl Ends {
    pub async fn watch(cluster: &Cluster<'_>) -> Self {
        let ends: Arc<Mutex<BTreeMap<String, i32>>> = Arc::default();
        let params = WatchParams::default().labels(CONTROLLER).timeout(290);
        let events = cluster.pods().watch(&params, "0").await.unwrap();
        let told = ends.clone();
        tokio::spawn(async move {
            let mut events = events.boxed();
            while let Ok(Some(event)) = events.try_next().await {
                let (WatchEvent::Modified(pod) | WatchEvent::Deleted(pod)) = event else {
                    continue;
                };
                let statuses = pod.status.and_then(|status| status.container_statuses);
                for status in statuses.unwrap_or_default() {
                    if let Some(ended) = status.state.and_then(|state| state.terminated) {
                        let name = pod.metadata.name.clone().unwrap_or_default();
                        told.lock().unwrap().insert(name, ended.exit_code);
                    }
                }
            }
        });
        Self(ends)
    }

    pub fn told(&self) -> BTreeMap<String, i32> {
        self.0.lock().unwrap().clone()
    }
}
