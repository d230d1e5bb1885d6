//! A file with all its mutants, each behind a switch: `!valid(x)` becomes `(if on(7) { valid(x) } else { !valid(x) })`.
//!
//! Comments mark which text belongs to which mutant, so that an error of the compiler says who cannot stand there.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::list::Mutant;
use crate::place::{Kind, Place};

/// What answers whether a mutant's switch is on; it is written at the end of `src/domain.rs`.
pub(crate) const MODULE: &str = r#"
/// Which mutant is on.
pub(crate) mod mutant {
    static ON: std::sync::LazyLock<Option<usize>> =
        std::sync::LazyLock::new(|| std::env::var("HARMONIX_MUTANT").ok()?.parse().ok());

    pub(crate) fn on(number: usize) -> bool {
        *ON == Some(number)
    }
}
"#;

/// A file with its places.
#[derive(Debug)]
pub(crate) struct Switched<'a> {
    pub(crate) text: &'a str,
    pub(crate) places: &'a [Place],
    pub(crate) mutants: &'a [Mutant],
    /// Which mutants cannot stand here.
    pub(crate) without: &'a BTreeSet<usize>,
}

fn on(mutant: usize) -> String {
    format!("crate::domain::mutant::on({mutant})")
}

fn marked(mutant: usize, text: &str) -> String {
    format!("/*<{mutant}*/ {text} /*{mutant}>*/")
}

impl Switched<'_> {
    /// The whole file.
    pub(crate) fn rendered(&self) -> String {
        self.between(&(0..self.text.len()), 0)
    }

    fn source(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn replacement(&self, mutant: usize) -> &str {
        self.mutants
            .get(mutant)
            .map_or("", |mutant| mutant.replacement.as_str())
    }

    fn present(&self, place: &Place) -> Vec<usize> {
        let there = |mutant: &usize| !self.without.contains(mutant);
        place.mutants.iter().copied().filter(there).collect()
    }

    /// What stands in a range, with the switches inside it, of places from `first` on.
    fn between(&self, range: &Range<usize>, first: usize) -> String {
        let mut out = String::new();
        let mut at = range.start;
        for (number, place) in self.places.iter().enumerate().skip(first) {
            let within = at <= place.range.start && place.range.end <= range.end;
            let idle = place.mutants.iter().all(|m| self.without.contains(m))
                && !matches!(place.kind, Kind::Constant);
            if !within || idle {
                continue;
            }
            out.push_str(self.source(&(at..place.range.start)));
            out.push_str(&self.switched(place, number + 1));
            at = place.range.end;
        }
        out.push_str(self.source(&(at..range.end)));
        out
    }

    fn switched(&self, place: &Place, inner: usize) -> String {
        let present = self.present(place);
        let inside = |range: &Range<usize>| self.between(range, inner);
        match &place.kind {
            Kind::Constant => String::new(),
            Kind::Body => present.iter().fold(String::new(), |out, &mutant| {
                let answer = format!("return {};", self.replacement(mutant));
                let answer = marked(mutant, &answer);
                format!("{out} if {} {{ {answer} }}", on(mutant))
            }),
            Kind::Binary {
                left,
                operator,
                right,
                lazy,
            } => {
                let (left, right) = (inside(left), inside(right));
                let with = |first: &str, operator: &str| format!("{first} {operator} {right}");
                let first = if *lazy { "left_side" } else { &left };
                let branch = |mutant: usize| with(first, self.replacement(mutant));
                let otherwise = with(first, self.source(operator));
                let chosen = choice(&present, branch, &otherwise);
                if *lazy {
                    format!("({{ let left_side = {left}; {chosen} }})")
                } else {
                    chosen
                }
            }
            Kind::Unary { operand } => {
                let operand_text = inside(operand);
                let operator = self.source(&(place.range.start..operand.start));
                let otherwise = format!("{operator}{operand_text}");
                choice(&present, |_| operand_text.clone(), &otherwise)
            }
            Kind::Guard => {
                let branch = |mutant: usize| self.replacement(mutant).to_owned();
                choice(&present, branch, &inside(&place.range))
            }
            Kind::Arm { pattern, guard } => {
                let off = present.iter().map(|&mutant| format!("!{}", on(mutant)));
                let mut conditions: Vec<String> = off.collect();
                conditions.extend(guard.iter().map(|guard| format!("({})", inside(guard))));
                let numbers = numbers(&present);
                let text = format!("{} if {}", inside(pattern), conditions.join(" && "));
                format!("/*({numbers}*/{text}/*)*/")
            }
            Kind::Struct { fields } => {
                let field = |mutant: usize| {
                    let position = place.mutants.iter().position(|&other| other == mutant)?;
                    fields.get(position)
                };
                let branch = |mutant: usize| {
                    field(mutant).map_or_else(String::new, |field| {
                        let before = inside(&(place.range.start..field.start));
                        before + &inside(&(field.end..place.range.end))
                    })
                };
                choice(&present, branch, &inside(&place.range))
            }
        }
    }
}

