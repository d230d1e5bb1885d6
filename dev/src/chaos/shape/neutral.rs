//! Neutral texts: what differs between two runs of one scenario is replaced by what it is.

use std::sync::LazyLock;

use regex::Regex;

/// Patterns and what stands for them, in order. A pattern that does not compile replaces nothing; a test looks.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        // The installation in an ownership marker.
        (r"\bharmonix:[0-9a-f]{12}:", "harmonix:{installation}:"),
        // The intent that a project was made by: it stays until the making is told.
        (r"\s*\bharmonix-intent:[0-9a-f]{32}\b", ""),
        (
            r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?",
            "{time}",
        ),
        (
            r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
            "{identity}",
        ),
        (r"\b(127\.0\.0\.1|localhost|\[::1\]):\d+", "$1:{port}"),
        (r"/-/(pipelines|jobs|merge_requests)/\d+", "/-/$1/{number}"),
    ];
    let compiled = patterns.into_iter();
    compiled
        .filter_map(|(pattern, stands)| Some((Regex::new(pattern).ok()?, stands)))
        .collect()
});

/// Words of hexadecimal digits; no word of a language is one.
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b[0-9a-f]{8,}\b").ok());

/// Digits of an AWS account.
const ACCOUNT: usize = 12;

/// A text without what differs between runs.
#[must_use]
pub fn text(text: &str, run: &str) -> String {
    let mut neutral = if run.is_empty() {
        text.to_owned()
    } else {
        text.replace(run, "{run}")
    };
    for (pattern, stands) in PATTERNS.iter() {
        neutral = pattern.replace_all(&neutral, *stands).into_owned();
    }
    let Some(words) = WORDS.as_ref() else {
        return neutral;
    };
    let replaced = words.replace_all(&neutral, |found: &regex::Captures<'_>| {
        let word = found.get(0).map_or("", |word| word.as_str());
        if is_hash(word) {
            "{hash}".to_owned()
        } else {
            word.to_owned()
        }
    });
    replaced.into_owned()
}

/// Whether a word of hexadecimal digits is no account.
fn is_hash(word: &str) -> bool {
    !(word.len() == ACCOUNT && word.bytes().all(|byte| byte.is_ascii_digit()))
}
