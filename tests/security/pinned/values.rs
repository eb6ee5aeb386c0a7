//! Pinned query keys: what a key fixes, no request in any dialect changes.

use serde_json::{Value, json};
use tessera_e2e::pins::{parameters, pin, secret, tenants};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_kernel::{Clock, SystemClock};
use tessera_testkit::client::Client;

const TEXT: &str =
    "select id, tenant from orders where tenant = {{ tenant }} and id >= {{ least }} order by id";
const FORMATS: [&str; 7] = ["json", "csv", "tsv", "xlsx", "ndjson", "arrow", "parquet"];

struct World {
    shop: Shop,
    query: Value,
    nobody: Client,
}

fn world(engine: Engine) -> World {
    let shop = Shop::open(options(engine).expect("options")).expect("opens");
    let query = shop.query(shop.sqlite, TEXT, parameters()).expect("made");
    let nobody = shop.server.anonymous();
    World { shop, query, nobody }
}

#[test]
fn a_link_with_a_pinned_key_gives_its_own_rows_in_every_format_on_both_engines() {
    for engine in ENGINES {
        let World { shop, query, nobody } = world(engine);
        let made = pin(
            &shop.admin,
            &query,
            json!({ "pinned": { "tenant": 5 }, "free": { "least": { "min": 1, "max": 3 } } }),
        );
        let key = secret(&made);
        let id = &query["id"];
        let url = made["urls"]["csv"].as_str().expect("a link");
        let path = url.strip_prefix(shop.server.url()).expect("of this server");
        let answer = nobody.get(path).expect("answers");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.text(), "id,tenant\r\n2,5\r\n3,5\r\n");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        for format in FORMATS {
            for path in [
                format!("/api/queries/{id}/results.{format}"),
                format!("/v1/queries/{id}/result.{format}"),
            ] {
                let answer =
                    nobody.get(&format!("{path}?api_key={key}&p_least=3")).expect("answers");
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                for named in
                    ["p_tenant=4", "p_tenant=5", "p_tenant.start=4", "p_least=3&p_tenant=6"]
                {
                    let answer =
                        nobody.get(&format!("{path}?api_key={key}&{named}")).expect("answers");
                    assert_eq!(answer.status, 403, "{path} {named}: {}", answer.text());
                    assert!(answer.text().contains("tenant"), "{}", answer.text());
                }
                for beyond in
                    ["p_least=0", "p_least=4", "p_least=99999999999999999999", "p_other=1"]
                {
                    let answer =
                        nobody.get(&format!("{path}?api_key={key}&{beyond}")).expect("answers");
                    assert!(
                        (400..500).contains(&answer.status),
                        "{path} {beyond}: {}",
                        answer.status
                    );
                }
            }
        }
        let answer = nobody
            .get(&format!("/v1/queries/{id}/result.json?api_key={key}&p_tenant=4"))
            .expect("answers");
        assert_eq!(answer.json()["reason"], "parameter_pinned");
    }
}

