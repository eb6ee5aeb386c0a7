//! Requests at the edges of what clients send: odd values, odd callers, values in addresses.

use serde_json::{Value, json};
use tessera_e2e::Shop;
use tessera_testkit::client::{Answer, Client};

use crate::{run, shops};

fn post(caller: &Client, path: &str, body: &Value) -> Answer {
    caller.post(path, body).expect("answers")
}

fn get(caller: &Client, path: &str) -> Answer {
    caller.get(path).expect("answers")
}

/// A published dashboard with one widget, and its public key.
fn board(shop: &Shop, name: &str, visualization: &Value, text: &str) -> i64 {
    let made = post(&shop.admin, "/api/dashboards", &json!({ "name": name })).ok().expect("made");
    let widget = json!({
        "dashboard_id": made["id"], "visualization_id": visualization, "text": text, "width": 1,
        "options": {},
    });
    post(&shop.admin, "/api/widgets", &widget).ok().expect("made");
    publish(shop, &made["id"])
}

fn publish(shop: &Shop, board: &Value) -> i64 {
    let published = json!({ "is_draft": false });
    post(&shop.admin, &format!("/api/dashboards/{board}"), &published).ok().expect("published");
    board.as_i64().expect("an id")
}

#[test]
fn any_age_that_can_be_written_is_an_age() {
    let shop = shops().next().expect("a shop");
    let query = shop.query(shop.sqlite, "select 1 as n", json!([])).expect("made");
    let path = format!("/api/queries/{}/results", query["id"]);
    let first = run(&shop, &query, &json!({ "max_age": 0 }));
    for age in [json!(1e30), json!(u64::MAX), json!(i64::MAX), json!("1e300"), json!(-7)] {
        let answer = post(&shop.admin, &path, &json!({ "max_age": age })).ok().expect("good");
        assert_eq!(answer["query_result"]["id"], json!(first), "{age}");
    }
    let v1 = format!("/v1/queries/{}/runs", query["id"]);
    let answer = post(&shop.admin, &v1, &json!({ "max_age_seconds": u64::MAX }));
    assert!(answer.status < 500, "{}", answer.text());
}

#[test]
fn a_download_with_values_in_its_address_has_the_rows_of_these_values() {
    for shop in shops() {
        let text = "select id from orders where tenant = {{ tenant }} order by id";
        let tenant = json!([{ "name": "tenant", "type": "number", "value": 5 }]);
        let query = shop.query(shop.postgres, text, tenant).expect("made");
        let key = query["api_key"].as_str().expect("a key");
        let holder = shop.server.anonymous().with_key(key);
        let path = |rest: &str| format!("/api/queries/{}/results{rest}", query["id"]);
        for caller in [&shop.admin, &holder] {
            let rows = |rest: &str| get(caller, &path(rest)).text();
            assert_eq!(rows(".csv?p_tenant=5"), "id\r\n2\r\n3\r\n");
            assert_eq!(rows(".csv?p_tenant=4"), "id\r\n1\r\n");
            assert_eq!(rows(".csv?p_tenant=5"), "id\r\n2\r\n3\r\n");
            let shown = get(caller, &path("?p_tenant=6")).ok().expect("good");
            assert_eq!(shown["query_result"]["data"]["rows"], json!([{ "id": 4 }]));
            let wrong = get(caller, &path(".csv?p_tenant=x"));
            assert_eq!(wrong.status, 400, "{}", wrong.text());
            assert!(wrong.text().contains("incompatible"), "{}", wrong.text());
        }
        // Without values it is the latest result, of which there is none; and what is no parameter
        // is as good as not there.
        for rest in [".csv", ".csv?p_other=1", ".json?p_=1"] {
            assert_eq!(get(&holder, &path(rest)).status, 404, "{rest}");
        }
        let plain = shop.query(shop.sqlite, "select 7 as n", json!([])).expect("made");
        let stored = run(&shop, &plain, &json!({ "max_age": 0 }));
        let latest = format!("/api/queries/{}/results.json?p_x=1", plain["id"]);
        let latest = get(&shop.admin, &latest).ok().expect("good");
        assert_eq!(latest["query_result"]["id"], json!(stored));
    }
}

