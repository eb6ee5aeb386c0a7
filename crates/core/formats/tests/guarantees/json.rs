//! JSON, NDJSON, rows for an envelope, single cells.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Int32Array, LargeStringArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use serde_json::json;
use tessera_formats::{Format, Options, cell, encoder, json_rows};
use tessera_kernel::{Code, ColumnKind};

use crate::sample::{
    all_kinds, batch_of, encode_text, floating, names_of, orders, run, text_column,
};

#[test]
fn exact_style_loses_nothing() {
    assert_eq!(
        encode_text(Format::Json, &all_kinds(), &Options::default()),
        concat!(
            r#"[{"i2":1,"i8":9007199254740993,"f4":0.1,"f8":0.1,"num":1.10,"num_int":100,"#,
            r#""num_big":12345678901234567890.123456789,"num_nan":"NaN","b_t":true,"b_n":null,"#,
            r#""txt":"text","ch":"c  ","n":null,"d":"2020-02-03","d_inf":"infinity","#,
            r#""ts":"2020-02-03T04:05:06.789123","ts0":"2020-02-03T04:05:06","#,
            r#""tstz":"2020-02-03T02:05:06.500000Z","tm":"04:05:06.700000","iv":"P1DT2H","#,
            r#""iv2":"PT1H30M","jb":{"a":[1,null]},"js":{"b":2},"ia":[1,2],"ta":["x","y"],"#,
            r#""by":"3q2+7w==","uu":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","rng":"[1, 5)","#,
            r#""nan":"NaN","inf":"Infinity","mon":"$12.34","#,
            r#""quoting":"a,b \"q\"\nline2; ünïcödé 漢字 🎉","lead":" lead","formula":"=1+1","#,
            r#""dup":1,"dup1":2,"Weird Name, x":3}]"#
        )
    );
}

#[test]
fn floating_style_uses_floats_and_milliseconds() {
    assert_eq!(
        encode_text(Format::Json, &all_kinds(), &floating()),
        concat!(
            r#"[{"i2":1,"i8":9007199254740993,"f4":0.1,"f8":0.1,"num":1.1,"num_int":100.0,"#,
            r#""num_big":1.2345678901234567e+19,"num_nan":null,"b_t":true,"b_n":null,"#,
            r#""txt":"text","ch":"c  ","n":null,"d":"2020-02-03","d_inf":"infinity","#,
            r#""ts":"2020-02-03T04:05:06.789","ts0":"2020-02-03T04:05:06","#,
            r#""tstz":"2020-02-03T02:05:06.500Z","tm":"04:05:06.700","iv":"1 day, 2:00:00","#,
            r#""iv2":"1:30:00","jb":{"a":[1,null]},"js":{"b":2},"ia":[1,2],"ta":["x","y"],"#,
            r#""by":"deadbeef","uu":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","rng":"[1, 5)","#,
            r#""nan":null,"inf":null,"mon":"$12.34","#,
            r#""quoting":"a,b \"q\"\nline2; ünïcödé 漢字 🎉","lead":" lead","formula":"=1+1","#,
            r#""dup":1,"dup1":2,"Weird Name, x":3}]"#
        )
    );
}

#[test]
fn rows_are_separated_across_batches() {
    let batch = orders();
    let (first, second) = (batch.slice(0, 1), batch.slice(1, 1));
    let empty = batch.slice(0, 0);
    let rows = concat!(
        r#"{"id":1,"amount":10.5,"paid":true,"created_on":"2020-01-02","#,
        r#""created_at":"2020-01-02T03:04:05.678Z","note":null},"#,
        r#"{"id":2,"amount":99.99,"paid":false,"created_on":"2020-02-03","#,
        r#""created_at":"2020-02-03T00:00:00Z","note":"a,b"}"#
    );
    let batches = [empty.clone(), first, empty, second];
    let out = run(json_rows(batch.schema(), &floating()), &batches);
    assert_eq!(String::from_utf8(out).unwrap(), rows);
    let whole = run(encoder(Format::Json, batch.schema(), &floating()).unwrap(), &batches);
    assert_eq!(String::from_utf8(whole).unwrap(), format!("[{rows}]"));
}

