//! The words of AWS, made fit for a status: one line, bounded, without what was signed.

use std::error::Error;

const LIMIT: usize = 300;

/// Where AWS begins to repeat the request, session token included.
const REPEATS: [&str; 2] = ["The Canonical String", "The String-to-Sign"];

/// One line of at most 300 characters.
pub(super) fn short(text: &str) -> String {
    let end = REPEATS
        .iter()
        .filter_map(|words| text.find(words))
        .min()
        .unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(text);
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !line.is_empty() && !word.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(LIMIT - 1) {
        Some((cut, last)) if cut + last.len_utf8() < line.len() => {
            line.truncate(cut);
            line.push('…');
            line
        }
        Some(_) | None => line.trim_end_matches('.').to_owned(),
    }
}

/// An error and its causes, outermost first.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}

/// An error and its causes, each said once.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let said = cause.to_string();
        if text.is_empty() {
            text = said;
        } else if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_to_one_line_of_300_characters() {
        let cut = short(&"é\n ".repeat(400));
        assert_eq!(cut.chars().count(), 300);
        assert!(cut.starts_with("é é é") && cut.ends_with('…'));
        assert_eq!(short(&"x".repeat(300)), "x".repeat(300));
    }

    #[test]
    fn what_was_signed_is_not_repeated() {
        let said = "SignatureDoesNotMatch: The request signature we calculated does not match. \
                    The Canonical String for this request should have been 'POST\nx-amz-security-token:SECRET'";
        assert_eq!(
            short(said),
            "SignatureDoesNotMatch: The request signature we calculated does not match"
        );
    }
}