#[test]
fn sections_of_a_text_follow_the_values_of_a_run() {
    for shop in shops() {
        let text = "select id from orders where 1 = 1{{#note}} and note = '{{ note }}'{{/note}} \
                    {{^all}}and tenant = 5{{/all}} order by id";
        let parameters = json!([
            { "name": "note", "type": "text", "value": "" },
            { "name": "all", "type": "number", "value": 0 },
        ]);
        let query = shop.query(shop.sqlite, text, parameters).expect("made");
        let rows = |note: &str, all: i64| {
            let values = json!({ "note": note, "all": all });
            let id = run(&shop, &query, &json!({ "max_age": -1, "parameters": values }));
            let shown = get(&shop.admin, &format!("/api/query_results/{id}")).ok().expect("good");
            shown["query_result"]["data"]["rows"].clone()
        };
        assert_eq!(rows("", 0), json!([{ "id": 2 }, { "id": 3 }]));
        assert_eq!(rows("it's", 0), json!([{ "id": 2 }]));
        assert_eq!(rows("", 1).as_array().map(Vec::len), Some(4));
        assert_eq!(rows("' or 1=1 --", 1), json!([]));
        let path = format!("/api/queries/{}/results", query["id"]);
        let missing = post(&shop.admin, &path, &json!({ "parameters": { "note": "" } })).json();
        assert_eq!(missing["job"]["error"], "Missing parameter value for: all");
    }
}

#[test]
fn what_is_chosen_from_has_the_first_column_where_name_or_value_is_missing() {
    let shop = shops().next().expect("a shop");
    for (text, expected) in [
        ("select 7 as id, 'seven' as NAME", json!([{ "name": "seven", "value": "7" }])),
        ("select 'seven' as label, 7 as Value", json!([{ "name": "seven", "value": "7" }])),
        ("select 7 as value, 'seven' as name", json!([{ "name": "seven", "value": "7" }])),
        ("select 7 as a, 8 as b", json!([{ "name": 7, "value": "7" }])),
    ] {
        let query = shop.query(shop.sqlite, text, json!([])).expect("made");
        run(&shop, &query, &json!({ "max_age": 0 }));
        let options = get(&shop.admin, &format!("/api/queries/{}/dropdown", query["id"]));
        assert_eq!(options.json(), expected, "{text}");
    }
}

#[test]
fn the_key_of_a_dashboard_shows_no_people_and_no_keys() {
    for shop in shops() {
        let query = shop.query(shop.sqlite, "select 1 as n", json!([])).expect("made");
        let board = board(&shop, "Public", &query["visualizations"][0]["id"], "");
        let shared = post(&shop.admin, &format!("/api/dashboards/{board}/share"), &json!({}));
        let shared = shared.ok().expect("shared");
        let key = shared["api_key"].as_str().expect("a key");
        let visitor = shop.server.anonymous().with_key(key);
        assert_eq!(get(&visitor, &format!("/api/dashboards/{board}")).status, 403);
        let (_, editor) = shop.user("editor").expect("made");
        let grant = json!({ "access_type": "modify", "user_id": editor });
        let holder = shop.server.anonymous().with_key(query["api_key"].as_str().expect("a key"));
        let (of_board, of_query) =
            (format!("/api/dashboards/{board}/acl"), format!("/api/queries/{}/acl", query["id"]));
        for path in [&of_board, &of_query] {
            post(&shop.admin, path, &grant).ok().expect("granted");
            assert_eq!(get(&shop.admin, path).json()["modify"][0]["id"], json!(editor));
            assert_eq!(get(&visitor, path).json(), json!({}), "{path}");
        }
        assert_eq!(get(&holder, &of_query).json(), json!({}));
        let public = get(&visitor, &format!("/api/dashboards/public/{key}"));
        assert_eq!(public.status, 200);
        let query_key = query["api_key"].as_str().expect("a key");
        for secret in ["@example.com", query_key, "select 1"] {
            assert!(!public.text().contains(secret), "{secret}: {}", public.text());
        }
    }
}

