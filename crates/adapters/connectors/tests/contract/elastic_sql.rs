//! SQL on Elasticsearch and OpenSearch: a server that speaks as they do, since none can be started
//! here.

use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use serde_json::{Value as Json, json};
use tessera_bi::ports::{BatchSink, CancelSignal, Connectors as _};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::{Code, Fault, Result};

use crate::door::{Answer, Asked, Door};
use crate::engines::{Engine, Sink, Stop};

const XPACK: &str = "elasticsearch2_XPackSQLElasticSearch";
const OPEN: &str = "elasticsearch2_OpenDistroSQLElasticSearch";

fn at(name: &'static str, port: u16) -> Engine {
    let connectors =
        AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() });
    Engine {
        name,
        dialect: connectors.dialect(name).expect("a known type"),
        connectors,
        options: json!({
            "url": format!("http://127.0.0.1:{port}/es/"), "username": "u", "password": "p",
        }),
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

fn body(asked: &Asked) -> Json {
    serde_json::from_str(&asked.body).expect("is JSON")
}

fn refused(status: u16, error: &Json) -> Answer {
    let body = json!({ "error": error, "status": status });
    Answer::Now(status, Vec::new(), body.to_string().into_bytes())
}

#[tokio::test]
async fn pages_are_read_to_the_end_with_their_types() {
    let door = Door::open(|asked, _| {
        assert_eq!(asked.target, "/es/_sql");
        Answer::json(&match body(asked).get("cursor").and_then(Json::as_str) {
            None => json!({
                "columns": [
                    {"name": "a", "type": "long"}, {"name": "b", "type": "float"},
                    {"name": "c", "type": "boolean"}, {"name": "d", "type": "keyword"},
                    {"name": "e", "type": "datetime"}, {"name": "f", "type": "date"},
                    {"name": "g", "type": "unsigned_long"}, {"name": "h", "type": "object"},
                    {"name": "i", "type": "ip"}, {"name": "j", "type": "null"},
                ],
                "rows": [[
                    9_007_199_254_740_993_i64, 0.1, true, "ü漢", "2020-02-29T04:05:06.789Z",
                    "2020-02-29T00:00:00.000Z", 18_446_744_073_709_551_615_u64, {"x": [1]},
                    "10.0.0.1", null,
                ]],
                "cursor": "next",
            }),
            Some("next") => json!({ "rows": [vec![Json::Null; 10]], "cursor": "last" }),
            Some(_) => json!({ "rows": [] }),
        })
    })
    .await;
    let engine = at(XPACK, door.port);
    let rows = engine.run("select * from t -- all\n;").await.expect("runs");
    let kinds = [
        "integer",
        "float",
        "boolean",
        "text",
        "timestamptz",
        "date",
        "decimal",
        "json",
        "text",
        "text",
    ];
    for (place, kind) in kinds.iter().enumerate() {
        assert_eq!(rows.kind(place), *kind);
    }
    let cells = rows.cells();
    assert_eq!(
        cells[0][..4],
        [json!(9_007_199_254_740_993_i64), json!(0.1), json!(true), json!("ü漢")]
    );
    assert!(cells[0][4].as_str().expect("a moment").starts_with("2020-02-29T04:05:06.789"));
    assert_eq!(cells[0][5], json!("2020-02-29"));
    assert!(cells[0][6].to_string().contains("18446744073709551615"), "{}", cells[0][6]);
    assert_eq!(cells[0][7..], [json!({"x": [1]}), json!("10.0.0.1"), Json::Null]);
    assert_eq!(cells[1], vec![Json::Null; 10]);
    let asked = door.asked();
    assert_eq!(asked.len(), 3, "a cursor that was read to its end is not closed");
    assert_eq!(asked[0].header("authorization"), Some("Basic dTpw"));
    let first = body(&asked[0]);
    assert_eq!([&first["query"], &first["fetch_size"]], [&json!("select * from t"), &json!(2000)]);
    assert_eq!(first.get("params"), None);
    let seconds = first["request_timeout"].as_str().and_then(|time| time.strip_suffix('s'));
    assert!((58..=62).contains(&seconds.expect("in seconds").parse().expect("a number")));
}

#[tokio::test]
async fn elasticsearch_takes_values_beside_the_statement() {
    let door = Door::open(|_, _| {
        Answer::json(&json!({ "columns": [{"name": "v", "type": "keyword"}], "rows": [["x"]] }))
    })
    .await;
    let engine = at(XPACK, door.port);
    let definitions = json!([
        { "name": "v", "type": "text" }, { "name": "n", "type": "number" },
        { "name": "f", "type": "number" },
        { "name": "d", "type": "date" }, { "name": "t", "type": "datetime-local" },
        { "name": "many", "type": "enum", "enumOptions": "a\nb",
          "multiValuesOptions": { "prefix": "'", "suffix": "'", "separator": "," } },
        { "name": "column", "type": "enum", "enumOptions": "id\nname" },
    ]);
    let text = "select top {{ n }} \"{{ column }}\", '%{{ v }}', {{ f }} /* {{ v }} */ from t
        where a = {{ v }} and n > {{ n }} and d >= {{ d }} and e < {{ t }} and b in ({{ many }})
        and d > '{{ d }}' limit {{ n }}";
    let sent = "select top 5 \"id\", ?, ?   from t
        where a = ? and n > ? and d >= CAST(? AS date) and e < CAST(? AS datetime) and b in (?, ?)
        and d > ? limit 5";
    for value in ["x", "' or 1=1 --", "\\", "?", "\u{1}\n", "{{ n }}", ""] {
        let given = json!({
            "v": value, "n": 5, "d": "2020-01-02", "t": "2020-01-02 03:04", "f": "1.5",
            "many": ["a", "b"], "column": "id",
        });
        engine.run_with(text, &definitions, &given).await.expect(value);
        let asked = body(&door.asked().pop().expect("asked"));
        assert_eq!(asked["query"], sent);
        let expected = json!([
            format!("%{value}"),
            1.5,
            value,
            5,
            "2020-01-02",
            "2020-01-02T03:04:00",
            "a",
            "b",
            "2020-01-02",
        ]);
        assert_eq!(asked["params"], expected);
    }
}

/// The literals of a text and what is between them, by the rules of the server's lexer.
fn literals(text: &str) -> (String, Vec<String>) {
    let (mut between, mut found) = (String::new(), Vec::new());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\'' {
            between.push(letter);
            continue;
        }
        let mut literal = String::new();
        loop {
            match letters.next().expect("the literal ends") {
                '\\' => match letters.next().expect("something is escaped") {
                    one @ ('\\' | '\'' | '"') => literal.push(one),
                    other => literal.extend(['\\', other]),
                },
                '\'' if letters.peek() == Some(&'\'') => literal.extend(letters.next()),
                '\'' => break,
                other => literal.push(other),
            }
        }
        between.push_str("''");
        found.push(literal);
    }
    (between, found)
}

