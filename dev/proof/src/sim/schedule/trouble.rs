//! Troubles: what goes wrong.

/// Who may be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// GitLab.
    GitLab,
    /// AWS, beyond sessions.
    Aws,
    /// AWS's sessions.
    Sts,
    /// The API server.
    Kubernetes,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Door {
    /// A look at GitLab.
    GitlabRead,
    /// An effect in GitLab.
    GitlabWrite,
    /// A session with a role.
    Session,
    /// A look at AWS.
    AwsRead,
    /// A record.
    Record,
    /// The patch that makes intents durable.
    Hold,
    /// A status.
    Status,
    /// The patch that gives up the finalizer.
    Release,
    /// An event.
    Event,
    /// A list.
    List,
    /// The opening of a watch.
    Watch,
}

impl Door {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::GitlabRead,
        Self::GitlabWrite,
        Self::Session,
        Self::AwsRead,
        Self::Record,
        Self::Hold,
        Self::Status,
        Self::Release,
        Self::Event,
        Self::List,
        Self::Watch,
    ];

    /// Who is behind it.
    pub const fn party(self) -> Party {
        match self {
            Self::GitlabRead | Self::GitlabWrite => Party::GitLab,
            Self::Session => Party::Sts,
            Self::AwsRead | Self::Record => Party::Aws,
            Self::Hold | Self::Status | Self::Release | Self::Event | Self::List | Self::Watch => {
                Party::Kubernetes
            }
        }
    }

    /// Whether what is behind it changes something.
    pub const fn writes(self) -> bool {
        match self {
            Self::GitlabWrite | Self::Record | Self::Hold | Self::Status | Self::Release => true,
            Self::GitlabRead
            | Self::Session
            | Self::AwsRead
            | Self::Event
            | Self::List
            | Self::Watch => false,
        }
    }
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mishap {
    /// Nothing happens, and an error says so without saying whether it did.
    Refused,
    /// Nothing happens: it is refused by rights.
    Denied,
    /// Nothing happens: the API server says that there is no such object.
    Unknown,
    /// Nothing happens: wait so many seconds.
    Throttled(u64),
    /// It happens, and the answer is lost.
    Lost,
    /// It happens, and the answer is cut in the middle.
    Half,
    /// It happens, then once more: a proxy repeated it. The second answer is seen.
    Twice,
    /// It happens so late that nobody waits for the answer any more.
    Late,
    /// Nothing happens, and nobody answers.
    Hang,
    /// Somebody else changes the object just before.
    Rival,
    /// The process dies before it is sent.
    CrashBefore,
    /// The process dies while it is on its way, which it goes.
    CrashDuring,
    /// The process dies after it happened.
    CrashAfter,
}

impl Mishap {
    /// Its kind, for counts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
            Self::Throttled(_) => "throttled",
            Self::Lost => "answer lost",
            Self::Half => "answer cut",
            Self::Twice => "twice",
            Self::Late => "late",
            Self::Hang => "no answer",
            Self::Rival => "rival write",
            Self::CrashBefore => "crash before",
            Self::CrashDuring => "crash during",
            Self::CrashAfter => "crash after",
        }
    }
}

/// What happens to the watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stir {
    /// They end, and cannot be opened.
    Cut,
    /// They deliver nothing.
    Frozen,
    /// They end with 410: what they would go on from is no longer known.
    Gone,
}

/// What goes wrong. Times are in milliseconds from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The requests through a door from this number on, so many of them.
    Strike {
        /// The door.
        door: Door,
        /// The first of them.
        nth: u32,
        /// How many.
        times: u32,
        /// What happens to them.
        mishap: Mishap,
    },
    /// Every request to somebody for a while.
    Outage {
        /// To whom.
        party: Party,
        /// From when.
        from: u64,
        /// How long.
        lasts: u64,
        /// What happens to them.
        mishap: Mishap,
    },
    /// All watches.
    Watches {
        /// From when.
        from: u64,
        /// How long.
        lasts: u64,
        /// What happens to them.
        stir: Stir,
    },
    /// The process dies.
    Crash {
        /// When.
        at: u64,
        /// For how long.
        down: u64,
    },
    /// The process is stopped by a signal, and started again.
    Stop {
        /// When.
        at: u64,
        /// For how long.
        down: u64,
    },
}

impl Trouble {
    /// Its kind, for counts.
    pub fn name(&self) -> String {
        match self {
            Self::Strike { door, mishap, .. } => format!("{door:?} {}", mishap.name()),
            Self::Outage { party, mishap, .. } => format!("{party:?} outage, {}", mishap.name()),
            Self::Watches { stir, .. } => format!("watches {stir:?}"),
            Self::Crash { .. } => "crash at a time".into(),
            Self::Stop { .. } => "stop by signal".into(),
        }
    }

    /// When the last of it is over, where that is known.
    pub const fn ends(&self) -> Option<u64> {
        match self {
            Self::Strike { .. } => None,
            Self::Outage { from, lasts, .. } | Self::Watches { from, lasts, .. } => {
                Some(*from + *lasts)
            }
            Self::Crash { at, down } | Self::Stop { at, down } => Some(*at + *down),
        }
    }
}
