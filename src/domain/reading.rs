//! One look at one thing: what is known of it, including that nothing is.

use super::failure::{Failure, FailureKind};

/// The result of looking at something outside. A failed look is data, never absence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reading<T> {
    /// There was no need to look.
    #[default]
    Unread,
    /// It is there, like this.
    Known(T),
    /// It is not there.
    Absent,
    /// It could not be looked at.
    Unreadable(Failure),
}

impl<T> Reading<T> {
    /// What is known, if it is there.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unread | Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// Whether somebody looked, and saw whether it is there.
    pub const fn is_certain(&self) -> bool {
        match self {
            Self::Known(_) | Self::Absent => true,
            Self::Unread | Self::Unreadable(_) => false,
        }
    }

    /// Why it could not be looked at.
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Unreadable(failure) => Some(failure),
            Self::Unread | Self::Absent | Self::Known(_) => None,
        }
    }
}

impl<T> From<Result<T, Failure>> for Reading<T> {
    fn from(result: Result<T, Failure>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(failure) if failure.kind == FailureKind::Missing => Self::Absent,
            Err(failure) => Self::Unreadable(failure),
        }
    }
}

impl<T> From<Result<Option<T>, Failure>> for Reading<T> {
    fn from(result: Result<Option<T>, Failure>) -> Self {
        match result {
            Ok(Some(value)) => Self::Known(value),
            Ok(None) => Self::Absent,
            Err(failure) => Self::from(Err::<T, _>(failure)),
        }
    }
}
