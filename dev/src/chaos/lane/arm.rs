//! Arms a plan's troubles when its moment has come, and knows which of them have struck.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::super::evidence::Happening;
use super::super::hosts::{Host, Hosts};
use super::super::plan::{Boundary, End, Standstill, Trouble, Wakes};
use super::super::recording::RUN;
use super::befall::Hand;
use super::diary::Diary;
use super::keeper::Keeper;
use crate::failure::Failure;
use crate::fault::{Fault, Match, Rule};

/// How long a request is held back while something befalls the world.
const HELD: u64 = 400;
/// How often it is looked whether a request came.
const LOOK: Duration = Duration::from_millis(20);
/// The kind of requests that are made for no object.
const NOBODYS: &str = "Installation";

/// A trouble that is armed.
#[derive(Debug)]
pub struct Armed {
    trouble: Trouble,
    state: State,
}

#[derive(Debug)]
enum State {
    /// A rule at a host.
    Rule(Host, String),
    /// A rule, and what waits for it.
    Watched(Host, String, JoinHandle<Result<(), Failure>>),
    /// It is under way.
    Begun(JoinHandle<Result<(), Failure>>),
    /// It is over.
    Over,
    /// A point in the controller: it has died once more than before, or its log says so.
    Point { deaths: u32, end: End },
    /// The one that leads is to stand still; it goes on at the end at the latest.
    StandsStill(JoinHandle<Result<(), Failure>>),
}

/// What arming needs.
#[derive(Debug)]
pub struct Arms<'a> {
    /// The stand-ins.
    pub hosts: &'a Hosts,
    /// The controller.
    pub keeper: &'a Arc<Keeper>,
    /// Who lets things befall the world.
    pub hand: &'a Hand,
    /// The text of the run.
    pub run: &'a str,
    /// Where it is noted.
    pub diary: &'a Diary,
}

impl Arms<'_> {
    /// Arms a plan's troubles.
    pub async fn arm(&self, troubles: &[Trouble]) -> Result<Vec<Armed>, Failure> {
        let mut armed = Vec::new();
        for trouble in troubles {
            let fault = trouble.to_string();
            self.diary.note(Happening::Armed { fault });
            armed.push(Armed {
                trouble: trouble.clone(),
                state: self.arm_one(trouble).await?,
            });
        }
        Ok(armed)
    }

    async fn arm_one(&self, trouble: &Trouble) -> Result<State, Failure> {
        match trouble {
            Trouble::Request { at, fault, count } => {
                let fault = match fault {
                    Fault::Kill { at, .. } => Fault::Kill {
                        at: *at,
                        pid_file: self.keeper.pid_file().to_owned(),
                    },
                    other => other.clone(),
                };
                let (host, id) = self.rule(at, fault, *count).await?;
                Ok(State::Rule(host, id))
            }
            Trouble::During { at, upset } => {
                let (host, id) = self.rule(at, Fault::Delay { millis: HELD }, 1).await?;
                let (hosts, hand, upset) = (self.hosts.clone(), self.hand.clone(), upset.clone());
                let rule = id.clone();
                let waits = tokio::spawn(async move {
                    while hosts.hits(host, &rule).await? == 0 {
                        tokio::time::sleep(LOOK).await;
                    }
                    hand.befall(&upset).await
                });
                Ok(State::Watched(host, id, waits))
            }
            Trouble::AtMark(upset) => {
                let (hand, upset) = (self.hand.clone(), upset.clone());
                Ok(State::Begun(tokio::spawn(async move {
                    hand.befall(&upset).await
                })))
            }
            Trouble::Point {
                name,
                occurrence,
                end,
            } => {
                let end_name = match end {
                    End::Abort => "abort",
                    End::Panic => "panic",
                };
                let deaths = self.keeper.deaths();
                self.keeper.stop().await;
                self.keeper
                    .start(Some(&format!("{name}#{occurrence}={end_name}")))?;
                Ok(State::Point { deaths, end: *end })
            }
            Trouble::StandsStill { at, wakes } => {
                match at {
                    Standstill::Request(at, position) => {
                        let pid_file = self.keeper.pid_file().to_owned();
                        let fault = Fault::Stop {
                            at: *position,
                            pid_file,
                        };
                        self.rule(at, fault, 1).await?;
                    }
                    Standstill::Point(name, occurrence) => {
                        self.keeper
                            .start_two(Some(&format!("{name}#{occurrence}=stop")))
                            .await?;
                    }
                }
                let (keeper, wakes) = (Arc::clone(self.keeper), *wakes);
                Ok(State::StandsStill(tokio::spawn(async move {
                    while !keeper.leader_stands_still() {
                        tokio::time::sleep(LOOK).await;
                    }
                    keeper.taken_over().await?;
                    if wakes == Wakes::Soon {
                        keeper.go_on();
                    }
                    Ok(())
                })))
            }
        }
    }

    async fn rule(
        &self,
        at: &Boundary,
        fault: Fault,
        count: u32,
    ) -> Result<(Host, String), Failure> {
        let host = Host::of_service(&at.label.service);
        let contains = (at.label.kind != NOBODYS).then(|| self.run.to_owned());
        let rule = Rule {
            matches: Match {
                label: Some(at.label.replaced(RUN, self.run).to_string()),
                contains,
                ..Match::default()
            },
            fault,
            count,
            skip: at.occurrence.saturating_sub(1),
        };
        Ok((host, self.hosts.arm(host, &rule).await?))
    }
}

impl Armed {
    /// Waits until what is under way is over; what has not come yet is not waited for.
    pub async fn over(&mut self, hosts: &Hosts, keeper: &Keeper) -> Result<(), Failure> {
        let waits = match &mut self.state {
            State::Rule(..) | State::Point { .. } | State::Over => return Ok(()),
            State::StandsStill(waits) => {
                // One that never stood still is not waited for.
                if waits.is_finished() || keeper.leader_stands_still() {
                    ended(waits).await?;
                    keeper.go_on();
                    self.state = State::Over;
                }
                return Ok(());
            }
            State::Begun(waits) => waits,
            State::Watched(host, id, waits) => {
                if hosts.hits(*host, id).await? == 0 {
                    return Ok(());
                }
                waits
            }
        };
        let ended = ended(waits).await;
        self.state = State::Over;
        ended
    }

    /// Answers whether it has struck.
    pub async fn struck(self, hosts: &Hosts, keeper: &Keeper, log: &str) -> Result<bool, Failure> {
        match self.state {
            State::Rule(host, id) => {
                let wanted = match &self.trouble {
                    Trouble::Request { count, .. } => *count,
                    _ => 1,
                };
                // Who is asked ten times may be done after three: that it met the fault at all is what counts.
                let hits = hosts.hits(host, &id).await?;
                Ok(hits >= 1 && hits <= wanted)
            }
            State::Watched(_, _, waits) | State::Begun(waits) | State::StandsStill(waits) => {
                waits.abort();
                Ok(false)
            }
            State::Over => Ok(true),
            State::Point { deaths, end } => Ok(match end {
                End::Abort => keeper.deaths() > deaths,
                End::Panic => log.contains("was reached"),
            }),
        }
    }
}

async fn ended(waits: &mut JoinHandle<Result<(), Failure>>) -> Result<(), Failure> {
    waits.await.unwrap_or_else(|error| {
        Err(Failure::new(format!(
            "what befell the world broke off: {error}"
        )))
    })
}
