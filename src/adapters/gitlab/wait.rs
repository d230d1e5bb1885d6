//! How long an answer of GitLab's asks us to wait.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// What to wait where GitLab does not say.
const DEFAULT: Duration = Duration::from_mins(1);

/// Longer than any limit of GitLab lasts: a proxy's nonsense must not silence us for days.
const LONGEST: Duration = Duration::from_hours(1);

/// How long an answer asks us to wait; none where it does not. Any refusal may say so by `Retry-After`, one for too many
/// requests always does: `Retry-After`, else `RateLimit-Reset` by the far side's own clock, else a minute.
pub(super) fn asked_wait(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let reset = || {
        let date = headers.get(DATE)?.to_str().ok()?;
        let now: Timestamp = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
        Some(number("ratelimit-reset")? - now.as_second())
    };
    let wait = |seconds: i64| {
        let seconds = u64::try_from(seconds).ok()?;
        Some(Duration::from_secs(seconds.max(1)).min(LONGEST))
    };
    let asked = number(RETRY_AFTER.as_str());
    if status == StatusCode::TOO_MANY_REQUESTS {
        let asked = asked.or_else(reset).and_then(wait);
        return Some(asked.unwrap_or(DEFAULT));
    }
    asked.and_then(wait)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_wait_is_what_the_headers_say() {
        let date = ("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        let reset = ("ratelimit-reset", "1767225630");
        for (status, headers, seconds) in [
            (429, vec![("retry-after", "17")], Some(17)),
            (429, vec![("retry-after", "0")], Some(1)),
            (429, vec![("retry-after", "17"), reset, date], Some(17)),
            (429, vec![reset, date], Some(30)),
            (429, vec![reset], Some(60)),
            (429, vec![("ratelimit-reset", "5"), date], Some(60)),
            (429, vec![("retry-after", "soon")], Some(60)),
            (429, vec![("retry-after", "99999999")], Some(3600)),
            (429, vec![], Some(60)),
            (503, vec![("retry-after", "17")], Some(17)),
            (503, vec![("retry-after", "99999999")], Some(3600)),
            (503, vec![("retry-after", "soon")], None),
            // Answers of every kind say what is left of the limit.
            (404, vec![reset, date], None),
            (503, vec![], None),
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
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                asked_wait(status, &map),
                seconds.map(Duration::from_secs),
                "{status} {headers:?}"
            );
        }
    }
}
