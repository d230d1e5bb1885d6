//! The blocks of a page: what is between its fences, and what a comment above a fence says of it.

/// What is between two fences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of the page that its first line is, from 1.
    pub line: usize,
    /// The language: `sh` is a command.
    pub language: String,
    /// What stands in it.
    pub text: String,
    /// The test that tries it, `file::test`, where it is not run as it stands: `<!-- elsewhere: file::test -->`.
    pub elsewhere: Option<String>,
}

/// All blocks of a page, in their order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    let mut mark = None;
    while let Some((at, line)) = lines.next() {
        if let Some(rest) = line.trim().strip_prefix("<!-- elsewhere: ") {
            let test = rest.strip_suffix(" -->");
            mark = Some(
                test.unwrap_or_else(|| panic!("line {}: {line}", at + 1))
                    .to_owned(),
            );
            continue;
        }
        let Some(language) = line.trim_start().strip_prefix("```") else {
            assert!(
                mark.is_none() || line.trim().is_empty(),
                "line {}: a mark of nothing",
                at + 1
            );
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let inside = lines.by_ref().map(|(_, line)| line);
        let text: Vec<&str> = inside
            .take_while(|line| line.trim() != "```")
            .map(|line| line.get(indent..).unwrap_or_default())
            .collect();
        found.push(Block {
            line: at + 2,
            language: language.trim().to_owned(),
            text: text.join("\n"),
            elsewhere: mark.take(),
        });
    }
    found
}
