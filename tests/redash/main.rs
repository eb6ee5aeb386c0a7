//! What clients of the Redash API rely on, through the real binary, on both metadata engines.

mod alerts;
mod duckdb;
mod edges;
mod organization;
mod remarks;
mod web_client;

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Shop, options};

mod bodies;
mod operator;
mod query_results;
mod search;

fn shops() -> impl Iterator<Item = Shop> {
    ENGINES
        .into_iter()
        .map(|engine| Shop::open(options(engine).expect("an engine")).expect("opens"))
}

/// Runs a query and returns the number of its result.
fn run(shop: &Shop, query: &Value, body: &Value) -> i64 {
    let path = format!("/api/queries/{}/results", query["id"]);
    let started = shop.admin.post(&path, body).expect("answers").ok().expect("good");
    let job = shop.admin.finish(&started).expect("ends");
    assert_eq!(job["job"]["status"], 3, "{job}");
    job["job"]["query_result_id"].as_i64().expect("a result")
}

#[test]
fn a_query_is_made_run_and_downloaded_in_every_format() {
    for shop in shops() {
        for source in [shop.postgres, shop.sqlite] {
            let text = "select id, note from orders where tenant = {{ tenant }} order by id";
            let parameters = json!([{ "name": "tenant", "type": "number", "value": 5 }]);
            let query = shop.query(source, text, parameters).expect("made");
            let id = run(&shop, &query, &json!({ "max_age": 0, "parameters": { "tenant": 5 } }));
            let get = |file: &str| {
                shop.admin.get(&format!("/api/query_results/{file}")).expect("answers")
            };
            let rows =
                get(&id.to_string()).ok().expect("good")["query_result"]["data"]["rows"].clone();
            assert_eq!(rows, json!([{ "id": 2, "note": "it's" }, { "id": 3, "note": null }]));
            assert_eq!(get(&format!("{id}.csv")).text(), "id,note\r\n2,it's\r\n3,\r\n");
            assert_eq!(get(&format!("{id}.tsv")).text(), "id\tnote\r\n2\tit's\r\n3\t\r\n");
            assert_eq!(&get(&format!("{id}.xlsx")).body[..2], b"PK");
            assert_eq!(get(&format!("{id}.xml")).status, 404);
            let uid = shop.admin.get(&format!("/v1/results/{id}")).expect("answers");
            assert_eq!(uid.status, 200, "{}", uid.text());
            for (extension, start) in [
                ("arrow", &b"\xff\xff\xff\xff"[..]),
                ("parquet", b"PAR1"),
                ("ndjson", b"{\"id\":2"),
            ] {
                let file =
                    shop.admin.get(&format!("/v1/results/{id}.{extension}")).expect("answers");
                assert!(file.body.starts_with(start), "{extension}: {}", file.status);
            }
        }
    }
}

#[test]
fn freshness_is_what_the_caller_asks_for() {
    for shop in shops() {
        let query =
            shop.query(shop.sqlite, "select count(*) as n from orders", json!([])).expect("made");
        let path = format!("/api/queries/{}/results", query["id"]);
        let missing = shop.admin.get(&path).expect("answers");
        assert_eq!(missing.status, 404);
        assert_eq!(missing.json()["message"], "No cached result found for this query.");
        let first = run(&shop, &query, &json!({ "max_age": -1 }));
        let ask = |body: Value| shop.admin.post(&path, &body).expect("answers").ok().expect("good");
        for fresh in [
            json!({}),
            json!({ "max_age": -1 }),
            json!({ "max_age": null }),
            json!({ "max_age": 3600 }),
            json!({ "max_age": "3600" }),
        ] {
            assert_eq!(ask(fresh)["query_result"]["id"], json!(first));
        }
        assert!(run(&shop, &query, &json!({ "max_age": 0 })) > first);
        assert_eq!(
            shop.admin.post(&path, &json!({ "max_age": "x" })).expect("answers").status,
            400
        );
        assert_eq!(shop.admin.get(&path).expect("answers").status, 200);
    }
}

