//! Elasticsearch and OpenSearch: a server that speaks as they do, since none can be started here.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::Code;

use crate::engines::{Sink, Stop, document, until};
use crate::server::{Asked, Reply, Server};

fn cluster(asked: &Asked) -> Reply {
    let json = |status: u16, body: Json| {
        Some((status, "content-type: application/json\r\n", body.to_string().into_bytes()))
    };
    let (method, path) = asked.line.split_once(' ').unwrap_or_default();
    match (method, path) {
        ("GET", "/es/_cluster/health") => json(200, json!({ "status": "green" })),
        ("GET", "/es/_mappings") => json(
            200,
            json!({
                "orders": {"mappings": {"properties": {
                    "id": {"type": "long"},
                    "customer": {"properties": {"name": {"type": "keyword"}}},
                }}},
                "old": {"mappings": {"doc": {"properties": {"a": {"type": "date"}}}}},
            }),
        ),
        ("POST", "/es/orders/_search") => json(
            200,
            json!({"hits": {"total": {"value": 2}, "hits": [
                {"_id": "1", "_source": {"id": 1, "customer": {"name": "ü"}, "tags": ["a", "b"]}},
                {"_id": "2", "_source": {"id": 2, "customer": {"name": null}, "x": 1.5}},
            ]}}),
        ),
        ("POST", "/es/sums*,other/_search") => json(
            200,
            json!({"hits": {"hits": []}, "aggregations": {"by": {"buckets": [
                {"key": "a", "doc_count": 2, "price": {"value": 1.5}},
                {"key": "b", "doc_count": 1, "price": {"value": 2.0}},
            ]}}}),
        ),
        _ => json(
            404,
            json!({"error": {"root_cause": [{"type": "index_not_found_exception", "reason": "no such index"}]},
                   "status": 404}),
        ),
    }
}

async fn start() -> (Server, crate::engines::Engine) {
    let server = Server::start(cluster).await;
    let options = json!({ "url": format!("{}/es/", server.url), "username": "u", "password": "p" });
    (server, document("elasticsearch2", options))
}

#[tokio::test]
async fn hits_and_aggregations_are_rows() {
    let (server, engine) = start().await;
    engine.connector().test().await.expect("healthy");
    let rows =
        engine.run(r#"{"index": "orders", "query": {"match_all": {}}}"#).await.expect("runs");
    let names: Vec<&str> =
        rows.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "customer.name", "tags", "x"]);
    assert_eq!([rows.kind(0), rows.kind(2), rows.kind(3)], ["integer", "json", "float"]);
    assert_eq!(
        rows.cells(),
        [
            vec![json!(1), json!("ü"), json!(["a", "b"]), Json::Null],
            vec![json!(2), Json::Null, Json::Null, json!(1.5)],
        ]
    );
    let asked = server.last();
    assert_eq!(asked.header("authorization"), Some("Basic dTpw"));
    assert_eq!(
        serde_json::from_str::<Json>(&asked.body).unwrap(),
        json!({"query": {"match_all": {}}})
    );

    let text = r#"{"index": "sums*,other", "result_fields": ["by", "by.price.value"], "size": 0}"#;
    let rows = engine.run(text).await.expect("runs");
    assert_eq!(rows.cells(), [vec![json!("a"), json!(1.5)], vec![json!("b"), json!(2.0)]]);

    let fault = engine.run(r#"{"index": "missing"}"#).await.err().expect("fails");
    assert_eq!(fault.detail(), "index_not_found_exception: no such index");
    let fault = engine.run("select 1").await.err().expect("fails");
    assert!(fault.detail().starts_with("the query is no JSON"), "{fault}");
    let tables = engine.connector().tables().await.expect("lists");
    let listed: Vec<(&str, Vec<&str>)> = tables
        .iter()
        .map(|table| {
            let names = table.columns.iter().map(|column| column.name.as_str()).collect();
            (table.name.as_str(), names)
        })
        .collect();
    assert_eq!(listed, [("old", vec!["a"]), ("orders", vec!["customer.name", "id"])]);
}

