//! What happens at the failpoint that is armed.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::domain::identity::Kind;

use super::Point;

impl Point {
    const fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Answered => "answered",
            Self::Recorded => "recorded",
            Self::Told => "told",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Decided,
            Self::Held,
            Self::Sent,
            Self::Answered,
            Self::Recorded,
            Self::Told,
        ];
        all.into_iter().find(|point| point.name() == name)
    }
}

/// How the process, or the pass, ends, or that the process stands still until somebody lets it go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Abort,
    Panic,
    Stop,
}

/// A failpoint, which time it is reached, and what happens then.
#[derive(Debug, PartialEq, Eq)]
struct Armed {
    name: String,
    occurrence: usize,
    end: End,
}

impl Armed {
    fn parse(text: &str) -> Option<Self> {
        let (place, end) = text.rsplit_once('=')?;
        let (name, occurrence) = match place.rsplit_once('#') {
            Some((name, number)) => (name, number.parse().ok().filter(|number| *number > 0)?),
            None => (place, 1),
        };
        let mut parts = name.split('/');
        let kind = parts.next()?;
        let action = parts.next()?;
        let kinds = [Kind::Provider, Kind::Environment, Kind::Application];
        let known = kinds.iter().any(|known| known.as_str() == kind)
            && !action.is_empty()
            && Point::named(parts.next()?).is_some()
            && parts.next().is_none();
        let end = match end {
            "abort" => End::Abort,
            "panic" => End::Panic,
            "stop" => End::Stop,
            _ => return None,
        };
        known.then(|| Self {
            name: name.to_owned(),
            occurrence,
            end,
        })
    }
}

/// Arms a failpoint: `KIND/ACTION/POINT=abort`, or `KIND/ACTION/POINT#2=panic` for the second time it is reached.
///
/// # Errors
/// A sentence when the text names none.
pub fn arm(text: &str) -> Result<(), String> {
    let Armed {
        name,
        occurrence,
        end,
    } = Armed::parse(text).ok_or_else(|| {
        format!("the failpoint {text:?} cannot be understood: KIND/ACTION/POINT[#OCCURRENCE]=abort|panic|stop")
    })?;
    tracing::warn!(failpoint = name, occurrence, ?end, "armed");
    let reached = AtomicUsize::new(0);
    fail::cfg_callback(name.clone(), move || {
        if reached.fetch_add(1, Ordering::Relaxed) + 1 == occurrence {
            strike(&name, end);
        }
    })
}

#[expect(clippy::panic, reason = "a pass that panics is what the test wants")]
fn strike(name: &str, end: End) {
    tracing::error!(failpoint = name, "reached");
    match end {
        // Nothing is put in order: that is what it is for.
        End::Abort => std::process::abort(),
        End::Panic => panic!("the failpoint {name} was reached"),
        End::Stop => stand_still(),
    }
}

/// Stops the whole process. It says so in its log when it goes on, or that it could not be stopped.
fn stand_still() {
    let own = std::process::id().to_string();
    let stopped = std::process::Command::new("kill")
        .args(["-STOP", &own])
        .status();
    tracing::warn!(?stopped, "goes on");
}

pub(super) fn reach(kind: Kind, action: &str, point: Point) {
    let name = format!("{}/{action}/{}", kind.as_str(), point.name());
    fail::fail_point!(name.as_str(), |_| {});
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_pass_panics_the_time_it_is_told_to_and_only_then() {
        arm("Application/CreateProject/sent#2=panic").unwrap();
        let reached =
            |action: &str, point| catch_unwind(|| reach(Kind::Application, action, point));
        assert!(reached("CreateProject", Point::Held).is_ok());
        assert!(reached("CommitFiles", Point::Sent).is_ok());
        assert!(reached("CreateProject", Point::Sent).is_ok());
        let died = reached("CreateProject", Point::Sent).unwrap_err();
        let said = died.downcast_ref::<String>().unwrap();
        assert_eq!(
            said,
            "the failpoint Application/CreateProject/sent was reached"
        );
        assert!(reached("CreateProject", Point::Sent).is_ok());
    }

    #[test]
    fn what_names_no_failpoint_is_refused() {
        for text in [
            "Application/CreateProject/sent",
            "Application/CreateProject/sent=exit",
            "Application/CreateProject/sent#0=abort",
            "Application/CreateProject/nowhere=abort",
            "Application/sent=abort",
            "Cluster/CreateProject/sent=abort",
            "Application/CreateProject/sent/more=abort",
            "",
        ] {
            assert!(arm(text).is_err(), "{text}");
        }
        let status = Armed::parse("Environment/-/told=abort").unwrap();
        assert_eq!((status.occurrence, status.end), (1, End::Abort));
        let still = Armed::parse("Application/Deploy/sent#2=stop").unwrap();
        assert_eq!((still.occurrence, still.end), (2, End::Stop));
    }
}
