//! Trino and Presto, against a local server of their protocol: there is no package of either.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tessera_bi::ports::{CancelSignal, Connectors};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tessera_sqltext::Dialect;

use crate::door::{Answer, Door};
use crate::engines::{Engine, Sink, Stop};

fn at(name: &'static str, port: u16) -> Engine {
    Engine {
        name,
        dialect: Dialect::Trino,
        connectors: AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() }),
        options: json!({
            "host": "127.0.0.1", "port": port, "username": "me", "catalog": "c", "schema": "s",
        }),
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

fn column(name: &str, kind: &str) -> Json {
    json!({ "name": name, "type": kind })
}

#[tokio::test]
async fn pages_are_read_to_the_end_with_their_types() {
    let types = [
        ("a", "bigint", json!(9_007_199_254_740_993_i64), "integer"),
        ("b", "real", json!(0.1), "float"),
        ("c", "double", json!(0.1), "float"),
        ("d", "boolean", json!(true), "boolean"),
        ("f", "varchar(5)", json!("ü漢"), "text"),
        ("g", "date", json!("2020-02-29"), "date"),
        ("h", "timestamp(3)", json!("2020-02-29 04:05:06.789"), "timestamp"),
        ("i", "timestamp(3) with time zone", json!("2020-02-29 04:05:06.789 UTC"), "other"),
        ("j", "array(integer)", json!([1, null]), "array"),
        ("k", "map(varchar, integer)", json!({ "a": 1 }), "json"),
        ("l", "json", json!("{\"a\": 1}"), "json"),
        ("m", "uuid", json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "uuid"),
        ("n", "time(3)", json!("04:05:06.789"), "other"),
        ("o", "varbinary", json!("AP8="), "bytes"),
        ("e", "decimal(38, 2)", json!("12345678901234567890.50"), "decimal"),
    ];
    let described: Vec<Json> = types.iter().map(|(name, kind, ..)| column(name, kind)).collect();
    let row: Vec<Json> = types.iter().map(|(_, _, value, _)| value.clone()).collect();
    let door = Door::open(move |asked, port| {
        let next = |page: u32| format!("http://127.0.0.1:{port}/v1/statement/q/{page}");
        Answer::json(&match asked.target.as_str() {
            "/v1/statement" => json!({ "id": "q", "nextUri": next(1) }),
            "/v1/statement/q/1" => json!({ "nextUri": next(2), "columns": described }),
            "/v1/statement/q/2" => {
                json!({ "nextUri": next(3), "columns": described, "data": [row] })
            }
            _ => json!({ "columns": described, "data": [vec![Json::Null; types.len()]] }),
        })
    })
    .await;
    let rows = at("trino", door.port).run("select 1").await.expect("runs");
    let cells = rows.cells();
    assert_eq!(cells.len(), 2);
    let expected = [
        json!(9_007_199_254_740_993_i64),
        json!(0.1),
        json!(0.1),
        json!(true),
        json!("ü漢"),
        json!("2020-02-29"),
        json!("2020-02-29T04:05:06.789000"),
        json!("2020-02-29 04:05:06.789 UTC"),
        json!([1, null]),
        json!({ "a": 1 }),
        json!({ "a": 1 }),
        json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        json!("04:05:06.789"),
        json!("AP8="),
    ];
    assert_eq!(cells[0][..expected.len()], expected);
    let decimal = cells[0][expected.len()].to_string();
    assert!(decimal.contains("12345678901234567890"), "{decimal}");
    let kinds = [
        "integer",
        "float",
        "float",
        "boolean",
        "text",
        "date",
        "timestamp",
        "other",
        "array",
        "json",
        "json",
        "uuid",
        "other",
        "bytes",
        "decimal",
    ];
    for (place, kind) in kinds.iter().enumerate() {
        assert_eq!(rows.kind(place), *kind);
        assert_eq!(cells[1][place], Json::Null);
    }
    let asked = door.asked();
    assert_eq!(asked[0].body, "select 1");
    assert_eq!(asked[0].header("x-trino-user"), Some("me"));
    assert_eq!(asked[0].header("x-trino-catalog"), Some("c"));
    assert_eq!(asked[0].header("x-trino-session"), Some("query_max_run_time=60s"));
}

