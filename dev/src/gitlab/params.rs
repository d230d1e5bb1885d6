//! What a request asks, from its query and its body, as one tree.
//!
//! GitLab takes JSON and forms alike; in a form, `a[b]=1` is an object and `a[][b]=1` a list of objects, a new one
//! whenever a key comes again.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The parameters of one request.
#[derive(Debug, Clone, Default)]
pub struct Params(Map<String, Value>);

impl Params {
    /// Reads query and body; a body that is neither JSON nor a form has no parameters.
    pub fn read(query: &str, content_type: &str, body: &[u8]) -> Result<Self, String> {
        let mut params = form(query);
        if content_type.starts_with("application/json") && !body.is_empty() {
            match serde_json::from_slice(body) {
                Ok(Value::Object(object)) => params.extend(object),
                Ok(_) => {}
                Err(_) => return Err("Problem parsing JSON".into()),
            }
        } else if content_type.starts_with("application/x-www-form-urlencoded") {
            params.extend(form(&String::from_utf8_lossy(body)));
        }
        Ok(Self(params))
    }

    /// Answers a value as it came; null counts as absent.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Says whether a name was given at all, null included.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Answers all names given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Answers a text; numbers and flags count as their text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(scalar)
    }

    /// Answers a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// Answers a flag.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.text(name)?.as_str() {
            "true" | "1" | "on" | "yes" => Some(true),
            "false" | "0" | "off" | "no" => Some(false),
            _ => None,
        }
    }

    /// Answers a list of objects.
    pub fn objects(&self, name: &str) -> Option<Vec<Params>> {
        let list = self.value(name)?.as_array()?;
        list.iter()
            .map(|item| item.as_object().cloned().map(Params))
            .collect()
    }

    /// Answers a list of texts; one text counts as a list of one.
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::Array(list)) => list.iter().filter_map(scalar).collect(),
            Some(value) => scalar(value).into_iter().collect(),
            None => Vec::new(),
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn form(text: &str) -> Map<String, Value> {
    let mut root = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let (first, rest) = match name.find('[') {
            Some(at) if at > 0 => name.split_at(at),
            Some(_) | None => (name.as_str(), ""),
        };
        let keys: Vec<&str> = rest
            .split('[')
            .skip(1)
            .map(|key| key.strip_suffix(']').unwrap_or(key))
            .collect();
        insert(root.entry(first).or_insert(Value::Null), &keys, value);
    }
    root
}

fn insert(place: &mut Value, keys: &[&str], value: String) {
    match keys {
        [] => *place = Value::String(value),
        ["", rest @ ..] => {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Some(list) = place.as_array_mut() else {
                return;
            };
            let starts_anew = match (rest.first(), list.last()) {
                (Some(key), Some(last)) => rest.len() == 1 && last.get(*key).is_some(),
                (Some(_) | None, _) => true,
            };
            if starts_anew {
                list.push(Value::Null);
            }
            if let Some(last) = list.last_mut() {
                insert(last, rest, value);
            }
        }
        [key, rest @ ..] => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            if let Some(object) = place.as_object_mut() {
                insert(object.entry(*key).or_insert(Value::Null), rest, value);
            }
        }
    }
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_repeated_objects_is_a_list_of_objects() {
        let body = "ref=main&variables[][key]=A&variables[][value]=1+2&variables[][key]=B&variables[][value]=%24";
        let params =
            Params::read("", "application/x-www-form-urlencoded", body.as_bytes()).unwrap();
        let variables = params.objects("variables").unwrap();
        assert_eq!(variables.len(), 2);
        assert_eq!(variables[0].text("value").as_deref(), Some("1 2"));
        assert_eq!(variables[1].text("key").as_deref(), Some("B"));
        assert_eq!(variables[1].text("value").as_deref(), Some("$"));
    }

    #[test]
    fn the_body_wins_over_the_query() {
        let params = Params::read("a=1&b=2", "application/json", br#"{"a":true}"#).unwrap();
        assert_eq!(params.flag("a"), Some(true));
        assert_eq!(params.number("b"), Some(2));
    }
}