#[tokio::test]
async fn no_value_changes_the_structure_of_a_query() {
    let (server, engine) = start().await;
    let definitions = json!([
        { "name": "v", "type": "text" }, { "name": "n", "type": "number" },
        { "name": "many", "type": "enum", "enumOptions": "\"a\"\n\"b\"", "multiValuesOptions": {} },
        { "name": "order", "type": "enum", "enumOptions": "asc\ndesc" },
    ]);
    let text = r#"{"index": "orders", "size": {{ n }}, "sort": [{"id": "{{ order }}"}],
        "query": {"bool": {"filter": [{"term": {"name": "{{ v }}"}}, {"term": {"bare": {{ v }}}},
        {"wildcard": {"x": "a {{ v }}*"}}, {"terms": {"y": [{{ many }}]}}]}}}"#;
    for value in [
        "x",
        "\"",
        "\\",
        "\"}}, {\"match_all\": {}}",
        "\u{1}\n",
        "ü",
        "{{ n }}",
        "null",
        "1",
        "[]",
        "\u{e000}1\u{e001}",
        "\\u0022",
    ] {
        let given = json!({ "v": value, "n": 5, "many": ["\"a\"", "\"b\""], "order": "desc" });
        engine
            .run_with(text, &definitions, &given)
            .await
            .unwrap_or_else(|f| panic!("{value}: {f}"));
        let expected = json!({
            "size": 5, "sort": [{"id": "desc"}],
            "query": {"bool": {"filter": [
                {"term": {"name": value}}, {"term": {"bare": value}},
                {"wildcard": {"x": format!("a {value}*")}}, {"terms": {"y": ["a", "b"]}},
            ]}},
        });
        assert_eq!(serde_json::from_str::<Json>(&server.last().body).unwrap(), expected);
    }
    let before = server.asked().len();
    for (text, value) in [
        (r#"{"index": "{{ v }}"}"#, "a,secrets"),
        (r#"{"index": "{{ v }}"}"#, "*"),
        (r#"{"index": "{{ v }}"}"#, "_all"),
        (r#"{"index": "{{ v }}"}"#, "a/_doc"),
        (r#"{"index": "a-{{ v }}"}"#, ",b"),
        (r#"{"index": "a,{{ v }}"}"#, "_all"),
        (r#"{"index": "a,{{ v }}"}"#, "-a"),
        (r#"{"index": "other:{{ v }}"}"#, ".security"),
        (r#"{"index": "{{ v }}"}"#, ".."),
        (r#"{"{{ v }}": 1}"#, "size"),
    ] {
        let given = json!({ "v": value, "n": 5, "many": [], "order": "asc" });
        let fault = engine.run_with(text, &definitions, &given).await.err().expect(value);
        assert_eq!(fault.code(), Code::UnbindableParameter, "{text} {value}");
    }
    assert_eq!(server.asked().len(), before);
}

#[tokio::test]
async fn older_types_take_words() {
    let (server, _) = start().await;
    let options = json!({ "server": format!("{}/es", server.url) });
    let engine = document("kibana", options.clone());
    let text =
        r#"{"index": "orders", "query": "name:{{ v }}", "size": 3, "limit": 7, "sort": "id:desc"}"#;
    let definitions = json!([{ "name": "v", "type": "text" }]);
    engine.run_with(text, &definitions, &json!({ "v": "a b" })).await.expect("runs");
    let expected = json!({
        "query": {"query_string": {"query": "name:a b"}}, "size": 7, "sort": [{"id": {"order": "desc"}}],
    });
    assert_eq!(serde_json::from_str::<Json>(&server.last().body).unwrap(), expected);
    let engine = document("elasticsearch", options);
    // Documents stay as they are, and what was asked for is a column, whoever has it.
    let text = r#"{"index": "orders", "result_fields": ["none", "customer", "id"]}"#;
    let rows = engine.run(text).await.expect("runs");
    let names: Vec<&str> =
        rows.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["none", "customer", "id"]);
    assert_eq!(rows.cells()[0], [Json::Null, json!({"name": "ü"}), json!(1)]);
    // Buckets have short names.
    let rows = engine.run(r#"{"index": "sums*,other", "size": 0}"#).await.expect("runs");
    let names: Vec<&str> =
        rows.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["price", "doc_count", "by"]);
    assert_eq!(rows.cells()[1], [json!(2.0), json!(1), json!("b")]);
}

/// A server that gives five documents more than a page has; the second page never comes if that is
/// what `index` asks for.
fn scrolls(asked: &Asked) -> Reply {
    let json = |body: Json| {
        Some((200, "content-type: application/json\r\n", body.to_string().into_bytes()))
    };
    let hits = |from: u64, to: u64| -> Json {
        (from..to).map(|number| json!({"_source": {"n": number}})).collect()
    };
    let body: Json = serde_json::from_str(&asked.body).unwrap_or_default();
    match (asked.line.as_str(), body["scroll_id"].as_str()) {
        ("POST /logs/_search?scroll=60s", _) => {
            json(json!({"_scroll_id": "a", "hits": {"hits": hits(0, 5000)}}))
        }
        ("POST /endless/_search?scroll=60s", _) => {
            json(json!({"_scroll_id": "c", "hits": {"hits": hits(0, 5000)}}))
        }
        ("POST /_search/scroll", Some("a")) => {
            json(json!({"_scroll_id": "b", "hits": {"hits": hits(5000, 10_000)}}))
        }
        ("POST /_search/scroll", Some("b")) => {
            json(json!({"_scroll_id": "b", "hits": {"hits": hits(10_000, 15_000)}}))
        }
        ("POST /_search/scroll", _) => None,
        ("POST /logs/_search", _) => json(json!({"hits": {"hits": hits(0, 1)}})),
        _ => json(json!({"succeeded": true})),
    }
}

#[tokio::test]
async fn more_documents_than_a_server_gives_at_once_come_by_pages() {
    let server = Server::start(scrolls).await;
    let engine = document("elasticsearch2", json!({ "url": server.url }));
    let text = r#"{"index": "logs", "size": 10005, "sort": ["n"]}"#;
    let rows = engine.run(text).await.expect("runs");
    let numbers: Vec<Json> = (0..10_005).map(|number| json!(number)).collect();
    assert_eq!(rows.first(), numbers);
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    let first: Json = serde_json::from_str(&asked[0].body).expect("JSON");
    assert_eq!(first, json!({"size": 5000, "sort": ["n"]}));
    assert_eq!(asked[3].line, "DELETE /_search/scroll");
    assert_eq!(asked[3].body, r#"{"scroll_id":["b"]}"#);
    // Where a scroll is not possible, the server says what it thinks of the size.
    engine.run(r#"{"index": "logs", "size": 10005, "from": 5}"#).await.expect("runs");
    assert_eq!(server.last().line, "POST /logs/_search");

    let bound = engine
        .bind(r#"{"index": "endless", "size": 20000}"#, &json!([]), &json!({}))
        .expect("binds");
    let stop = Arc::new(Stop::default());
    let mut sink = Sink::default();
    let connector = engine.connector();
    let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
    let before = server.asked().len();
    let running = connector.run(&bound, 600, signal, &mut sink);
    let stopping = async {
        until(|| server.asked().len() >= before + 2).await;
        stop.stop();
    };
    let (ended, ()) = tokio::join!(running, stopping);
    assert_eq!(ended.expect_err("is cancelled").code(), Code::Cancelled);
    assert_eq!(server.last().line, "DELETE /_search/scroll");
    assert_eq!(server.last().body, r#"{"scroll_id":["c"]}"#);
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_ended() {
    let server = Server::start(|_| None).await;
    let engine = document("elasticsearch2", json!({ "url": server.url }));
    let bound = engine.bind(r#"{"index": "logs"}"#, &json!([]), &json!({})).expect("binds");
    let mut sink = Sink::default();
    let connector = engine.connector();
    let running = connector.run(&bound, 1, Arc::new(Stop::default()), &mut sink);
    let fault = running.await.expect_err("is ended");
    assert_eq!(fault.code(), Code::TimedOut);
    assert_eq!(fault.detail(), "the query ran longer than 1 s (runs.time_limit_seconds)");
}
