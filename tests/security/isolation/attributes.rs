//! Row attributes: two tenants with the same query never see each other's rows, on any path.

use serde_json::{Value, json};
use tessera_e2e::pins::{pin, secret, tenants};
use tessera_e2e::{ENGINES, Shop, options};
use tessera_testkit::client::Client;

const FORMATS: [&str; 7] = ["json", "csv", "tsv", "xlsx", "ndjson", "arrow", "parquet"];

fn set(shop: &Shop, user: i64, attributes: Value) {
    let path = format!("/v1/users/{user}/attributes");
    let body = json!({ "attributes": attributes });
    shop.admin.request("PUT", &path, Some(&body)).expect("answers").ok().expect("set");
}

fn run(caller: &Client, query: &Value) -> Value {
    let path = format!("/api/queries/{}/results", query["id"]);
    let started = caller.post(&path, &json!({ "max_age": 0 })).expect("answers");
    let done = caller.finish(&started.ok().expect("starts")).expect("ends");
    done["job"]["query_result_id"].clone()
}

#[test]
fn two_tenants_never_share_rows_on_any_path_in_any_format() {
    for engine in ENGINES {
        let shop = Shop::open(options(engine).expect("options")).expect("opens");
        let text = "select id, tenant from orders where tenant = {{ user.tenant }} order by id";
        let query = shop.query(shop.postgres, text, json!([])).expect("made");
        let id = &query["id"];
        let (five, five_id) = shop.user("five").expect("made");
        let (six, six_id) = shop.user("six").expect("made");
        let (none, _) = shop.user("none").expect("made");
        set(&shop, five_id, json!({ "tenant": 5 }));
        set(&shop, six_id, json!({ "tenant": 6 }));
        // Without the attribute nothing runs, not even for an administrator.
        for caller in [&none, &shop.admin] {
            let answer =
                caller.post(&format!("/api/queries/{id}/results"), &json!({ "max_age": 0 }));
            let answer = answer.expect("answers");
            assert_eq!(answer.status, 403, "{}", answer.text());
            assert!(answer.text().contains("user.tenant"), "{}", answer.text());
        }
        let missing = five.get(&format!("/api/queries/{id}/results.csv")).expect("answers");
        assert_eq!(missing.status, 404, "not run yet: {}", missing.text());
        let result = run(&five, &query);
        let uid = five.get(&format!("/v1/results/{result}")).expect("answers").ok().expect("own")["result"]["uid"].clone();
        let uid = uid.as_str().expect("a uid");
        for format in FORMATS {
            for path in [
                format!("/api/queries/{id}/results.{format}"),
                format!("/api/query_results/{result}.{format}"),
                format!("/api/queries/{id}/results/{result}.{format}"),
                format!("/v1/results/{result}.{format}"),
                format!("/v1/results/{uid}.{format}"),
                format!("/v1/queries/{id}/result.{format}"),
            ] {
                let own = five.get(&path).expect("answers");
                assert_eq!(own.status, 200, "{path}: {}", own.text());
                for caller in [&six, &none] {
                    let theirs = caller.get(&path).expect("answers");
                    assert!((400..500).contains(&theirs.status), "{path}: {}", theirs.status);
                }
            }
        }
        for path in [
            format!("/v1/results/{result}"),
            format!("/v1/queries/{id}/result"),
            format!("/api/queries/{id}/results"),
        ] {
            assert!(six.get(&path).expect("answers").status >= 400, "{path}");
        }
        let six_result = run(&six, &query);
        assert_ne!(result, six_result);
        let rows = |caller: &Client, result: &Value| {
            tenants(
                &caller.get(&format!("/api/query_results/{result}.csv")).expect("answers").text(),
            )
        };
        assert_eq!(rows(&five, &result), ["5", "5"]);
        assert_eq!(rows(&six, &six_result), ["6"]);
        // Any age will do: of one's own rows only.
        let stored = |caller: &Client| {
            let body = json!({ "max_age": -1 });
            let answer =
                caller.post(&format!("/api/queries/{id}/results"), &body).expect("answers");
            answer.json()["query_result"]["data"]["rows"].to_string()
        };
        assert!(stored(&five).contains("\"tenant\":5") && !stored(&five).contains("\"tenant\":6"));
        assert!(stored(&six).contains("\"tenant\":6") && !stored(&six).contains("\"tenant\":5"));
        let latest = |caller: &Client| {
            tenants(&caller.get(&format!("/api/queries/{id}/results.csv")).expect("answers").text())
        };
        assert_eq!((latest(&five), latest(&six)), (vec!["5".into(), "5".into()], vec!["6".into()]));
        // No request names an attribute.
        for parameters in [json!({ "user.tenant": 6 }), json!({ "user": { "tenant": 6 } })] {
            let body = json!({ "max_age": -1, "parameters": parameters });
            let answer = five.post(&format!("/api/queries/{id}/results"), &body).expect("answers");
            assert!(!answer.text().contains("\"tenant\":6"), "{parameters}: {}", answer.text());
        }
        // A change takes effect at once, also for what is stored.
        set(&shop, five_id, json!({ "tenant": 6 }));
        let moved = five.get(&format!("/api/query_results/{result}.csv")).expect("answers");
        assert!((400..500).contains(&moved.status), "{}", moved.text());
        assert_eq!(latest(&five), ["6"]);
        let own = five.request(
            "PUT",
            &format!("/v1/users/{five_id}/attributes"),
            Some(&json!({ "attributes": {} })),
        );
        assert_eq!(own.expect("answers").status, 403, "nobody sets one's own");
        let read = five.get("/v1/users/self/attributes").expect("answers").ok().expect("own");
        assert_eq!(read["attributes"]["tenant"], 6);
        assert_eq!(
            six.get(&format!("/v1/users/{five_id}/attributes")).expect("answers").status,
            403
        );
    }
}

