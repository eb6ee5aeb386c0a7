//! Keys below keys, and tokens made offline: each can only narrow, and dies with what is above it.

use std::process::Command;

use serde_json::{Value, json};
use tessera_e2e::pins::{parameters, pin, secret, tenants};
use tessera_e2e::{Engine, Shop, options};

const TEXT: &str =
    "select id, tenant from orders where tenant = {{ tenant }} and id >= {{ least }} order by id";

/// Makes a token with the script of the documentation, unchanged.
fn mint(signing_secret: &str, caveats: &Value, seconds: i64) -> String {
    let document = include_str!("../../../docs/pinned-keys.md");
    let script = document.split("```python\n").nth(1).and_then(|rest| rest.split("```").next());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mint.py");
    std::fs::write(&file, script.expect("the script")).expect("written");
    let out = Command::new("python3")
        .arg(&file)
        .args([signing_secret, &seconds.to_string(), &caveats.to_string()])
        .output()
        .expect("python3 runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text").trim().to_owned()
}

struct World {
    shop: Shop,
    query: Value,
}

fn world() -> World {
    let shop = Shop::open(options(Engine::Sqlite).expect("options")).expect("opens");
    let query = shop.query(shop.sqlite, TEXT, parameters()).expect("made");
    World { shop, query }
}

#[test]
fn a_visitors_token_gives_that_visitors_rows_and_dies_with_its_key() {
    let World { shop, query } = world();
    let nobody = shop.server.anonymous();
    let id = &query["id"];
    let made = pin(
        &shop.admin,
        &query,
        json!({
            "free": { "tenant": { "enum": [4, 5, 6] }, "least": {} }, "attenuable": true,
        }),
    );
    let signing = made["signing_secret"].as_str().expect("a signing secret");
    let caveats = |tenant: i64| json!([{ "terms": { "pinned": { "tenant": tenant } }, "visitor": format!("v{tenant}") }]);
    let five = mint(signing, &caveats(5), 600);
    let six = mint(signing, &caveats(6), 600);
    assert!(five.starts_with("att_") && five.len() < 2048, "{five}");
    let csv = |token: &str, more: &str| {
        nobody
            .get(&format!("/api/queries/{id}/results.csv?api_key={token}{more}"))
            .expect("answers")
    };
    assert_eq!(tenants(&csv(&five, "").text()), ["5", "5"], "{}", csv(&five, "").text());
    assert_eq!(tenants(&csv(&six, "").text()), ["6"]);
    assert_eq!(tenants(&csv(&five, "&p_least=3").text()), ["5"]);
    assert_eq!(csv(&five, "&p_tenant=6").status, 403);
    // Header, and the result of the other visitor's run.
    let (one, other) = (nobody.with_key(&five), nobody.with_key(&six));
    let started =
        one.post(&format!("/api/queries/{id}/results"), &json!({ "max_age": 0 })).expect("answers");
    let job = one.finish(&started.ok().expect("starts")).expect("ends");
    let result = format!("/api/query_results/{}.csv", job["job"]["query_result_id"]);
    assert_eq!(one.get(&result).expect("answers").status, 200);
    assert!(other.get(&result).expect("answers").status >= 400, "another visitor's rows");
    // Beyond the key above: another tenant than those it leaves free, attributes, versions.
    for caveat in [
        json!({ "terms": { "pinned": { "tenant": 7 } } }),
        json!({ "terms": { "grants": [{ "action": "queries.run", "resource": format!("query:{id}@1") }] } }),
        json!({ "terms": { "grants": [{ "action": "sources.list" }] } }),
        json!({ "terms": { "pinned": { "tenant": 5 }, "free": { "tenant": {} }, "caps": { "formats": ["json"] } } }),
    ] {
        let token = mint(signing, &json!([caveat]), 600);
        let answer = csv(&token, "");
        assert!((400..500).contains(&answer.status), "{caveat}: {}", answer.text());
    }
    let child = one.post("/v1/keys/self/children", &json!({ "name": "x" })).expect("answers");
    assert!(child.status >= 400, "a token makes no keys: {}", child.text());
    // What was not made with the secret, is over, or lives too long, is no key.
    let mut wrong = five.clone();
    let last = wrong.pop().expect("a letter");
    wrong.push(if last == 'A' { 'Q' } else { 'A' });
    let begin = "sig_".len();
    let letter = if signing[begin..].starts_with('x') { "y" } else { "x" };
    let foreign = format!("{}{letter}{}", &signing[..begin], &signing[begin + 1..]);
    let other_key = pin(&shop.admin, &query, json!({ "pinned": { "tenant": 4 } }));
    assert!(other_key["signing_secret"].is_null(), "only for keys that allow it");
    for (token, why) in [
        (wrong, "a wrong mac"),
        (mint(signing, &caveats(5), -1), "over"),
        (mint(signing, &caveats(5), 90_000), "more than a day"),
        (mint(&foreign, &caveats(5), 600), "another key"),
    ] {
        let answer =
            nobody.get(&format!("/v1/queries/{id}/result.csv?api_key={token}")).expect("answers");
        assert_eq!(answer.status, 401, "{why}: {}", answer.text());
    }
    shop.admin
        .delete(&format!("/v1/keys/{}", made["key"]["id"]))
        .expect("answers")
        .ok()
        .expect("revoked");
    for token in [&five, &six] {
        assert!(csv(token, "").status >= 400, "the key is revoked");
    }
}

