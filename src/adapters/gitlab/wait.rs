//! How long an answer of GitLab's asks us to wait.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// What to wait where GitLab does not say.
const DEFAULT: Duration = Duration::from_mins(1);

/// Longer than any limit of GitLab lasts: a proxy's nonsense must not silence us for days.
const LONGEST: Duration = Duration::from_hours(1);

/// How long an answer asks us to wait: `Retry-After`, else `RateLimit-Reset` by the far side's own
/// clock, else a minute.
pub(super) fn asked_wait(headers: &HeaderMap) -> Duration {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let reset = || {
        let date = headers.get(DATE)?.to_str().ok()?;
        let now: Timestamp = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
        Some(number("ratelimit-reset")? - now.as_second())
    };
    number(RETRY_AFTER.as_str())
        .or_else(reset)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(DEFAULT, |seconds| Duration::from_secs(seconds.max(1)))
        .min(LONGEST)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_wait_is_what_the_headers_say() {
        let date = ("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        for (headers, seconds) in [
            (vec![("retry-after", "17")], 17),
            (vec![("retry-after", "0")], 1),
            (
                vec![
                    ("retry-after", "17"),
                    ("ratelimit-reset", "1767225630"),
                    date,
                ],
                17,
            ),
            (vec![("ratelimit-reset", "1767225630"), date], 30),
            (vec![("ratelimit-reset", "1767225630")], 60),
            (vec![("ratelimit-reset", "5"), date], 60),
            (vec![("retry-after", "soon")], 60),
            (vec![("retry-after", "99999999")], 3600),
            (vec![], 60),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect();
            assert_eq!(
                asked_wait(&map),
                Duration::from_secs(seconds),
                "{headers:?}"
            );
        }
    }
}