#[tokio::test]
async fn opensearch_gets_literals_that_were_written_anew() {
    let door = Door::open(|asked, _| {
        assert_eq!(asked.target, "/es/_plugins/_sql");
        Answer::json(&json!({
            "schema": [{"name": "v", "alias": "w", "type": "text"}], "datarows": [["x"]],
            "total": 1, "size": 1, "status": 200,
        }))
    })
    .await;
    let engine = at(OPEN, door.port);
    let definitions = json!([
        { "name": "v", "type": "text" }, { "name": "n", "type": "number" },
        { "name": "d", "type": "date" }, { "name": "t", "type": "datetime-local" },
    ]);
    let text = "select `a?`, 5 -{{ n }} # {{ v }}
        from t where a = '{{ v }}' and b like \"%{{ v }}%\" and c = {{ v }} and d > {{ d }}
        and e < {{ t }} and f = 'it''s' limit 5";
    let between = "select `a?`, 5 - -5  \n        from t where a = '' and b like '' and c = '' and \
                   d > DATE ''\n        and e < TIMESTAMP '' and f = '' limit 5";
    for value in [
        "x",
        "' or 1=1 -- ",
        "\\' or 1=1 -- ",
        "\\",
        "\\\\'",
        "\"",
        "?",
        "/*",
        "#",
        "{{ n }}",
        "",
        "\n\t",
        "😀",
        "`",
        "\\\" or 1=1 ",
    ] {
        let given = json!({ "v": value, "n": -5, "d": "2020-01-02", "t": "2020-01-02 03:04" });
        let rows = engine.run_with(text, &definitions, &given).await.expect(value);
        assert_eq!(rows.schema().field(0).name(), "w");
        let asked = body(&door.asked().pop().expect("asked"));
        let (code, found) = literals(asked["query"].as_str().expect("a text"));
        assert_eq!(code, between);
        let like = format!("%{value}%");
        let expected = [value, &like, value, "2020-01-02", "2020-01-02 03:04:00", "it's"];
        assert_eq!(found, expected);
        assert_eq!(asked.as_object().expect("an object").len(), 1, "nothing else is sent");
    }
    let before = door.asked().len();
    let given = json!({ "v": "\u{1a}", "n": 1, "d": "2020-01-02", "t": "2020-01-02 03:04" });
    let fault = engine.run_with(text, &definitions, &given).await.err().expect("is refused");
    assert_eq!(fault.code(), Code::InvalidParameters);
    assert_eq!(door.asked().len(), before);
}

