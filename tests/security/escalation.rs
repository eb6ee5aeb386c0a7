//! Ways to get at more than one's own.

use serde_json::{Value, json};
use tessera_e2e::callers::World;

#[test]
fn view_only_access_cannot_be_turned_into_writing_sql() {
    let world = World::open().expect("opens");
    let viewer = world.caller("view-only user");
    let (source, query) = (world.shop.sqlite, &world.query["id"]);
    for (path, body) in [
        ("/api/query_results".to_owned(), json!({ "query": "select 1", "data_source_id": source })),
        (
            "/api/queries".to_owned(),
            json!({ "name": "x", "query": "select 1", "data_source_id": source }),
        ),
        (format!("/api/queries/{query}/fork"), json!({})),
        (format!("/api/queries/{query}"), json!({ "query": "select 1" })),
        ("/v1/statements/runs".to_owned(), json!({ "source_id": source, "text": "select 1" })),
    ] {
        let answer = viewer.post(&path, &body).expect("answers");
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    let path = format!("/api/queries/{query}/results");
    let answer = viewer.post(&path, &json!({ "max_age": 0 })).expect("answers");
    assert_eq!(answer.status, 200, "a saved query may be run: {}", answer.text());
}

#[test]
fn somebody_elses_job_can_neither_be_seen_nor_cancelled() {
    let world = World::open().expect("opens");
    let text =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let body = json!({ "query": text, "data_source_id": world.shop.sqlite, "max_age": 0 });
    let started =
        world.shop.admin.post("/api/query_results", &body).expect("answers").ok().expect("good");
    let path = format!("/api/jobs/{}", started["job"]["id"].as_str().expect("a job"));
    let other = world.caller("other user");
    for method in ["GET", "DELETE"] {
        assert_eq!(other.request(method, &path, None).expect("answers").status, 404, "{method}");
    }
    let status = || -> Value {
        world.shop.admin.get(&path).expect("answers").json()["job"]["status"].clone()
    };
    assert!(status().as_i64().is_some_and(|status| status < 3));
    assert_eq!(world.shop.admin.delete(&path).expect("answers").status, 200);
    assert_eq!(status(), 4);
}

#[test]
fn nobody_makes_itself_an_administrator() {
    let world = World::open().expect("opens");
    let (bob, id) = world.shop.user("bob").expect("made");
    for body in [
        json!({ "group_ids": [1] }),
        json!({ "groups": [1], "group_ids": [1, 2] }),
        json!({ "permissions": ["admin"], "is_admin": true }),
    ] {
        bob.post(&format!("/api/users/{id}"), &body).expect("answers");
    }
    let member = json!({ "user_id": id });
    assert_eq!(bob.post("/api/groups/1/members", &member).expect("answers").status, 403);
    let session = bob.get("/api/session").expect("answers").ok().expect("good");
    let words = session["user"]["permissions"].as_array().expect("words");
    assert!(!words.contains(&json!("admin")), "{words:?}");
}

#[test]
fn a_result_is_closed_with_its_data_source() {
    let world = World::open().expect("opens");
    let viewer = world.caller("view-only user");
    let open = world.path("/api/query_results/{id}");
    assert_eq!(viewer.get(&open).expect("answers").status, 200);
    let group = world.path("/api/groups/{id}");
    let path = format!("{group}/data_sources/{}", world.shop.sqlite);
    world.shop.admin.delete(&path).expect("answers").ok().expect("good");
    for path in [open, world.path("/api/queries/{id}/results.csv"), world.path("/api/queries/{id}")]
    {
        let answer = viewer.get(&path).expect("answers");
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
    }
}

#[test]
fn equal_texts_on_different_sources_never_share_a_result() {
    let world = World::open().expect("opens");
    let run = |source: i64, text: &str| {
        let body = json!({ "query": text, "data_source_id": source, "max_age": -1 });
        let answer = world.shop.admin.post("/api/query_results", &body).expect("answers");
        let started = answer.ok().expect("good");
        let cached = started.get("query_result").is_some();
        world.shop.admin.finish(&started).expect("ends");
        cached
    };
    assert!(!run(world.shop.sqlite, "select 'a b' as v"));
    assert!(!run(world.shop.postgres, "select 'a b' as v"), "another source");
    assert!(!run(world.shop.sqlite, "select 'ab' as v"), "blanks inside a literal");
    assert!(!run(world.shop.sqlite, "select 'a b' as v -- x"), "a comment may be a hint");
    assert!(!run(world.shop.sqlite, "select 'A B' as v"), "another letter case");
    assert!(run(world.shop.sqlite, "select 'a b' as v"), "the same");
}
