//! Every type of DuckDB, from its real library.

use arrow_array::cast::AsArray as _;
use serde_json::{Value as Json, json};
use tessera_kernel::COLUMN_SOURCE_TYPE;

use crate::engines::duckdb;

#[tokio::test]
async fn every_type_comes_without_loss() {
    let engine = duckdb("create type mood as enum ('sad', 'ok'); create table t (a integer)");
    let cases: Vec<(&str, Json, &str, &str)> = vec![
        ("true", json!(true), "boolean", "BOOLEAN"),
        ("(-128)::tinyint", json!(-128), "integer", "TINYINT"),
        ("(-32768)::smallint", json!(-32768), "integer", "SMALLINT"),
        ("5", json!(5), "integer", "INTEGER"),
        ("9007199254740993", json!(9_007_199_254_740_993_i64), "integer", "BIGINT"),
        ("255::utinyint", json!(255), "integer", "UTINYINT"),
        ("65535::usmallint", json!(65535), "integer", "USMALLINT"),
        ("4294967295::uinteger", json!(4_294_967_295_u32), "integer", "UINTEGER"),
        ("7::ubigint", json!(7), "integer", "UBIGINT"),
        ("7::uhugeint", json!(7), "integer", "UHUGEINT"),
        ("sum(5::bigint)", json!(5), "integer", "HUGEINT"),
        ("0.5::float", json!(0.5), "float", "FLOAT"),
        ("0.1::double", json!(0.1), "float", "DOUBLE"),
        ("'ü漢😀'", json!("ü漢😀"), "text", "VARCHAR"),
        ("'ok'::mood", json!("ok"), "text", "ENUM"),
        ("'{\"a\": 1}'::json", json!({ "a": 1 }), "json", "JSON"),
        ("date '2020-02-29'", json!("2020-02-29"), "date", "DATE"),
        ("time '04:05:06.789'", json!("04:05:06.789000"), "time", "TIME"),
        ("time_ns '04:05:06.123456789'", json!("04:05:06.123456789"), "other", "TIME_NS"),
        ("timetz '04:05:06+02'", json!("04:05:06+02"), "other", "TIME WITH TIME ZONE"),
        (
            "timestamp '2020-02-29 04:05:06.789'",
            json!("2020-02-29T04:05:06.789000"),
            "timestamp",
            "TIMESTAMP",
        ),
        (
            "timestamp_s '2020-02-29 04:05:06'",
            json!("2020-02-29T04:05:06.000000"),
            "timestamp",
            "TIMESTAMP_S",
        ),
        (
            "timestamp_ms '2020-02-29 04:05:06.789'",
            json!("2020-02-29T04:05:06.789000"),
            "timestamp",
            "TIMESTAMP_MS",
        ),
        (
            "timestamp_ns '2020-02-29 04:05:06.123456789'",
            json!("2020-02-29 04:05:06.123456789"),
            "other",
            "TIMESTAMP_NS",
        ),
        (
            "timestamptz '2020-02-29 04:05:06.789+02'",
            json!("2020-02-29T02:05:06.789000Z"),
            "timestamptz",
            "TIMESTAMP WITH TIME ZONE",
        ),
        (
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
            json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            "uuid",
            "UUID",
        ),
        ("'0101'::bit", json!("0101"), "other", "BIT"),
        ("[1, null]", json!([1, null]), "array", "INTEGER[]"),
        ("array_value(1, 2)", json!([1, 2]), "array", "INTEGER[2]"),
        ("[['a'], []]", json!([["a"], []]), "array", "VARCHAR[][]"),
        ("[date '2020-01-02']", json!(["2020-01-02"]), "array", "DATE[]"),
        ("[0.1::decimal(4,2)]", json!([0.10]), "array", "DECIMAL(4,2)[]"),
        ("['nan'::double, 0.5]", json!(["NaN", 0.5]), "array", "DOUBLE[]"),
        ("['ok'::mood]", json!(["ok"]), "array", "ENUM[]"),
        (
            "{'a': 1, 'b': [{'c': 'x\"'}]}",
            json!({ "a": 1, "b": [{ "c": "x\"" }] }),
            "json",
            "STRUCT",
        ),
        ("row(1, 'a')", json!([1, "a"]), "json", "STRUCT"),
        ("map {'a': 1}", json!({ "a": 1 }), "json", "MAP"),
        ("map {1: {'b': true}}", json!({ "1": { "b": true } }), "json", "MAP"),
        ("union_value(n := 1)", json!({ "n": 1 }), "json", "UNION"),
        ("null", Json::Null, "integer", "INTEGER"),
        ("null::uuid", Json::Null, "uuid", "UUID"),
        ("null::mood", Json::Null, "text", "ENUM"),
        ("null::integer[]", Json::Null, "array", "INTEGER[]"),
        ("null::hugeint", Json::Null, "integer", "HUGEINT"),
    ];
    for (text, expected, kind, source) in cases {
        let rows = engine.run(&format!("select {text} as v")).await;
        let rows = rows.unwrap_or_else(|fault| panic!("{text}: {fault}"));
        assert_eq!(rows.kind(0), kind, "{text}");
        let named = &rows.schema().field(0).metadata()[COLUMN_SOURCE_TYPE];
        assert_eq!(named, &format!("duckdb:{source}"), "{text}");
        let found = rows.first().remove(0);
        let short = |value: &Json| value.as_str().map(|text| text.replace(".000000", ""));
        let same =
            found == expected || short(&found).is_some_and(|one| Some(one) == short(&expected));
        assert!(same, "{text}: {found} is not {expected}");
    }
}