#[tokio::test]
async fn opensearch_is_read_by_pages_where_it_can() {
    let door = Door::open(|asked, _| {
        let body = body(asked);
        if let Some(cursor) = body.get("cursor") {
            assert_eq!(cursor, "d:1");
            return Answer::json(&json!({ "datarows": [[[1, 2], "2020-01-02 00:00:01"]] }));
        }
        let query = body["query"].as_str().unwrap_or_default();
        if body.get("fetch_size").is_some() && query.contains("from u") {
            return refused(503, &json!({ "type": "UnsupportedOperationException" }));
        }
        let mut page = json!({
            "schema": [{"name": "a", "type": "long"}, {"name": "b", "type": "timestamp"}],
            "datarows": [[5, "2020-01-02 03:04:05.678"]],
        });
        if body.get("fetch_size").is_some() {
            page["cursor"] = json!("d:1");
        }
        Answer::json(&page)
    })
    .await;
    let engine = at(OPEN, door.port);
    let rows = engine.run("select a, b from t").await.expect("runs");
    // The second page has a list: all is read again, for a column of documents.
    assert_eq!([rows.kind(0), rows.kind(1)], ["json", "timestamp"]);
    assert_eq!(rows.0.begun, 2);
    assert_eq!(
        rows.cells(),
        [
            vec![json!(5), json!("2020-01-02T03:04:05.678000")],
            vec![json!([1, 2]), json!("2020-01-02T00:00:01")],
        ]
    );
    assert_eq!(door.asked().len(), 4);
    let rows = engine.run("select a, b from u").await.expect("runs");
    assert_eq!(rows.first(), [json!(5)]);
    assert_eq!(door.asked().len(), 6);
}

