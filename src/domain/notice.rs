//! Transitions, as told to people.

/// Whether a notice is about something good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something went as it should.
    Normal,
    /// A person should look.
    Warning,
}

/// One transition, told as a Kubernetes event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Good or bad.
    pub kind: NoticeKind,
    /// From the table of reasons.
    pub reason: &'static str,
    /// One sentence, at most 1 KiB.
    pub message: String,
}