#[tokio::test]
async fn numbers_beyond_64_bits_and_the_ends_of_time_keep_their_value() {
    let engine = duckdb("create table t (a integer)");
    let huge = "170141183460469231731687303715884105727";
    let most = "340282366920938463463374607431768211455";
    let bignum = "-12345678901234567890123456789012345678901234567890";
    for (text, digits, kind) in [
        (format!("{huge}::hugeint"), huge, "HUGEINT"),
        (format!("(-{huge})::hugeint"), &format!("-{huge}"), "HUGEINT"),
        (format!("{most}::uhugeint"), most, "UHUGEINT"),
        ("18446744073709551615::ubigint".to_owned(), "18446744073709551615", "UBIGINT"),
        (format!("'{bignum}'::bignum"), bignum, "BIGNUM"),
        ("-1.50::decimal(10, 2)".to_owned(), "-1.50", "DECIMAL(10,2)"),
        ("0.10::decimal(38, 2)".to_owned(), "0.10", "DECIMAL(38,2)"),
    ] {
        let rows = engine.run(&format!("select {text} as v")).await;
        let rows = rows.unwrap_or_else(|fault| panic!("{text}: {fault}"));
        assert_eq!(rows.kind(0), "decimal", "{text}");
        assert_eq!(rows.schema().field(0).metadata()[COLUMN_SOURCE_TYPE], format!("duckdb:{kind}"));
        assert_eq!(rows.kept(0).as_string::<i32>().value(0), digits, "{text}");
    }
    let text = "select case when i = 4000 then 18446744073709551615 else i end::hugeint as v, i
                from range(5000) t(i)";
    let rows = engine.run(text).await.expect("runs");
    assert_eq!(rows.0.begun, 2, "begun, and begun anew");
    assert_eq!((rows.kind(0), rows.kind(1)), ("decimal", "integer"));
    assert_eq!(rows.cells().len(), 5000);
    let ends = "select 'infinity'::date, '-infinity'::date, 'infinity'::timestamp,
                       '-infinity'::timestamp, 'infinity'::timestamptz";
    let rows = engine.run(ends).await.expect("runs");
    let cells: Vec<String> =
        rows.cells().remove(0).into_iter().map(|cell| cell.to_string()).collect();
    let cells: Vec<&str> = cells.iter().map(|cell| cell.trim_matches('"')).collect();
    assert_eq!(cells, ["infinity", "-infinity", "infinity", "-infinity", "infinity"]);
    let bytes = engine.run("select '\\x00\\xff'::blob as v").await.expect("runs");
    assert_eq!(bytes.kind(0), "bytes");
    let span = engine.run("select interval '1 month 2 days 3 seconds' as v").await.expect("runs");
    assert_eq!((span.kind(0), span.cells().len()), ("interval", 1));
    let fault = engine.run("select 1::variant as v").await.err().expect("has no form");
    assert!(fault.detail().contains("cast it"), "{fault}");
}
