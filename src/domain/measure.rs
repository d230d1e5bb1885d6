//! Measures: what is counted, and by what. Every set is closed, so that what is exported does not grow with what there is.

mod obstacle;

pub use obstacle::Obstacle;

use super::identity::Kind;
use super::verdict::Verdict;

macro_rules! closed {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $member:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$each])* $member,)+ }

        impl $name {
            /// All there are.
            pub const ALL: &'static [$name] = &[$($name::$member,)+];

            /// The label's value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$member => $text,)+ }
            }
        }
    };
}
use closed;

/// Every kind that has passes.
pub const KINDS: [Kind; 3] = [Kind::Provider, Kind::Environment, Kind::Application];

closed! {
    /// How a pass ended.
    PassResult {
        /// Everything is as the spec says.
        Settled = "settled",
        /// Something is under way.
        Progressing = "progressing",
        /// Something else comes first.
        Waiting = "waiting",
        /// The world failed us.
        Blocked = "blocked",
        /// Only a person helps.
        Stalled = "stalled",
        /// The object is suspended.
        Suspended = "suspended",
        /// A deleted object was let go.
        Released = "released",
        /// The cache did not show our own last write yet; nothing was done.
        Behind = "behind",
        /// The object had changed when it was written to; nothing of it was written.
        Stale = "stale",
        /// The object was not there any more when it was written to.
        Gone = "gone",
        /// The API server did not take the write.
        Unwritten = "unwritten",
        /// Nothing was written, since this process does not lead any more.
        Withheld = "withheld",
        /// The pass panicked.
        Died = "died",
    }
}

impl PassResult {
    /// The result of a pass that came to a verdict.
    pub const fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Settled => Self::Settled,
            Verdict::Progressing(..) => Self::Progressing,
            Verdict::Waiting(..) => Self::Waiting,
            Verdict::Blocked(..) => Self::Blocked,
            Verdict::Stalled(..) => Self::Stalled,
            Verdict::Suspended => Self::Suspended,
        }
    }
}

closed! {
    /// Who is called.
    Host {
        /// The GitLab instance.
        GitLab = "gitlab",
        /// AWS STS.
        AwsSts = "aws-sts",
        /// Amazon ECS.
        AwsEcs = "aws-ecs",
        /// Amazon DynamoDB.
        AwsDynamoDb = "aws-dynamodb",
        /// AWS Systems Manager.
        AwsSsm = "aws-ssm",
        /// The Kubernetes API server.
        Kubernetes = "kubernetes",
    }
}

impl Host {
    /// The verbs it is called with.
    pub const fn verbs(self) -> &'static [Verb] {
        match self {
            Self::GitLab => &[Verb::Get, Verb::Post, Verb::Put, Verb::Delete, Verb::Other],
            Self::AwsSts => &[Verb::AssumeRole, Verb::GetCallerIdentity, Verb::Other],
            Self::AwsEcs => &[
                Verb::DescribeClusters,
                Verb::DescribeServices,
                Verb::DescribeTaskDefinition,
                Verb::Other,
            ],
            Self::AwsDynamoDb => &[Verb::PutItem, Verb::Query, Verb::Other],
            Self::AwsSsm => &[Verb::GetParameters, Verb::Other],
            Self::Kubernetes => &[
                Verb::Get,
                Verb::List,
                Verb::Watch,
                Verb::Create,
                Verb::Update,
                Verb::Patch,
                Verb::Other,
            ],
        }
    }

    /// The verb that this host knows by a name; `Other` where it is called with none of that name.
    pub fn verb(self, name: &str) -> Verb {
        let mut verbs = self.verbs().iter().copied();
        verbs
            .find(|verb| verb.as_str() == name)
            .unwrap_or(Verb::Other)
    }
}

closed! {
    /// What a host is asked for: HTTP's methods for GitLab, operations for AWS, and the verbs of Kubernetes' own rights.
    Verb {
        /// Read one thing.
        Get = "get",
        /// Make something.
        Post = "post",
        /// Change something.
        Put = "put",
        /// Remove something.
        Delete = "delete",
        /// Read many things.
        List = "list",
        /// Be told of changes.
        Watch = "watch",
        /// Make something.
        Create = "create",
        /// Replace something.
        Update = "update",
        /// Change a part of something.
        Patch = "patch",
        /// A session with another role.
        AssumeRole = "AssumeRole",
        /// Who we are.
        GetCallerIdentity = "GetCallerIdentity",
        /// Read clusters.
        DescribeClusters = "DescribeClusters",
        /// Read services.
        DescribeServices = "DescribeServices",
        /// Read a task definition.
        DescribeTaskDefinition = "DescribeTaskDefinition",
        /// Read parameters.
        GetParameters = "GetParameters",
        /// Write one record.
        PutItem = "PutItem",
        /// Read records.
        Query = "Query",
        /// Nothing that is known here.
        Other = "other",
    }
}

closed! {
    /// What became of a call.
    CallClass {
        /// It was done.
        Done = "2xx",
        /// The answer leads elsewhere.
        Elsewhere = "3xx",
        /// It was refused.
        Refused = "4xx",
        /// The host failed.
        Failed = "5xx",
        /// No answer, or not a whole one.
        Unanswered = "none",
    }
}

impl CallClass {
    /// The class of a status.
    pub const fn of_status(status: u16) -> Self {
        match status {
            100..300 => Self::Done,
            300..400 => Self::Elsewhere,
            400..500 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

closed! {
    /// What is said of an object's readiness.
    Readiness {
        /// Everything it asks for is true.
        Ready = "true",
        /// Something is not.
        NotReady = "false",
        /// Nobody looked yet.
        Unknown = "unknown",
    }
}

impl Readiness {
    /// The readiness that a condition's status tells.
    pub fn of_status(status: Option<&str>) -> Self {
        match status {
            Some("True") => Self::Ready,
            Some("False") => Self::NotReady,
            Some(_) | None => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
