//! Durations as people write them: `3 hours 30 minutes`, `1h 30m`, `90`.

use serde_json::Value;

/// Reads a duration in seconds.
pub fn read(value: Option<&Value>, at: &str) -> Result<Option<u64>, String> {
    let Some(text) = super::part::text(value, at)? else {
        return Ok(None);
    };
    match seconds(&text) {
        Some(seconds) if seconds > 0 => Ok(Some(seconds)),
        Some(_) | None => Err(format!("{at} config should be a duration")),
    }
}

fn seconds(text: &str) -> Option<u64> {
    let mut total = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let unit = match &after[..letters] {
            "" | "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return None,
        };
        total += number * unit;
        rest = after[letters..].trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, expected) in [
            ("2 seconds", Some(2)),
            ("1h 30m", Some(5400)),
            ("3 hours and 5 minutes", Some(11_100)),
            ("90", Some(90)),
            ("soon", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
