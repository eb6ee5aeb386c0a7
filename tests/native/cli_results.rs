//! The command line: parts of stored results.

use serde_json::{Value, json};

use crate::cli::{good, tessera};

/// A folder with a data folder, in which there is one result of four orders. Their file is beside it:
/// what is in the data folder is closed to data sources.
fn world() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let data = &folder.path().join("data");
    std::fs::create_dir(data).expect("made");
    let create =
        ["users", "create", "ada@example.com", "--name", "Ada", "--admin", "--password-stdin"];
    good(data, &create, "correct horse battery\n");
    let file = folder.path().join("orders.sqlite");
    rusqlite::Connection::open(&file)
        .expect("opens")
        .execute_batch(
            "create table orders (id integer, city text, amount real); insert into orders values
             (1, 'Berlin', 10.5), (2, 'Paris', 20), (3, 'Berlin', 1), (4, null, 7);",
        )
        .expect("made");
    let option = format!("dbpath={}", file.display());
    good(data, &["sources", "create", "Lite", "--type", "sqlite", "-o", &option], "");
    let text = "select id, city, amount from orders order by id";
    good(data, &["query", "run", "--source", "1", "--sql", text], "");
    folder
}

#[test]
fn parts_of_a_result_are_shown_at_the_machine_as_over_http() {
    let folder = world();
    let data = &folder.path().join("data");
    let page = |arguments: &[&str], input: &str| -> Value {
        let all = [&["results", "view", "1", "--json"], arguments].concat();
        let text = good(data, &all, input);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let first =
        page(&["--filter", "amount:gte:7", "--sort=-amount", "-c", "id", "--limit", "2"], "");
    assert_eq!(first["rows"], json!([{ "id": 2 }, { "id": 1 }]));
    assert_eq!((&first["offset"], &first["limit"]), (&json!(0), &json!(2)));
    assert_eq!(first["next_offset"], 2);
    assert_eq!(first["columns"][0]["name"], "id");
    let next = page(&["--filter", "amount:gte:7", "--sort=-amount", "--offset", "2"], "");
    assert_eq!(next["rows"], json!([{ "id": 4, "city": null, "amount": 7.0 }]));
    assert_eq!(next["next_offset"], Value::Null);
    let grouped =
        page(&["--group-by", "city", "--aggregate", "sum:amount:total", "--search", "berlin"], "");
    assert_eq!(grouped["rows"], json!([{ "city": "Berlin", "total": 11.5 }]));
    let body = r#"{"filter": [{"not": {"column": "id", "op": "in", "value": [1, 2, 3]}}]}"#;
    assert_eq!(page(&["--body", "-"], body)["rows"][0]["id"], 4);
    let table = good(data, &["results", "view", "1", "--limit", "1"], "");
    assert!(table.contains("Berlin") && table.contains("--offset 1"), "{table}");
    let known = good(data, &["results", "statistics", "1", "--json"], "");
    let known: Value = serde_json::from_str(&known).expect("JSON");
    assert_eq!((&known[1]["name"], &known[1]["nulls"]), (&json!("city"), &json!(1)));
    assert_eq!((&known[2]["min"], &known[2]["max"]), (&json!(1.0), &json!(20.0)));
}

#[test]
fn a_file_of_a_view_is_whole_and_a_wrong_view_is_refused() {
    let folder = world();
    let data = &folder.path().join("data");
    let file = data.join("berlin.csv");
    let path = file.display().to_string();
    let view = ["results", "view", "1", "--filter", "city:eq:Berlin", "-c", "id"];
    good(data, &[&view[..], &["--format", "csv", "--output", &path]].concat(), "");
    assert_eq!(std::fs::read_to_string(&file).expect("written"), "id\r\n1\r\n3\r\n");
    for (arguments, word) in [
        (vec!["1", "--filter", "city:like:x"], "column:op:value"),
        (vec!["1", "--column", "nope"], "nope"),
        (vec!["1", "--format", "doc"], "there is no format doc"),
        (vec!["99"], "there is no such"),
        (vec!["--query", "99"], "there is no such"),
    ] {
        let (code, text) = tessera(data, &[&["results", "view"], &arguments[..]].concat(), "");
        assert!(code != Some(0) && text.contains(word), "{arguments:?}: {text}");
    }
    let listed = good(data, &["audit", "list", "--json"], "");
    assert!(listed.contains(r#""format": "csv""#), "what was given is written down: {listed}");
}
