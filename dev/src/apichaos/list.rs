//! Lists that are not as they should be: shortened, or old.

use axum::response::Response;
use bytes::Bytes;
use http::{Request, header};
use kube::Client;
use kube::client::Body;
use serde_json::Value;

use super::control::Listed;
use super::refusal;

/// The next page of a shortened list. It has always expired.
const PAGE: &str = "apichaos-expired";

/// Fetches a list whole, as whoever listed it last would see it.
pub async fn fetch(client: &Client, listed: &Listed) -> Result<Bytes, String> {
    let request = Request::get(&listed.path).header(header::ACCEPT, "application/json");
    let request = match &listed.authorization {
        Some(who) => request.header(header::AUTHORIZATION, who),
        None => request,
    };
    let request = request
        .body(Body::empty())
        .map_err(|error| error.to_string())?;
    let answer = client
        .send(request)
        .await
        .map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("{} answers {}", listed.path, answer.status()));
    }
    let body = answer.into_body().collect_bytes().await;
    body.map_err(|error| error.to_string())
}

/// Answers half of a list and the way to a next page; a list that cannot be read stays whole.
#[must_use]
pub fn shortened(whole: &Bytes) -> Bytes {
    let shortened = || {
        let mut list: Value = serde_json::from_slice(whole).ok()?;
        let items = list.get_mut("items")?.as_array_mut()?;
        let left = items.len().div_ceil(2);
        items.truncate(items.len() - left);
        list["metadata"]["continue"] = PAGE.into();
        list["metadata"]["remainingItemCount"] = left.into();
        serde_json::to_vec(&list).ok().map(Bytes::from)
    };
    shortened().unwrap_or_else(|| whole.clone())
}

/// Answers the next page of a shortened list; nothing for any other page.
#[must_use]
pub fn expired_page(page: &str) -> Option<Response> {
    let message = "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.";
    (page == PAGE).then(|| refusal::answer(&refusal::status(410, "Expired", message, None)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shortened_list_lacks_half_and_says_that_there_is_more() {
        let whole = json!({ "metadata": { "resourceVersion": "9" }, "items": [1, 2, 3] });
        let short = shortened(&serde_json::to_vec(&whole).unwrap().into());
        let short: Value = serde_json::from_slice(&short).unwrap();
        assert_eq!(short["items"], json!([1]));
        assert_eq!(short["metadata"]["resourceVersion"], "9");
        assert_eq!(short["metadata"]["remainingItemCount"], 2);
        let page = short["metadata"]["continue"].as_str().unwrap();
        assert_eq!(expired_page(page).unwrap().status().as_u16(), 410);
        assert!(expired_page("another").is_none());
        assert!(expired_page("").is_none());
    }
}
