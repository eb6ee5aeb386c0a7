//! Documents behind addresses: CSV, Excel, JSON and ready results.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tessera_bi::ports::{CancelSignal, Connectors};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;

use crate::engines::{Engine, Sink, Stop, document};
use crate::server::{Asked, Reply, Server};

const CSV: &str = "id,name,when,x,ok,mixed,none\n1,a,2020-01-02,1.5,true,1,\n2,\"b, c\",2020-01-03,,\
                   False,x,NULL\n";

fn pages(asked: &Asked) -> Reply {
    let good = |body: String| Some((200, "", body.into_bytes()));
    match asked.line.split(' ').nth(1).unwrap_or_default() {
        "/data.csv" => good(CSV.to_owned()),
        "/semicolons" => Some((200, "", b"a;b\n1,5;\xe4\n2,25;x\n".to_vec())),
        "/data.json" => good(
            json!([
                {"id": 1, "name": "a", "nested": {"x": 1.5}, "ok": true, "list": [1, {"a": null}]},
                {"id": 2, "name": "b", "nested": {"x": null}, "ok": false, "big": 18446744073709551615_u64},
            ])
            .to_string(),
        ),
        "/deep" => good(json!({"a": {"b": [{"n": 1}, {"n": "x"}]}, "next": "/deep2"}).to_string()),
        "/deep2" => good(json!({"a": {"b": [{"n": 3}]}, "next": null}).to_string()),
        "/redash.json" => good(
            json!({"columns": [{"name": "n"}, {"name": "missing"}], "rows": [{"n": 1}, {"n": {"a": 2}}]})
                .to_string(),
        ),
        "/moved" => Some((302, "location: /data.json\r\n", Vec::new())),
        "/empty" => good(" ".to_owned()),
        "/held" => None,
        "/broken" => Some((500, "", b"out of order".to_vec())),
        path if path.starts_with("/echo") => good(json!({ "asked": asked.line }).to_string()),
        _ => Some((404, "", b"nothing here".to_vec())),
    }
}

#[tokio::test]
async fn csv_columns_have_the_types_of_their_texts() {
    let server = Server::start(pages).await;
    let engine = document("csv", json!({}));
    let rows = engine.run(&format!("url: {}/data.csv", server.url)).await.expect("runs");
    let kinds: Vec<&str> = (0..7).map(|column| rows.kind(column)).collect();
    assert_eq!(kinds, ["integer", "text", "text", "float", "boolean", "text", "text"]);
    assert_eq!(
        rows.cells(),
        [
            vec![
                json!(1),
                json!("a"),
                json!("2020-01-02"),
                json!(1.5),
                json!(true),
                json!("1"),
                Json::Null
            ],
            vec![
                json!(2),
                json!("b, c"),
                json!("2020-01-03"),
                Json::Null,
                json!(false),
                json!("x"),
                Json::Null
            ],
        ]
    );
    let text = format!(
        "url: {}/data.csv\nuser-agent: me\nusecols: [name, when, id]\nparse_dates: [when]\ndtype: \
         {{id: str}}\nnrows: 1",
        server.url
    );
    let rows = engine.run(&text).await.expect("runs");
    assert_eq!([rows.kind(0), rows.kind(1), rows.kind(2)], ["text", "text", "timestamp"]);
    assert_eq!(rows.cells().len(), 1);
    assert_eq!(server.last().header("user-agent"), Some("me"));
    let text = format!(
        "url: {}/semicolons\nsep: ;\ndecimal: ','\nencoding: latin-1\nnames: [x, y]\nheader: 0",
        server.url
    );
    let rows = engine.run(&text).await.expect("runs");
    assert_eq!(rows.cells(), [vec![json!(1.5), json!("ä")], vec![json!(2.25), json!("x")]]);
    assert_eq!(rows.schema().field(0).name(), "x");
}

#[tokio::test]
async fn a_workbook_is_read_by_sheet() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["id", "name", "x"]).expect("written");
    sheet.write(1, 0, 1).expect("written").write(1, 1, "ü").expect("written");
    sheet.write(1, 2, 1.5).expect("written").write(3, 0, 7).expect("written");
    let second = book.add_worksheet();
    second.set_name("dates").expect("named").write(0, 0, "d").expect("written");
    let day = rust_xlsxwriter::ExcelDateTime::parse_from_str("2024-02-29T10:30:00").expect("a day");
    let format = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    second.write_with_format(1, 0, &day, &format).expect("written");
    let bytes = book.save_to_buffer().expect("saved");
    let server = Server::start(move |_| Some((200, "", bytes.clone()))).await;
    let engine = document("excel", json!({}));
    let rows = engine.run(&format!("url: {}/x", server.url)).await.expect("runs");
    assert_eq!([rows.kind(0), rows.kind(1), rows.kind(2)], ["integer", "text", "float"]);
    let expected = [
        vec![json!(1), json!("ü"), json!(1.5)],
        vec![Json::Null, Json::Null, Json::Null],
        vec![json!(7), Json::Null, Json::Null],
    ];
    assert_eq!(rows.cells(), expected);
    let rows =
        engine.run(&format!("url: {}/x\nsheet_name: dates", server.url)).await.expect("runs");
    assert_eq!(rows.kind(0), "timestamp");
    assert_eq!(rows.cells().len(), 1);
    let fault = engine.run(&format!("url: {}/x\nsheet_name: 9", server.url)).await.err().unwrap();
    assert!(fault.detail().contains("Worksheet not found"), "{fault}");
    let engine = document("csv", json!({}));
    let fault = engine.run(&format!("url: {}/x\nwhat: 9", server.url)).await.err().unwrap();
    assert_eq!(
        fault.detail(),
        format!("Error reading {}/x. the option what is not supported", server.url)
    );
}

