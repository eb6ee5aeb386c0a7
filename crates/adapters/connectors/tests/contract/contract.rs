//! What every engine has to do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tessera_kernel::Code;

use crate::engines::{self, Engine, Sink, Stop};

const TABLE: &str = "create table t (id integer, name text, x double precision);
    insert into t values (1, 'a', 1.5), (2, null, 2), (3, 'ü \"quoted\" 漢', null);";

/// A statement that takes far longer than any test waits.
fn endless(engine: &Engine) -> &'static str {
    match engine.name {
        "sqlite" | "duckdb" => {
            "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
        }
        "mysql" => "select sleep(600)",
        _ => "select pg_sleep(600)",
    }
}

#[tokio::test]
async fn rows_come_with_their_types_and_nulls() {
    for engine in engines::all(TABLE) {
        engine.connector().test().await.expect("connects");
        let rows = engine.run("select id, name, x from t order by id").await.expect("runs");
        let expected: Vec<Vec<Json>> = vec![
            vec![json!(1), json!("a"), json!(1.5)],
            vec![json!(2), Json::Null, json!(2.0)],
            vec![json!(3), json!("ü \"quoted\" 漢"), Json::Null],
        ];
        assert_eq!(rows.cells(), expected, "{}", engine.name);
        assert_eq!([rows.kind(0), rows.kind(1), rows.kind(2)], ["integer", "text", "float"]);
        let empty = engine.run("select id, name from t where id > 9").await.expect("runs");
        assert_eq!(empty.cells().len(), 0);
        assert_eq!(empty.schema().fields().len(), 2, "the columns of an empty result");
    }
}

#[tokio::test]
async fn many_rows_come_in_batches() {
    for engine in engines::all(TABLE) {
        let text = match engine.name {
            "mysql" => "select seq, concat('row ', seq) from seq_1_to_1050",
            "clickhouse" => {
                "select number + 1, concat('row ', toString(number)) from numbers(1050)"
            }
            _ => {
                "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1050)
                 select i, 'row ' || i from n"
            }
        };
        let rows = engine.run(text).await.expect("runs");
        assert_eq!(rows.batches(), 11, "{}", engine.name);
        let numbers: Vec<Json> = (1..=1050).map(|number| json!(number)).collect();
        assert_eq!(rows.first(), numbers);
    }
}

#[tokio::test]
async fn values_are_bound_in_every_position() {
    let definitions = json!([
        { "name": "n", "type": "number" },
        { "name": "s", "type": "text" },
        { "name": "d", "type": "date" },
        { "name": "many", "type": "enum", "enumOptions": "a\nb\nc",
          "multiValuesOptions": { "prefix": "'", "suffix": "'", "separator": "," } },
        { "name": "column", "type": "enum", "enumOptions": "id\nname" },
        { "name": "direction", "type": "enum", "enumOptions": "asc\ndesc" },
        { "name": "q", "type": "query", "queryId": 1 },
    ]);
    let given = json!({
        "n": 2, "s": "a", "d": "2020-01-02", "many": ["a", "c"], "column": "id",
        "direction": "desc", "q": "1",
    });
    let cases = [
        ("select id from t where id = {{ n }}", vec![json!(2)]),
        ("select id from t where id < {{ n }} + 1 order by 1", vec![json!(1), json!(2)]),
        ("select id from t where name = '{{ s }}'", vec![json!(1)]),
        ("select id from t where name = {{ s }}", vec![json!(1)]),
        ("select id from t where name like '%{{ s }}%'", vec![json!(1)]),
        ("select id from t where name in ({{ many }})", vec![json!(1)]),
        ("select '{{ d }}' as d", vec![json!("2020-01-02")]),
        ("select id from t order by {{ column }} {{ direction }} limit 1", vec![json!(3)]),
        ("select id from t where id in ({{ q }})", vec![json!(1)]),
        (
            "select id from t order by id limit {{ n }} -- {{ s }}\n offset 1",
            vec![json!(2), json!(3)],
        ),
        ("select {{ n }} as n, '{{ s }}' as s /* {{ s }} */", vec![json!(2)]),
        ("select id from t where id = 9; select id from t where id = {{ n }};", vec![json!(2)]),
    ];
    for engine in engines::all(TABLE) {
        for (text, expected) in &cases {
            let rows = engine.run_with(text, &definitions, &given).await;
            let rows = rows.unwrap_or_else(|fault| panic!("{} {text}: {fault}", engine.name));
            assert_eq!(&rows.first(), expected, "{} {text}", engine.name);
        }
    }
}

#[tokio::test]
async fn the_words_of_the_database_come_through() {
    for engine in engines::all(TABLE) {
        let fault = engine.run("select nope from nowhere").await.err().expect("fails");
        assert_eq!(fault.code(), Code::SourceFailed);
        assert!(fault.detail().contains("nowhere"), "{}: {}", engine.name, fault.detail());
        let fault = engine.run("").await.err().expect("fails");
        assert_eq!(fault.code(), Code::SourceFailed);
    }
}