#[test]
fn a_child_can_only_narrow_and_dies_with_its_parent() {
    let World { shop, query } = world();
    let nobody = shop.server.anonymous();
    let id = &query["id"];
    let parent = pin(
        &shop.admin,
        &query,
        json!({
            "pinned": { "tenant": 5 }, "free": { "least": { "min": 1, "max": 3 } }, "delegable": true,
            "caps": { "rows": 10 },
        }),
    );
    let key = nobody.with_key(&secret(&parent));
    let make = |terms: Value| {
        key.post("/v1/keys/self/children", &json!({ "name": "child", "terms": terms }))
            .expect("answers")
    };
    for (terms, field) in [
        (json!({ "pinned": { "tenant": 6 } }), "terms.pinned.tenant"),
        (json!({ "free": { "tenant": {} } }), "terms.free.tenant"),
        (json!({ "free": { "least": { "max": 4 } } }), "terms.free.least"),
        (json!({ "caps": { "rows": 11 } }), "terms.caps.rows"),
        (json!({ "attributes": { "tenant": 6 } }), "terms.attributes.tenant"),
        (json!({ "grants": [{ "action": "*" }] }), "terms.grants"),
    ] {
        let answer = make(terms.clone());
        assert_eq!(
            (answer.status, answer.json()["field"].as_str()),
            (422, Some(field)),
            "{terms}: {}",
            answer.text()
        );
    }
    let child = make(json!({ "free": { "least": { "min": 3 } }, "caps": { "formats": ["csv"] } }))
        .ok()
        .expect("made");
    assert_eq!(child["key"]["parent_id"], parent["key"]["id"]);
    let text = secret(&child);
    let csv = |more: &str| {
        nobody.get(&format!("/api/queries/{id}/results.csv?api_key={text}{more}")).expect("answers")
    };
    assert_eq!(tenants(&csv("&p_least=3").text()), ["5"], "{}", csv("&p_least=3").text());
    assert_eq!(csv("&p_least=2").status, 403, "its own range");
    assert_eq!(csv("&p_least=4").status, 403, "that of the key above");
    assert_eq!(csv("&p_tenant=6").status, 403);
    assert_eq!(csv("").status, 403, "the default is outside of its range");
    let grandchild =
        nobody.with_key(&text).post("/v1/keys/self/children", &json!({ "name": "g", "terms": {} }));
    assert!(grandchild.expect("answers").status >= 400, "no grant of its own to delegate");
    shop.admin
        .delete(&format!("/v1/keys/{}", parent["key"]["id"]))
        .expect("answers")
        .ok()
        .expect("revoked");
    assert!(csv("&p_least=3").status >= 400, "the key above is revoked");
}

#[test]
fn there_are_at_most_eight_keys_above_one_another() {
    let World { shop, .. } = world();
    let nobody = shop.server.anonymous();
    let root = shop
        .admin
        .post("/v1/keys", &json!({ "name": "root" }))
        .expect("answers")
        .ok()
        .expect("made");
    let mut key = secret(&root);
    let mut depth = 0;
    loop {
        let answer = nobody
            .with_key(&key)
            .post("/v1/keys/self/children", &json!({ "name": "below" }))
            .expect("answers");
        if answer.status != 201 {
            assert_eq!(answer.json()["field"], "parent", "{}", answer.text());
            break;
        }
        key = secret(&answer.json());
        assert_eq!(nobody.with_key(&key).get("/v1/session").expect("answers").status, 200);
        depth += 1;
        assert!(depth < 20, "it never ends");
    }
    // The first one is below the administrator's own key, with which it was made.
    assert_eq!(depth, 6);
    assert!(
        shop.admin.post("/v1/keys/self/children", &json!({ "name": "x" })).expect("answers").status
            == 201,
        "a plain key delegates"
    );
}
