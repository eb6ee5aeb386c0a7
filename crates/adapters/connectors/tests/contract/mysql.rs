//! What only MySQL and MariaDB have: their types, their session, their encryption.

use serde_json::{Value as Json, json};
use tessera_bi::ports::Connectors;
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tessera_testkit::certificates::CERTIFIED;
use tessera_testkit::mariadb::MariaDb;

use crate::engines::{self, cancel_once_seen};

#[tokio::test]
async fn every_common_type_comes_without_loss() {
    let engine = engines::mariadb(
        "create table v (
             a tinyint, b smallint unsigned, c mediumint, d int unsigned, e bigint,
             f float, g double, h decimal(30, 10), i bit(10), j year,
             k date, l datetime(6), m timestamp(3) null, n time(2), o char(5), p varchar(20),
             q text, r binary(2), s varbinary(5), t blob, u enum('x', 'y'), w set('a', 'b', 'c'),
             x json, y boolean);
         set time_zone = '+02:00';
         insert into v values (
             -128, 65535, -8388608, 4294967295, 9007199254740993,
             0.1, 0.1, '12345678901234567890.0123456789', b'1000000001', 2020,
             '2020-02-29', '2020-02-29 04:05:06.789123', '2020-02-29 04:05:06.5', '-838:59:58.5',
             'ab', 'ü漢😀', 'text', x'00ff', x'01', x'ff00', 'y', 'a,c', '{\"a\": [1, null]}', true);
         insert into v values ();",
    );
    let expected: Vec<(&str, Json, &str)> = vec![
        ("a", json!(-128), "integer"),
        ("b", json!(65535), "integer"),
        ("c", json!(-8_388_608), "integer"),
        ("d", json!(4_294_967_295_u32), "integer"),
        ("e", json!(9_007_199_254_740_993_i64), "integer"),
        ("f", json!(0.1), "float"),
        ("g", json!(0.1), "float"),
        ("h", Json::Null, "decimal"),
        ("i", json!(513), "integer"),
        ("j", json!(2020), "integer"),
        ("k", json!("2020-02-29"), "date"),
        ("l", json!("2020-02-29T04:05:06.789123"), "timestamp"),
        ("m", json!("2020-02-29T02:05:06.500000Z"), "timestamptz"),
        ("n", json!("-838:59:58.500000"), "other"),
        ("o", json!("ab"), "text"),
        ("p", json!("ü漢😀"), "text"),
        ("q", json!("text"), "text"),
        ("r", json!("AP8="), "bytes"),
        ("s", json!("AQ=="), "bytes"),
        ("t", json!("/wA="), "bytes"),
        ("u", json!("y"), "text"),
        ("w", json!("a,c"), "text"),
        ("x", json!("{\"a\": [1, null]}"), "text"),
        ("y", json!(1), "integer"),
    ];
    let rows = engine.run("select * from v order by a desc").await.expect("runs");
    let cells = rows.cells();
    for (place, (name, value, kind)) in expected.iter().enumerate() {
        assert_eq!(rows.kind(place), *kind, "{name}");
        if *kind != "decimal" {
            assert_eq!(&cells[0][place], value, "{name}");
        }
        assert_eq!(cells[1][place], Json::Null, "{name}");
    }
    let exact = engine.run("select cast(h as char) from v limit 1").await.expect("runs");
    let decimal = engine.run("select h from v limit 1").await.expect("runs");
    assert_eq!(exact.first()[0].as_str(), Some("12345678901234567890.0123456789"));
    let shown = decimal.first()[0].to_string();
    assert!(shown.contains("12345678901234567890"), "{shown}");
}

