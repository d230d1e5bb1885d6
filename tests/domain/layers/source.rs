//! Reading paths out of Rust source: enough to see what a file names, without a parser.

use std::collections::BTreeMap;

/// Every path that `text` names, in full: imports are taken apart, relative ones resolved, and
/// names in the code that an import introduced are replaced by what they stand for.
pub(super) fn paths_in(file: &str, text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let module = module_of(file);
    let mut imports = BTreeMap::new();
    let mut paths = Vec::new();
    let mut rest = String::new();
    for statement in code.split_inclusive([';', '}', '{']) {
        // A `use` has braces of its own, so it is collected until its semicolon.
        rest.push_str(statement);
        let Some(start) = use_start(&rest) else {
            paths.extend(paths_in_code(&std::mem::take(&mut rest)));
            continue;
        };
        if !statement.ends_with(';') {
            continue;
        }
        let (before, tree) = rest.split_at(start);
        paths.extend(paths_in_code(before));
        let tree = tree.trim_start_matches("use ").trim_end_matches(';');
        for path in expand(tree) {
            let path = absolute(&path, &module);
            let (whole, name) = if let Some((whole, name)) = path.split_once(" as ") {
                (whole.to_owned(), name.to_owned())
            } else {
                let name = path.rsplit("::").next().unwrap_or_default().to_owned();
                (path.clone(), name)
            };
            imports.insert(name, whole.clone());
            paths.push(whole);
        }
        rest.clear();
    }
    paths.extend(paths_in_code(&rest));
    let resolve = |path: String| {
        let (head, tail) = path.split_once("::").unwrap_or((&path, ""));
        match imports.get(head) {
            Some(whole) if !tail.is_empty() => format!("{whole}::{tail}"),
            _ => absolute(&path, &module),
        }
    };
    paths.into_iter().map(resolve).collect()
}

/// Where a `use` statement begins that has not ended.
fn use_start(code: &str) -> Option<usize> {
    code.match_indices("use ").map(|(at, _)| at).find(|at| {
        let before = code[..*at].trim_end_matches([' ', '\n']);
        let own_word = code[..*at].ends_with(['\n', ' ', ';', '}', '{']) || *at == 0;
        own_word
            && (before.is_empty()
                || before.ends_with([';', '}', '{', ']', ')'])
                || before.ends_with("pub"))
    })
}

/// `domain/plan/provider.rs` is `["domain", "plan", "provider"]`.
fn module_of(file: &str) -> Vec<String> {
    file.trim_end_matches(".rs")
        .split('/')
        .filter(|part| !matches!(*part, "lib" | "main" | "mod"))
        .map(str::to_owned)
        .collect()
}

/// A path from the root of the crate where it was relative to the module.
fn absolute(path: &str, module: &[String]) -> String {
    let mut rest = path;
    let mut at = module.len();
    if let Some(inside) = rest.strip_prefix("self::") {
        rest = inside;
    } else if !rest.starts_with("super::") {
        return path.to_owned();
    }
    while let Some(outside) = rest.strip_prefix("super::") {
        rest = outside;
        at = at.saturating_sub(1);
    }
    let mut parts = vec!["crate".to_owned()];
    parts.extend(module.iter().take(at).cloned());
    format!("{}::{rest}", parts.join("::"))
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        return vec![tree.to_owned()];
    };
    let (prefix, inner) = tree.split_at(open);
    let inner = inner.trim_start_matches('{');
    let inner = inner.rfind('}').map_or(inner, |close| &inner[..close]);
    let mut depth = 0_i32;
    let mut parts = vec![String::new()];
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .flat_map(expand)
        .map(|part| format!("{prefix}{part}"))
        .collect()
}

/// Every `a::b::c` in code that is not an import.
fn paths_in_code(code: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.split(|c| !is_part(c))
        .map(|word| word.trim_matches(':'))
        .filter(|word| word.contains("::") && !word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}
