//! Actions: what the controller does outside, by the names that audit records give it.

/// The `actionType` of an audit record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// A GitLab group is made.
    CreateGroup,
    /// A GitLab project is made.
    CreateProject,
    /// A project that was there is taken over. The record is all there is of it.
    TakeOver,
    /// A commit is made.
    CommitFiles,
    /// Settings are put to a project. Nobody can see whether that happened, so it may be repeated under one intent.
    ApplySettings,
    /// A pipeline that provisions is started.
    Provision,
    /// A pipeline that builds is started.
    Build,
    /// A pipeline that deploys is started.
    Deploy,
    /// An object lets go of what is outside. The record is all there is of it.
    LetGo,
    /// A role was refused. Nothing was done.
    AssumeRole,
}

impl Action {
    /// Reads an `actionType`.
    #[must_use]
    pub fn of_record(action_type: &str) -> Option<Self> {
        Some(match action_type {
            "CreateGroup" => Self::CreateGroup,
            "CreateProject" => Self::CreateProject,
            "TakeOver" => Self::TakeOver,
            "CommitFiles" => Self::CommitFiles,
            "ApplySettings" => Self::ApplySettings,
            "Provision" => Self::Provision,
            "Build" => Self::Build,
            "Deploy" => Self::Deploy,
            "LetGo" => Self::LetGo,
            "AssumeRole" => Self::AssumeRole,
            _ => return None,
        })
    }

    /// Reads the `do` of an intent.
    #[must_use]
    pub fn of_intent(does: &str) -> Option<Self> {
        let mut letters = does.chars();
        let first = letters.next()?.to_ascii_uppercase();
        Self::of_record(&format!("{first}{}", letters.as_str()))
    }

    /// Its name in audit records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateGroup => "CreateGroup",
            Self::CreateProject => "CreateProject",
            Self::TakeOver => "TakeOver",
            Self::CommitFiles => "CommitFiles",
            Self::ApplySettings => "ApplySettings",
            Self::Provision => "Provision",
            Self::Build => "Build",
            Self::Deploy => "Deploy",
            Self::LetGo => "LetGo",
            Self::AssumeRole => "AssumeRole",
        }
    }

    /// Whether what it makes bears the identity of the intent, so that each can be told from every other.
    #[must_use]
    pub const fn bears_intent(self) -> bool {
        match self {
            Self::CommitFiles | Self::Provision | Self::Build | Self::Deploy => true,
            Self::CreateGroup
            | Self::CreateProject
            | Self::TakeOver
            | Self::ApplySettings
            | Self::LetGo
            | Self::AssumeRole => false,
        }
    }
}
