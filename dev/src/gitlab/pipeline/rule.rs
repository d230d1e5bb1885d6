//! `rules`: which job, include or pipeline there is at all.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::super::model::Variable;
use super::expression;
use super::spec::{Need, When};

/// One rule.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// Condition on variables.
    pub condition: Option<String>,
    /// Patterns of paths of which one must exist.
    pub exists: Option<Vec<String>>,
    /// Patterns of paths of which one must have changed.
    pub changes: Option<Vec<String>>,
    /// What follows.
    pub when: Option<When>,
    /// Whether failure is forgiven then.
    pub allow_failure: Option<bool>,
    /// Variables added then.
    pub variables: Vec<Variable>,
    /// Needs that replace the job's own then.
    pub needs: Option<Vec<Need>>,
    /// Whether it may be stopped then.
    pub interruptible: Option<bool>,
    /// What a newer commit does to the pipeline then (workflow only).
    pub auto_cancel: Option<String>,
}

/// What rules look at.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// Variables, expanded.
    pub values: BTreeMap<String, String>,
    /// All paths of the commit.
    pub paths: &'a BTreeSet<String>,
    /// Paths changed by the push; absent where there was none, and then every path counts as changed.
    pub changed: Option<&'a [String]>,
}

impl Rule {
    /// Says whether the rule meets the scene.
    pub fn meets(&self, scene: &Scene<'_>) -> Result<bool, String> {
        if let Some(condition) = &self.condition
            && !expression::holds(condition, &scene.values)
                .map_err(|why| format!("rules:if `{condition}` {why}"))?
        {
            return Ok(false);
        }
        if let Some(patterns) = &self.exists
            && !any_path(patterns, scene.paths.iter(), &scene.values)?
        {
            return Ok(false);
        }
        match (&self.changes, scene.changed) {
            (Some(patterns), Some(changed)) => any_path(patterns, changed.iter(), &scene.values),
            (Some(_), None) | (None, _) => Ok(true),
        }
    }
}

/// Answers the first rule that meets the scene.
pub fn first<'a>(rules: &'a [Rule], scene: &Scene<'_>) -> Result<Option<&'a Rule>, String> {
    for rule in rules {
        if rule.meets(scene)? {
            return Ok(Some(rule));
        }
    }
    Ok(None)
}

fn any_path<'a>(
    patterns: &[String],
    mut paths: impl Iterator<Item = &'a String> + Clone,
    values: &BTreeMap<String, String>,
) -> Result<bool, String> {
    let patterns = patterns
        .iter()
        .map(|pattern| glob(&super::expand_text(pattern, values)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paths.any(|path| patterns.iter().any(|pattern| pattern.is_match(path))))
}

/// Makes a pattern of a glob: `**` stands for any text, `*` for any within a folder, `{a,b}` for either.
pub fn glob(text: &str) -> Result<Regex, String> {
    let mut pattern = String::from("^");
    let mut rest = text.trim_start_matches('/');
    let mut depth = 0_u32;
    while let Some(c) = rest.chars().next() {
        let mut used = c.len_utf8();
        match c {
            '*' if rest.starts_with("**/") => {
                pattern.push_str("(?:.*/)?");
                used = 3;
            }
            '*' if rest.starts_with("**") => {
                pattern.push_str(".*");
                used = 2;
            }
            '*' => pattern.push_str("[^/]*"),
            '?' => pattern.push_str("[^/]"),
            '{' => {
                pattern.push_str("(?:");
                depth += 1;
            }
            '}' if depth > 0 => {
                pattern.push(')');
                depth -= 1;
            }
            ',' if depth > 0 => pattern.push('|'),
            _ => pattern.push_str(&regex::escape(&rest[..used])),
        }
        rest = &rest[used..];
    }
    pattern.push('$');
    Regex::new(&pattern).map_err(|_| format!("`{text}` is not a usable path pattern"))
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs_stop_at_folders_unless_doubled() {
        assert!(glob("ci/*.yml").unwrap().is_match("ci/a.yml"));
        assert!(!glob("ci/*.yml").unwrap().is_match("ci/b/a.yml"));
        assert!(glob("ci/**/*.{yml,yaml}").unwrap().is_match("ci/b/a.yaml"));
        assert!(glob("**/Dockerfile").unwrap().is_match("Dockerfile"));
    }
}
