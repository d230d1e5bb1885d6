//! A job's trace, as a person would read it: without colours, section marks and time stamps.

use std::sync::LazyLock;

use regex::Regex;

use super::said::without_tokens;

/// What is not text: control sequences, and the runner's marks around sections.
static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\x1b\[[0-?]*[ -/]*[@-~]",
        r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)",
        r"|section_(?:start|end):[0-9]+:[0-9A-Za-z_.\-]+(?:\[[^\]\n]*\])?",
    ))
    .ok()
});

/// What newer runners put before each line: time, stream, and whether the line goes on.
static STAMP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z [0-9a-f]{2}[OE][+ ]?").ok()
});

/// The last lines that say something, at most `lines` of them.
pub(super) fn last_lines(trace: &[u8], lines: usize) -> String {
    let text = String::from_utf8_lossy(trace);
    let mut kept: Vec<String> = text
        .rsplit('\n')
        .map(plain)
        .filter(|line| !line.is_empty())
        .take(lines)
        .collect();
    kept.reverse();
    without_tokens(&kept.join("\n"))
}

fn plain(line: &str) -> String {
    let without = |pattern: &Option<Regex>, text: &str| {
        pattern
            .as_ref()
            .map_or_else(|| text.to_owned(), |p| p.replace_all(text, "").into_owned())
    };
    let line = without(&MARKS, &without(&STAMP, line));
    // A carriage return means that what follows is written over what came before.
    line.rsplit('\r')
        .map(|part| {
            part.chars()
                .filter(|c| !c.is_control() || *c == '\t')
                .collect::<String>()
        })
        .map(|part| part.trim_end().to_owned())
        .find(|part| !part.trim().is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_reads_like_plain_text() {
        let trace = "\x1b[0Ksection_start:1560896352:step_script[collapsed=true]\r\x1b[0K\x1b[36;1mExecuting \"step_script\"\x1b[0;m\n\
            \x1b[32;1m$ sh .harmonix/provision.sh\x1b[0;m\r\n\
            progress 10%\rprogress 100%\n\
            \n\
            \x1b[31m╷\n│ Error: creating VPC: UnauthorizedOperation\x1b[0m\n\
            section_end:1560896353:step_script\r\x1b[0K\n\
            2026-01-02T03:04:05.678901Z 01E ERROR: Job failed: exit code 1\n";
        assert_eq!(
            last_lines(trace.as_bytes(), 5),
            "$ sh .harmonix/provision.sh\nprogress 100%\n╷\n│ Error: creating VPC: UnauthorizedOperation\nERROR: Job failed: exit code 1"
        );
        assert_eq!(
            last_lines(trace.as_bytes(), 1),
            "ERROR: Job failed: exit code 1"
        );
        assert!(last_lines(trace.as_bytes(), 99).starts_with("Executing \"step_script\"\n"));
    }

    #[test]
    fn an_empty_or_cut_trace_is_no_failure() {
        assert_eq!(last_lines(b"", 5), "");
        assert_eq!(last_lines(b"\xa4half a character\nwhole", 1), "whole");
    }
}