#[test]
fn a_script_that_polls_gets_its_own_rows_and_nobody_elses() {
    let World { shop, query, nobody } = world(Engine::Sqlite);
    let id = &query["id"];
    let free = json!({ "least": {} });
    let five =
        secret(&pin(&shop.admin, &query, json!({ "pinned": { "tenant": 5 }, "free": free })));
    let six = secret(&pin(&shop.admin, &query, json!({ "pinned": { "tenant": 6 }, "free": free })));
    let (five, six) = (nobody.with_key(&five), nobody.with_key(&six));
    let run = |caller: &Client, body: Value| {
        let answer = caller.post(&format!("/api/queries/{id}/results"), &body).expect("answers");
        (answer.status, answer.json(), answer.text())
    };
    let (status, started, _) = run(&five, json!({ "max_age": 0, "parameters": { "least": 1 } }));
    assert_eq!(status, 200);
    let job = five.finish(&started).expect("ends");
    let (job, result) = (job["job"]["id"].as_str().expect("a job"), &job["job"]["query_result_id"]);
    for path in [
        format!("/api/queries/{id}/results/{result}.csv"),
        format!("/api/query_results/{result}.csv"),
        format!("/v1/results/{result}.csv"),
        format!("/v1/queries/{id}/results/{result}.csv"),
    ] {
        let own = five.get(&path).expect("answers");
        assert_eq!((own.status, tenants(&own.text())), (200, vec!["5".to_owned(); 2]), "{path}");
        let theirs = six.get(&path).expect("answers");
        assert!((400..500).contains(&theirs.status), "{path}: {}", theirs.text());
        assert!(tenants(&theirs.text()).is_empty(), "{path}");
    }
    for path in [
        format!("/api/jobs/{job}"),
        format!("/api/queries/{id}/jobs/{job}"),
        format!("/v1/jobs/{job}"),
    ] {
        assert_eq!(five.get(&path).expect("answers").status, 200, "{path}");
        assert!(six.get(&path).expect("answers").status >= 400, "{path}");
    }
    for parameters in [
        json!({ "tenant": 6 }),
        json!({ "tenant": 5 }),
        json!({ "tenant": null }),
        json!({ "tenant.start": 6 }),
        json!({ "least": 1, "tenant": { "start": 6, "end": 6 } }),
    ] {
        let (status, _, text) = run(&five, json!({ "max_age": 0, "parameters": parameters }));
        assert_eq!(status, 403, "{parameters}: {text}");
        let body = json!({ "parameters": parameters, "wait_ms": 10000 });
        let answer = five.post(&format!("/v1/queries/{id}/runs"), &body).expect("answers");
        assert_eq!(answer.status, 403, "{parameters}: {}", answer.text());
    }
    // A stored result of exactly this run is shared; its reader then has a job of its own.
    let other = pin(&shop.admin, &query, json!({ "pinned": { "tenant": 5 }, "free": free }));
    let other = nobody.with_key(&secret(&other));
    let (_, stored, text) = run(&other, json!({ "max_age": -1, "parameters": { "least": 1 } }));
    assert_eq!(stored["query_result"]["data"]["rows"][0]["tenant"], 5, "{text}");
    let read = other.get(&format!("/api/query_results/{result}.csv")).expect("answers");
    assert_eq!(read.status, 200, "{}", read.text());
}

#[test]
fn a_pinned_key_does_nothing_but_run_its_query() {
    let World { shop, query, nobody } = world(Engine::Sqlite);
    let id = &query["id"];
    let key =
        nobody.with_key(&secret(&pin(&shop.admin, &query, json!({ "pinned": { "tenant": 5 } }))));
    for path in [
        format!("/v1/queries/{id}/key"),
        "/v1/keys".to_owned(),
        "/api/queries".to_owned(),
        "/api/session".to_owned(),
        format!("/v1/queries/{id}/keys"),
        format!("/v1/queries/{id}/parameters"),
        format!("/keys/pinned/new?query={id}"),
        "/keys".to_owned(),
        format!("/api/queries/{id}/dropdown"),
        format!("/v1/queries/{id}/dropdown"),
    ] {
        let answer = key.get(&path).expect("answers");
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text());
    }
    let open = query["api_key"].as_str().expect("a key");
    for path in [format!("/api/queries/{id}"), format!("/v1/queries/{id}")] {
        let answer = key.get(&path).expect("answers");
        assert!(!answer.text().contains(open), "{path} shows the key without pins");
    }
    for (path, body) in [
        ("/v1/keys", json!({ "name": "more" })),
        ("/v1/keys/self/children", json!({ "name": "more" })),
        ("/api/query_results", json!({ "query": "select 1", "data_source_id": shop.sqlite })),
        (&format!("/v1/queries/{id}/keys"), json!({ "name": "x", "pinned": { "tenant": 6 } })),
        (&format!("/api/queries/{id}/regenerate_api_key"), json!({})),
    ] {
        let answer = key.post(path, &body).expect("answers");
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text());
    }
    // The same holds for the key of a person with pins above it: it runs queries, and no text.
    let me = shop.admin.post("/v1/keys", &json!({ "name": "root" })).expect("answers").json();
    let root = nobody.with_key(&secret(&me));
    let child = json!({ "name": "pinned", "terms": { "pinned": { "tenant": 5 } } });
    let child = root.post("/v1/keys/self/children", &child).expect("answers").ok().expect("made");
    let child = nobody.with_key(&secret(&child));
    let rows = child.get(&format!("/api/queries/{id}/results.csv")).expect("answers");
    assert_eq!(tenants(&rows.text()), ["5", "5"], "{}", rows.text());
    let text = json!({ "query": "select id, tenant from orders", "data_source_id": shop.sqlite });
    assert!(child.post("/api/query_results", &text).expect("answers").status >= 400);
    let edit = json!({ "query": "select id, tenant from orders" });
    assert!(child.post(&format!("/api/queries/{id}"), &edit).expect("answers").status >= 400);
    let plain = shop.query(shop.sqlite, "select id, tenant from orders", json!([])).expect("made");
    let started =
        shop.admin.post(&format!("/api/queries/{}/results", plain["id"]), &json!({ "max_age": 0 }));
    let done = shop.admin.finish(&started.expect("answers").ok().expect("good")).expect("ends");
    for path in [
        format!("/api/queries/{}/results.csv", plain["id"]),
        format!("/api/query_results/{}.csv", done["job"]["query_result_id"]),
        format!("/v1/queries/{}/result.csv", plain["id"]),
    ] {
        let answer = child.get(&path).expect("answers");
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text());
    }
}

