//! Reports that are kept: for people Markdown, and beside it JSON for programs.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::{Doing, Failure};

/// Reads where a report is to be written, as an option has it.
///
/// # Errors
/// Where the JSON beside it would take its place.
pub fn place(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        let markdown = path.with_extension("md");
        return Err(format!(
            "the report is Markdown, and its entries are written beside it as JSON: say {}",
            markdown.display()
        ));
    }
    Ok(path)
}

/// Writes both.
///
/// # Errors
/// Where one cannot be written.
pub fn write(path: &Path, markdown: &str, json: &str) -> Result<(), Failure> {
    for (path, text) in [
        (path.to_owned(), markdown),
        (path.with_extension("json"), json),
    ] {
        fs::write(&path, text).doing(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

/// An entry a line, so that a later report differs where something else came out.
///
/// # Errors
/// Where one is no JSON.
pub fn entries<T: Serialize>(entries: &[T]) -> Result<String, Failure> {
    let lines: Result<Vec<String>, _> = entries.iter().map(serde_json::to_string).collect();
    let lines = lines.doing(|| "write the report".into())?;
    Ok(format!("[\n{}\n]", lines.join(",\n")))
}

/// A table.
#[must_use]
pub fn table<const N: usize>(header: &[&str; N], rows: &[[String; N]]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(header.iter().map(|cell| (*cell).to_owned()).collect());
    text.push_str(&line(vec!["---".to_owned(); N]));
    for row in rows {
        text.push_str(&line(
            row.iter().map(|cell| cell.replace('|', "\\|")).collect(),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_not_written_where_its_entries_go() {
        let said = place("proof/chaos.json").unwrap_err();
        assert!(said.ends_with("say proof/chaos.md"), "{said}");
        assert_eq!(place("chaos.md").unwrap(), Path::new("chaos.md"));
        assert_eq!(place("chaos").unwrap(), Path::new("chaos"));
    }
}
