//! Conditions of a statement.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::texts;
use crate::fault::matches_wildcard;

/// The condition keys of one request, by lower-cased name: IAM's keys are not case-sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// Sets a key with one value.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.keys.insert(key.to_lowercase(), vec![value.into()]);
    }

    /// Sets a key with many values.
    pub fn set_all(&mut self, key: &str, values: Vec<String>) {
        self.keys.insert(key.to_lowercase(), values);
    }

    fn get(&self, key: &str) -> Option<&[String]> {
        self.keys.get(&key.to_lowercase()).map(Vec::as_slice)
    }
}

/// Puts the request's values in the place of `${…}`; one that is not known stays and so matches nothing real.
#[must_use]
pub fn with_variables(text: &str, context: &Context) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        done.push_str(before);
        match (name, context.get(name)) {
            ("*" | "?" | "$", _) => done.push_str(name),
            (_, Some([value])) => done.push_str(value),
            (_, Some(_) | None) => {
                done.push_str("${");
                done.push_str(name);
                done.push('}');
            }
        }
        rest = tail;
    }
    done + rest
}

/// Says whether all conditions of a statement hold.
#[must_use]
pub fn holds(conditions: &Value, context: &Context) -> bool {
    conditions
        .as_object()
        .into_iter()
        .flatten()
        .all(|(operator, keys)| {
            let Some(operator) = Operator::read(operator) else {
                return false;
            };
            keys.as_object().into_iter().flatten().all(|(key, wanted)| {
                let wanted: Vec<String> = texts(wanted)
                    .iter()
                    .map(|text| with_variables(text, context))
                    .collect();
                operator.holds(context.get(key), &wanted)
            })
        })
}

/// An operator with its modifiers.
struct Operator {
    over: Over,
    if_exists: bool,
    test: Test,
    negated: bool,
}

enum Over {
    One,
    AnyValue,
    AllValues,
}

enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Bool,
    Null,
    Number(fn(f64, f64) -> bool),
    Date(fn(Timestamp, Timestamp) -> bool),
}

impl Operator {
    fn read(name: &str) -> Option<Self> {
        let (over, name) = match name.split_once(':') {
            None => (Over::One, name),
            Some(("ForAnyValue", name)) => (Over::AnyValue, name),
            Some(("ForAllValues", name)) => (Over::AllValues, name),
            Some(_) => return None,
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (test, negated) = match name {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
            "StringLike" | "ArnLike" | "ArnEquals" => (Test::Like, false),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (Test::Like, true),
            "Bool" => (Test::Bool, false),
            "Null" => (Test::Null, false),
            "NumericEquals" => (Test::Number(|a, b| a == b), false),
            "NumericNotEquals" => (Test::Number(|a, b| a == b), true),
            "NumericLessThan" => (Test::Number(|a, b| a < b), false),
            "NumericLessThanEquals" => (Test::Number(|a, b| a <= b), false),
            "NumericGreaterThan" => (Test::Number(|a, b| a > b), false),
            "NumericGreaterThanEquals" => (Test::Number(|a, b| a >= b), false),
            "DateLessThan" => (Test::Date(|a, b| a < b), false),
            "DateLessThanEquals" => (Test::Date(|a, b| a <= b), false),
            "DateGreaterThan" => (Test::Date(|a, b| a > b), false),
            "DateGreaterThanEquals" => (Test::Date(|a, b| a >= b), false),
            _ => return None,
        };
        Some(Self {
            over,
            if_exists,
            test,
            negated,
        })
    }

    fn holds(&self, values: Option<&[String]>, wanted: &[String]) -> bool {
        if let Test::Null = self.test {
            let absent = values.is_none_or(<[String]>::is_empty);
            return wanted
                .iter()
                .any(|text| text == if absent { "true" } else { "false" });
        }
        let Some(values) = values else {
            // IAM: a negated test and ForAllValues hold of a key that is not there.
            return self.if_exists || self.negated || matches!(self.over, Over::AllValues);
        };
        let one = |value: &String| {
            wanted.iter().any(|wanted| self.test.meets(value, wanted)) != self.negated
        };
        match self.over {
            Over::One | Over::AllValues => values.iter().all(one),
            Over::AnyValue => values.iter().any(one),
        }
    }
}

impl Test {
    fn meets(&self, value: &str, wanted: &str) -> bool {
        match self {
            Self::Equals => value == wanted,
            Self::EqualsIgnoreCase | Self::Bool => value.eq_ignore_ascii_case(wanted),
            Self::Like => matches_wildcard(wanted, value),
            Self::Null => false,
            Self::Number(compare) => match (value.parse(), wanted.parse()) {
                (Ok(value), Ok(wanted)) => compare(value, wanted),
                _ => false,
            },
            Self::Date(compare) => match (value.parse(), wanted.parse()) {
                (Ok(value), Ok(wanted)) => compare(value, wanted),
                _ => false,
            },
        }
    }
}