#[test]
fn an_edit_never_changes_what_a_key_for_a_version_runs() {
    let World { shop, query, nobody } = world(Engine::Sqlite);
    let id = &query["id"];
    let csv = |key: &str| {
        nobody.get(&format!("/api/queries/{id}/results.csv?api_key={key}")).expect("answers")
    };
    let refused = shop.admin.post(
        &format!("/v1/queries/{id}/keys"),
        &json!({ "name": "x", "version": "approved", "pinned": { "tenant": 5 } }),
    );
    assert_eq!(refused.expect("answers").status, 422, "nothing is approved yet");
    let approve = shop
        .admin
        .request("PUT", &format!("/v1/queries/{id}/approval"), Some(&json!({})))
        .expect("answers");
    let version = approve.ok().expect("approved")["version"].clone();
    let body = |version: Value| json!({ "version": version, "pinned": { "tenant": 5 } });
    let approved = secret(&pin(&shop.admin, &query, body(json!("approved"))));
    let numbered = secret(&pin(&shop.admin, &query, body(version)));
    let latest = secret(&pin(&shop.admin, &query, body(json!("latest"))));
    for key in [&approved, &numbered, &latest] {
        assert_eq!(tenants(&csv(key).text()), ["5", "5"]);
    }
    let edit = json!({ "query": "select id, tenant from orders where tenant = {{ tenant }} or 1 = 1 and {{ least }} > 0" });
    shop.admin.post(&format!("/api/queries/{id}"), &edit).expect("answers").ok().expect("edited");
    for key in [&approved, &numbered] {
        assert_eq!(tenants(&csv(key).text()), ["5", "5"], "the text that was given");
    }
    assert_eq!(tenants(&csv(&latest).text()).len(), 4, "the latest text");
    // A text without the pinned parameter would be everybody's: it is not run at all.
    let edit = json!({ "query": "select id, tenant from orders" });
    shop.admin.post(&format!("/api/queries/{id}"), &edit).expect("answers").ok().expect("edited");
    assert_eq!(csv(&latest).status, 403, "{}", csv(&latest).text());
    assert_eq!(tenants(&csv(&approved).text()), ["5", "5"]);
    let gone = shop.admin.delete(&format!("/v1/queries/{id}/approval")).expect("answers");
    assert_eq!(gone.status, 204);
    assert!((400..500).contains(&csv(&approved).status), "without approval nothing runs");
    assert_eq!(tenants(&csv(&numbered).text()), ["5", "5"]);
    let versions = shop
        .admin
        .get(&format!("/v1/queries/{id}/versions"))
        .expect("answers")
        .ok()
        .expect("a list");
    assert_eq!(versions["data"].as_array().map(Vec::len), Some(3), "{versions}");
}

#[test]
fn caps_formats_and_the_floor_of_age_hold() {
    let World { shop, query, nobody } = world(Engine::Sqlite);
    let id = &query["id"];
    let get = |key: &str, file: &str| {
        nobody.get(&format!("/api/queries/{id}/{file}?api_key={key}")).expect("answers")
    };
    let small = json!({ "pinned": { "tenant": 5 }, "caps": { "rows": 1 } });
    let small = secret(&pin(&shop.admin, &query, small));
    let answer = get(&small, "results.csv");
    assert!(
        answer.status >= 400 && tenants(&answer.text()).is_empty(),
        "never cut: {}",
        answer.text()
    );
    let csv = json!({ "pinned": { "tenant": 5 }, "caps": { "formats": ["csv"] } });
    let csv = secret(&pin(&shop.admin, &query, csv));
    assert_eq!(get(&csv, "results.csv").status, 200);
    for format in FORMATS.iter().filter(|format| **format != "csv") {
        assert!(get(&csv, &format!("results.{format}")).status >= 400, "{format}");
        let path = format!("/v1/queries/{id}/result.{format}?api_key={csv}");
        assert_eq!(nobody.get(&path).expect("answers").status, 403, "{format}");
    }
    let inline = nobody
        .with_key(&csv)
        .post(&format!("/api/queries/{id}/results"), &json!({ "max_age": -1 }));
    assert!(inline.expect("answers").status >= 400, "rows in the answer are JSON");
    let aged = json!({ "pinned": { "tenant": 5 }, "caps": { "max_age_floor": 3600 } });
    let aged = nobody.with_key(&secret(&pin(&shop.admin, &query, aged)));
    let run = || {
        let started = aged.post(&format!("/api/queries/{id}/results"), &json!({ "max_age": 0 }));
        let job = aged.finish(&started.expect("answers").ok().expect("good")).expect("ends");
        job["job"]["query_result_id"].as_i64().expect("a result")
    };
    let first = run();
    assert_eq!(run(), first, "max_age 0 does not force a run");
}

