//! What only ClickHouse has: its types on the real engine; how queries end, against a local server
//! of its protocol, because the engine's package has no server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tessera_bi::ports::CancelSignal;
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tessera_sqltext::Dialect;

use crate::door::{Answer, Door};
use crate::engines::{self, Engine, Sink, Stop};

/// The engine behind HTTP; it ends when its standard input does.
struct Engines {
    port: u16,
    _child: Child,
}

/// The port of the engine, and a database that was made with a setup.
pub fn door(setup: &str) -> (u16, String) {
    static SHARED: OnceLock<Engines> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let engine = SHARED.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder above");
        let python = target.join("chdb/bin/python");
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/clickhouse_door.py");
        let mut child = Command::new(&python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} (run dev/setup): {error}", python.display()));
        let mut line = String::new();
        let out = child.stdout.take().expect("is piped");
        BufReader::new(out).read_line(&mut line).expect("says its port");
        Engines { port: line.trim().parse().expect("a port"), _child: child }
    });
    let database = format!("connectors_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut stream =
        std::net::TcpStream::connect(("127.0.0.1", engine.port)).expect("the engine listens");
    let request = format!(
        "POST /setup?database={database} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\
         X-ClickHouse-User: default\r\nX-ClickHouse-Key: secret\r\nConnection: close\r\n\r\n{setup}",
        setup.len()
    );
    stream.write_all(request.as_bytes()).expect("is sent");
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).expect("answers");
    assert!(answer.contains(" 200 "), "{answer}");
    (engine.port, database)
}

#[tokio::test]
async fn every_common_type_comes_without_loss() {
    let engine = engines::clickhouse("create table t (a Int8)");
    let cases: Vec<(&str, Json, &str)> = vec![
        ("toInt8(-128)", json!(-128), "integer"),
        ("toUInt32(4294967295)", json!(4_294_967_295_u32), "integer"),
        ("toInt64(9007199254740993)", json!(9_007_199_254_740_993_i64), "integer"),
        ("toUInt64(7)", json!(7), "integer"),
        ("toFloat32(0.1)", json!(0.1), "float"),
        ("0.1", json!(0.1), "float"),
        ("true", json!(true), "boolean"),
        ("'ü漢😀'", json!("ü漢😀"), "text"),
        ("toFixedString('ab', 2)", json!("ab"), "text"),
        ("toLowCardinality('x')", json!("x"), "text"),
        ("cast('b' as Enum8('a' = 1, 'b' = 2))", json!("b"), "text"),
        ("toDate('2020-02-29')", json!("2020-02-29"), "date"),
        ("toDate32('1950-02-28')", json!("1950-02-28"), "date"),
        ("toDateTime('2020-02-29 04:05:06', 'UTC')", json!("2020-02-29T04:05:06Z"), "timestamptz"),
        (
            "toDateTime64('2020-02-29 04:05:06.789', 3, 'Europe/Berlin')",
            json!("2020-02-29T03:05:06.789000Z"),
            "timestamptz",
        ),
        (
            "toDateTime64('2020-02-29 04:05:06.123456789', 9, 'UTC')",
            json!("2020-02-29 04:05:06.123456789"),
            "other",
        ),
        (
            "toUUID('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')",
            json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            "uuid",
        ),
        ("toIPv4('10.0.0.1')", json!("10.0.0.1"), "other"),
        ("toIPv6('::1')", json!("::1"), "other"),
        ("[1, 2]", json!([1, 2]), "array"),
        ("[[null, 'a']]", json!([[null, "a"]]), "array"),
        ("map('a', 1)", json!({ "a": 1 }), "json"),
        ("tuple(1, 'a')", json!([1, "a"]), "json"),
        ("cast(tuple(1, 'a') as Tuple(x UInt8, y String))", json!({ "x": 1, "y": "a" }), "json"),
        ("cast('{\"a\": 1}' as JSON)", json!({ "a": 1 }), "json"),
        ("null", Json::Null, "text"),
        ("cast(null as Nullable(DateTime))", Json::Null, "timestamptz"),
        ("toIntervalDay(3)", json!(3), "integer"),
    ];
    for (text, expected, kind) in cases {
        let rows = engine.run(&format!("select {text} as v")).await;
        let rows = rows.unwrap_or_else(|fault| panic!("{text}: {fault}"));
        assert_eq!(rows.kind(0), kind, "{text}");
        let found = rows.first().remove(0);
        let same = match (found.as_str(), expected.as_str()) {
            (Some(found), Some(expected)) if kind == "timestamptz" => {
                found.replace(".000000", "") == expected
            }
            _ => found == expected,
        };
        assert!(same, "{text}: {found} is not {expected}");
    }
    for (text, digits) in [
        ("toDecimal64('-1.50', 2)", "-1.50"),
        ("toDecimal256('12345678901234567890.5', 1)", "12345678901234567890.5"),
        (
            "toInt256('-170141183460469231731687303715884105729')",
            "-170141183460469231731687303715884105729",
        ),
    ] {
        let rows = engine.run(&format!("select {text} as v")).await.expect("runs");
        assert_eq!(rows.kind(0), "decimal", "{text}");
        let shown = engine.run(&format!("select toString({text}) as v")).await.expect("runs");
        assert!(
            shown.first()[0]
                .as_str()
                .is_some_and(|text| digits.starts_with(text.trim_end_matches('0')))
        );
    }
}

