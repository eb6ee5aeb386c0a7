//! Keys: a query's key opens one query; a revoked key and a disabled user are out at once.

use serde_json::json;
use tessera_e2e::callers::World;

#[test]
fn a_link_with_a_querys_key_downloads_that_query_and_nothing_else() {
    let world = World::open().expect("opens");
    let nobody = world.caller("nobody");
    let key = world.query["api_key"].as_str().expect("a key");
    let id = &world.query["id"];
    let answer =
        nobody.get(&format!("/api/queries/{id}/results.csv?api_key={key}")).expect("answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().starts_with("id,note\r\n1,a\r\n"), "{}", answer.text());
    for (name, value) in [("referrer-policy", "no-referrer"), ("x-robots-tag", "noindex")] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let other = world.shop.query(world.shop.sqlite, "select 2 as two", json!([])).expect("made");
    let started = world
        .shop
        .admin
        .post(&format!("/api/queries/{}/results", other["id"]), &json!({ "max_age": 0 }));
    let job =
        world.shop.admin.finish(&started.expect("answers").ok().expect("good")).expect("ends");
    let (other, result) = (&other["id"], &job["job"]["query_result_id"]);
    let job = job["job"]["id"].as_str().expect("a job");
    for path in [
        format!("/api/queries/{other}"),
        format!("/api/queries/{other}/results.csv"),
        format!("/api/queries/{other}/results/{result}.csv"),
        format!("/api/queries/{id}/results/{result}.csv"),
        format!("/api/query_results/{result}.csv"),
        format!("/api/jobs/{job}"),
        format!("/api/queries/{id}/jobs/{job}"),
        "/api/queries".to_owned(),
        "/api/session".to_owned(),
        "/api/data_sources".to_owned(),
        "/v1/session".to_owned(),
        format!("/v1/queries/{other}"),
    ] {
        let sign = if path.contains('?') { '&' } else { '?' };
        let answer = nobody.get(&format!("{path}{sign}api_key={key}")).expect("answers");
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("two"), "{path}");
    }
    let run = json!({ "query": "select 1", "data_source_id": world.shop.sqlite });
    let answer = nobody.post(&format!("/api/query_results?api_key={key}"), &run).expect("answers");
    assert!((400..500).contains(&answer.status), "{}", answer.text());
}

#[test]
fn after_an_edit_the_querys_key_does_not_show_the_old_result() {
    let world = World::open().expect("opens");
    let id = &world.query["id"];
    let edit = json!({ "query": "select 3 as three" });
    world
        .shop
        .admin
        .post(&format!("/api/queries/{id}"), &edit)
        .expect("answers")
        .ok()
        .expect("good");
    let path = format!("/api/queries/{id}/results.json");
    assert_eq!(world.caller("query's key").get(&path).expect("answers").status, 404);
    assert_eq!(world.shop.admin.get(&path).expect("answers").status, 200);
}

#[test]
fn a_replaced_or_revoked_key_is_out_at_once() {
    let world = World::open().expect("opens");
    let (user, id) = world.shop.user("carol").expect("made");
    assert_eq!(user.get("/api/session").expect("answers").status, 200);
    let path = format!("/api/users/{id}/regenerate_api_key");
    let made = user.post(&path, &json!({})).expect("answers").ok().expect("good");
    assert_eq!(user.get("/api/session").expect("answers").status, 404);
    let user = world.shop.server.anonymous().with_key(made["api_key"].as_str().expect("a key"));
    assert_eq!(user.get("/api/session").expect("answers").status, 200);
    world
        .shop
        .admin
        .post(&format!("/api/users/{id}/disable"), &json!({}))
        .expect("answers")
        .ok()
        .expect("good");
    assert_eq!(user.get("/api/session").expect("answers").status, 404);
    world
        .shop
        .admin
        .delete(&format!("/api/users/{id}/disable"))
        .expect("answers")
        .ok()
        .expect("good");
    let key =
        user.post("/v1/keys", &json!({ "name": "script" })).expect("answers").ok().expect("good");
    let text = key["secret"].as_str().expect("the text, once");
    assert!(text.starts_with("tsr_usr_"), "{text}");
    let script = world.shop.server.anonymous().with_key(text);
    assert_eq!(script.get("/v1/session").expect("answers").status, 200);
    let list = user.get("/v1/keys").expect("answers");
    assert!(!list.text().contains(text), "a key is shown once");
    user.delete(&format!("/v1/keys/{}", key["key"]["id"])).expect("answers").ok().expect("good");
    assert_eq!(script.get("/v1/session").expect("answers").status, 401);
}

#[test]
fn every_wrong_key_gets_the_same_answer() {
    let world = World::open().expect("opens");
    let good = world.query["api_key"].as_str().expect("a key");
    let mut wrong = good.to_owned();
    wrong.replace_range(39..40, if good.ends_with('x') { "y" } else { "x" });
    let ask = |key: &str| {
        let answer =
            world.shop.server.anonymous().with_key(key).get("/v1/session").expect("answers");
        let mut body = answer.json();
        body["instance"] = json!(null);
        (answer.status, body)
    };
    let expected = ask(&wrong);
    assert_eq!(expected.0, 401);
    for key in [
        "x",
        &"a".repeat(40),
        "tsr_usr_AAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB_000000",
        &"é".repeat(300),
    ] {
        if key.is_ascii() {
            assert_eq!(ask(key), expected, "{key}");
        }
    }
}