#[test]
fn a_key_is_checked_against_its_query_before_it_exists() {
    let World { shop, query, .. } = world(Engine::Sqlite);
    let path = format!("/v1/queries/{}/keys", query["id"]);
    for (body, field) in [
        (json!({ "pinned": { "nobody": 5 } }), "pinned.nobody"),
        (json!({ "pinned": { "tenant": "five" } }), "pinned.tenant"),
        (json!({ "pinned": { "tenant": 5 }, "free": { "tenant": {} } }), "free.tenant"),
        (json!({ "free": { "tenant": {} } }), "free"),
        (
            json!({ "pinned": { "tenant": 5 }, "free": { "least": { "min": "x" } } }),
            "free.least.min",
        ),
        (
            json!({ "pinned": { "tenant": 5 }, "free": { "least": { "min": 2, "max": 1 } } }),
            "free.least",
        ),
        (json!({ "pinned": { "tenant": 5 }, "caps": { "formats": ["exe"] } }), "caps.formats"),
        (
            json!({ "pinned": { "tenant": 5 }, "conditions": { "origin": ["acme"] } }),
            "conditions.origin",
        ),
        (json!({ "pinned": { "tenant": 5 }, "version": 99 }), "version"),
        (json!({ "attributes": { "a.b": 1 } }), "attributes.a.b"),
    ] {
        let mut body = body;
        body["name"] = json!("x");
        let answer = shop.admin.post(&path, &body).expect("answers");
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        assert_eq!(answer.json()["field"], field, "{body}: {}", answer.text());
    }
    let (other, _) = shop.user("other").expect("made");
    let body = json!({ "name": "x", "pinned": { "tenant": 5 } });
    assert_eq!(other.post(&path, &body).expect("answers").status, 403, "latest takes an editor");
    shop.admin
        .request("PUT", &format!("/v1/queries/{}/approval", query["id"]), Some(&json!({})))
        .expect("answers")
        .ok()
        .expect("approved");
    let body = json!({ "name": "x", "version": "approved", "pinned": { "tenant": 5 } });
    let made = other.post(&path, &body).expect("answers").ok().expect("made");
    let list = other.get(&path).expect("answers").ok().expect("a list");
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    assert!(!list.to_string().contains(&secret(&made)), "shown once");
    let gone = other.delete(&format!("/v1/keys/{}", made["key"]["id"])).expect("answers");
    assert_eq!(gone.status, 204, "{}", gone.text());
    let nobody = shop.server.anonymous().with_key(&secret(&made));
    assert!(
        nobody.get(&format!("/api/queries/{}/results.csv", query["id"])).expect("answers").status
            >= 400
    );
}

#[test]
fn a_pinned_key_ends_when_the_organisation_wants_it_at_the_latest() {
    let World { shop, query, .. } = world(Engine::Sqlite);
    let policy = json!({ "lifetime_days_max": 30, "default_lifetime_days": 30 });
    let changed = shop.admin.request("PATCH", "/v1/organization/key-policy", Some(&policy));
    changed.expect("answers").ok().expect("changed");
    let path = format!("/v1/queries/{}/keys", query["id"]);
    let in_days = |days| (SystemClock.now() + chrono::TimeDelta::days(days)).to_rfc3339();
    for (end, status) in [(Value::Null, 422), (json!(in_days(31)), 422), (json!(in_days(29)), 201)]
    {
        let body = json!({ "name": "x", "pinned": { "tenant": 5 }, "expires_at": end });
        let answer = shop.admin.post(&path, &body).expect("answers");
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        if status == 422 {
            assert_eq!(answer.json()["field"], "expires_at");
            assert!(answer.text().contains("lifetime_days_max"), "{}", answer.text());
        }
    }
}