#[test]
fn missing_and_wrong_values_are_named() {
    for shop in shops() {
        let parameters = json!([
            { "name": "n", "type": "number" },
            { "name": "e", "type": "enum", "enumOptions": "red\ngreen" },
        ]);
        let query = shop
            .query(shop.postgres, "select {{ n }} as n, '{{ e }}' as e", parameters)
            .expect("made");
        let ask = |parameters: Value| {
            let path = format!("/api/queries/{}/results", query["id"]);
            let body = json!({ "max_age": 0, "parameters": parameters });
            let answer = shop.admin.post(&path, &body).expect("answers");
            (answer.status, answer.json())
        };
        assert_eq!(
            ask(json!({ "n": 1 })),
            (400, json!({ "job": { "status": 4, "error": "Missing parameter value for: e" } }))
        );
        let incompatible =
            "The following parameter values are incompatible with their definitions: n, e";
        assert_eq!(
            ask(json!({ "n": "x", "e": "blue" })),
            (400, json!({ "message": incompatible }))
        );
        assert_eq!(ask(json!({ "n": 1, "e": "red" })).0, 200);
    }
}

#[test]
fn equal_runs_share_a_job_and_a_cancelled_one_stops() {
    for shop in shops() {
        let text = "select pg_sleep(60)";
        let body = json!({ "query": text, "data_source_id": shop.postgres, "max_age": 0 });
        let ask =
            || shop.admin.post("/api/query_results", &body).expect("answers").ok().expect("good");
        let (one, other) = (ask(), ask());
        assert_eq!(one["job"]["id"], other["job"]["id"]);
        let path = format!("/api/jobs/{}", one["job"]["id"].as_str().expect("a job"));
        assert_eq!(shop.admin.delete(&path).expect("answers").json(), Value::Null);
        let job = shop.admin.finish(&one).expect("ends");
        assert_eq!(job["job"]["status"], 4);
        assert_eq!(job["job"]["error"], "Query cancelled by user.");
    }
}

#[test]
fn a_change_based_on_an_old_version_is_refused() {
    for shop in shops() {
        let query = shop.query(shop.sqlite, "select 1", json!([])).expect("made");
        let path = format!("/api/queries/{}", query["id"]);
        let edit = |name: &str| {
            let body = json!({ "name": name, "version": query["version"] });
            shop.admin.post(&path, &body).expect("answers").status
        };
        assert_eq!(edit("first"), 200);
        assert_eq!(edit("second"), 409);
        let now = shop.admin.get(&path).expect("answers").ok().expect("good");
        assert_eq!(now["name"], "first");
        let history =
            shop.admin.get(&format!("/v1/queries/{}/history", query["id"])).expect("answers");
        assert!(history.text().contains("first"), "{}", history.text());
    }
}

#[test]
fn a_shared_dashboard_shows_its_queries_until_it_is_unshared() {
    for shop in shops() {
        let query =
            shop.query(shop.sqlite, "select id from orders order by id", json!([])).expect("made");
        run(&shop, &query, &json!({ "max_age": 0 }));
        let board = shop
            .admin
            .post("/api/dashboards", &json!({ "name": "Public" }))
            .expect("answers")
            .ok()
            .expect("good");
        let widget = json!({
            "dashboard_id": board["id"], "visualization_id": query["visualizations"][0]["id"],
            "text": "", "width": 1, "options": {},
        });
        shop.admin.post("/api/widgets", &widget).expect("answers").ok().expect("good");
        let share = format!("/api/dashboards/{}/share", board["id"]);
        let shared = shop.admin.post(&share, &json!({})).expect("answers").ok().expect("good");
        let key = shared["api_key"].as_str().expect("a key");
        let public = format!("/api/dashboards/public/{key}");
        let nobody = shop.server.anonymous();
        let shown = nobody.get(&public).expect("answers").ok().expect("good");
        assert_eq!(shown["widgets"].as_array().map(Vec::len), Some(1));
        let visitor = nobody.with_key(key);
        let path = format!("/api/queries/{}/results", query["id"]);
        let rows =
            visitor.post(&path, &json!({ "max_age": -1 })).expect("answers").ok().expect("good");
        assert_eq!(rows["query_result"]["data"]["rows"].as_array().map(Vec::len), Some(4));
        let other = shop.query(shop.sqlite, "select 1", json!([])).expect("made");
        let closed = format!("/api/queries/{}/results", other["id"]);
        assert!(visitor.post(&closed, &json!({})).expect("answers").status >= 400);
        shop.admin.delete(&share).expect("answers").ok().expect("good");
        assert_eq!(nobody.get(&public).expect("answers").status, 404);
        assert_eq!(visitor.post(&path, &json!({ "max_age": -1 })).expect("answers").status, 404);
    }
}
