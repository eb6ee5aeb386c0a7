//! DuckDB, where the operator names its library and where not.

use std::path::Path;

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::client::Client;

/// Where `dev/setup` puts the library.
fn library() -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder above");
    let library = target.join("duckdb/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so");
    assert!(library.exists(), "{} is not there (run dev/setup)", library.display());
    library.display().to_string()
}

/// The form of the type, if it is offered.
fn offered(admin: &Client) -> Option<Value> {
    let types = admin.get("/api/data_sources/types").expect("answers").ok().expect("good");
    let types = types.as_array().expect("a list").clone();
    types.into_iter().find(|offered| offered["type"] == "duckdb")
}

#[test]
fn duckdb_answers_where_its_library_is_named() {
    for engine in ENGINES {
        let options = options(engine).expect("an engine");
        let shop = Shop::open(options.with("SOURCES_DUCKDB_LIBRARY", &library())).expect("opens");
        let form = offered(&shop.admin).expect("is offered");
        assert_eq!(form["name"], "DuckDB");
        let schema = &form["configuration_schema"];
        assert_eq!(schema["order"], json!(["dbpath", "extensions"]));
        assert_eq!(schema["required"], json!(["dbpath"]));
        assert_eq!(schema["properties"]["dbpath"]["default"], ":memory:");
        let body = json!({
            "name": "Duck", "type": "duckdb", "options": { "dbpath": ":memory:" },
        });
        let made = shop.admin.post("/api/data_sources", &body).expect("answers").ok();
        let source = made.expect("good")["id"].as_i64().expect("a number");
        let parameters = json!([{ "name": "n", "type": "number", "value": 2 }]);
        let text = "select range * {{ n }} as v, [range] as l from range(3)";
        let query = shop.query(source, text, parameters).expect("made");
        let asked = json!({ "max_age": 0, "parameters": { "n": 5 } });
        let id = crate::run(&shop, &query, &asked);
        let file = shop.admin.get(&format!("/api/query_results/{id}.csv")).expect("answers");
        assert_eq!(file.text(), "v,l\r\n0,[0]\r\n5,[1]\r\n10,[2]\r\n");
        let path = format!("/api/data_sources/{source}/test");
        let tested = shop.admin.post(&path, &json!({})).expect("answers").ok().expect("good");
        assert_eq!(tested["ok"], true, "{tested}");
        let body = json!({
            "query": "from read_csv('/etc/passwd')", "data_source_id": source, "max_age": 0,
        });
        let started =
            shop.admin.post("/api/query_results", &body).expect("answers").ok().expect("good");
        let job = shop.admin.finish(&started).expect("ends");
        assert_eq!(job["job"]["status"], 4, "{job}");
    }
}

#[test]
fn without_its_library_there_is_no_duckdb() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    assert!(offered(&shop.admin).is_none());
    let body = json!({ "name": "Duck", "type": "duckdb", "options": { "dbpath": ":memory:" } });
    let refused = shop.admin.post("/api/data_sources", &body).expect("answers");
    assert_eq!(refused.status, 400, "{}", refused.text());
}
