//! Pages of a list, with the headers that tell where one is.

use http::HeaderName;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::answer::Answer;
use super::params::Params;

/// Which page was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads `page` and `per_page` with GitLab's default and limit.
    pub fn asked(params: &Params) -> Result<Self, Answer> {
        let read = |name: &str, default: usize| match params.text(name) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(number),
                Ok(_) | Err(_) => Err(Answer::bad_parameter(format!(
                    "{name} does not have a valid value"
                ))),
            },
        };
        Ok(Self {
            number: read("page", 1)?,
            size: read("per_page", 20)?.min(100),
        })
    }

    /// Answers this page of a list; `url` is the address that was asked for, without its query.
    pub fn of(self, items: Vec<Value>, url: &str, params: &Params) -> Answer {
        let total = items.len();
        let pages = total.div_ceil(self.size).max(1);
        let first = (self.number - 1).saturating_mul(self.size);
        let page: Vec<Value> = items.into_iter().skip(first).take(self.size).collect();
        let next = (self.number < pages).then_some(self.number + 1);
        let previous = (self.number > 1).then(|| self.number - 1);
        let text = |number: Option<usize>| number.map(|n| n.to_string()).unwrap_or_default();
        let mut links = Vec::new();
        for (relation, number) in [
            ("prev", previous),
            ("next", next),
            ("first", Some(1)),
            ("last", Some(pages)),
        ] {
            if let Some(number) = number {
                links.push(format!(
                    "<{}>; rel=\"{relation}\"",
                    self.link(url, params, number)
                ));
            }
        }
        Answer::ok(&Value::Array(page))
            .with_header(HeaderName::from_static("x-total"), total.to_string())
            .with_header(HeaderName::from_static("x-total-pages"), pages.to_string())
            .with_header(HeaderName::from_static("x-page"), self.number.to_string())
            .with_header(HeaderName::from_static("x-per-page"), self.size.to_string())
            .with_header(HeaderName::from_static("x-next-page"), text(next))
            .with_header(HeaderName::from_static("x-prev-page"), text(previous))
            .with_header(http::header::LINK, links.join(", "))
    }

    fn link(self, url: &str, params: &Params, number: usize) -> String {
        let mut query: Vec<String> = params
            .names()
            .filter(|name| !matches!(*name, "page" | "per_page" | "private_token"))
            .filter_map(|name| {
                let value = params.text(name)?;
                Some(format!(
                    "{name}={}",
                    utf8_percent_encode(&value, NON_ALPHANUMERIC)
                ))
            })
            .collect();
        query.push(format!("page={number}"));
        query.push(format!("per_page={}", self.size));
        format!("{url}?{}", query.join("&"))
    }
}
