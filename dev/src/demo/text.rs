//! Text for lines and tables.

use comfy_table::{Table, presets};

/// Answers a table without frames, indented.
pub fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| format!(" {}", line.trim_end()))
        .collect();
    lines.join("\n")
}

/// Cuts a text to what fits a line, on a character's border.
pub fn shorten(text: &str, most: usize) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Answers the first line: what follows in a message is the end of a trace, which is shown by itself.
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Answers the readable beginning of a digest: `sha256:` and twelve digits.
pub fn short_digest(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

/// Answers a text in which commits are told by their first eight digits.
pub fn short_commits(text: &str) -> String {
    let digit = |c: char| c.is_ascii_hexdigit();
    let parts = text.split_inclusive(|c| !digit(c)).map(|part| {
        let end = part.find(|c| !digit(c)).unwrap_or(part.len());
        let (word, rest) = part.split_at(end);
        match word.get(..8).filter(|_| word.len() == 40) {
            Some(short) => format!("{short}{rest}"),
            None => part.to_owned(),
        }
    });
    parts.collect()
}

/// Answers seconds as a person reads them.
pub fn seconds(millis: i64) -> String {
    let tenths = (millis + 50) / 100;
    format!("{}.{} s", tenths / 10, (tenths % 10).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_a_line_is_cut() {
        assert_eq!(shorten("one\n two", 10), "one two");
        assert_eq!(shorten("größer als", 5), "größe…");
    }

    #[test]
    fn a_table_has_its_header_above_its_rows() {
        let text = table(
            ["A", "NUMBER"],
            [["x".into(), "1".into()], ["yyy".into(), "22".into()]],
        );
        assert_eq!(text, "  A    NUMBER\n  x    1\n  yyy  22");
    }

    #[test]
    fn commits_are_told_by_their_first_digits() {
        let commit = "97f0e7d618e12fa630c01bffb5dc9b8260f5d491";
        let text = short_commits(&format!("apps/cafe@{commit} -> dev"));
        assert_eq!(text, "apps/cafe@97f0e7d6 -> dev");
    }

    #[test]
    fn times_are_told_in_tenths_of_seconds() {
        assert_eq!(seconds(1_249), "1.2 s");
        assert_eq!(seconds(90_060), "90.1 s");
    }
}
