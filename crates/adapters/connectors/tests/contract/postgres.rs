//! What only PostgreSQL has: its types, its server to stop, its hosts.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tessera_bi::ports::Connectors;
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tessera_testkit::postgres::Postgres;

use crate::engines::{self, Sink, Stop, cancel_once_seen, until};

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
        ("timetz '04:05:06.5-03:30'", json!("04:05:06.5-03:30"), "other"),
        ("'08:00:2b:01:02:03:04:05'::macaddr8", json!("08:00:2b:01:02:03:04:05"), "other"),
        ("'{[1,3),[5,7)}'::int4multirange", json!("{[1,3),[5,7)}"), "other"),
        ("'{}'::int4multirange", json!("{}"), "other"),
        ("numrange(1.50, null)", json!("[1.50,)"), "other"),
        (
            "tsrange('2020-01-02 03:04:05', 'infinity')",
            json!("[\"2020-01-02 03:04:05\",infinity)"),
            "other",
        ),
        ("'ab'::name", json!("ab"), "text"),
        ("B'101'", json!("101"), "other"),
        ("'pg_class'::regclass", json!("pg_class"), "other"),
        ("to_tsvector('simple', 'a b')", json!("'a':1 'b':2"), "other"),
        ("array['happy'::mood]", json!(["happy"]), "array"),
        ("array[point(1,2)]", json!("{\"(1,2)\"}"), "other"),
        ("array['1.0.0.0'::inet]", json!(["1.0.0.0"]), "array"),
        ("array[1.5, null]::numeric[]", json!([1.5, null]), "array"),
        ("array[date '2020-01-02']", json!(["2020-01-02"]), "array"),
        ("'\\x00ff'::bytea is not null", json!(true), "boolean"),
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
    cancel_once_seen(&engine, &bound, || active() != "0").await;
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
    let fault = engine.run("select 1;\n-- then\nselect 'ü',\n  nope").await.err().expect("fails");
    assert_eq!(fault.detail(), "column \"nope\" does not exist\nLINE 4:   nope\n          ^\n");
    let fault = engine.run("select '1.0'::money + nope, 1").await.err().expect("fails");
    assert!(fault.detail().contains("LINE 1: select '1.0'::money + nope, 1\n"), "{fault}");
    let fault = engine.run("do $$ begin perform 1 / 0; end $$").await.err().expect("fails");
    assert!(fault.detail().contains("\nCONTEXT:  "), "{fault}");
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

#[tokio::test]
async fn a_text_cannot_take_its_time_limit_away() {
    let engine = engines::postgres("create table t (a int)");
    let database = engine.options["dbname"].as_str().expect("a name").to_owned();
    let text = "set statement_timeout = 0; select pg_sleep(602)";
    let bound = engine.bind(text, &json!([]), &json!({})).expect("binds");
    let mut sink = Sink::default();
    let ran = engine.connector().run(&bound, 1, Arc::new(Stop::default()), &mut sink).await;
    assert_eq!(ran.expect_err("too long").code(), Code::TimedOut);
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = '{database}' and query like '%pg_sleep(602)%' and pid <> pg_backend_pid()"
    );
    until(|| Postgres::shared().sql("postgres", &sql).expect("answers") == "0").await;
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let engine = engines::postgres("create table t (a int)");
    let rows = engine.run("select pg_backend_pid()").await.expect("runs");
    let sql = format!("select pg_terminate_backend({}, 10000)", rows.first()[0]);
    Postgres::shared().sql("postgres", &sql).expect("ended");
    assert_eq!(engine.run("select 1").await.expect("runs").first(), [json!(1)]);
}

#[tokio::test]
async fn further_parameters_are_heeded_unless_they_lead_elsewhere() {
    let mut engine = engines::postgres("create table t (a int)");
    let name = "select current_setting('application_name'), current_setting('work_mem')";
    assert_eq!(engine.run(name).await.expect("runs").cells()[0][0], json!("tessera"));
    engine.options["dsn"] = json!("application_name=mine options='-c work_mem=7MB'");
    engine.connectors = AllConnectors::new(ConnectorSettings::default());
    assert_eq!(engine.run(name).await.expect("runs").cells(), [[json!("mine"), json!("7MB")]]);
    engine.options["dsn"] = json!("hostaddr=169.254.169.254");
    let fault = engine.connectors.check("pg", &engine.options).expect_err("refused");
    assert_eq!(fault.field(), Some("options.dsn"));
}

/// A server that offers encryption, with a certificate for `localhost`, and the certificate of the
/// authority that signed it, in PEM form.
fn encrypting() -> (Postgres, String) {
    let server = Postgres::start().expect("starts");
    let data = server.sql("postgres", "show data_directory").expect("answers");
    let program = format!(
        "cd '{data}' && new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes' && exec 2>&1 \
         && openssl req -x509 $new -subj /CN=authority -days 2 -keyout ca.key -out ca.crt \
         && openssl req $new -subj /CN=localhost -keyout server.key -out server.csr \
         && echo subjectAltName=DNS:localhost >ext \
         && openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
            -extfile ext -out server.crt \
         && chmod 600 server.key && chown --reference=. server.key server.crt"
    );
    let made = std::process::Command::new("sh").args(["-c", &program]).output().expect("runs");
    let made = (made.status.success(), String::from_utf8_lossy(&made.stdout).into_owned());
    assert!(made.0, "openssl: {}", made.1);
    server.sql("postgres", "alter system set ssl = on").expect("set");
    server.sql("postgres", "select pg_reload_conf()").expect("read again");
    let certificate = std::fs::read_to_string(format!("{data}/ca.crt")).expect("is there");
    (server, certificate)
}

#[tokio::test]
async fn certificates_are_looked_at_as_the_mode_says() {
    let (server, certificate) = encrypting();
    let other = encrypting().1;
    let connectors = AllConnectors::new(ConnectorSettings::default());
    let mut engine = engines::postgres("select 1");
    let mut version = 1;
    let mut connect = |host: &str, mode: &str, root: Option<&str>| {
        version += 1;
        engine.options = json!({
            "host": host, "port": server.port(), "user": server.user(),
            "password": server.password(), "dbname": "postgres", "sslmode": mode,
            "sslrootcertFile": root,
        });
        connectors.open(&engine.source(version), &engine.options).expect("opens")
    };
    let (own, other) = (Some(certificate.as_str()), Some(other.as_str()));
    let on = connect("127.0.0.1", "require", None);
    let mut waited = 0;
    while on.test().await.is_err() {
        waited += 1;
        assert!(waited < 500, "the server reads its settings again in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (host, mode, root, good) in [
        ("127.0.0.1", "disable", None, true),
        ("127.0.0.1", "prefer", None, true),
        ("127.0.0.1", "require", own, true),
        ("127.0.0.1", "require", other, false),
        ("127.0.0.1", "verify-ca", None, false),
        ("127.0.0.1", "verify-ca", own, true),
        ("127.0.0.1", "verify-ca", other, false),
        ("127.0.0.1", "verify-full", own, false),
        ("localhost", "verify-full", own, true),
        ("localhost", "verify-full", other, false),
        ("localhost", "verify-full", None, false),
    ] {
        let tested = connect(host, mode, root).test().await;
        assert_eq!(tested.is_ok(), good, "{host} {mode} {root:?}: {tested:?}");
    }
}
