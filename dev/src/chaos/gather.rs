//! Gathers what is left of one run, for whoever judges it.

mod forge;
mod ledger;
mod log;

use serde_json::Value;

use super::cluster::Cluster;
use super::evidence::{Evidence, Happening, Moment};
use super::hosts::Hosts;
use crate::demo::feed::KINDS;
use crate::failure::Failure;
use crate::journal::Entry;
use crate::world::World;

pub use log::Log;

/// Where things are that are gathered.
#[derive(Debug)]
pub struct Gather<'a> {
    /// The world.
    pub world: &'a World,
    /// Its cluster.
    pub cluster: &'a Cluster,
    /// Its stand-ins.
    pub hosts: &'a Hosts,
    /// The text in the names of everything of the run.
    pub run: &'a str,
}

impl Gather<'_> {
    /// Gathers everything, with what the journals had since the run began and what was noted in it.
    pub async fn evidence(
        &self,
        news: Vec<Entry>,
        mut timeline: Vec<Moment>,
        log: String,
    ) -> Result<Evidence, Failure> {
        let requests: Vec<Entry> = news
            .into_iter()
            .filter(|entry| self.is_of_run(entry))
            .collect();
        let struck = requests.iter().filter_map(|entry| {
            let fault = entry.fault.as_ref()?;
            let label = entry.label.as_ref().map(ToString::to_string);
            let fault = format!("{fault} at {}", label.unwrap_or_default());
            Some(Moment {
                time: entry.time,
                what: Happening::Struck { fault },
            })
        });
        timeline.extend(struck);
        mend(&mut timeline);
        let mut objects = Vec::new();
        for kind in KINDS {
            objects.extend(self.cluster.list(kind, self.run).await?);
        }
        let mut events = self.cluster.list("Event", "").await?;
        events.retain(|event| event["regarding"].to_string().contains(self.run));
        let (projects, groups) = self.forge().await?;
        Ok(Evidence {
            run: self.run.to_owned(),
            canaries: self.canaries(),
            requests,
            objects,
            events,
            versions: self.cluster.take_versions(self.run),
            projects,
            groups,
            records: self.records().await?,
            services: self.services().await?,
            timeline,
            log,
        })
    }

    /// Whether the controller made a request, for something of the run. What it asks for nobody in particular says
    /// nothing about a run.
    fn is_of_run(&self, entry: &Entry) -> bool {
        let whole = || serde_json::to_string(entry).unwrap_or_default();
        // Who asks with a token that GitLab does not know has no name there, and so no label.
        let is_nobody = entry.service == "gitlab" && entry.status == 401;
        (entry.label.is_some() || is_nobody) && whole().contains(self.run)
    }

    fn canaries(&self) -> std::collections::BTreeMap<String, String> {
        let tokens = &self.world.tokens;
        let key = &self.world.identities.controller.key;
        let text = |file| std::fs::read_to_string(file).unwrap_or_default();
        let named = [
            ("GitLab token", tokens.gitlab_controller.clone()),
            ("GitLab token now", text(self.world.layout.gitlab_token())),
            ("installation key", tokens.installation_key.clone()),
            ("AWS secret key", key.secret.clone()),
            ("Kubernetes token", self.kubernetes_token()),
        ];
        named
            .into_iter()
            .filter(|(_, secret)| !secret.is_empty())
            .map(|(name, secret)| (name.to_owned(), secret))
            .collect()
    }

    fn kubernetes_token(&self) -> String {
        let text = std::fs::read(self.world.layout.controller_kubeconfig()).unwrap_or_default();
        let config: Value = serde_json::from_slice(&text).unwrap_or_default();
        config["users"][0]["user"]["token"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// Orders the timeline, and says from when on nothing was wrong any more.
fn mend(timeline: &mut Vec<Moment>) {
    timeline.sort_by_key(|moment| moment.time);
    let is_last = |moment: &Moment| matches!(moment.what, Happening::Struck { .. });
    if let Some(last) = timeline.iter().rposition(is_last) {
        let time = timeline.get(last).map(|moment| moment.time);
        if let Some(time) = time {
            let what = Happening::Mended;
            timeline.insert(last + 1, Moment { time, what });
        }
    }
}