#[test]
fn attributes_of_keys_are_given_by_who_may_and_missing_ones_close() {
    let shop = Shop::open(options(tessera_e2e::Engine::Sqlite).expect("options")).expect("opens");
    let nobody = shop.server.anonymous();
    let text = "select id, tenant from orders where tenant = {{ key.tenant }} order by id";
    let query = shop.query(shop.sqlite, text, json!([])).expect("made");
    let id = &query["id"];
    let csv = |key: &str| {
        nobody.get(&format!("/api/queries/{id}/results.csv?api_key={key}")).expect("answers")
    };
    let open = query["api_key"].as_str().expect("a key");
    assert_eq!(csv(open).status, 404, "the query's own key has no attributes");
    let answer = nobody
        .with_key(open)
        .post(&format!("/api/queries/{id}/results"), &json!({ "max_age": 0 }))
        .expect("answers");
    assert_eq!(answer.status, 403, "{}", answer.text());
    for tenant in ["5", "6"] {
        let number: i64 = tenant.parse().expect("a number");
        let key = secret(&pin(&shop.admin, &query, json!({ "attributes": { "tenant": number } })));
        let rows = tenants(&csv(&key).text());
        assert!(!rows.is_empty() && rows.iter().all(|row| row == tenant), "{rows:?}");
        assert_eq!(csv(open).status, 404, "what a key ran is not the query's latest result");
    }
    let (other, other_id) = shop.user("other").expect("made");
    shop.admin
        .request("PUT", &format!("/v1/queries/{id}/approval"), Some(&json!({})))
        .expect("answers")
        .ok()
        .expect("approved");
    set(&shop, other_id, json!({ "tenant": 5 }));
    let make = |tenant: i64| {
        let body =
            json!({ "name": "x", "version": "approved", "attributes": { "tenant": tenant } });
        other.post(&format!("/v1/queries/{id}/keys"), &body).expect("answers").status
    };
    assert_eq!((make(5), make(6)), (201, 403));
    let own = |tenant: i64| {
        let body = json!({ "name": "x", "terms": { "attributes": { "tenant": tenant } } });
        other.post("/v1/keys", &body).expect("answers").status
    };
    assert_eq!((own(5), own(6)), (201, 403));
    let missing = shop
        .admin
        .post(&format!("/v1/queries/{id}/keys"), &json!({ "name": "x" }))
        .expect("answers");
    assert_eq!(missing.json()["field"], "attributes", "{}", missing.text());
}

#[test]
fn values_to_choose_from_follow_the_attributes_too() {
    let shop = Shop::open(options(tessera_e2e::Engine::Sqlite).expect("options")).expect("opens");
    let text = "select id as value from orders where tenant = {{ user.tenant }}";
    let choices = shop.query(shop.sqlite, text, json!([])).expect("made");
    let parameter = json!([{ "name": "order", "title": "Order", "type": "query", "queryId": choices["id"], "value": null }]);
    let text = "select id, tenant from orders where id = {{ order }}";
    let query = shop.query(shop.sqlite, text, parameter).expect("made");
    let (five, five_id) = shop.user("five").expect("made");
    let (six, six_id) = shop.user("six").expect("made");
    set(&shop, five_id, json!({ "tenant": 5 }));
    set(&shop, six_id, json!({ "tenant": 6 }));
    let offered = |caller: &Client| {
        let path = format!("/api/queries/{}/dropdowns/{}", query["id"], choices["id"]);
        caller.get(&path).expect("answers")
    };
    assert!(offered(&five).status >= 400, "not run yet");
    run(&five, &choices);
    let values: Vec<String> = offered(&five)
        .json()
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["value"].to_string())
        .collect();
    assert_eq!(values, ["\"2\"", "\"3\""]);
    assert!(offered(&six).status >= 400, "{}", offered(&six).text());
    let choose = |caller: &Client, order: &str| {
        let body = json!({ "max_age": 0, "parameters": { "order": order } });
        caller
            .post(&format!("/api/queries/{}/results", query["id"]), &body)
            .expect("answers")
            .status
    };
    assert_eq!((choose(&five, "2"), choose(&five, "4")), (200, 400));
    assert!(choose(&six, "2") >= 400);
}
