//! What cargo-mutants would change.

use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;

use crate::Failure;

/// One change of one place.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// `src/domain/name.rs:31:5: replace valid -> bool with true`
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) genre: Genre,
    pub(crate) replacement: String,
    pub(crate) span: Span,
    function: Option<Function>,
}

/// The function that it is in.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
struct Function {
    return_type: String,
}

/// What kind of change it is, in cargo-mutants' words.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum Genre {
    /// A function answers something else at once.
    FnValue,
    /// `==` is `!=`, and so on.
    BinaryOperator,
    /// `!` is left out.
    UnaryOperator,
    /// One arm of a match is left out.
    MatchArm,
    /// The guard of an arm is always or never true.
    MatchArmGuard,
    /// One field of a struct is taken from its base.
    StructField,
}

/// What is replaced; lines and columns count from one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Span {
    start: Position,
    end: Position,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
struct Position {
    line: usize,
    column: usize,
}

impl Position {
    fn offset(self, text: &str) -> Option<usize> {
        let mut lines = text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(self.line - 1).map(str::len).sum();
        let line = lines.next().unwrap_or_default();
        let mut columns = line.char_indices().map(|(at, _)| at).chain([line.len()]);
        Some(before + columns.nth(self.column - 1)?)
    }
}

impl Mutant {
    /// Whether it would not compile in its place either, where it does not compile behind a switch: its types are the same
    /// there, unless its function says only what they can do.
    pub(crate) fn is_typed(&self) -> bool {
        let function = self.function.as_ref();
        !function.is_some_and(|function| function.return_type.contains("impl "))
    }

    /// Which bytes of its file are replaced.
    pub(crate) fn range(&self, text: &str) -> Result<Range<usize>, Failure> {
        let offset = |position: Position| position.offset(text);
        match (offset(self.span.start), offset(self.span.end)) {
            (Some(start), Some(end)) => Ok(start..end),
            _ => Err(format!("{}: its file has changed since", self.name)),
        }
    }
}

/// Reads the list.
pub(crate) fn read(path: &Path) -> Result<Vec<Mutant>, Failure> {
    let text =
        fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| {
        format!(
            "cannot understand cargo-mutants' list {}: {e}",
            path.display()
        )
    })
}

/// For tests: replaces the first `what` of `text`.
#[cfg(test)]
pub(crate) fn replacing(text: &str, genre: Genre, what: &str, replacement: &str) -> Mutant {
    let at = text.find(what).unwrap();
    let position = |offset: usize| {
        let before = &text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Position { line, column }
    };
    Mutant {
        name: format!("{what} is {replacement}"),
        file: "src/domain/x.rs".into(),
        genre,
        replacement: replacement.into(),
        span: Span {
            start: position(at),
            end: position(at + what.len()),
        },
        function: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_begin_anew() {
        let text = "let a = \"grün\";\nlet ä = !b;\n";
        let mutant = replacing(text, Genre::UnaryOperator, "!", "");
        assert_eq!(&text[mutant.range(text).unwrap()], "!");
        assert!(mutant.range("short").is_err());
    }
}