#[test]
fn dashboards_of_which_nothing_can_be_seen_are_not_listed() {
    for shop in shops() {
        let (user, id) = shop.user("reader").expect("made");
        let group = json!({ "name": "readers" });
        let group = post(&shop.admin, "/api/groups", &group).ok().expect("made")["id"].clone();
        let join = |path: &str, body: &Value| {
            post(&shop.admin, &format!("/api/groups/{group}/{path}"), body).ok().expect("good")
        };
        join("members", &json!({ "user_id": id }));
        join("data_sources", &json!({ "data_source_id": shop.sqlite }));
        shop.admin
            .delete(&format!("/api/groups/2/members/{id}"))
            .expect("answers")
            .ok()
            .expect("out");
        let open = shop.query(shop.sqlite, "select 1", json!([])).expect("made");
        let closed = shop.query(shop.postgres, "select 1", json!([])).expect("made");
        board(&shop, "Open", &open["visualizations"][0]["id"], "");
        board(&shop, "Text", &Value::Null, "words");
        let both = board(&shop, "Both", &closed["visualizations"][0]["id"], "");
        let text = json!({
            "dashboard_id": both, "visualization_id": null, "text": "words", "width": 1,
            "options": {},
        });
        post(&shop.admin, "/api/widgets", &text).ok().expect("made");
        board(&shop, "Closed", &closed["visualizations"][0]["id"], "");
        let empty = post(&shop.admin, "/api/dashboards", &json!({ "name": "Empty" }));
        publish(&shop, &empty.ok().expect("made")["id"]);
        let listed = get(&user, "/api/dashboards?order=name").ok().expect("good");
        let names: Vec<&str> = listed["results"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|board| board["name"].as_str())
            .collect();
        assert_eq!(names, ["Both", "Open", "Text"]);
    }
}

#[test]
fn a_table_that_is_not_there_is_named_to_who_writes_the_text() {
    let shop = shops().next().expect("a shop");
    let new = json!({ "name": "Query Results", "type": "results", "options": {} });
    let source = post(&shop.admin, "/api/data_sources", &new).ok().expect("made")["id"].clone();
    let body = json!({ "query": "select * from query_9999", "data_source_id": source });
    let answer = post(&shop.admin, "/api/query_results", &body);
    assert_eq!(answer.status, 403);
    let error = answer.json()["job"]["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.to_lowercase().contains("query_9999"), "{error}");
}

#[test]
fn without_a_data_source_there_is_one_answer() {
    let shop = shops().next().expect("a shop");
    for source in [Value::Null, json!(0), json!("")] {
        let body = json!({ "query": "select 1", "data_source_id": source });
        let answer = post(&shop.admin, "/api/query_results", &body);
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["job"]["error"], "Please select data source to run this query.");
    }
}

#[test]
fn a_nul_is_refused_in_runs_and_stops_no_record_of_what_people_did() {
    for shop in shops() {
        let runs = |text: &str, value: &str| {
            let body = json!({
                "query": text, "data_source_id": shop.sqlite, "max_age": 0,
                "parameters": { "a": value },
            });
            post(&shop.admin, "/api/query_results", &body).status
        };
        assert_eq!(runs("select '{{a}}' as a", "x\0y"), 400);
        assert_eq!(runs("select 'x\0y', '{{a}}' as a", "x"), 400);
        assert_eq!(runs("select '{{a}}' as a", "x"), 200);
        let told = |action: &str| {
            let one = json!([{ "action": action, "object_type": "page", "object_id": action }]);
            post(&shop.admin, "/api/events", &one).status
        };
        assert_eq!((told("one"), told("one\0"), told("two")), (200, 400, 200));
        let seen = get(&shop.admin, "/api/events").ok().expect("good");
        let actions: Vec<&str> = seen["results"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|event| event["action"].as_str())
            .filter(|action| action.starts_with("one") || *action == "two")
            .collect();
        assert_eq!(actions, ["two", "one"]);
    }
}

#[test]
fn who_takes_any_age_gets_none_beyond_what_the_operator_allows() {
    let engine = tessera_e2e::ENGINES[0];
    let options = tessera_e2e::options(engine).expect("an engine");
    let shop = Shop::open(options.with("RESULTS_REUSE_SECONDS_MAX", "3600")).expect("opens");
    let query = shop.query(shop.sqlite, "select 1 as n", json!([])).expect("made");
    let first = run(&shop, &query, &json!({ "max_age": 0 }));
    let path = format!("/api/queries/{}/results", query["id"]);
    let again = post(&shop.admin, &path, &json!({ "max_age": -1 })).ok().expect("good");
    assert_eq!(again["query_result"]["id"], json!(first));
}
