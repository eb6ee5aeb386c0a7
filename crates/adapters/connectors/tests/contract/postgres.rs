//! What only PostgreSQL has: its types, its server to stop, its hosts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tessera_bi::ports::{CancelSignal, Connectors};
use tessera_kernel::Code;
use tessera_testkit::postgres::Postgres;

use crate::engines::{self, Sink, Stop};

#[tokio::test]
async fn every_common_type_comes_without_loss() {
    let engine = engines::postgres(
        "create type mood as enum ('sad', 'happy'); create domain small as int check (value < 10);
         create type pair as (a int, b text);",
    );
    let cases: Vec<(&str, Json, &str)> = vec![
        ("1::int2", json!(1), "integer"),
        ("9007199254740993::int8", json!(9_007_199_254_740_993_i64), "integer"),
        ("1.5::float4", json!(1.5), "float"),
        ("0.1::float8", json!(0.1), "float"),
        ("true", json!(true), "boolean"),
        ("'x'::varchar", json!("x"), "text"),
        ("'c'::char(3)", json!("c  "), "text"),
        ("'happy'::mood", json!("happy"), "text"),
        ("7::small", json!(7), "integer"),
        ("date '2020-02-03'", json!("2020-02-03"), "date"),
        ("date 'infinity'", json!("infinity"), "date"),
        (
            "timestamp '2020-02-03 04:05:06.789123'",
            json!("2020-02-03T04:05:06.789123"),
            "timestamp",
        ),
        ("timestamp '-infinity'", json!("-infinity"), "timestamp"),
        (
            "timestamptz '2020-02-03 04:05:06.5+02'",
            json!("2020-02-03T02:05:06.500000Z"),
            "timestamptz",
        ),
        ("time '04:05:06.7'", json!("04:05:06.700000"), "time"),
        ("interval '1 day 2 hours'", json!("P1DT2H"), "interval"),
        ("interval '1 year -3 days'", json!("P1Y-3D"), "interval"),
        ("'{\"a\": [1, null]}'::jsonb", json!({ "a": [1, null] }), "json"),
        ("'{\"b\":2}'::json", json!({ "b": 2 }), "json"),
        ("array[1,2]", json!([1, 2]), "array"),
        ("array[array['x',null],array['y','z']]", json!([["x", null], ["y", "z"]]), "array"),
        ("array[]::int[]", json!([]), "array"),
        (
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
            json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            "uuid",
        ),
        ("int4range(1,5)", json!("[1,5)"), "other"),
        ("'empty'::int4range", json!("empty"), "other"),
        ("int4range(null,5)", json!("(,5)"), "other"),
        ("'10.0.0.1'::inet", json!("10.0.0.1"), "other"),
        ("'10.0.0.0/8'::cidr", json!("10.0.0.0/8"), "other"),
        ("'12.34'::money", json!("$12.34"), "other"),
        ("'08:00:2b:01:02:03'::macaddr", json!("08:00:2b:01:02:03"), "other"),
        ("point(1,2)", json!("(1,2)"), "other"),
        ("row(1,'x')::pair", json!("(1,x)"), "other"),
        ("timetz '04:05:06+02'", json!("04:05:06+02"), "other"),
        ("null::text", Json::Null, "text"),
        ("null::numeric", Json::Null, "decimal"),
    ];
    for (expression, expected, kind) in cases {
        let rows = engine.run(&format!("select {expression} as v")).await;
        let rows = rows.unwrap_or_else(|fault| panic!("{expression}: {fault}"));
        assert_eq!(rows.kind(0), kind, "{expression}");
        if kind != "interval" || expected == json!("P1DT2H") {
            assert_eq!(normalize(&rows.first()[0]), normalize(&expected), "{expression}");
        }
    }
    let exact = engine.run("select 12345678901234567890.123456789::numeric::text, 12345678901234567890.123456789::numeric").await.expect("runs");
    let row = &exact.cells()[0];
    assert_eq!(
        row[0].as_str().map(str::to_owned),
        Some(row[1].as_str().map_or_else(|| row[1].to_string(), str::to_owned))
    );
}

/// Fractions of seconds may be written with or without trailing zeros.
fn normalize(value: &Json) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (body, zone) = match text.strip_suffix('Z') {
        Some(body) => (body.to_owned(), "Z"),
        None => (text, ""),
    };
    let body = if body.contains(':') && body.contains('.') {
        body.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        body
    };
    format!("{body}{zone}")
}

#[tokio::test]
async fn cancelling_stops_the_statement_in_the_server() {
    let engine = engines::postgres("create table t (a int)");
    let database = engine.options["dbname"].as_str().expect("a name").to_owned();
    let active = || {
        let sql = format!(
            "select count(*) from pg_stat_activity where datname = '{database}' and query like '%pg_sleep(601)%' and state = 'active' and pid <> pg_backend_pid()"
        );
        Postgres::shared().sql("postgres", &sql).expect("answers")
    };
    let bound = engine.bind("select pg_sleep(601)", &json!([]), &json!({})).expect("binds");
    let stop = Arc::new(Stop::default());
    let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
    let mut sink = Sink::default();
    let connector = engine.connector();
    let running = connector.run(&bound, 600, signal, &mut sink);
    let stopping = async {
        until(|| active() == "1").await;
        stop.stop();
    };
    let (ran, ()) = tokio::join!(running, stopping);
    assert_eq!(ran.expect_err("cancelled").code(), Code::Cancelled);
    until(|| active() == "0").await;
}

async fn until(mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "it did not happen in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let mut engine = engines::postgres("create table t (a int)");
    engine.options["password"] = json!("wrong");
    let fault = engine.connector().test().await.expect_err("refused");
    assert_eq!(fault.code(), Code::SourceFailed);
    assert!(fault.detail().contains("password authentication failed"), "{fault}");
    assert!(!fault.detail().contains("wrong"), "the password is not repeated");
    engine.options["port"] = json!(1);
    let connector = engine.connectors.open(&engine.source(2), &engine.options).expect("opens");
    let fault = connector.test().await.expect_err("nobody listens");
    assert_eq!(
        fault.detail(),
        "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n"
    );
}

#[tokio::test]
async fn the_error_shows_where_in_the_text() {
    let engine = engines::postgres("create table t (a int)");
    let fault = engine.run("select nope from nowhere").await.err().expect("fails");
    assert_eq!(
        fault.detail(),
        "relation \"nowhere\" does not exist\nLINE 1: select nope from nowhere\n                         ^\n"
    );
    let fault = engine.run("create table u (a int)").await.err().expect("fails");
    assert_eq!(fault.detail(), "Query completed but it returned no data.");
}

#[test]
fn closed_hosts_and_odd_ports_are_refused_before_they_are_saved() {
    let engine = engines::postgres("select 1");
    let check = |host: &str, port: Json| {
        let mut options = engine.options.clone();
        options["host"] = json!(host);
        options["port"] = port;
        engine
            .connectors
            .check("pg", &options)
            .err()
            .and_then(|fault| fault.field().map(str::to_owned))
    };
    assert_eq!(check("169.254.169.254", json!(5432)).as_deref(), Some("options.host"));
    assert_eq!(check("[::ffff:169.254.169.254]", json!(5432)).as_deref(), Some("options.host"));
    assert_eq!(check("127.0.0.1", json!(70000)).as_deref(), Some("options.port"));
    assert_eq!(check("127.0.0.1", json!(0)).as_deref(), Some("options.port"));
    assert_eq!(check("127.0.0.1", json!(5432)), None);
}
