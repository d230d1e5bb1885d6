//! Steps: effects as values. Deciding makes them, executing performs them; one step, one request.

use super::forge::{Commit, NewProject, PipelineStart, Project, ProjectSettings};
use super::intent::{Action, Intent};
use super::observed::External;

/// One effect outside, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is remembered of it.
    pub action: Action,
    /// The provider whose audit table takes its record.
    pub ledger: String,
    /// What is sent.
    pub effect: Effect,
}

/// What a step sends. The intent's identity is added when it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Make a group.
    CreateGroup(String),
    /// Make a project.
    CreateProject(NewProject),
    /// Nothing is sent: the project is there already, and the record alone is the effect.
    TakeOver(Project),
    /// Commit; trailers are appended to the message.
    Commit(Commit),
    /// Apply settings to a project.
    ApplySettings(String, ProjectSettings),
    /// Start a pipeline; the intent's variable is appended.
    StartPipeline(PipelineStart),
    /// Nothing is sent: the record alone is the effect, then the finalizer goes.
    LetGo,
}

/// How one intent ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The intent.
    pub intent: Intent,
    /// Its result.
    pub result: StepResult,
}

impl Outcome {
    /// The outcome of another try while an earlier one may still come to pass: that this one is refused
    /// says nothing of that one.
    #[must_use]
    pub fn before_the_last_word(self) -> Self {
        let result = match self.result {
            StepResult::Refused(failure) => StepResult::Open(failure),
            other @ (StepResult::Done(_) | StepResult::AlreadyDone(_) | StepResult::Open(_)) => {
                other
            }
        };
        Self { result, ..self }
    }
}

/// The result of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// It happened now.
    Done(External),
    /// It had happened already.
    AlreadyDone(External),
    /// It did not happen, and repeating it unchanged is pointless.
    Refused(super::failure::Failure),
    /// It may or may not have happened, or will be tried again: the intent stays open.
    Open(super::failure::Failure),
}