#[tokio::test]
async fn a_workbook_of_the_old_kind_is_read_too() {
    const BOOK: &[u8] = include_bytes!("../../../../core/formats/tests/guarantees/books/kinds.xls");
    let server = Server::start(|_| Some((200, "", BOOK.to_vec()))).await;
    let engine = document("excel", json!({}));
    let text = format!("url: {}/x\nusecols: [id, when]\nnrows: 2", server.url);
    let rows = engine.run(&text).await.expect("runs");
    assert_eq!([rows.kind(0), rows.kind(1)], ["integer", "timestamp"]);
    assert_eq!(rows.cells().len(), 2);
    let text = format!("url: {}/x\nsheet_name: Zweites ß\nskiprows: 2", server.url);
    let rows = engine.run(&text).await.expect("runs");
    assert_eq!(rows.cells(), [vec![json!(0), json!(1), json!(2), json!(3)]]);
}

#[tokio::test]
async fn json_rows_are_found_at_their_path_and_flattened_once() {
    let server = Server::start(pages).await;
    let engine = document("json", json!({ "base_url": server.url }));
    let rows = engine.run("url: /moved").await.expect("runs");
    let names: Vec<&str> =
        rows.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "name", "nested.x", "ok", "list", "big"]);
    let kinds: Vec<&str> = (0..6).map(|column| rows.kind(column)).collect();
    assert_eq!(kinds, ["integer", "text", "float", "boolean", "json", "json"]);
    assert_eq!(rows.cells()[0][2], json!(1.5));
    assert_eq!(rows.cells()[0][4], json!([1, {"a": null}]));
    assert_eq!(rows.cells()[1][5], json!(18446744073709551615_u64));

    let rows = engine.run("url: /data.json\nfields: [ok, nested, nope, id]").await.expect("runs");
    let names: Vec<&str> =
        rows.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["ok", "id", "nested.x"]);

    let rows = engine.run("url: /deep\npath: a.b").await.expect("runs");
    assert_eq!(rows.first(), [json!(1), json!("x")]);
    let paged = "url: /deep\npath: a.b\npagination: {type: url, path: next}";
    assert_eq!(engine.run(paged).await.expect("runs").first(), [json!(1), json!("x"), json!(3)]);
    let fault = engine.run("url: /deep\npath: a.c").await.err().unwrap();
    assert_eq!(fault.detail(), "Couldn't find path a.c in response.");
    for (text, detail) in [
        ("url: /broken", "Failed to execute query. Return Code: 500 Reason: out of order"),
        ("url: /data.json\nmethod: put", "Only GET or POST methods are allowed."),
        ("url: /data.json\nfields: id", "'fields' needs to be a list."),
        ("fields: [id]", "Query must include 'url' option."),
        ("just words", "Query should be a YAML object describing the URL to query."),
    ] {
        assert_eq!(engine.run(text).await.err().unwrap().detail(), detail);
    }
    let fault = engine.run("url: /empty").await.err().unwrap();
    assert!(fault.detail().starts_with("Got empty response from"), "{fault}");
}

#[tokio::test]
async fn a_ready_result_keeps_its_columns() {
    let server = Server::start(pages).await;
    let engine = document("url", json!({ "url": server.url, "username": "u", "password": "p" }));
    let rows = engine.run("/redash.json").await.expect("runs");
    assert_eq!(rows.cells(), [vec![json!(1), Json::Null], vec![json!({"a": 2}), Json::Null]]);
    assert_eq!(server.last().header("authorization"), Some("Basic dTpw"));
    let fault = engine.run("http://other/redash.json").await.err().unwrap();
    assert!(fault.detail().starts_with("Accepting only relative URLs to"), "{fault}");
    let before = server.asked().len();
    let fault = engine.run("@127.0.0.2:1/redash.json").await.err().unwrap();
    assert!(fault.detail().starts_with("Accepting only relative URLs to"), "{fault}");
    assert_eq!(server.asked().len(), before);
}