#[tokio::test]
async fn values_are_literals_that_were_written_anew() {
    let door = Door::open(|_, _| {
        Answer::json(&json!({ "columns": [column("v", "varchar")], "data": [["x"]] }))
    })
    .await;
    let definitions = json!([
        { "name": "v", "type": "text" }, { "name": "n", "type": "number" },
        { "name": "d", "type": "date" },
    ]);
    let given = json!({ "v": "' or 1=1 -- \\'", "n": "1.5", "d": "2020-01-02" });
    let text = "select '{{ v }}%', {{ n }}, date '{{ d }}' from \"it's\"";
    let bound = "select ?, CAST(? AS decimal(38, 1)), CAST(? AS date) from \"it's\"";
    let values = "USING ''' or 1=1 -- \\''%', DECIMAL '1.5', '2020-01-02'";
    at("trino", door.port).run_with(text, &definitions, &given).await.expect("runs");
    at("presto", door.port).run_with(text, &definitions, &given).await.expect("runs");
    let asked = door.asked();
    let quoted = bound.replace('\'', "''");
    assert_eq!(asked[0].body, format!("EXECUTE IMMEDIATE '{quoted}' {values}"));
    assert_eq!(asked[1].body, format!("EXECUTE bound {values}"));
    let prepared = asked[1].header("x-presto-prepared-statement").expect("goes along");
    let decoded = url::form_urlencoded::parse(prepared.as_bytes()).next().expect("a pair");
    assert_eq!((decoded.0.as_ref(), decoded.1.as_ref()), ("bound", bound));
}

#[tokio::test]
async fn a_run_that_is_ended_is_ended_in_the_server_too() {
    let door = Door::open(|asked, port| match (asked.method.as_str(), asked.target.as_str()) {
        ("POST", _) => {
            Answer::json(&json!({ "nextUri": format!("http://127.0.0.1:{port}/v1/statement/q/1") }))
        }
        ("GET", _) => Answer::Never,
        _ => Answer::Now(204, Vec::new(), Vec::new()),
    })
    .await;
    let engine = at("trino", door.port);
    for (seconds, code) in [(600, Code::Cancelled), (1, Code::TimedOut)] {
        let bound = engine.bind("select 1", &json!([]), &json!({})).expect("binds");
        let stop = Arc::new(Stop::default());
        let mut sink = Sink::default();
        let connector = engine.connector();
        let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
        let running = connector.run(&bound, seconds, signal, &mut sink);
        let stopping = async {
            while code == Code::Cancelled && door.asked().len() < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            if code == Code::Cancelled {
                stop.stop();
            }
        };
        let (ended, ()) = tokio::join!(running, stopping);
        assert_eq!(ended.expect_err("is ended").code(), code);
        let last = door.asked().pop().expect("asked");
        assert_eq!((last.method.as_str(), last.target.as_str()), ("DELETE", "/v1/statement/q/1"));
    }
}

#[tokio::test]
async fn the_words_of_the_server_come_through() {
    let door = Door::open(|asked, _| match asked.body.as_str() {
        "select 1" => Answer::json(&json!({
            "error": { "message": "line 1:8: Column 'nope' cannot be resolved",
                       "errorName": "COLUMN_NOT_FOUND" },
        })),
        "select 2" => Answer::json(&json!({
            "error": { "message": "Query exceeded", "errorName": "EXCEEDED_TIME_LIMIT" },
        })),
        "select 3" => Answer::Now(401, Vec::new(), b"Unauthorized".to_vec()),
        "select 4" => Answer::json(&json!({ "nextUri": "http://169.254.169.254/latest" })),
        _ => Answer::json(&json!({})),
    })
    .await;
    let engine = at("trino", door.port);
    let fault = async |text: &str| engine.run(text).await.err().expect("fails");
    assert_eq!(fault("select 1").await.detail(), "line 1:8: Column 'nope' cannot be resolved");
    assert_eq!(fault("select 2").await.code(), Code::TimedOut);
    assert_eq!(fault("select 3").await.detail(), "error 401: Unauthorized");
    assert!(fault("select 4").await.detail().contains("another host"));
    assert!(fault("select 5").await.detail().contains("no data"));
    assert!(fault("select 6; select 7").await.detail().contains("one statement"));
}

#[tokio::test]
async fn tables_and_closed_hosts() {
    let door = Door::open(|asked, _| {
        assert!(asked.body.contains("FROM \"c\".information_schema.columns"));
        Answer::json(&json!({
            "columns": [column("a", "varchar")],
            "data": [["s", "t", "id", "bigint"], ["s", "t", "name", "varchar"]],
        }))
    })
    .await;
    let engine = at("trino", door.port);
    let tables = engine.connector().tables().await.expect("lists");
    assert_eq!((tables.len(), tables[0].name.as_str(), tables[0].columns.len()), (1, "s.t", 2));
    let mut options = engine.options.clone();
    options["password"] = json!("secret");
    let fault = engine.connectors.check("trino", &options).expect_err("in clear text");
    assert_eq!(fault.field(), Some("options.protocol"));
    options = engine.options.clone();
    options["host"] = json!("169.254.169.254");
    assert!(engine.connectors.check("trino", &options).is_err());
}
