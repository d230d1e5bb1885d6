//! Expansion of `$NAME` in values.

use std::collections::BTreeMap;

use super::super::model::Variable;

/// Expands all variables; of two with one name the later wins, and a name inside a value stands for that winner.
pub fn expand_all(variables: &[Variable]) -> BTreeMap<String, String> {
    let winners: BTreeMap<&str, &Variable> = variables
        .iter()
        .map(|variable| (variable.key.as_str(), variable))
        .collect();
    winners
        .keys()
        .map(|key| {
            (
                (*key).to_owned(),
                value_of(key, &winners, &mut Vec::new()).unwrap_or_default(),
            )
        })
        .collect()
}

fn value_of<'a>(
    key: &'a str,
    winners: &BTreeMap<&'a str, &'a Variable>,
    open: &mut Vec<&'a str>,
) -> Option<String> {
    let variable = winners.get(key)?;
    // A file's content is never a template; a circle would never end, so its second visit stays as written.
    if variable.raw || variable.file || open.contains(&key) {
        return Some(variable.value.clone());
    }
    open.push(key);
    let text = replace(&variable.value, |name| {
        let name = winners.keys().find(|key| **key == name).copied()?;
        value_of(name, winners, open)
    });
    open.pop();
    Some(text)
}

/// Expands `$NAME` and `${NAME}` in a text; what is not defined becomes nothing, `$$` a dollar sign.
pub fn expand_text(text: &str, values: &BTreeMap<String, String>) -> String {
    replace(text, |name| values.get(name).cloned())
}

fn replace(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
            continue;
        }
        let (braced, body) = match after.strip_prefix('{') {
            Some(body) => (true, body),
            None => (false, after),
        };
        let name: &str = &body[..name_length(body)];
        let tail = &body[name.len()..];
        match (braced, tail.strip_prefix('}')) {
            (true, Some(tail)) if !name.is_empty() => {
                out.push_str(&value(name).unwrap_or_default());
                rest = tail;
            }
            (false, _) if !name.is_empty() => {
                out.push_str(&value(name).unwrap_or_default());
                rest = tail;
            }
            (true | false, _) => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_followed_and_the_later_variable_wins() {
        let values = expand_all(&[
            Variable::new("A", "one"),
            Variable::new("B", "$A-${A} $MISSING$$"),
            Variable::new("A", "two"),
        ]);
        assert_eq!(values["B"], "two-two $");
    }

    #[test]
    fn a_raw_value_is_left_alone_even_where_it_is_referred_to() {
        let values = expand_all(&[
            Variable::raw("R", "$A ${A}"),
            Variable::new("A", "x"),
            Variable::new("B", "<$R>"),
        ]);
        assert_eq!(
            (values["R"].as_str(), values["B"].as_str()),
            ("$A ${A}", "<$A ${A}>")
        );
    }

    #[test]
    fn a_circle_ends() {
        let values = expand_all(&[Variable::new("A", "$B"), Variable::new("B", "$A")]);
        assert_eq!(values["A"], "$B");
    }

    #[test]
    fn a_dollar_that_starts_no_name_stays() {
        assert_eq!(expand_text("5$ $1 ${x", &BTreeMap::new()), "5$ $1 ${x");
    }
}