#[tokio::test]
async fn a_run_that_is_cancelled_ends_at_once() {
    for engine in engines::servers(TABLE) {
        let bound = engine.bind(endless(&engine), &json!([]), &json!({})).expect("binds");
        let stop = Arc::new(Stop::default());
        let mut sink = Sink::default();
        let connector = engine.connector();
        let signal: Arc<dyn tessera_bi::ports::CancelSignal> = Arc::<Stop>::clone(&stop);
        let running = connector.run(&bound, 600, signal, &mut sink);
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            stop.stop();
        };
        let both = async { tokio::join!(running, stopping).0 };
        let ended = tokio::time::timeout(Duration::from_secs(10), both).await.expect("ends");
        assert_eq!(ended.expect_err("cancelled").code(), Code::Cancelled, "{}", engine.name);
    }
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_ended() {
    for engine in engines::servers(TABLE) {
        let bound = engine.bind(endless(&engine), &json!([]), &json!({})).expect("binds");
        let mut sink = Sink::default();
        let connector = engine.connector();
        let running = connector.run(&bound, 1, Arc::new(Stop::default()), &mut sink);
        let ended = tokio::time::timeout(Duration::from_secs(20), running).await.expect("ends");
        let fault = ended.expect_err("too long");
        assert_eq!(fault.code(), Code::TimedOut, "{}: {fault}", engine.name);
        assert!(fault.detail().contains("runs.time_limit_seconds"));
    }
}

#[tokio::test]
async fn nothing_of_a_run_is_left_for_the_next() {
    let engine = engines::postgres(TABLE);
    engine.run("set search_path = nowhere; select 1").await.expect("runs");
    engine.run("create temp table own (a int); select 1").await.expect("runs");
    assert_eq!(engine.run("select count(*) from t").await.expect("runs").first(), [json!(3)]);
    assert!(engine.run("select * from own").await.is_err(), "a temporary table of another run");
    engine.run("prepare own as select 'secret'; select 1").await.expect("runs");
    engine.run("begin; select pg_advisory_lock(1)").await.expect("runs");
    let left = "select (select count(*) from pg_prepared_statements where from_sql)
                     + (select count(*) from pg_locks where locktype = 'advisory')";
    assert_eq!(engine.run(left).await.expect("runs").first(), [json!(0)]);
    let same = "select pg_backend_pid()";
    let first = engine.run(same).await.expect("runs").first();
    engine.run("select nope").await.err().expect("fails");
    assert_eq!(engine.run(same).await.expect("runs").first(), first, "the connection is kept");
}

#[tokio::test]
async fn tables_and_columns_are_listed() {
    for engine in engines::all(TABLE) {
        let mut tables = engine.connector().tables().await.expect("lists");
        // Those of other databases of the same server have its name in front.
        tables.retain(|table| engine.name != "mysql" || !table.name.contains('.'));
        // All tables have the name of theirs in front.
        let prefix = match engine.name {
            "clickhouse" => engine.options["dbname"].as_str(),
            "bigquery" => Some("d"),
            "duckdb" => Some("test.main"),
            _ => None,
        };
        if let Some(prefix) = prefix {
            let own = format!("{prefix}.");
            tables.retain_mut(|table| match table.name.strip_prefix(&own) {
                Some(name) => {
                    table.name = name.to_owned();
                    true
                }
                None => false,
            });
        }
        assert_eq!(tables.len(), 1, "{}", engine.name);
        assert_eq!(tables[0].name, "t");
        let mut names: Vec<&str> =
            tables[0].columns.iter().map(|column| column.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["id", "name", "x"]);
        assert!(tables[0].columns.iter().all(|column| !column.kind.is_empty()));
    }
}

#[tokio::test]
async fn the_last_statement_that_gives_columns_counts() {
    for engine in engines::all(TABLE) {
        let rows = engine.run("select id from t; select name from t where id = 1;").await;
        assert_eq!(rows.expect("runs").first(), [json!("a")], "{}", engine.name);
    }
    let engine = engines::postgres(TABLE);
    let rows = engine.run("select 5 as a; select 6 as b; set work_mem = '8MB'").await;
    assert_eq!(rows.expect("runs").first(), [json!(6)]);
    let rows = engine.run("insert into t values (7) returning id; create table u (a int)").await;
    assert_eq!(rows.expect("runs").first(), [json!(7)]);
}

#[tokio::test]
async fn large_rows_make_small_batches() {
    for engine in engines::all(TABLE) {
        let cell = match engine.name {
            "sqlite" | "bigquery" => "hex(zeroblob(500000))",
            _ => "repeat('x', 1000000)",
        };
        let text = match engine.name {
            "clickhouse" => format!("select {cell} from numbers(30)"),
            _ => format!(
                "with recursive n(i) as (select 1 union all select i + 1 from n where i < 30)
                 select {cell} from n"
            ),
        };
        let rows = engine.run(&text).await.expect("runs");
        assert_eq!(rows.batches(), 4, "{}", engine.name);
        assert_eq!(rows.cells().len(), 30);
    }
}
