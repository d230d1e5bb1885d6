//! What befalls the world around a controller, beside requests that fail.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// Something that befalls the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Upset {
    /// The API server dies, and is started again.
    ApiServerKilled,
    /// etcd stands still for a while.
    EtcdStopped(Duration),
    /// All sessions of the operations roles end.
    SessionsExpire,
    /// The file with the GitLab token holds something else for a while.
    TokenFile {
        /// What.
        content: TokenFile,
        /// How long.
        time: Duration,
    },
    /// Lists and watches go wrong, and are as they should be after a while.
    Watches {
        /// What is asked of the proxy.
        orders: Vec<Value>,
        /// How long; where that is no time, what is asked for ends by itself.
        time: Duration,
    },
    /// The controller's clock goes wrong from now on.
    Clock {
        /// By so many seconds.
        seconds: i64,
        /// Whether the controller is started again by that clock.
        restart: bool,
    },
    /// Somebody writes an annotation of their own on every object of the run, so often a second, for so long.
    Rival {
        /// How often.
        hertz: u32,
        /// How long.
        time: Duration,
    },
    /// Somebody changes what is the controller's own in the objects of a kind.
    Corrupt {
        /// Which kind.
        kind: &'static str,
        /// The change, as a merge patch.
        change: Value,
        /// Whether it is the status that changes.
        status: bool,
    },
}

/// What a token file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFile {
    /// Nothing.
    Empty,
    /// A token that GitLab does not know.
    Wrong,
    /// There is no such file.
    Missing,
}

impl fmt::Display for Upset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiServerKilled => f.write_str("the API server is killed"),
            Self::EtcdStopped(time) => write!(f, "etcd stands still for {time:?}"),
            Self::SessionsExpire => f.write_str("all sessions end"),
            Self::TokenFile { content, time } => {
                write!(f, "the token file is {content:?} for {time:?}")
            }
            Self::Watches { orders, time } => {
                let actions = orders.iter().filter_map(|order| order["action"].as_str());
                let actions: Vec<&str> = actions.collect();
                write!(f, "watches: {} for {time:?}", actions.join(" and "))
            }
            Self::Clock { seconds, restart } => {
                let how = if *restart { ", from its start" } else { "" };
                write!(f, "the clock is off by {seconds} s{how}")
            }
            Self::Rival { hertz, time } => {
                write!(f, "a rival writes {hertz} times a second for {time:?}")
            }
            Self::Corrupt {
                kind,
                change,
                status,
            } => {
                let below = if *status {
                    "the status"
                } else {
                    "the metadata"
                };
                write!(f, "somebody changes {below} of {kind}: {change}")
            }
        }
    }
}
