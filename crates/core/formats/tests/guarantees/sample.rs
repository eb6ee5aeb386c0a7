//! Batches to encode, and short ways to encode them.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use arrow_array::types::IntervalMonthDayNano;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int64Array,
    IntervalMonthDayNanoArray, RecordBatch, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{Field, Schema, SchemaRef};
use tessera_formats::{Encoder, Format, Options, Style, encoder, unique_names};
use tessera_kernel::{COLUMN_KIND, ColumnKind};

pub const HOUR_NANOS: i64 = 3_600_000_000_000;
/// 2020-02-03T04:05:06 in microseconds.
pub const MOMENT: i64 = 1_580_702_706_000_000;

pub fn batch_of(columns: Vec<(&str, ColumnKind, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, kind, array)| {
            let kind = (COLUMN_KIND.to_owned(), kind.as_str().to_owned());
            Field::new(*name, array.data_type().clone(), true).with_metadata(HashMap::from([kind]))
        })
        .collect();
    let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

pub fn text_column(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// One row with a column of every kind.
pub fn all_kinds() -> RecordBatch {
    let one = |text: &str| text_column(&[Some(text)]);
    let int = |value: i64| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
    let float = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
    let stamp = |micros: i64| TimestampMicrosecondArray::from(vec![micros]);
    let span = |days: i32, nanos: i64| {
        let span = IntervalMonthDayNano::new(0, days, nanos);
        Arc::new(IntervalMonthDayNanoArray::from(vec![span])) as ArrayRef
    };
    batch_of(vec![
        ("i2", ColumnKind::Integer, int(1)),
        ("i8", ColumnKind::Integer, int(9_007_199_254_740_993)),
        ("f4", ColumnKind::Float, Arc::new(Float32Array::from(vec![0.1]))),
        ("f8", ColumnKind::Float, float(0.1)),
        ("num", ColumnKind::Decimal, one("1.10")),
        ("num_int", ColumnKind::Decimal, one("100")),
        ("num_big", ColumnKind::Decimal, one("12345678901234567890.123456789")),
        ("num_nan", ColumnKind::Decimal, one("NaN")),
        ("b_t", ColumnKind::Boolean, Arc::new(BooleanArray::from(vec![true]))),
        ("b_n", ColumnKind::Boolean, Arc::new(BooleanArray::from(vec![None]))),
        ("txt", ColumnKind::Text, one("text")),
        ("ch", ColumnKind::Text, one("c  ")),
        ("n", ColumnKind::Text, text_column(&[None])),
        ("d", ColumnKind::Date, Arc::new(Date32Array::from(vec![18_295]))),
        ("d_inf", ColumnKind::Date, Arc::new(Date32Array::from(vec![i32::MAX]))),
        ("ts", ColumnKind::Timestamp, Arc::new(stamp(MOMENT + 789_123))),
        ("ts0", ColumnKind::Timestamp, Arc::new(stamp(MOMENT))),
        (
            "tstz",
            ColumnKind::TimestampTz,
            Arc::new(stamp(MOMENT - 7_200_000_000 + 500_000).with_timezone("UTC")),
        ),
        ("tm", ColumnKind::Time, Arc::new(Time64MicrosecondArray::from(vec![14_706_700_000_i64]))),
        ("iv", ColumnKind::Interval, span(1, 2 * HOUR_NANOS)),
        ("iv2", ColumnKind::Interval, span(0, HOUR_NANOS * 3 / 2)),
        ("jb", ColumnKind::Json, one(r#"{"a": [1, null]}"#)),
        ("js", ColumnKind::Json, one(r#"{"b":2}"#)),
        ("ia", ColumnKind::Array, one("[1,2]")),
        ("ta", ColumnKind::Array, one(r#"["x","y"]"#)),
        ("by", ColumnKind::Bytes, Arc::new(BinaryArray::from_vec(vec![&[0xde, 0xad, 0xbe, 0xef]]))),
        ("uu", ColumnKind::Uuid, one("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
        ("rng", ColumnKind::Other, one("[1, 5)")),
        ("nan", ColumnKind::Float, float(f64::NAN)),
        ("inf", ColumnKind::Float, float(f64::INFINITY)),
        ("mon", ColumnKind::Other, one("$12.34")),
        ("quoting", ColumnKind::Text, one("a,b \"q\"\nline2; ünïcödé 漢字 🎉")),
        ("lead", ColumnKind::Text, one(" lead")),
        ("formula", ColumnKind::Text, one("=1+1")),
        ("dup", ColumnKind::Integer, int(1)),
        ("dup", ColumnKind::Integer, int(2)),
        ("Weird Name, x", ColumnKind::Integer, int(3)),
    ])
}

/// A small table of several rows with absent values.
pub fn orders() -> RecordBatch {
    let day = |text: Option<i32>| text;
    batch_of(vec![
        ("id", ColumnKind::Integer, Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        (
            "amount",
            ColumnKind::Decimal,
            text_column(&[Some("10.50"), Some("99.99"), Some("5.00"), Some("0.00")]),
        ),
        (
            "paid",
            ColumnKind::Boolean,
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)])),
        ),
        (
            "created_on",
            ColumnKind::Date,
            Arc::new(Date32Array::from(vec![
                day(Some(18_263)),
                day(Some(18_295)),
                None,
                day(Some(10_956)),
            ])),
        ),
        (
            "created_at",
            ColumnKind::TimestampTz,
            Arc::new(
                TimestampMicrosecondArray::from(vec![
                    Some(1_577_934_245_678_000),
                    Some(1_580_688_000_000_000),
                    None,
                    Some(946_684_799_000_000),
                ])
                .with_timezone("UTC"),
            ),
        ),
        (
            "note",
            ColumnKind::Text,
            text_column(&[None, Some("a,b"), Some("say \"hi\""), Some("多言語")]),
        ),
    ])
}

pub fn floating() -> Options {
    Options { style: Style::Floating, ..Options::default() }
}

pub fn run(mut encoder: Box<dyn Encoder>, batches: &[RecordBatch]) -> Vec<u8> {
    let mut out = Vec::new();
    encoder.begin(&mut out).unwrap();
    for batch in batches {
        encoder.batch(batch, &mut out).unwrap();
    }
    encoder.finish(&mut out).unwrap();
    if let Some(mut file) = encoder.take_file() {
        assert!(out.is_empty());
        file.read_to_end(&mut out).unwrap();
    }
    out
}

pub fn encode(format: Format, batch: &RecordBatch, options: &Options) -> Vec<u8> {
    let schema: SchemaRef = batch.schema();
    run(encoder(format, schema, options).unwrap(), std::slice::from_ref(batch))
}

pub fn encode_text(format: Format, batch: &RecordBatch, options: &Options) -> String {
    String::from_utf8(encode(format, batch, options)).unwrap()
}

pub fn names_of(batch: &RecordBatch) -> Vec<String> {
    let names: Vec<String> =
        batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    unique_names(&names)
}