#[test]
fn a_key_for_an_origin_is_read_by_pages_of_that_origin_only() {
    let World { shop, query, nobody } = world(Engine::Sqlite);
    let id = &query["id"];
    let origin = "https://acme.example";
    let made = pin(
        &shop.admin,
        &query,
        json!({ "pinned": { "tenant": 5 }, "conditions": { "origin": [origin] } }),
    );
    let key = secret(&made);
    let path = format!("/api/queries/{id}/results.json?api_key={key}");
    let get = |path: &str, headers: &[(&str, &str)]| {
        nobody.send("GET", path, None, None, headers).expect("answers")
    };
    let good = get(&path, &[("origin", origin)]);
    assert_eq!(good.status, 200, "{}", good.text());
    assert_eq!(good.header("access-control-allow-origin"), Some(origin));
    assert_eq!(good.header("access-control-allow-credentials"), None);
    for headers in [&[("origin", "https://evil.example")][..], &[]] {
        let answer = get(&path, headers);
        assert!(answer.status >= 400, "{}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let asks = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    let preflight = nobody
        .send("OPTIONS", &format!("/api/queries/{id}/results"), None, None, &asks)
        .expect("answers");
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some(origin));
    assert_eq!(preflight.header("access-control-allow-credentials"), None);
    let embed = made["urls"]["embed"]
        .as_str()
        .expect("a page")
        .strip_prefix(shop.server.url())
        .expect("ours")
        .to_owned();
    let page = get(&embed, &[("referer", "https://acme.example/portal")]);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(
        page.header("content-security-policy")
            .expect("a policy")
            .contains("frame-ancestors https://acme.example")
    );
    assert_eq!(page.header("x-frame-options"), None);
    let open = secret(&pin(&shop.admin, &query, json!({ "pinned": { "tenant": 5 } })));
    let page = get(&format!("{}?api_key={open}", embed.split('?').next().expect("a path")), &[]);
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
}

#[test]
fn the_dry_run_says_what_a_run_says_also_of_relative_dates() {
    for engine in ENGINES {
        let World { shop, nobody, .. } = world(engine);
        let text = "select id from orders where tenant = {{ tenant }} and '{{ since }}' > '' \
                    and id in ({{ ids }})";
        let parameters = json!([
            { "name": "tenant", "title": "Tenant", "type": "number", "value": 4 },
            { "name": "since", "title": "Since", "type": "date", "value": "d_now" },
            { "name": "ids", "title": "Ids", "type": "number", "value": 1 },
        ]);
        let query = shop.query(shop.sqlite, text, parameters).expect("made");
        let free = json!({
            "since": { "min": "-30d", "max": "0d" }, "ids": { "min": 1, "max": 3 },
        });
        let key =
            secret(&pin(&shop.admin, &query, json!({ "pinned": { "tenant": 5 }, "free": free })));
        let script = nobody.with_key(&key);
        let day = |ago: i64| {
            let day = SystemClock.now() - chrono::TimeDelta::days(ago);
            day.format("%Y-%m-%d").to_string()
        };
        let run = format!("/api/queries/{}/results", query["id"]);
        for (given, allowed) in [
            (json!({}), true),
            (json!({ "since": day(10) }), true),
            (json!({ "since": "d_now", "ids": 3 }), true),
            (json!({ "since": "d_yesterday" }), true),
            (json!({ "since": day(40) }), false),
            (json!({ "since": day(-3) }), false),
            (json!({ "since": day(10), "ids": 4 }), false),
            (json!({ "ids": "4" }), false),
            (json!({ "tenant": 5 }), false),
            (json!({ "other": 5 }), false),
        ] {
            let ask = json!({
                "action": "queries.run", "resource": format!("query:{}", query["id"]),
                "parameters": given,
            });
            let said = script.post("/v1/keys/self/can", &ask).expect("answers").ok().expect("good");
            assert_eq!(said["allow"], allowed, "{given}: {said}");
            assert_eq!(said["reason"] == "parameter_pinned", !allowed, "{given}: {said}");
            let body = json!({ "max_age": 0, "parameters": given });
            let ran = script.post(&run, &body).expect("answers");
            assert_eq!(ran.status == 200, allowed, "{given}: {}", ran.text());
        }
    }
}
