//! Hashes, statements, row limits and classes.

use serde_json::{Value as Json, json};
use tessera_sqltext::StatementClass::{Control, Definition, Empty, Read, Write};
use tessera_sqltext::{
    Dialect, apply_auto_limit, classify, default_values, normalize_statements, parse_parameters,
    query_hash,
};

use crate::recorded::PAIRS;
use crate::support::{bound, bound_with, definitions};

const PG: Dialect = Dialect::Postgres;
const LITE: Dialect = Dialect::Sqlite;

#[test]
fn hashes_are_those_that_clients_know() {
    for (text, hash) in PAIRS {
        assert_eq!(query_hash(text), hash, "{text}");
        assert_eq!(
            query_hash(&normalize_statements(&format!("\n{text}; -- x"), PG)),
            hash,
            "{text}"
        );
    }
    assert_eq!(query_hash("select /* a\n*/ 1 as one"), PAIRS[0].1);
    assert_eq!(query_hash("select 1/*"), query_hash("select1/ *"));
}

#[test]
fn the_hash_of_a_text_with_parameters_is_that_of_its_default_values() {
    let text = "select {{n}} as n, '{{t}}' as t, '{{d}}' as d, '{{dt}}' as dt, '{{dts}}' as dts, \
                '{{dr.start}}' as drs, '{{dr.end}}' as dre, '{{dtr.start}}' as dtrs, \
                '{{dtr.end}}' as dtre, '{{e}}' as e, array_to_string(array[{{em}}], '|') as em, '{{tp}}' as tp";
    let defaults = Json::Object(default_values(&definitions()));
    let shown = bound(text, PG, &defaults).unwrap().display;
    assert_eq!(query_hash(&shown), "1cd6755107f6b0e3f995356cebdc676a");
    let text = "select {{n}} as n, '{{e}}' as e";
    let shown = bound(text, PG, &defaults).unwrap().display;
    assert_eq!(query_hash(&shown), "88debe767acc6b3055962cdb13e873a6");
    let list = json!([{"name": "c", "type": "query", "queryId": 6, "value": ["1"],
                       "multiValuesOptions": {"prefix": "", "suffix": "", "separator": ","}}]);
    let definitions = parse_parameters(&list).unwrap();
    let text = "select * from orders where customer_id in ({{c}}) order by id";
    let defaults = Json::Object(default_values(&definitions));
    let shown = bound_with(text, PG, &definitions, &defaults).unwrap().display;
    assert_eq!(query_hash(&shown), "dc05c75c2cf2d38449eff17332cd583e");
    assert_eq!(
        query_hash(&apply_auto_limit("select * from bench", 1000, PG)),
        "ca63d67b677b774ccfdc5844098dbc29"
    );
}

#[test]
fn empty_statements_are_dropped_and_the_rest_is_joined() {
    for (text, expected) in [
        ("select 1", "select 1"),
        (" select 1 ; ", "select 1"),
        ("select 1;;select 2;", "select 1;\nselect 2"),
        ("-- a\n;select ';' -- b\n; /* c */", "select ';'"),
        ("-- hint\nselect 1; select 2 -- c", "-- hint\nselect 1;\nselect 2"),
        ("do $$ begin; end $$; select \"a;b\"", "do $$ begin; end $$;\nselect \"a;b\""),
        ("select '{{ a;b }}'; {{! x;y }}", "select '{{ a;b }}'"),
        ("-- nothing", "-- nothing"),
        (" ; ", " ; "),
        ("", ""),
    ] {
        assert_eq!(normalize_statements(text, PG), expected, "{text}");
    }
    let trigger = "create trigger t after insert on a begin delete from b; select 1; end";
    assert_eq!(
        normalize_statements(&format!("{trigger}; select [a;b];"), LITE),
        format!("{trigger};\nselect [a;b]")
    );
}

#[test]
fn the_last_select_is_limited_unless_it_says_how_many_rows_it_wants() {
    for (text, expected) in [
        ("select 1", "select 1 LIMIT 1000"),
        ("SELECT 1;", "SELECT 1 LIMIT 1000"),
        ("select 1 -- all", "select 1 LIMIT 1000"),
        ("/* a */ select 1", "/* a */ select 1 LIMIT 1000"),
        ("select 1; select 2", "select 1;\nselect 2 LIMIT 1000"),
        ("select * from (select 1 limit 5) a", "select * from (select 1 limit 5) a LIMIT 1000"),
        ("select \"limit\", 'limit' -- limit", "select \"limit\", 'limit' LIMIT 1000"),
        (
            "select * from t where a = {{ limit }}",
            "select * from t where a = {{ limit }} LIMIT 1000",
        ),
        ("select 1 limit 5", "select 1 limit 5"),
        ("select 1 LIMIT 5 -- x", "select 1 LIMIT 5"),
        ("select 1 limit {{n}}", "select 1 limit {{n}}"),
        ("select 1 offset 5", "select 1 offset 5"),
        ("select 1 fetch first 5 rows only", "select 1 fetch first 5 rows only"),
        ("select 1 limit 5 for update", "select 1 limit 5 for update"),
        ("select 1; delete from t", "select 1;\ndelete from t"),
        ("with a as (select 1) select 2", "with a as (select 1) select 2"),
        ("", ""),
    ] {
        assert_eq!(apply_auto_limit(text, 1000, PG), expected, "{text}");
    }
    assert_eq!(apply_auto_limit("select [limit]", 7, LITE), "select [limit] LIMIT 7");
}

#[test]
fn a_text_is_as_dangerous_as_its_worst_statement() {
    for (text, expected) in [
        ("", Empty),
        ("-- x\n;", Empty),
        ("select 'delete from t'", Read),
        ("(select 1) union (select 2)", Read),
        ("with a as (select 1) select * from a", Read),
        ("values (1)", Read),
        ("table t", Read),
        ("show all", Read),
        ("select replace(a, 'b', 'c') from t", Read),
        ("select 1; delete from t", Write),
        ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", Write),
        ("with a as (delete from t returning *) select * from a", Write),
        ("with a as (update {{t}} set b = 1) select 1", Write),
        ("select 1 for update", Write),
        ("select 1 for no key update", Write),
        ("explain delete from t", Read),
        ("explain (costs off) delete from t", Read),
        ("explain analyze delete from t", Write),
        ("explain analyze verbose select 1", Read),
        ("EXPLAIN (VERBOSE, ANALYZE) UPDATE t SET a = 1", Write),
        ("explain (select 1)", Read),
        ("select * into x from t", Definition),
        ("with a as (insert into t select 1) select * into x from a", Definition),
        ("truncate t", Write),
        ("drop table t", Definition),
        ("select 1; /* a */ create table t (a int)", Definition),
        ("copy t to program 'x'", Control),
        ("set role x", Control),
        ("do $$ begin end $$", Control),
        ("begin; select 1", Control),
        ("{{ e }} from t", Control),
        ("vacuum", Control),
    ] {
        assert_eq!(classify(text, PG), expected, "{text}");
    }
    for (text, expected) in [
        ("pragma table_info(t)", Read),
        ("pragma main.table_info(t)", Read),
        ("pragma journal_mode = off", Control),
        ("pragma writable_schema", Control),
        ("attach 'x' as y", Control),
        ("explain query plan delete from t", Read),
        ("with a as (select 1) insert or ignore into t select * from a", Write),
        ("replace into t values (1)", Write),
        ("create trigger t after insert on a begin delete from b; end;", Definition),
        ("select [delete] from t", Read),
    ] {
        assert_eq!(classify(text, LITE), expected, "{text}");
    }
}