fn numbers(mutants: &[usize]) -> String {
    let numbers: Vec<String> = mutants.iter().map(ToString::to_string).collect();
    numbers.join(" ")
}

fn choice(mutants: &[usize], branch: impl Fn(usize) -> String, otherwise: &str) -> String {
    let branch = |&mutant: &usize| {
        let branch = marked(mutant, &branch(mutant));
        format!("if {} {{ {branch} }} else ", on(mutant))
    };
    let branches: Vec<String> = mutants.iter().map(branch).collect();
    let (numbers, branches) = (numbers(mutants), branches.concat());
    format!("/*({numbers}*/({branches}{{ {otherwise} }})/*)*/")
}

/// Whose text the compiler finds fault with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Owners {
    /// This mutant's own.
    One(usize),
    /// Of a place with these mutants.
    Place(Vec<usize>),
}

/// To whom the text at an offset belongs: to the mutant whose own it is, else to the innermost place.
pub(crate) fn owners(rendered: &str, offset: usize) -> Owners {
    let mut own: Vec<usize> = Vec::new();
    let mut places: Vec<Vec<usize>> = Vec::new();
    let before = rendered.get(..offset).unwrap_or(rendered);
    for (_, rest) in before
        .match_indices("/*")
        .map(|(at, _)| before.split_at(at))
    {
        let Some(mark) = rest.get(2..).and_then(|rest| rest.split("*/").next()) else {
            continue;
        };
        if let Some(mutant) = mark.strip_prefix('<').and_then(|m| m.parse().ok()) {
            own.push(mutant);
        } else if mark
            .strip_suffix('>')
            .is_some_and(|m| m.parse::<usize>().is_ok())
        {
            own.pop();
        } else if let Some(all) = mark.strip_prefix('(') {
            places.push(all.split(' ').filter_map(|m| m.parse().ok()).collect());
        } else if mark == ")" {
            places.pop();
        }
    }
    match own.last() {
        Some(mutant) => Owners::One(*mutant),
        None => Owners::Place(places.pop().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{Genre, replacing};
    use crate::place;

    /// The file with these mutants, without the marks, and its switches written `on(N)`.
    fn switched(text: &str, changes: &[(Genre, &str, &str)]) -> String {
        let (rendered, left) = rendered(text, changes, &BTreeSet::new());
        assert!(left.is_empty(), "{left:?} have no place");
        let mut out = String::new();
        for (number, part) in rendered.split("/*").enumerate() {
            let text = if number == 0 {
                part
            } else {
                part.split_once("*/").unwrap().1
            };
            out.push_str(text);
        }
        let out = out.replace("crate::domain::mutant::", "");
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn rendered(
        text: &str,
        changes: &[(Genre, &str, &str)],
        without: &BTreeSet<usize>,
    ) -> (String, Vec<usize>) {
        let mutants: Vec<Mutant> = changes
            .iter()
            .map(|(genre, what, replacement)| replacing(text, *genre, what, replacement))
            .collect();
        let numbered: Vec<(usize, &Mutant)> = mutants.iter().enumerate().collect();
        let (places, left) = place::find(text, &numbered).unwrap();
        let switched = Switched {
            text,
            places: &places,
            mutants: &mutants,
            without,
        };
        (switched.rendered(), left)
    }

    #[test]
    fn a_function_answers_something_else_and_is_constant_no_more() {
        assert_eq!(
            switched(
                "const fn f() -> bool { g() }",
                &[
                    (Genre::FnValue, "g()", "true"),
                    (Genre::FnValue, "g()", "false")
                ]
            ),
            "fn f() -> bool { if on(0) { return true; } if on(1) { return false; } g() }"
        );
    }

    #[test]
    fn the_innermost_function_is_meant() {
        assert_eq!(
            switched(
                "fn f() -> u8 { fn g() -> u8 { 3 } g() }",
                &[(Genre::FnValue, "3", "0")]
            ),
            "fn f() -> u8 { fn g() -> u8 { if on(0) { return 0; } 3 } g() }"
        );
    }

    #[test]
    fn an_operator_is_another_and_what_is_on_its_sides_has_switches_too() {
        assert_eq!(
            switched(
                "fn f() { !a == b }",
                &[
                    (Genre::BinaryOperator, "==", "!="),
                    (Genre::UnaryOperator, "!", "")
                ]
            ),
            "fn f() { (if on(0) { (if on(1) { a } else { !a }) != b } else { (if on(1) { a } else { !a }) == b }) }"
        );
    }

    #[test]
    fn what_decides_is_read_once() {
        assert_eq!(
            switched("fn f() { a && b }", &[(Genre::BinaryOperator, "&&", "||")]),
            "fn f() { ({ let left_side = a; (if on(0) { left_side || b } else { left_side && b }) }) }"
        );
    }

    #[test]
    fn what_binds_names_has_no_place() {
        let text = "fn f() { if let Some(a) = b && c == d { e() } }";
        let changes = [
            (Genre::BinaryOperator, "&&", "||"),
            (Genre::BinaryOperator, "==", "!="),
        ];
        let (rendered, left) = rendered(text, &changes, &BTreeSet::new());
        assert_eq!(left, [0]);
        assert!(rendered.contains("c != d"), "{rendered}");
    }

    #[test]
    fn arms_and_their_guards_have_switches() {
        assert_eq!(
            switched(
                "fn f() { match a { B => c, D if x => g, _ => h } }",
                &[
                    (Genre::MatchArm, "B => c,", ""),
                    (Genre::MatchArmGuard, "x", "true"),
                    (Genre::MatchArmGuard, "x", "false"),
                ]
            )
            .replace(
                "D if (if on(1) { true } else if on(2) { false } else { x })",
                "D if GUARD"
            ),
            "fn f() { match a { B if !on(0) => c, D if GUARD => g, _ => h } }"
        );
    }

    #[test]
    fn a_field_is_taken_from_the_base() {
        assert_eq!(
            switched(
                "fn f() { S { a: 1, b: 2, ..c } }",
                &[(Genre::StructField, "b: 2,", "")]
            ),
            "fn f() { (if on(0) { S { a: 1, ..c } } else { S { a: 1, b: 2, ..c } }) }"
        );
    }

    #[test]
    fn an_error_belongs_to_the_text_that_it_is_in() {
        let text = "fn f() -> bool { a == b }";
        let changes = [
            (Genre::FnValue, "a == b", "true"),
            (Genre::BinaryOperator, "==", "!="),
        ];
        let (rendered, _) = rendered(text, &changes, &BTreeSet::new());
        let owners = |what: &str| owners(&rendered, rendered.find(what).unwrap());
        assert_eq!(owners("true"), Owners::One(0));
        assert_eq!(owners("!= b"), Owners::One(1));
        assert_eq!(owners("a == b"), Owners::Place(vec![1]));
        assert_eq!(owners("fn f"), Owners::Place(Vec::new()));
    }

    #[test]
    fn what_cannot_stand_there_is_left_out() {
        let text = "fn f() -> bool { a == b }";
        let changes = [(Genre::BinaryOperator, "==", "!=")];
        let (rendered, _) = rendered(text, &changes, &[0].into());
        assert_eq!(rendered, text);
    }
}
