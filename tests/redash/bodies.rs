//! Bodies that leave something out, name what there is not, or say too much: what is not said must
//! not widen, and nothing is taken in silence that has no effect.

use serde_json::{Value, json};

use crate::shops;

#[test]
fn what_is_not_said_about_a_source_of_a_group_does_not_widen_it() {
    for shop in shops() {
        let group = shop.admin.post("/api/groups", &json!({ "name": "viewers" }));
        let group = group.expect("answers").ok().expect("made");
        let list = format!("/api/groups/{}/data_sources", group["id"]);
        let one = format!("{list}/{}", shop.sqlite);
        let post = |path: &str, body: Value| shop.admin.post(path, &body).expect("answers");
        post(&list, json!({ "data_source_id": shop.sqlite })).ok().expect("added");
        let narrowed = post(&one, json!({ "view_only": true })).ok().expect("narrowed");
        assert_eq!(narrowed["view_only"], true);
        for wrong in [json!({}), json!({ "view_only": null }), json!({ "view_only": "no" })] {
            assert_eq!(post(&one, wrong.clone()).status, 400, "{wrong}");
            let kept = shop.admin.get(&list).expect("answers").ok().expect("good");
            assert_eq!(kept[0]["view_only"], true, "{wrong}");
        }
    }
}

#[test]
fn access_lists_tell_of_users_that_there_are_not_and_revoke_what_nobody_has() {
    for shop in shops() {
        let query = shop.query(shop.sqlite, "select 1 as n", json!([])).expect("made");
        let (_, bob) = shop.user("bob").expect("made");
        let path = format!("/api/queries/{}/acl", query["id"]);
        let send = |method: &str, path: &str, access_type: &str, user: i64| {
            let body = json!({ "access_type": access_type, "user_id": user });
            shop.admin.request(method, path, Some(&body)).expect("answers")
        };
        let refused = send("POST", &path, "modify", 999);
        assert_eq!((refused.status, &refused.json()["message"]), (400, &json!("User not found.")));
        for access_type in ["modify", "view", "delete"] {
            let revoked = send("DELETE", &path, access_type, bob);
            assert_eq!((revoked.status, revoked.json()), (200, Value::Null), "{access_type}");
        }
        assert_eq!(send("POST", &path, "modify", bob).status, 200);
        assert_eq!(send("DELETE", &path, "view", bob).status, 200, "another type");
        let editors = shop.admin.get(&path).expect("answers").ok().expect("good");
        assert_eq!(editors["modify"][0]["id"], bob, "still there");
        for (method, path, status) in [
            ("POST", "/api/widgets/1/acl", 404),
            ("DELETE", "/api/widgets/1/acl", 404),
            ("PUT", "/api/widgets/1/acl", 405),
            ("PUT", path.as_str(), 405),
        ] {
            assert_eq!(send(method, path, "modify", bob).status, status, "{method} {path}");
        }
    }
}

#[test]
fn a_user_is_in_a_group_once() {
    for shop in shops() {
        let (_, bob) = shop.user("bob").expect("made");
        let path = format!("/api/users/{bob}");
        let twice = json!({ "group_ids": [2, 2] });
        let changed = shop.admin.post(&path, &twice).expect("answers").ok().expect("good");
        assert_eq!(changed["groups"], json!([2]));
    }
}

#[test]
fn a_source_keeps_its_type_and_options_that_have_no_effect_are_not_taken() {
    for shop in shops() {
        let path = format!("/api/data_sources/{}", shop.postgres);
        let read = || shop.admin.get(&path).expect("answers").ok().expect("good");
        let before = read();
        let post = |body: Value| shop.admin.post(&path, &body).expect("answers");
        for kind in ["mysql", "nope"] {
            let body = json!({ "name": "PG", "type": kind, "options": before["options"] });
            let refused = post(body);
            assert_eq!(refused.status, 400, "{kind}");
            let detail = refused.json()["detail"].as_str().map(str::to_owned);
            assert!(detail.is_some_and(|detail| detail.starts_with("Type:")), "{kind}");
        }
        let mut tunnel = before["options"].clone();
        tunnel["ssh_tunnel"] = json!({ "ssh_host": "bastion", "ssh_port": 22 });
        let refused = post(json!({ "name": "PG", "type": "pg", "options": tunnel }));
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains("ssh_tunnel"), "{}", refused.text());
        assert_eq!(read(), before);
        // A form sends null for what was left empty.
        let mut empty = before["options"].clone();
        empty["sslmode"] = Value::Null;
        let changed = post(json!({ "name": "PG", "type": "pg", "options": empty }));
        let changed = changed.ok().expect("taken");
        assert_eq!(changed["options"].get("sslmode"), None);
        let tested = shop.admin.post(&format!("{path}/test"), &json!({})).expect("answers");
        assert_eq!(tested.json()["ok"], true, "the password stayed: {}", tested.text());
    }
}

#[test]
fn the_character_nul_is_refused_and_keeps_nothing_waiting() {
    for shop in shops() {
        let post = |path: &str, body: Value| shop.admin.post(path, &body).expect("answers");
        let parameters = json!([{ "name": "t", "type": "text", "value": "a" }]);
        let query = shop.query(shop.sqlite, "select {{ t }} as x", parameters).expect("made");
        let results = format!("/api/queries/{}/results", query["id"]);
        for (path, body) in [
            ("/api/groups", json!({ "name": "a\0" })),
            ("/api/users", json!({ "name": "a\0", "email": "a@example.com" })),
            ("/api/users", json!({ "name": "a", "email": "a\0@example.com" })),
            (
                "/api/query_results",
                json!({
                    "query": "select \0 1", "data_source_id": shop.sqlite, "max_age": 0
                }),
            ),
            (
                "/api/query_results",
                json!({
                    "query": "select {{ a }} as x", "data_source_id": shop.sqlite, "max_age": 0,
                    "parameters": { "a": "b\0" }
                }),
            ),
            (&results, json!({ "max_age": 0, "parameters": { "t": "a\0b" } })),
            ("/api/events", json!([{ "action": "view\0", "object_type": "page" }])),
            (
                "/api/events",
                json!([{
                    "action": "view", "object_type": "page", "object_id": "\0"
                }]),
            ),
        ] {
            let refused = post(path, body);
            assert_eq!(refused.status, 400, "{path}: {}", refused.text());
        }
        let good = json!([{
            "action": "view", "object_type": "page", "object_id": "home", "more": "a\0b"
        }]);
        assert_eq!(post("/api/events", good).status, 200);
        let events = shop.admin.get("/api/events").expect("answers").ok().expect("are written");
        assert_eq!(events["results"][0]["object_id"], "home");
    }
}

#[test]
fn the_page_for_new_sources_leaves_out_types_that_others_took_the_place_of() {
    let options = tessera_e2e::options(tessera_e2e::Engine::Sqlite).expect("an engine");
    let shop = tessera_e2e::Shop::open(options).expect("opens");
    let types = shop.admin.get("/api/data_sources/types").expect("answers").ok().expect("good");
    let old: Vec<&str> = types
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["deprecated"] == true)
        .filter_map(|one| one["type"].as_str())
        .collect();
    assert_eq!(old.len(), 3, "{old:?}");
    assert!(old.contains(&"url") && old.contains(&"kibana"));
    let url = json!({ "name": "u", "type": "url", "options": { "url": "https://a.example" } });
    assert_eq!(shop.admin.post("/api/data_sources", &url).expect("answers").status, 200);
}