#[test]
fn ndjson_has_one_line_per_row_whatever_the_values_hold() {
    let batch = batch_of(vec![
        ("j", ColumnKind::Json, text_column(&[Some("{\n\"a\":\r\n1}"), Some("[]"), None])),
        ("t", ColumnKind::Text, text_column(&[Some("x\r\ny"), Some(""), Some("\u{1}")])),
    ]);
    assert_eq!(
        encode_text(Format::Ndjson, &batch, &Options::default()),
        "{\"j\":{\"a\":1},\"t\":\"x\\r\\ny\"}\n{\"j\":[],\"t\":\"\"}\n\
         {\"j\":null,\"t\":\"\\u0001\"}\n"
    );
}

#[test]
fn no_rows_make_an_empty_array() {
    let empty = orders().slice(0, 0);
    assert_eq!(encode_text(Format::Json, &empty, &Options::default()), "[]");
    assert_eq!(encode_text(Format::Ndjson, &empty, &Options::default()), "");
}

#[test]
fn text_in_a_json_column_that_is_not_json_is_a_string() {
    let batch = batch_of(vec![(
        "j",
        ColumnKind::Json,
        text_column(&[Some("{broken"), Some("12"), Some("\"s\""), Some("1 2"), Some("")]),
    )]);
    assert_eq!(
        encode_text(Format::Json, &batch, &Options::default()),
        r#"[{"j":"{broken"},{"j":12},{"j":"s"},{"j":"1 2"},{"j":""}]"#
    );
}

#[test]
fn physical_types_of_other_engines_are_converted() {
    let schema = Schema::new(vec![
        Field::new("small", DataType::Int32, true),
        Field::new("large", DataType::LargeUtf8, true),
        Field::new("money", DataType::Decimal128(20, 2), true),
    ]);
    let money = Decimal128Array::from(vec![1010]).with_precision_and_scale(20, 2).unwrap();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![7])),
        Arc::new(LargeStringArray::from(vec!["x"])),
        Arc::new(money),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    assert_eq!(
        encode_text(Format::Json, &batch, &Options::default()),
        r#"[{"small":7,"large":"x","money":10.10}]"#
    );
}

#[test]
fn value_that_does_not_fit_its_kind_is_a_fault_and_not_null() {
    let batch = batch_of(vec![("i", ColumnKind::Integer, text_column(&[Some("x")]))]);
    let mut encoder = encoder(Format::Json, batch.schema(), &Options::default()).unwrap();
    let fault = encoder.batch(&batch, &mut Vec::new()).unwrap_err();
    assert_eq!(fault.code(), Code::Unsupported);
    assert!(fault.detail().contains("`i`"), "{fault}");
}

#[test]
fn cell_equals_the_value_in_the_document() {
    let batch = all_kinds();
    let document: serde_json::Value =
        serde_json::from_str(&encode_text(Format::Json, &batch, &floating())).unwrap();
    for (index, name) in names_of(&batch).iter().enumerate() {
        assert_eq!(cell(&batch, index, 0, &floating()), document[0][name], "{name}");
    }
    assert_eq!(cell(&batch, 0, 1, &floating()), json!(null));
    assert_eq!(cell(&batch, 99, 0, &floating()), json!(null));
    let exact = Options::default();
    assert_eq!(cell(&batch, 4, 0, &exact), json!(1.1));
    assert_eq!(cell(&batch, 5, 0, &exact), json!(100));
    assert_eq!(cell(&batch, 6, 0, &exact), json!("12345678901234567890.123456789"));
    assert_eq!(cell(&batch, 7, 0, &exact), json!("NaN"));
}