#[tokio::test]
async fn numbers_beyond_64_bits_with_sign_start_the_column_anew() {
    let engine = engines::clickhouse("create table t (a Int8)");
    let text = "select if(number = 400, toUInt64(18446744073709551615), number) from numbers(500)";
    let rows = engine.run(text).await.expect("runs");
    assert_eq!(rows.0.begun, 2, "begun, and begun anew");
    assert_eq!(rows.cells()[400][0].to_string(), "18446744073709551615");
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let mut engine = engines::clickhouse("create table t (a Int8)");
    engine.options["password"] = json!("wrong");
    let fault = engine.connector().test().await.expect_err("refused");
    assert_eq!(fault.code(), Code::SourceFailed);
    assert!(fault.detail().contains("Authentication failed"), "{fault}");
    assert!(!fault.detail().contains("wrong"), "the password is not repeated");
}

/// A data source at a local server of the protocol.
fn at(door: &Door) -> Engine {
    Engine {
        name: "clickhouse",
        dialect: Dialect::ClickHouse,
        connectors: AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() }),
        options: json!({ "url": format!("http://127.0.0.1:{}", door.port), "dbname": "d" }),
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

/// One column `v` of texts, and some rows.
fn rows(texts: &[&str]) -> Vec<u8> {
    let mut bytes = b"\x01\x01v\x06String".to_vec();
    for text in texts {
        bytes.push(u8::try_from(text.len()).expect("is short"));
        bytes.extend(text.as_bytes());
    }
    bytes
}

#[tokio::test]
async fn values_go_beside_the_statement_and_settings_along() {
    let door = Door::open(|_, _| Answer::Now(200, Vec::new(), rows(&["a"]))).await;
    let definitions = json!([{ "name": "v", "type": "text" }]);
    let given = json!({ "v": "tab\tand \\ and '" });
    let engine = at(&door);
    let found = engine.run_with("select '{{ v }}' as v", &definitions, &given).await;
    assert_eq!(found.expect("runs").first(), [json!("a")]);
    let asked = door.asked().remove(0);
    assert_eq!(asked.body, "select {p1:String} as v");
    let query = |name: &str| asked.query(name).unwrap_or_default();
    assert_eq!(query("param_p1"), "tab\\tand \\\\ and '");
    assert_eq!(
        [query("database"), query("readonly"), query("max_execution_time")],
        ["d", "2", "60"]
    );
    assert_eq!(asked.header("x-clickhouse-user"), Some("default"));
}

#[tokio::test]
async fn a_cancelled_query_is_killed_in_the_server() {
    let door = Door::open(|asked, _| {
        if asked.body.starts_with("KILL") {
            Answer::Now(200, Vec::new(), Vec::new())
        } else {
            Answer::Endless(rows(&["a"]))
        }
    })
    .await;
    let engine = at(&door);
    for cancelled in [true, false] {
        let bound = engine.bind("select 1", &json!([]), &json!({})).expect("binds");
        let stop = Arc::new(Stop::default());
        let mut sink = Sink::default();
        let connector = engine.connector();
        let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
        let running = connector.run(&bound, if cancelled { 600 } else { 1 }, signal, &mut sink);
        let stopping = async {
            while cancelled && door.asked().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if cancelled {
                stop.stop();
            }
        };
        let (ended, ()) = tokio::join!(running, stopping);
        let fault = ended.expect_err("is ended");
        let expected = if cancelled { Code::Cancelled } else { Code::TimedOut };
        assert_eq!(fault.code(), expected);
        assert!(cancelled || fault.detail().contains("longer than 1 s (runs.time_limit_seconds)"));
        let asked = door.asked();
        let [.., query, kill] = asked.as_slice() else { panic!("two requests") };
        let id = query.query("query_id").expect("an identity");
        assert_eq!(kill.body, format!("KILL QUERY WHERE query_id = '{id}' ASYNC"));
    }
}

#[tokio::test]
async fn the_words_of_the_server_come_through_wherever_they_stand() {
    let words = "Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)";
    let said = words.to_owned();
    let door = Door::open(move |asked, _| match asked.body.as_str() {
        "select 1" => Answer::Now(500, Vec::new(), said.clone().into_bytes()),
        "select 2" => {
            let mut bytes = rows(&["a"]);
            bytes.extend(said.as_bytes());
            Answer::Broken(bytes)
        }
        "select 3" => Answer::Now(200, Vec::new(), b"{\"data\": []}".to_vec()),
        "select 4" => {
            let late = "Code: 159. DB::Exception: Timeout exceeded";
            Answer::Now(500, Vec::new(), late.into())
        }
        _ => match asked.query("readonly") {
            Some(_) => {
                let said = "Code: 164. DB::Exception: Cannot modify 'readonly' setting";
                Answer::Now(500, Vec::new(), said.into())
            }
            None => Answer::Now(200, Vec::new(), rows(&["b"])),
        },
    })
    .await;
    let engine = at(&door);
    let detail = async |text: &str| engine.run(text).await.err().expect("fails");
    assert_eq!(detail("select 1").await.detail(), words);
    assert!(detail("select 2").await.detail().contains("Memory limit exceeded"));
    assert_eq!(detail("select 3").await.code(), Code::SourceFailed);
    assert_eq!(detail("select 4").await.code(), Code::TimedOut);
    let rows = engine.run("select 5").await.expect("without settings");
    assert_eq!(rows.first(), [json!("b")]);
}
