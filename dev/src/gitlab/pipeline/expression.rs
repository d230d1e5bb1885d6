//! The conditions of `rules:if`.
//!
//! `||` binds weaker than `&&`, that weaker than `==`, `!=`, `=~` and `!~`; operands are `$NAME`, strings, `null` and
//! `/patterns/`. An operand alone holds where it is neither null nor empty.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

type Values = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Or,
    And,
    Equal,
    NotEqual,
    Matches,
    NotMatches,
    Open,
    Close,
    Null,
    Text(String),
    Pattern(String),
    Name(String),
}

#[derive(Debug, Clone)]
enum Operand {
    Text(String),
    Pattern(Regex),
    Null,
}

/// Says whether a condition holds, or why it is none.
pub fn holds(text: &str, values: &Values) -> Result<bool, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        values,
    };
    let result = parser.any()?;
    if parser.tokens.is_empty() {
        Ok(result)
    } else {
        Err("invalid expression syntax".into())
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (token, after) = next(rest).ok_or("invalid expression syntax")?;
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn next(text: &str) -> Option<(Token, &str)> {
    const SIGNS: [(&str, Token); 8] = [
        ("||", Token::Or),
        ("&&", Token::And),
        ("==", Token::Equal),
        ("!=", Token::NotEqual),
        ("=~", Token::Matches),
        ("!~", Token::NotMatches),
        ("(", Token::Open),
        (")", Token::Close),
    ];
    for (sign, token) in SIGNS {
        if let Some(rest) = text.strip_prefix(sign) {
            return Some((token, rest));
        }
    }
    if let Some(rest) = text.strip_prefix("null") {
        return Some((Token::Null, rest));
    }
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let (inside, rest) = rest.split_once(quote)?;
            return Some((Token::Text(inside.into()), rest));
        }
    }
    if let Some(rest) = text.strip_prefix('$') {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let rest = if text.starts_with("${") {
            rest.strip_prefix('}')?
        } else {
            rest
        };
        return (!name.is_empty()).then(|| (Token::Name(name.into()), rest));
    }
    let length = pattern_length(text)?;
    Some((Token::Pattern(text[..length].into()), &text[length..]))
}

/// Answers how long the `/pattern/flags` at the start is.
fn pattern_length(text: &str) -> Option<usize> {
    if !text.starts_with('/') {
        return None;
    }
    let mut escaped = false;
    let end = text.char_indices().skip(1).find_map(|(at, c)| {
        let found = c == '/' && !escaped;
        escaped = c == '\\' && !escaped;
        found.then_some(at)
    })?;
    let flags = text[end + 1..]
        .find(|c: char| !matches!(c, 'i' | 'm' | 's' | 'U'))
        .unwrap_or(text.len() - end - 1);
    Some(end + 1 + flags)
}

fn pattern(text: &str) -> Result<Regex, String> {
    let wrong = || format!("invalid regular expression: {text}");
    if pattern_length(text) != Some(text.len()) {
        return Err(wrong());
    }
    let end = text.rfind('/').ok_or_else(wrong)?;
    let (body, flags) = (&text[1..end], &text[end + 1..]);
    RegexBuilder::new(&body.replace("\\/", "/"))
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .build()
        .map_err(|_| wrong())
}

struct Parser<'a> {
    tokens: &'a [Token],
    values: &'a Values,
}

impl<'a> Parser<'a> {
    fn take(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn accept(&mut self, token: &Token) -> bool {
        let found = self.tokens.first() == Some(token);
        if found {
            self.take();
        }
        found
    }

    fn any(&mut self) -> Result<bool, String> {
        let mut result = self.all()?;
        while self.accept(&Token::Or) {
            result |= self.all()?;
        }
        Ok(result)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut result = self.one()?;
        while self.accept(&Token::And) {
            result &= self.one()?;
        }
        Ok(result)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.accept(&Token::Open) {
            let result = self.any()?;
            return if self.accept(&Token::Close) {
                Ok(result)
            } else {
                Err("invalid expression syntax".into())
            };
        }
        let left = self.operand()?;
        if self.accept(&Token::Equal) {
            return Ok(same(&left, &self.operand()?));
        }
        if self.accept(&Token::NotEqual) {
            return Ok(!same(&left, &self.operand()?));
        }
        if self.accept(&Token::Matches) {
            return self.matches(&left);
        }
        if self.accept(&Token::NotMatches) {
            return Ok(!self.matches(&left)?);
        }
        Ok(match left {
            Operand::Text(text) => !text.is_empty(),
            Operand::Pattern(_) => true,
            Operand::Null => false,
        })
    }

    fn matches(&mut self, left: &Operand) -> Result<bool, String> {
        let right = match self.operand()? {
            Operand::Pattern(pattern) => pattern,
            // A variable may hold a pattern.
            Operand::Text(text) if text.starts_with('/') => pattern(&text)?,
            Operand::Text(_) | Operand::Null => return Ok(false),
        };
        Ok(match left {
            Operand::Text(text) => right.is_match(text),
            Operand::Pattern(_) | Operand::Null => false,
        })
    }

    fn operand(&mut self) -> Result<Operand, String> {
        match self.take() {
            Some(Token::Null) => Ok(Operand::Null),
            Some(Token::Text(text)) => Ok(Operand::Text(text.clone())),
            Some(Token::Pattern(text)) => Ok(Operand::Pattern(pattern(text)?)),
            Some(Token::Name(name)) => Ok(self
                .values
                .get(name)
                .cloned()
                .map_or(Operand::Null, Operand::Text)),
            Some(
                Token::Or
                | Token::And
                | Token::Equal
                | Token::NotEqual
                | Token::Matches
                | Token::NotMatches
                | Token::Open
                | Token::Close,
            )
            | None => Err("invalid expression syntax".into()),
        }
    }
}

fn same(left: &Operand, right: &Operand) -> bool {
    match (left, right) {
        (Operand::Text(left), Operand::Text(right)) => left == right,
        (Operand::Null, Operand::Null) => true,
        (Operand::Text(_) | Operand::Null | Operand::Pattern(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> bool {
        let values = [("A", "main"), ("E", ""), ("P", "/^ma/")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        holds(text, &values).unwrap()
    }

    #[test]
    fn conditions_hold_as_in_gitlab() {
        for (text, expected) in [
            ("$A", true),
            ("$E", false),
            ("$NONE", false),
            ("$NONE == null", true),
            ("$E == null", false),
            ("$E == \"\"", true),
            ("$NONE == ''", false),
            ("$A == \"main\" && $NONE", false),
            ("$A == 'main' || $NONE && $NONE", true),
            ("($A == 'main' || $NONE) && $E != null", true),
            ("$A != $E", true),
            ("$A =~ /^MA/i", true),
            ("$A =~ /^MA/", false),
            ("$A =~ $P", true),
            ("$A !~ /x\\/y/", true),
            ("$NONE =~ /x/", false),
            ("${A} == \"main\"", true),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["$A ==", "== 'x'", "($A", "$A $E", "main", "$A =~ /(/"] {
            assert!(
                holds(text, &Values::from([("A".into(), "x".into())])).is_err(),
                "{text}"
            );
        }
    }
}
