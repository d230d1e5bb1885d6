//! Terraform states.

use reqwest::{Client, StatusCode};
use serde_json::json;

use super::world::World;

struct Backend {
    url: String,
    client: Client,
    who: (&'static str, &'static str),
}

impl Backend {
    async fn send(&self, method: &str, rest: &str, body: &str) -> (StatusCode, String) {
        // Terraform sends no content type and authenticates with a name and a password.
        let request = self
            .client
            .request(method.parse().unwrap(), format!("{}{rest}", self.url));
        let request = request
            .basic_auth(self.who.0, Some(self.who.1))
            .body(body.to_owned());
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

async fn backend(world: &World, who: (&'static str, &'static str)) -> Backend {
    let id = match world.get("projects/aws-apps%2Fshop%2Fcart").await {
        found if found.status == 200 => found.id(),
        _ => world.project("cart").await,
    };
    let url = format!("{}/api/v4/projects/{id}/terraform/state/main", world.url);
    Backend {
        url,
        client: Client::new(),
        who,
    }
}

fn lock(id: &str) -> String {
    json!({ "ID": id, "Operation": "OperationTypeApply", "Info": "", "Who": "x@y", "Version": "1.11.4",
            "Created": "2026-01-01T00:00:00Z", "Path": "" })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_kept_by_version_and_its_lock_keeps_others_out() {
    let world = World::start().await;
    let mine = backend(&world, ("harmonix", "glpat-harmonix")).await;
    assert_eq!(mine.send("GET", "", "").await.0, 404);
    assert_eq!(mine.send("POST", "/lock", &lock("one")).await.0, 200);
    let (status, holder) = mine.send("POST", "/lock", &lock("two")).await;
    assert_eq!(status, 409);
    let holder: serde_json::Value = serde_json::from_str(&holder).unwrap();
    assert_eq!(
        (&holder["ID"], &holder["Who"]),
        (&json!("one"), &json!("harmonix"))
    );
    assert_eq!(mine.send("GET", "", "").await.0, 204);
    assert_eq!(mine.send("POST", "?ID=two", r#"{"serial":1}"#).await.0, 409);
    assert_eq!(
        mine.send("POST", "?ID=one", r#"{"serial":1,"a":"ö"}"#)
            .await
            .0,
        200
    );
    assert_eq!(mine.send("POST", "?ID=one", r#"{"serial":2}"#).await.0, 200);
    assert_eq!(mine.send("GET", "", "").await.1, r#"{"serial":2}"#);
    assert_eq!(
        mine.send("GET", "/versions/1", "").await.1,
        r#"{"serial":1,"a":"ö"}"#
    );
    assert_eq!(mine.send("DELETE", "/lock", &lock("two")).await.0, 409);
    assert_eq!(mine.send("DELETE", "/lock", &lock("one")).await.0, 200);
    assert_eq!(mine.send("POST", "/lock", &lock("two")).await.0, 200);
    assert_eq!(mine.send("DELETE", "/lock", &lock("two")).await.0, 200);
    assert_eq!(mine.send("DELETE", "", "").await.0, 200);
    assert_eq!(mine.send("GET", "", "").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn developers_read_a_state_and_maintainers_write_it() {
    let world = World::start().await;
    let mine = backend(&world, ("harmonix", "glpat-harmonix")).await;
    assert_eq!(mine.send("POST", "", r#"{"serial":1}"#).await.0, 200);
    let theirs = backend(&world, ("developer", "glpat-developer")).await;
    assert_eq!(theirs.send("GET", "", "").await.0, 200);
    assert_eq!(theirs.send("POST", "/lock", &lock("x")).await.0, 403);
    assert_eq!(theirs.send("POST", "", r#"{"serial":2}"#).await.0, 403);
}