#[tokio::test]
async fn numbers_beyond_64_bits_with_sign_start_the_column_anew() {
    let engine = engines::mariadb("create table t (a bigint unsigned, b bit(64))");
    let text = "select cast(if(seq = 400, 18446744073709551615, seq) as unsigned) as a,
                       if(seq = 400, b'1111', b'1') as b from seq_1_to_500";
    let rows = engine.run(text).await.expect("runs");
    assert_eq!(rows.0.begun, 2, "begun, and begun anew");
    assert_eq!(rows.kind(0), "decimal");
    assert_eq!(rows.cells().len(), 500);
    assert_eq!(rows.cells()[399][0].to_string(), "18446744073709551615");
    let small = engine.run("select cast(5 as unsigned) as a").await.expect("runs");
    assert_eq!((small.kind(0), small.first()), ("integer", vec![json!(5)]));
}

#[tokio::test]
async fn days_that_there_are_not_are_null() {
    let engine = engines::mariadb(
        "set sql_mode = ''; create table z (a date, b datetime, c timestamp);
         insert into z values ('0000-00-00', '0000-00-00 00:00:00', 0), ('2020-00-10', null, 1);",
    );
    let rows = engine.run("select a, b, c from z order by b desc").await.expect("runs");
    assert_eq!(rows.cells()[0], [Json::Null, Json::Null, Json::Null]);
    assert_eq!(rows.cells()[1][0], Json::Null);
}

#[tokio::test]
async fn a_session_writes_nothing_and_its_times_are_utc() {
    let engine = engines::mariadb("create table t (a int); insert into t values (1)");
    for text in ["insert into t values (2)", "delete from t", "create table u (a int)"] {
        let fault = engine.run(&format!("{text}; select 1")).await.err().expect("refused");
        assert!(fault.detail().contains("READ ONLY"), "{text}: {fault}");
    }
    assert_eq!(engine.run("select count(*) from t").await.expect("runs").first(), [json!(1)]);
    let zone = engine.run("select @@time_zone").await.expect("runs");
    assert_eq!(zone.first(), [json!("+00:00")]);
}

#[tokio::test]
async fn nothing_of_a_run_is_left_for_the_next() {
    let engine = engines::mariadb("create table t (a int); insert into t values (1)");
    engine.run("set @own = 'secret'; select 1").await.expect("runs");
    assert_eq!(engine.run("select @own").await.expect("runs").first(), [Json::Null]);
    engine.run("use mysql; select 1").await.expect("runs");
    assert_eq!(engine.run("select a from t").await.expect("runs").first(), [json!(1)]);
    engine.run("select get_lock('own', 0)").await.expect("runs");
    let lock = engine.run("select is_used_lock('own')").await.expect("runs");
    assert_eq!(lock.first(), [Json::Null]);
    engine.run("set max_statement_time = 0, time_zone = '+05:00'; select 1").await.expect("runs");
    let limit = engine.run("select @@max_statement_time, @@time_zone").await.expect("runs");
    assert_eq!(limit.cells()[0], [json!(60.0), json!("+00:00")]);
    let same = "select connection_id()";
    let first = engine.run(same).await.expect("runs").first();
    engine.run("select nope").await.err().expect("fails");
    assert_eq!(engine.run(same).await.expect("runs").first(), first, "the connection is kept");
}

#[tokio::test]
async fn a_server_that_reads_texts_otherwise_is_told_not_to() {
    let server = MariaDb::shared();
    let engine = engines::mariadb("create table t (a int)");
    let strange = format!(
        "create user strange@'127.0.0.1' identified by 'x'; grant all on {0}.* to strange@'127.0.0.1'",
        engine.options["db"].as_str().expect("a name")
    );
    server.sql("mysql", &strange).expect("made");
    server.sql("mysql", "set global sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'").expect("set");
    let own = engines::mariadb("create table t (a int)");
    let definitions = json!([{ "name": "v", "type": "text" }]);
    let text = "select \"a\\\"{{ v }}\" as v";
    let rows = own.run_with(text, &definitions, &json!({ "v": "' or 1" })).await;
    server.sql("mysql", "set global sql_mode = default").expect("set");
    assert_eq!(rows.expect("runs").first(), [json!("a\"' or 1")]);
}

