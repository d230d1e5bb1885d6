//! What a fault makes of a request, where that is the same whoever serves it.
//!
//! A stand-in asks three times: before it serves ([`Fault::begin`]), whether something is answered instead
//! ([`Fault::instead`]; `Status` and `Deny` it shapes itself), and what becomes of the answer ([`Fault::end`]). It
//! journals the request before the last: whoever dies of the answer has then been told of.

use std::path::Path;
use std::time::Duration;

use axum::response::Response;

use super::broken::{after_it_was_sent, closed_without_answer, half_answered, half_answered_then};
use super::death::{kill_of, stop_of};
use super::page::{login_page, to_login};
use super::{Fault, Position};

impl Fault {
    /// Does what the fault does before anything is served.
    pub async fn begin(&self) {
        match self {
            Self::Delay { millis } => tokio::time::sleep(Duration::from_millis(*millis)).await,
            Self::Kill {
                at: Position::Before,
                pid_file,
            } => die(pid_file).await,
            Self::Stop {
                at: Position::Before,
                pid_file,
            } => stand(pid_file).await,
            Self::Status { .. }
            | Self::Refuse
            | Self::LostAnswer
            | Self::HalfAnswer
            | Self::Late { .. }
            | Self::Deny
            | Self::Garbage
            | Self::Redirect
            | Self::Kill { .. }
            | Self::Stop { .. } => {}
        }
    }

    /// Answers what is sent in place of serving; the status beside it is the journal's, 0 where no byte is sent.
    #[must_use]
    pub fn instead(&self) -> Option<(u16, Response)> {
        let with_status = |response: Response| (response.status().as_u16(), response);
        match self {
            Self::Refuse
            | Self::Kill {
                at: Position::Before,
                ..
            }
            | Self::Stop {
                at: Position::Before,
                ..
            } => Some((0, closed_without_answer())),
            Self::Garbage => Some(with_status(login_page())),
            Self::Redirect => Some(with_status(to_login())),
            Self::Status { .. }
            | Self::LostAnswer
            | Self::HalfAnswer
            | Self::Delay { .. }
            | Self::Late { .. }
            | Self::Deny
            | Self::Kill { .. }
            | Self::Stop { .. } => None,
        }
    }

    /// Answers what is sent of an answer.
    pub async fn end(self, answer: Response) -> Response {
        match self {
            Self::LostAnswer => closed_without_answer(),
            Self::HalfAnswer => half_answered(answer).await,
            Self::Late { millis } => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                answer
            }
            Self::Kill { at, pid_file } => match at {
                Position::Before | Position::Applied => {
                    die(&pid_file).await;
                    closed_without_answer()
                }
                Position::Half => {
                    half_answered_then(answer, async move { die(&pid_file).await }).await
                }
                Position::Answered => {
                    after_it_was_sent(answer, async move { die(&pid_file).await }).await
                }
            },
            Self::Stop { at, pid_file } => match at {
                Position::Before => closed_without_answer(),
                // The answer lies there until the process goes on.
                Position::Applied => {
                    stand(&pid_file).await;
                    answer
                }
                Position::Half => {
                    half_answered_then(answer, async move { stand(&pid_file).await }).await
                }
                Position::Answered => {
                    after_it_was_sent(answer, async move { stand(&pid_file).await }).await
                }
            },
            Self::Status { .. }
            | Self::Refuse
            | Self::Delay { .. }
            | Self::Deny
            | Self::Garbage
            | Self::Redirect => answer,
        }
    }
}

/// Lets the process die. That it did not is told in the log: the plan that asked for it finds it alive.
async fn die(pid_file: &Path) {
    if let Err(error) = kill_of(pid_file).await {
        tracing::error!(%error, "nobody was killed");
    }
}

/// Lets the process stand still.
async fn stand(pid_file: &Path) {
    if let Err(error) = stop_of(pid_file).await {
        tracing::error!(%error, "nobody was stopped");
    }
}
