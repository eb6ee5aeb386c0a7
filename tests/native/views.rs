//! Views of stored results: pages, filters, groups and pivots, for who may read the result.

use serde_json::{Value, json};
use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::client::Client;

const TEXT: &str = "select id, tenant, amount, note, date '2026-01-01' + id * 20 as day, \
                    timestamptz '2026-01-01 10:00:00+00' + id * interval '1 hour' as at, \
                    id > 2 as late from orders order by id";

/// Runs a text; gives the identifier of its result.
fn result(shop: &Shop, source: i64, text: &str) -> String {
    let body = json!({ "query": text, "data_source_id": source, "max_age": 0 });
    let started = shop.admin.post("/api/query_results", &body).expect("answers").ok();
    let done = shop.admin.finish(&started.expect("runs")).expect("ends");
    let id = done["job"]["query_result_id"].as_i64().unwrap_or_else(|| panic!("{done}"));
    id.to_string()
}

struct World {
    shop: Shop,
    path: String,
}

fn world() -> World {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let path = format!("/v1/results/{}", result(&shop, shop.postgres, TEXT));
    World { shop, path }
}

impl World {
    fn view(&self, body: &Value) -> Value {
        let answer = self.shop.admin.post(&format!("{}/view", self.path), body).expect("answers");
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        answer.json()
    }

    /// One column of the rows of a view.
    fn column(&self, name: &str, body: &Value) -> Value {
        let page = self.view(body);
        page["rows"].as_array().expect("rows").iter().map(|row| row[name].clone()).collect()
    }

    /// The field and the words of a refusal.
    fn refusal(&self, body: &Value) -> (String, String) {
        let answer = self.shop.admin.post(&format!("{}/view", self.path), body).expect("answers");
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        let problem = answer.json();
        (problem["field"].as_str().unwrap_or_default().to_owned(), answer.text())
    }
}

#[test]
fn rows_are_filtered_searched_sorted_and_paged() {
    let world = world();
    let ids = |body: Value| world.column("id", &body);
    assert_eq!(ids(json!({})), json!([1, 2, 3, 4]));
    let page = world.view(&json!({ "limit": 3, "columns": ["id", "amount"] }));
    assert_eq!(page["next_offset"], 3);
    assert_eq!(page["rows"][0], json!({ "id": 1, "amount": 10.5 }));
    let path = format!("{}/view?format=csv&column=amount&limit=1", world.path);
    let csv = world.shop.admin.get(&path).expect("answers").text();
    assert_eq!(csv, "amount\r\n10.50\r\n", "no digit is lost");
    assert_eq!(page["columns"][1]["type"], "decimal");
    let page = world.view(&json!({ "limit": 3, "offset": 3 }));
    assert_eq!(
        (page["next_offset"].clone(), page["rows"][0]["id"].clone()),
        (Value::Null, json!(4))
    );
    for (filter, expected) in [
        (json!([{ "column": "amount", "op": "gt", "value": 9.5 }]), json!([1, 2])),
        (json!([{ "column": "tenant", "op": "in", "value": [4, 6] }]), json!([1, 4])),
        (json!([{ "column": "tenant", "op": "not_in", "value": [4, 6] }]), json!([2, 3])),
        (json!([{ "column": "id", "op": "between", "value": [2, 3] }]), json!([2, 3])),
        (json!([{ "column": "note", "op": "is_null" }]), json!([3])),
        (json!([{ "column": "note", "op": "eq", "value": "it's" }]), json!([2])),
        (json!([{ "column": "note", "op": "contains", "value": "言" }]), json!([4])),
        (json!([{ "column": "late", "op": "eq", "value": true }]), json!([3, 4])),
        (json!([{ "column": "day", "op": "lt", "value": "2026-02-11" }]), json!([1, 2])),
        (json!([{ "column": "at", "op": "gte", "value": "2026-01-01T13:00:00Z" }]), json!([3, 4])),
        (json!([{ "column": "at", "op": "eq", "value": "2026-01-01T14:00:00+01:00" }]), json!([3])),
        (
            json!([{ "any": [
                { "column": "id", "op": "eq", "value": 1 },
                { "not": { "column": "tenant", "op": "lte", "value": 5 } },
            ] }]),
            json!([1, 4]),
        ),
    ] {
        assert_eq!(ids(json!({ "filter": filter })), expected, "{filter}");
    }
    assert_eq!(ids(json!({ "search": { "text": "IT'S" } })), json!([2]));
    assert_eq!(ids(json!({ "search": { "text": "99.9", "columns": ["amount"] } })), json!([2]));
    let sort = json!([{ "column": "tenant", "descending": true }, { "column": "amount" }]);
    assert_eq!(ids(json!({ "sort": sort })), json!([4, 3, 2, 1]));
    assert_eq!(
        ids(json!({ "sort": [{ "column": "note", "nulls_first": true }], "limit": 1 })),
        json!([3])
    );
    let tenants = json!({ "columns": ["tenant"], "distinct": true });
    assert_eq!(world.column("tenant", &tenants), json!([4, 5, 6]));
    // The same behind the question mark.
    let path = format!(
        "{}/view?filter=tenant:gte:5&filter=id:in:2,3,4&sort=-amount&column=id&limit=2",
        world.path
    );
    let page = world.shop.admin.get(&path).expect("answers").ok().expect("good");
    assert_eq!(page["rows"], json!([{ "id": 2 }, { "id": 3 }]));
}