#[tokio::test]
async fn a_cursor_that_nobody_reads_on_is_closed() {
    for (name, target) in [(XPACK, "/es/_sql/close"), (OPEN, "/es/_plugins/_sql/close")] {
        let mark = Arc::new(Mutex::new(String::new()));
        let door = Door::open(move |asked, _| {
            if asked.target.ends_with("/close") || asked.target.ends_with("/_cancel") {
                return Answer::json(&json!({ "succeeded": true }));
            }
            let mut mark = mark.lock().expect("nobody panicked");
            if asked.target.contains("/_tasks") {
                return Answer::json(&json!({ "nodes": { "n": { "tasks": {
                    "n:7": { "cancellable": true, "headers": { "X-Opaque-Id": *mark } },
                    "n:8": { "cancellable": true, "headers": { "X-Opaque-Id": "another" } },
                } } } }));
            }
            *mark = asked.header("x-opaque-id").unwrap_or_default().to_owned();
            match body(asked).get("cursor") {
                None => Answer::json(&json!({
                    "columns": [{"name": "a", "type": "long"}], "rows": [[1]], "cursor": "more",
                })),
                Some(_) => Answer::Never,
            }
        })
        .await;
        let engine = at(name, door.port);
        for (seconds, code) in [(600, Code::Cancelled), (1, Code::TimedOut)] {
            let bound = engine.bind("select a from t", &json!([]), &json!({})).expect("binds");
            let stop = Arc::new(Stop::default());
            let mut sink = Sink::default();
            let connector = engine.connector();
            let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
            let before = door.asked().len();
            let running = connector.run(&bound, seconds, signal, &mut sink);
            let stopping = async {
                while code == Code::Cancelled && door.asked().len() < before + 2 {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                if code == Code::Cancelled {
                    stop.stop();
                }
            };
            let (ended, ()) = tokio::join!(running, stopping);
            let fault = ended.expect_err("is ended");
            assert_eq!(fault.code(), code);
            if code == Code::TimedOut {
                assert_eq!(
                    fault.detail(),
                    "the query ran longer than 1 s (runs.time_limit_seconds)"
                );
            }
            let asked = door.asked();
            let [.., page, close, tasks, cancel] = asked.as_slice() else { panic!("{asked:?}") };
            assert_eq!((close.target.as_str(), body(close)), (target, json!({ "cursor": "more" })));
            assert!(page.header("x-opaque-id").is_some_and(|mark| mark.starts_with("tessera-")));
            assert_eq!(tasks.target, "/es/_tasks?actions=indices:data/read/*");
            assert_eq!(cancel.method, "POST");
            assert_eq!(cancel.target, "/es/_tasks/n%3A7/_cancel");
        }
    }
}

/// Takes no rows, as when there are too many.
struct Full;

#[async_trait]
impl BatchSink for Full {
    async fn begin(&mut self, _schema: SchemaRef) -> Result<()> {
        Ok(())
    }

    async fn batch(&mut self, _batch: RecordBatch) -> Result<()> {
        Err(Fault::new(Code::TooLarge, "too many rows"))
    }
}

#[tokio::test]
async fn a_cursor_is_closed_when_there_are_too_many_rows() {
    let door = Door::open(|asked, _| {
        let first = asked.target == "/es/_sql" && body(asked).get("cursor").is_none();
        assert!(first || asked.target == "/es/_sql/close", "{asked:?}");
        Answer::json(&json!({
            "columns": [{"name": "a", "type": "long"}], "rows": [[1]], "cursor": "more",
        }))
    })
    .await;
    let engine = at(XPACK, door.port);
    let bound = engine.bind("select a from t", &json!([]), &json!({})).expect("binds");
    let connector = engine.connector();
    let mut full = Full;
    let running = connector.run(&bound, 60, Arc::new(Stop::default()), &mut full);
    assert_eq!(running.await.expect_err("is ended").code(), Code::TooLarge);
    assert_eq!(door.asked().len(), 2);
}

#[tokio::test]
async fn servers_of_before_are_asked_at_their_address() {
    for (name, before) in [(XPACK, "/es/_xpack/sql"), (OPEN, "/es/_opendistro/_sql")] {
        let door = Door::open(move |asked, _| {
            if asked.target == before {
                return Answer::json(&json!({
                    "columns": [{"name": "a", "type": "long"}], "rows": [[1]],
                }));
            }
            refused(
                400,
                &json!({
                    "root_cause": [{"type": "invalid_index_name_exception", "reason": "no"}],
                    "type": "invalid_index_name_exception", "reason": "no",
                }),
            )
        })
        .await;
        let engine = at(name, door.port);
        for _ in 0..2 {
            assert_eq!(engine.run("select a").await.expect("runs").first(), [json!(1)]);
        }
        assert_eq!(door.asked().len(), 3, "the second run knows the address");
    }
}

#[tokio::test]
async fn the_words_of_the_server_come_through() {
    let door = Door::open(|asked, _| {
        let body = body(asked);
        match body["query"].as_str().unwrap_or_default() {
            "select 1" => refused(
                400,
                &json!({
                    "root_cause": [{"type": "parsing_exception", "reason": "line 1:8: extraneous"}],
                    "type": "parsing_exception", "reason": "line 1:8: extraneous",
                    "caused_by": {"type": "x", "reason": "no such column"},
                }),
            ),
            "select 2" => refused(
                400,
                &json!({
                    "type": "SemanticCheckException", "reason": "Invalid SQL query",
                    "details": "can't resolve Symbol nope",
                }),
            ),
            "select 3" => Answer::Now(401, Vec::new(), b"Unauthorized".to_vec()),
            "select 4" => Answer::json(&json!({ "error": "early", "status": 400 })),
            "select 5" => Answer::Now(200, Vec::new(), b"<html>".to_vec()),
            "select 6" => Answer::json(&json!({ "took": 5 })),
            _ => Answer::json(&json!({ "columns": [{"name": "a", "type": "long"}], "rows": [[]] })),
        }
    })
    .await;
    for name in [XPACK, OPEN] {
        let engine = at(name, door.port);
        let fault = async |text: &str| {
            let fault = engine.run(text).await.err().expect("fails");
            assert_eq!(fault.code(), Code::SourceFailed);
            fault.detail().to_owned()
        };
        assert_eq!(
            fault("select 1").await,
            "parsing_exception: line 1:8: extraneous: no such column"
        );
        assert_eq!(
            fault("select 2").await,
            "SemanticCheckException: Invalid SQL query: can't resolve Symbol nope"
        );
        assert_eq!(
            fault("select 3").await,
            "Failed to execute query. Return Code: 401 Reason: Unauthorized"
        );
        assert_eq!(fault("select 4").await, "early");
        assert!(fault("select 5").await.starts_with("the answer is no page of rows"));
        assert!(fault("select 6").await.contains("no columns"));
        assert!(fault("select 7").await.contains("form of its columns"));
        assert!(fault("select 8; select 9").await.contains("one statement"));
        assert_eq!(fault(" -- x").await, "the query is empty");
    }
}

#[tokio::test]
async fn tables_forms_and_closed_hosts() {
    let door = Door::open(|asked, _| match asked.target.as_str() {
        "/es/_cluster/health" => Answer::json(&json!({ "status": "green" })),
        "/es/_mappings" => Answer::json(&json!({
            "t": {"mappings": {"properties": {"id": {"type": "long"}}}},
        })),
        _ => Answer::Now(404, Vec::new(), Vec::new()),
    })
    .await;
    for (name, title) in
        [(XPACK, "X-Pack SQL Elasticsearch"), (OPEN, "Open Distro SQL Elasticsearch")]
    {
        let engine = at(name, door.port);
        engine.connector().test().await.expect("connects");
        let tables = engine.connector().tables().await.expect("lists");
        assert_eq!((tables.len(), tables[0].name.as_str(), tables[0].columns.len()), (1, "t", 1));
        let known = engine.connectors.types().iter().find(|known| known.name == name);
        let known = known.expect("is offered");
        assert_eq!((known.title, known.syntax, known.auto_limit), (title, "sql", false));
        assert_eq!(
            known.schema,
            json!({
                "type": "object",
                "properties": {
                    "url": {"type": "string", "title": "URL base path"},
                    "username": {"type": "string", "title": "HTTP Basic Auth Username"},
                    "password": {"type": "string", "title": "HTTP Basic Auth Password"},
                },
                "secret": ["password"], "order": ["url", "username", "password"],
                "required": ["url"],
            })
        );
        for odd in [json!({}), json!({ "url": "es:9200" }), json!({ "url": "es" })] {
            let fault = engine.connectors.check(name, &odd).expect_err("is refused");
            assert_eq!(fault.field(), Some("options.url"), "{fault}");
        }
        let closed = json!({ "url": "http://169.254.169.254" });
        let fault = engine.connectors.check(name, &closed).expect_err("is closed");
        assert!(fault.detail().contains("sources.denied_networks"), "{fault}");
    }
}