#[tokio::test]
async fn statements_that_cannot_be_prepared_run_as_text() {
    let engine = engines::mariadb("create table t (a int, b varchar(5))");
    let rows = engine.run("show columns from t").await.expect("runs");
    assert_eq!(rows.first(), [json!("a"), json!("b")]);
    let rows = engine.run("explain select * from t").await.expect("runs");
    assert_eq!(rows.cells().len(), 1);
    let fault = engine.run("set @a = 1").await.err().expect("no rows");
    assert_eq!(fault.detail(), "No data was returned.");
    // What the driver could take for its own names of parameters.
    let rows = engine.run("select 5-'3:x' as v").await.expect("runs");
    assert_eq!(rows.cells().len(), 1);
}

#[tokio::test]
async fn a_cancelled_run_is_ended_in_the_server_too() {
    let server = MariaDb::shared();
    let engine = engines::mariadb("create table t (a int)");
    let text = "select sleep(599) /* to be cancelled */";
    let bound = engine.bind(text, &json!([]), &json!({})).expect("binds");
    let seen = || {
        let count = "select count(*) from information_schema.processlist where info like
                     'select sleep(599)%'";
        server.sql("mysql", count).expect("counts")
    };
    cancel_once_seen(&engine, &bound, || seen() != "0").await;
}

#[tokio::test]
async fn a_server_proves_who_it_is_where_that_is_asked_for() {
    let engine = engines::mariadb("create table t (a int)");
    let known = MariaDb::shared().certificates();
    let authority = &known.authority;
    let tried = async |more: Json| {
        let fresh = AllConnectors::new(ConnectorSettings::default());
        let mut options = engine.options.clone();
        let all = options.as_object_mut().expect("an object");
        all.extend(more.as_object().expect("an object").clone());
        fresh.open(&engine.source(1), &options)?.test().await
    };
    tried(json!({})).await.expect("is preferred");
    tried(json!({ "ssl_mode": "disabled" })).await.expect("is not needed");
    tried(json!({ "ssl_mode": "required" })).await.expect("nothing is proved");
    tried(json!({ "ssl_mode": "verify-ca" })).await.expect_err("no public authority");
    let ca = json!({ "ssl_mode": "verify-ca", "ssl_cacert": authority });
    tried(ca).await.expect("a known authority");
    let identity = json!({ "ssl_mode": "verify-identity", "ssl_cacert": authority });
    tried(identity).await.expect_err("another name");
    let named = json!({
        "ssl_mode": "verify-identity", "ssl_cacert": authority, "host": "localhost",
    });
    tried(named).await.expect("the right name");
    // This user comes in with a certificate and without a password.
    let user = json!({ "user": CERTIFIED, "passwd": null, "ssl_mode": "required" });
    tried(user.clone()).await.expect_err("without a certificate");
    let mut certified = user;
    certified["ssl_cert"] = json!(known.client);
    certified["ssl_key"] = json!(known.client_key);
    tried(certified.clone()).await.expect("with a certificate");
    certified["ssl_mode"] = json!("disabled");
    tried(certified).await.expect_err("a certificate that nobody is shown");
}

#[tokio::test]
async fn closed_hosts_and_wrong_passwords_are_refused() {
    let engine = engines::mariadb("create table t (a int)");
    let settings = ConnectorSettings {
        denied_networks: vec!["127.0.0.0/8".parse().expect("a network")],
        ..ConnectorSettings::default()
    };
    let closed = AllConnectors::new(settings);
    let fault = closed.check("mysql", &engine.options).expect_err("closed");
    assert_eq!(fault.code(), Code::Invalid);
    let mut named = engine.options.clone();
    named["host"] = json!("localhost");
    let connector = closed.open(&engine.source(1), &named).expect("is not looked up yet");
    assert!(connector.test().await.expect_err("closed").detail().contains("closed"));
    let mut wrong = engine.options.clone();
    wrong["passwd"] = json!("wrong");
    let fresh = AllConnectors::new(ConnectorSettings::default());
    let connector = fresh.open(&engine.source(1), &wrong).expect("opens");
    let fault = connector.test().await.expect_err("refused");
    assert!(fault.detail().starts_with("Access denied for user"), "{fault}");
}
