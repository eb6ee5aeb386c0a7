//! Values of parameters cannot become SQL: every case gives rows of one tenant only, or is refused.

use serde_json::{Value, json};
use tessera_e2e::{Engine, Shop, options};

/// The rows that a query gave with these values; `None` if the run was refused or failed.
fn run(shop: &Shop, source: i64, text: &str, parameters: Value, values: &Value) -> Option<Value> {
    let query = shop.query(source, text, parameters).expect("made");
    let path = format!("/api/queries/{}/results", query["id"]);
    let body = json!({ "parameters": values, "max_age": 0 });
    let answer = shop.admin.post(&path, &body).expect("answers");
    if answer.status >= 400 {
        assert!(answer.status < 500, "{text} {values}: {} {}", answer.status, answer.text());
        return None;
    }
    let ended = shop.admin.finish(&answer.json()).expect("ends");
    if ended["job"]["status"] == 4 {
        return None;
    }
    let result = &ended["job"]["query_result_id"];
    let found = shop.admin.get(&format!("/api/query_results/{result}.json")).expect("answers");
    Some(found.ok().expect("rows")["query_result"]["data"]["rows"].clone())
}

fn open() -> Shop {
    Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens")
}

/// `name` with a type, and more of its definition.
fn parameter(kind: &str, more: &Value) -> Value {
    let mut one = json!({ "name": "v", "title": "v", "type": kind, "value": null });
    for (name, value) in more.as_object().into_iter().flatten() {
        one[name] = value.clone();
    }
    json!([one])
}

#[test]
fn no_value_of_any_type_shows_rows_of_another_tenant() {
    let shop = open();
    let dates = [
        "2020-01-01' --",
        "2020-01-01;",
        "'2020-01-01'",
        "2020-01-01','",
        "' and '2020-01-01",
        "2020-01-01' or '1'='1",
        "2020-01-01\u{0}",
        "2020-01-01 /*",
        "x",
    ];
    let texts = [
        "x' or '1'='1",
        "x' or 1=1 --",
        "'; drop table orders; --",
        "x\\' or 1=1 --",
        "x') or ('1'='1",
        "$$ or 1=1 $$",
        "%' or '1'='1",
        "{{ v }}",
        "$1",
        "?1",
        "\u{0}",
        "x'/**/or/**/'1'='1",
        "\u{2019} or 1=1",
        "ʼ or 1=1",
    ];
    let numbers = ["5 or 1=1", "inf", "nan", "1_000", " 5 ", "5;", "0x5", "1e999", "5--", "5)"];
    let mut cases: Vec<(&str, String, Value)> = Vec::new();
    for kind in ["date", "datetime-local", "datetime-with-seconds"] {
        cases.extend(dates.iter().map(|bad| (kind, String::new(), json!(bad))));
    }
    for kind in ["date-range", "datetime-range"] {
        for bad in dates {
            cases.push((kind, ".start".to_owned(), json!({ "start": bad, "end": "2999-01-01" })));
            cases.push((kind, ".end".to_owned(), json!({ "start": "2000-01-01", "end": bad })));
        }
    }
    cases.extend(texts.iter().map(|bad| ("text", String::new(), json!(bad))));
    cases.extend(texts.iter().map(|bad| ("text-pattern", String::new(), json!(bad))));
    cases.extend(texts.iter().map(|bad| ("enum", String::new(), json!(bad))));
    cases.extend(numbers.iter().map(|bad| ("number", String::new(), json!(bad))));
    let mut given = 0;
    for source in [shop.postgres, shop.sqlite] {
        for (kind, member, value) in &cases {
            let more = match *kind {
                "text-pattern" => json!({ "regex": ".*" }),
                "enum" => json!({ "enumOptions": "a\nb" }),
                _ => json!({}),
            };
            // In quotes, as people write it, and bare.
            for place in [format!("'{{{{ v{member} }}}}'"), format!("{{{{ v{member} }}}}")] {
                let text = match *kind {
                    "number" => {
                        format!("select id, tenant from orders where id < {place} and tenant = 5")
                    }
                    _ => format!(
                        "select id, tenant from orders where note <> {place} and tenant = 5"
                    ),
                };
                let values = json!({ "v": value });
                let rows = run(&shop, source, &text, parameter(kind, &more), &values);
                for row in rows.iter().flat_map(|rows| rows.as_array().expect("rows")) {
                    given += 1;
                    assert_eq!(row["tenant"], 5, "{kind} {place} {value}");
                }
            }
        }
    }
    assert!(given > 0, "some values are good, and their rows are given");
}

#[test]
fn a_text_comes_out_as_it_went_in() {
    let shop = open();
    let texts = [
        "it's",
        "\"",
        "\\",
        "\\'",
        "--",
        "/*",
        "*/",
        ";",
        "$1",
        "$$",
        "?",
        ":x",
        "@x",
        "%",
        "_",
        "{{ v }}",
        "'; select 1; --",
        "多言語 ʼ 🙂",
        "a\nb\tc\r\nd",
        "null",
        "",
        " ",
    ];
    for source in [shop.postgres, shop.sqlite] {
        for text in texts {
            for place in ["{{ v }}", "'{{ v }}'"] {
                let sql = format!("select {place} as v");
                let values = json!({ "v": text });
                let rows = run(&shop, source, &sql, parameter("text", &json!({})), &values);
                assert_eq!(rows, Some(json!([{ "v": text }])), "{place} {text:?}");
            }
        }
    }
}

#[test]
fn lists_and_patterns_are_values_too() {
    let shop = open();
    let many = json!({
        "enumOptions": "a\nb\nit's",
        "multiValuesOptions": { "prefix": "'", "suffix": "'", "separator": "," },
    });
    for source in [shop.postgres, shop.sqlite] {
        let text = "select id from orders where note in ({{ v }}) order by id";
        let good = json!({ "v": ["a", "it's"] });
        let rows = run(&shop, source, text, parameter("enum", &many), &good);
        assert_eq!(rows, Some(json!([{ "id": 1 }, { "id": 2 }])));
        for bad in [json!({ "v": ["a", "x' or '1'='1"] }), json!({ "v": "a','b" })] {
            let rows = run(&shop, source, text, parameter("enum", &many), &bad);
            assert_eq!(rows, None, "{bad}");
        }
        let text = "select id from orders where note like '%{{ v }}%' and tenant = 5 order by id";
        let good = json!({ "v": "t's" });
        let rows = run(&shop, source, text, parameter("text", &json!({})), &good);
        assert_eq!(rows, Some(json!([{ "id": 2 }])));
        let bad = json!({ "v": "%' or '1'='1" });
        let rows = run(&shop, source, text, parameter("text", &json!({})), &bad);
        assert_eq!(rows, Some(json!([])));
    }
}
