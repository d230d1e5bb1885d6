//! Moments as GitLab writes them.

use jiff::Timestamp;

/// Answers the current moment.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Writes a moment as GitLab's API does: UTC with milliseconds.
pub fn text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Writes the day of a moment.
pub fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}

/// Answers the seconds from one moment to another, with milliseconds.
pub fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_millisecond() - from.as_millisecond()) as f64 / 1000.0
}