#[test]
fn rows_are_grouped_and_pivoted() {
    let world = world();
    let body = json!({
        "group_by": [{ "column": "tenant" }],
        "aggregates": [
            { "function": "count" },
            { "function": "sum", "column": "amount", "as": "total" },
            { "function": "max", "column": "note" },
            { "function": "count_distinct", "column": "note" },
        ],
        "sort": [{ "column": "total", "descending": true }],
        "limit": 2,
    });
    assert_eq!(
        world.view(&body)["rows"],
        json!([
            { "tenant": 5, "count": 2, "total": 104.99, "max_note": "it's", "count_distinct_note": 1 },
            { "tenant": 4, "count": 1, "total": 10.5, "max_note": "a", "count_distinct_note": 1 },
        ])
    );
    let months = json!({
        "group_by": [{ "column": "day", "unit": "month" }], "aggregates": [{ "function": "count" }],
    });
    assert_eq!(
        world.view(&months)["rows"],
        json!([
            { "day": "2026-01-01", "count": 1 },
            { "day": "2026-02-01", "count": 1 },
            { "day": "2026-03-01", "count": 2 },
        ])
    );
    let pivot = json!({
        "group_by": [{ "column": "late" }],
        "aggregates": [{ "function": "count" }],
        "pivot": { "column": "tenant" },
    });
    assert_eq!(
        world.view(&pivot)["rows"],
        json!([
            { "late": false, "4": 1, "5": 1, "6": 0 },
            { "late": true, "4": 0, "5": 1, "6": 1 },
        ])
    );
    let all = json!({ "aggregates": [{ "function": "avg", "column": "id", "as": "mean" }] });
    assert_eq!(world.view(&all)["rows"], json!([{ "mean": 2.5 }]));
}

#[test]
fn a_wrong_member_is_named() {
    let world = world();
    for (body, field) in [
        (json!({ "columns": ["id", "nope"] }), "columns[1]"),
        (json!({ "filter": [{ "column": "nope", "op": "eq", "value": 1 }] }), "filter[0].column"),
        (
            json!({ "filter": [{ "column": "day", "op": "eq", "value": "soon" }] }),
            "filter[0].value",
        ),
        (
            json!({ "filter": [{ "all": [{ "column": "id", "op": "in", "value": [1, "x"] }] }] }),
            "filter[0].all[0].value[1]",
        ),
        (json!({ "sort": [{ "column": "nope" }] }), "sort[0].column"),
        (
            json!({ "aggregates": [{ "function": "sum", "column": "note" }] }),
            "aggregates[0].column",
        ),
        (json!({ "group_by": [{ "column": "note", "unit": "day" }] }), "group_by[0].unit"),
        (json!({ "pivot": { "column": "id" } }), "pivot"),
        (json!({ "limt": 1 }), "limt"),
    ] {
        let (found, words) = world.refusal(&body);
        assert_eq!(found, field, "{words}");
    }
}

#[test]
fn a_view_is_given_in_every_format() {
    let world = world();
    let body = json!({ "filter": [{ "column": "id", "op": "lte", "value": 2 }], "columns": ["id", "note"] });
    for format in ["json", "ndjson", "csv", "tsv", "xlsx", "arrow", "parquet"] {
        let path = format!("{}/view?format={format}", world.path);
        let answer = world.shop.admin.post(&path, &body).expect("answers");
        assert_eq!(answer.status, 200, "{format}: {}", answer.text());
        assert!(!answer.body.is_empty());
        if format == "csv" {
            assert_eq!(answer.text(), "id,note\r\n1,a\r\n2,it's\r\n");
        }
    }
}

#[test]
fn columns_are_described() {
    let world = world();
    let path = format!("{}/statistics", world.path);
    let answer = world.shop.admin.get(&path).expect("answers").ok().expect("good");
    assert_eq!(answer["rows"], 4);
    let columns = answer["columns"].as_array().expect("columns");
    let of = |name: &str| {
        columns.iter().find(|column| column["name"] == name).unwrap_or_else(|| panic!("{answer}"))
    };
    assert_eq!(
        *of("note"),
        json!({ "name": "note", "type": "text", "count": 3, "nulls": 1, "distinct": 3,
                "min": "a", "max": "多言語" })
    );
    assert_eq!((&of("amount")["min"], &of("amount")["max"]), (&json!(0.0), &json!(99.99)));
    assert_eq!((&of("day")["min"], &of("day")["type"]), (&json!("2026-01-21"), &json!("date")));
}

#[test]
fn a_view_gives_no_more_than_the_key_and_the_server_allow() {
    let options = options(Engine::Sqlite).expect("an engine").with("RESULTS_VIEW_ROWS_MAX", "3");
    let shop = Shop::open(options).expect("opens");
    let path = format!("/v1/results/{}", result(&shop, shop.postgres, TEXT));
    let whole = shop.admin.get(&format!("{path}/view?format=csv")).expect("answers");
    assert_eq!(whole.status, 413, "{}", whole.text());
    let page =
        shop.admin.get(&format!("{path}/view?limit=100")).expect("answers").ok().expect("good");
    assert_eq!((page["rows"].as_array().map(Vec::len), &page["next_offset"]), (Some(3), &json!(3)));
    let capped =
        json!({ "name": "capped", "terms": { "caps": { "rows": 2, "formats": ["json"] } } });
    let made = shop.admin.post("/v1/keys", &capped).expect("answers");
    let made = made.ok().unwrap_or_else(|error| panic!("{error}"));
    let capped: Client = shop.server.anonymous().with_key(made["secret"].as_str().expect("a key"));
    assert_eq!(capped.get(&format!("{path}/view?limit=3")).expect("answers").status, 413);
    assert_eq!(
        capped.get(&format!("{path}/view?limit=2&format=csv")).expect("answers").status,
        403
    );
    let rows = capped.get(&format!("{path}/view?limit=2")).expect("answers");
    assert_eq!(rows.status, 200, "{}", rows.text());
    assert_eq!(shop.server.anonymous().get(&format!("{path}/view")).expect("answers").status, 401);
}
