//! How lists and watches of a kind are at the moment.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A kind that the controller follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Applications.
    Application,
    /// Environments.
    Environment,
    /// EnvironmentProviders.
    EnvironmentProvider,
    /// Namespaces.
    Namespace,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Application,
        Self::Environment,
        Self::EnvironmentProvider,
        Self::Namespace,
    ];

    /// Answers the kind that paths call so.
    #[must_use]
    pub fn of(plural: &str) -> Option<Self> {
        match plural {
            "applications" => Some(Self::Application),
            "environments" => Some(Self::Environment),
            "environmentproviders" => Some(Self::EnvironmentProvider),
            "namespaces" => Some(Self::Namespace),
            _ => None,
        }
    }

    /// Answers what it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application => "Application",
            Self::Environment => "Environment",
            Self::EnvironmentProvider => "EnvironmentProvider",
            Self::Namespace => "Namespace",
        }
    }

    /// Answers the group and version it is served in.
    #[must_use]
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Application | Self::Environment | Self::EnvironmentProvider => {
                "harmonix.io/v1alpha1"
            }
            Self::Namespace => "v1",
        }
    }
}

/// What is to become of lists and watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Change {
    /// Watches deliver nothing; what happens meanwhile is delivered after the thaw.
    Freeze,
    /// The same, but each second a bookmark says that all is well.
    Bookmarks,
    /// Each event is delivered so long after it happened.
    Lag {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// Events of so long are gathered and then delivered object by object, the last object first.
    Reorder {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// Each event is delivered twice.
    Duplicate,
    /// Open watches end as if the connection broke.
    Cut,
    /// Open watches end with the event that says that their version is too old.
    Expire,
    /// The next watches are refused, since their version is too old.
    Gone {
        /// How many.
        #[serde(default = "once")]
        count: u32,
    },
    /// The next lists hold half of the objects and the way to the next page, and that page has expired.
    Shorten {
        /// How many.
        #[serde(default = "once")]
        count: u32,
    },
    /// From now on lists show what is there now, and new watches deliver nothing that comes after, as an API server
    /// does whose view stands still. Open watches go on: who is to travel back in time starts anew, or is told `Expire`.
    Stale,
    /// All is as it should be again; what was held back is delivered.
    Thaw,
}

fn once() -> u32 {
    1
}

/// How one kind is.
#[derive(Debug, Clone, Default)]
pub struct Mode {
    /// Nothing is delivered.
    pub frozen: bool,
    /// Bookmarks are, all the same.
    pub bookmarks: bool,
    /// How long after it happened an event is delivered.
    pub lag: Duration,
    /// How long events are gathered.
    pub reorder: Duration,
    /// Each event is delivered twice.
    pub duplicate: bool,
    /// How often open watches were cut.
    pub cuts: u64,
    /// How often they were told that their version is too old.
    pub expiries: u64,
    /// How many watches are yet to be refused.
    pub gone: u32,
    /// How many lists are yet to be shortened.
    pub shorten: u32,
    /// The list that is shown, where that is an old one.
    pub stale: Option<Bytes>,
}

/// How each kind is.
pub type Modes = BTreeMap<Kind, Mode>;

impl Mode {
    /// Takes a change; the list that a stale view shows is had before.
    pub fn take(&mut self, change: &Change, shown: Option<Bytes>) {
        match change {
            Change::Freeze => self.frozen = true,
            Change::Bookmarks => (self.frozen, self.bookmarks) = (true, true),
            Change::Lag { millis } => self.lag = Duration::from_millis(*millis),
            Change::Reorder { millis } => self.reorder = Duration::from_millis(*millis),
            Change::Duplicate => self.duplicate = true,
            Change::Cut => self.cuts += 1,
            Change::Expire => self.expiries += 1,
            Change::Gone { count } => self.gone = *count,
            Change::Shorten { count } => self.shorten = *count,
            Change::Stale => self.stale = shown,
            Change::Thaw => {
                *self = Self {
                    cuts: self.cuts,
                    expiries: self.expiries,
                    ..Self::default()
                }
            }
        }
    }
}