/// Whatever is given, the server sees one request of the shape that the author wrote.
#[tokio::test]
async fn no_value_changes_what_is_asked() {
    let server = Server::start(pages).await;
    let engine = document("json", json!({ "base_url": server.url }));
    let definitions = json!([
        { "name": "v", "type": "text" }, { "name": "n", "type": "number" },
        { "name": "many", "type": "enum", "enumOptions": "a\nb\nc", "multiValuesOptions": {} },
    ]);
    let text = "url: /echo/{{ v }}/x?q={{ v }}&n={{ n }}\nmethod: post\nheaders: {X-V: 'v'}\n\
                params: {p: \"{{ v }}\"}\njson:\n  plain: {{ v }}\n  number: {{ n }}\n  in: [{{ many }}]\n  \
                both: a {{ v }} b\n";
    for value in [
        "1",
        "a&b=c",
        "a\nheaders: {X-V: no}",
        "\"}",
        "'",
        "x, y: z",
        "{{ n }}",
        "../..",
        "#",
        "\\",
        "{a: b}",
        "&x [1]",
        "*x",
        "!!str",
        "null",
        "- a",
        "%2e%2e",
        "\u{e000}1\u{e001}",
        "ü 漢",
    ] {
        let given = json!({ "v": value, "n": "7", "many": ["a", "c"] });
        engine
            .run_with(text, &definitions, &given)
            .await
            .unwrap_or_else(|f| panic!("{value}: {f}"));
        let asked = server.last();
        let spelled: String = value
            .bytes()
            .map(|byte| match byte {
                b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect();
        assert!(
            asked.line.starts_with(&format!("POST /echo/{spelled}/x?q={spelled}&n=7&p=")),
            "{}",
            asked.line
        );
        assert_eq!(asked.header("x-v"), Some("v"));
        let body: Json = serde_json::from_str(&asked.body).expect("JSON");
        let expected = json!({ "plain": value, "number": 7, "in": ["a", "c"], "both": format!("a {value} b") });
        assert_eq!(body, expected);
    }
    for text in ["url: http://{{ v }}/x", "url: /a/{{ v }}", "url: /a\njson: {\"{{ v }}\": 1}"] {
        let given = json!({ "v": "..", "n": 1, "many": [] });
        let fault = engine.run_with(text, &definitions, &given).await.err().expect(text);
        assert_eq!(fault.code(), Code::UnbindableParameter, "{text}: {fault}");
    }
    // A control sign in a header never reaches the wire.
    let header = "url: /echo\nheaders: {X-V: \"{{ v }}\"}";
    let given = json!({ "v": "a\r\nX-W: b", "n": 1, "many": [] });
    assert!(engine.run_with(header, &definitions, &given).await.is_err());
}

#[tokio::test]
async fn queries_cannot_lead_into_private_networks_unless_their_source_is_there() {
    let server = Server::start(pages).await;
    let closed = |name: &'static str, options: Json| Engine {
        connectors: AllConnectors::new(ConnectorSettings::default()),
        ..document(name, options)
    };
    for (engine, text) in [
        (closed("csv", json!({})), format!("url: {}/data.csv", server.url)),
        (closed("json", json!({})), format!("url: {}/data.json", server.url)),
        (
            closed("json", json!({ "base_url": "http://example.org" })),
            format!("url: {}/data.json", server.url),
        ),
        (closed("url", json!({})), format!("{}/redash.json", server.url)),
    ] {
        let fault = engine.run(&text).await.err().expect("refused");
        assert!(fault.detail().contains("Can't query private addresses."), "{fault}");
    }
    assert!(server.asked().is_empty());
    let own = closed("json", json!({ "base_url": server.url }));
    own.run("url: /data.json").await.expect("the administrator named that server");
    let connectors = AllConnectors::new(ConnectorSettings::default());
    let fault = connectors.check("json", &json!({ "base_url": "http://169.254.169.254/" }));
    assert_eq!(fault.expect_err("closed").code(), Code::Invalid);
}

#[tokio::test]
async fn passwords_are_not_sent_to_other_servers() {
    let (own, other) = (Server::start(pages).await, Server::start(pages).await);
    let options = json!({ "base_url": own.url, "username": "u", "password": "p" });
    let engine = document("json", options);
    engine.run("url: /data.json").await.expect("runs");
    assert_eq!(own.last().header("authorization"), Some("Basic dTpw"));
    engine.run(&format!("url: {}/data.json", other.url)).await.expect("runs");
    assert_eq!(other.last().header("authorization"), None);
    engine.run(&format!("url: {}/data.json\nauth: [a, b]", other.url)).await.expect("runs");
    assert_eq!(other.last().header("authorization"), Some("Basic YTpi"));
}

#[tokio::test]
async fn a_document_that_is_held_back_can_be_cancelled_and_ends_in_time() {
    let server = Server::start(pages).await;
    let engine = document("json", json!({ "base_url": server.url }));
    let bound = engine.bind("url: /held", &json!([]), &json!({})).expect("binds");
    let connector = engine.connector();
    let stop = Arc::new(Stop::default());
    let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
    let mut sink = Sink::default();
    let running = connector.run(&bound, 600, signal, &mut sink);
    let stopping = async {
        while server.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.stop();
    };
    let ended =
        tokio::time::timeout(Duration::from_secs(10), async { tokio::join!(running, stopping).0 });
    assert_eq!(ended.await.expect("ends").expect_err("cancelled").code(), Code::Cancelled);
    let mut sink = Sink::default();
    let running = connector.run(&bound, 1, Arc::new(Stop::default()), &mut sink);
    assert_eq!(running.await.expect_err("too long").code(), Code::TimedOut);
}
