//! Lets things befall the world of a lane, and undoes them in time.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::cluster::Cluster;
use super::super::evidence::Happening;
use super::super::hosts::{Host, Hosts};
use super::super::upset::{TokenFile, Upset};
use super::diary::Diary;
use super::keeper::Keeper;
use crate::demo::feed::KINDS;
use crate::failure::{Doing, Failure};
use crate::world::World;

/// The roles that the controller works with.
const OPERATIONS: &str = "operations-role";

/// The hand that disturbs a world.
#[derive(Debug, Clone)]
pub struct Hand {
    /// The world.
    pub world: World,
    /// Its cluster.
    pub cluster: Cluster,
    /// Its stand-ins.
    pub hosts: Hosts,
    /// Its controller.
    pub keeper: Arc<Keeper>,
    /// The text of the run.
    pub run: String,
    /// Where it is noted.
    pub diary: Diary,
}

impl Hand {
    /// Lets something befall the world; what ends by itself has ended when this is done.
    pub async fn befall(&self, upset: &Upset) -> Result<(), Failure> {
        let fault = upset.to_string();
        self.diary.note(Happening::Struck {
            fault: fault.clone(),
        });
        match upset {
            Upset::ApiServerKilled => {
                self.world.kill_api_server().await?;
                self.world.restore_api_server().await?;
            }
            Upset::EtcdStopped(time) => {
                let _stalled = self.world.stall_etcd()?;
                tokio::time::sleep(*time).await;
            }
            Upset::SessionsExpire => self.hosts.expire_sessions(OPERATIONS).await?,
            Upset::TokenFile { content, time } => self.spoil_token(*content, *time).await?,
            Upset::Watches { orders, time } => {
                for order in orders {
                    self.watches(order).await?;
                }
                if !time.is_zero() {
                    tokio::time::sleep(*time).await;
                    self.watches(&json!({ "action": "thaw" })).await?;
                }
            }
            Upset::Clock { seconds, restart } => self.set_clock(*seconds, *restart).await?,
            Upset::Rival { hertz, time } => self.rival(*hertz, *time).await?,
            Upset::Corrupt {
                kind,
                change,
                status,
            } => self.corrupt(kind, change, *status).await?,
        }
        // What began is over: the time from here is the controller's own.
        self.diary.note(Happening::Struck {
            fault: format!("{fault}: over"),
        });
        Ok(())
    }

    async fn spoil_token(&self, content: TokenFile, time: Duration) -> Result<(), Failure> {
        let path = self.world.layout.gitlab_token();
        let what = || format!("use the token file {}", path.display());
        let good = fs::read(&path).doing(what)?;
        match content {
            TokenFile::Empty => self.world.layout.write(&path, "")?,
            TokenFile::Wrong => self.world.layout.write(&path, "glpat-nobody-knows-this")?,
            TokenFile::Missing => fs::remove_file(&path).doing(what)?,
        }
        tokio::time::sleep(time).await;
        self.world.layout.write(&path, good)
    }

    async fn watches(&self, wish: &Value) -> Result<(), Failure> {
        self.hosts
            .switch::<Value>(Host::Kubernetes, Method::POST, "/__watches", Some(wish))
            .await
            .map(drop)
    }

    async fn set_clock(&self, seconds: i64, restart: bool) -> Result<(), Failure> {
        self.keeper.set_clock(SignedDuration::from_secs(seconds))?;
        if restart {
            self.keeper.stop().await;
            self.keeper.start(None)?;
        }
        Ok(())
    }

    async fn rival(&self, hertz: u32, time: Duration) -> Result<(), Failure> {
        let until = Instant::now() + time;
        let mut beat = tokio::time::interval(Duration::from_secs(1) / hertz.max(1));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut number = 0_u32;
        while Instant::now() < until {
            beat.tick().await;
            number += 1;
            let change = json!({ "metadata": { "annotations": { "rival.example.com/beat": number.to_string() } } });
            for (kind, name) in self.cluster.names(&self.run) {
                // What has gone meanwhile needs no rival.
                let _ = self.cluster.merge(&kind, &name, None, &change).await;
            }
        }
        Ok(())
    }

    async fn corrupt(&self, kind: &str, change: &Value, status: bool) -> Result<(), Failure> {
        let below = status.then_some("status");
        let known = KINDS.contains(&kind);
        for (found, name) in self.cluster.names(&self.run) {
            if known && found == kind {
                self.cluster.merge(kind, &name, below, change).await?;
            }
        }
        Ok(())
    }
}
