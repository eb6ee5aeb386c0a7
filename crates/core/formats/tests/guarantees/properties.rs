//! Guarantees for arbitrary values: JSON parses, CSV and XLSX text reads back.

use std::sync::Arc;

use arrow_array::types::IntervalMonthDayNano;
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Float32Array, Float64Array, Int64Array,
    IntervalMonthDayNanoArray, RecordBatch, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use proptest::prelude::*;
use serde_json::Value;
use tessera_formats::{DateStyle, Format, Options, Style, cell};
use tessera_kernel::ColumnKind;

use crate::sample::{batch_of, encode_text, floating};

/// Reads CSV or TSV; nothing like the writer inside.
fn read_delimited(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut lines = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let line = lines.last_mut().unwrap();
        let field = line.last_mut().unwrap();
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            '\r' if !quoted && chars.peek() == Some(&'\n') => {
                chars.next();
                lines.push(vec![String::new()]);
            }
            _ if char == delimiter && !quoted => line.push(String::new()),
            _ => field.push(char),
        }
    }
    assert_eq!(lines.pop(), Some(vec![String::new()]), "the last line is complete");
    lines
}

type Row = (
    Option<i64>,
    (Option<f64>, Option<f32>),
    Option<String>,
    Option<i32>,
    (Option<i64>, Option<i64>),
    Option<(i32, i32, i64)>,
    Option<Vec<u8>>,
);

fn any_row() -> impl Strategy<Value = Row> {
    use proptest::num::{f32, f64};
    use proptest::option::of;
    (
        of(any::<i64>()),
        (of(f64::ANY), of(f32::ANY)),
        of(".*"),
        of(any::<i32>()),
        (of(any::<i64>()), of(any::<i64>())),
        of((any::<i32>(), any::<i32>(), any::<i64>())),
        of(proptest::collection::vec(any::<u8>(), 0..20)),
    )
}

fn batch_from(rows: &[Row]) -> RecordBatch {
    let texts: ArrayRef = Arc::new(rows.iter().map(|row| row.2.clone()).collect::<StringArray>());
    let stamps: TimestampMicrosecondArray = rows.iter().map(|row| row.4.0).collect();
    let spans: IntervalMonthDayNanoArray =
        rows.iter().map(|row| row.5.map(|(m, d, n)| IntervalMonthDayNano::new(m, d, n))).collect();
    batch_of(vec![
        (
            "integer",
            ColumnKind::Integer,
            Arc::new(rows.iter().map(|r| r.0).collect::<Int64Array>()),
        ),
        (
            "float",
            ColumnKind::Float,
            Arc::new(rows.iter().map(|r| r.1.0).collect::<Float64Array>()),
        ),
        (
            "single",
            ColumnKind::Float,
            Arc::new(rows.iter().map(|r| r.1.1).collect::<Float32Array>()),
        ),
        ("text", ColumnKind::Text, Arc::clone(&texts)),
        ("decimal", ColumnKind::Decimal, Arc::clone(&texts)),
        ("json", ColumnKind::Json, texts),
        ("date", ColumnKind::Date, Arc::new(rows.iter().map(|r| r.3).collect::<Date32Array>())),
        ("stamp", ColumnKind::Timestamp, Arc::new(stamps.clone())),
        ("moment", ColumnKind::TimestampTz, Arc::new(stamps.with_timezone("UTC"))),
        (
            "time",
            ColumnKind::Time,
            Arc::new(rows.iter().map(|r| r.4.1).collect::<Time64MicrosecondArray>()),
        ),
        ("span", ColumnKind::Interval, Arc::new(spans)),
        (
            "bytes",
            ColumnKind::Bytes,
            Arc::new(rows.iter().map(|row| row.6.as_deref()).collect::<BinaryArray>()),
        ),
    ])
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(".*", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    #[test]
    fn json_parses_and_keeps_integers_floats_and_text(rows in prop::collection::vec(any_row(), 0..5)) {
        let batch = batch_from(&rows);
        for options in [floating(), Options::default()] {
            let text = encode_text(Format::Json, &batch, &options);
            let document: Vec<Value> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(document.len(), rows.len());
            for (index, (value, row)) in document.iter().zip(&rows).enumerate() {
                prop_assert_eq!(value["integer"].as_i64(), row.0);
                prop_assert_eq!(value["text"].as_str(), row.2.as_deref());
                prop_assert_eq!(&cell(&batch, 3, index, &options), &value["text"]);
                let float = row.1.0.filter(|value| value.is_finite());
                prop_assert_eq!(cell(&batch, 1, index, &options).as_f64(), float);
            }
            let lines = encode_text(Format::Ndjson, &batch, &options);
            prop_assert_eq!(lines.lines().count(), rows.len());
        }
    }

    #[test]
    fn documents_keep_their_value(document in any_json()) {
        let text = serde_json::to_string_pretty(&document).unwrap();
        let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let batch = batch_of(vec![("j", ColumnKind::Json, column)]);
        for options in [floating(), Options::default()] {
            let text = encode_text(Format::Ndjson, &batch, &options);
            prop_assert_eq!(text, format!("{{\"j\":{document}}}\n"));
            // must not fail
            encode_text(Format::Csv, &batch, &options);
        }
    }

    #[test]
    fn csv_and_tsv_read_back(rows in prop::collection::vec(any_row(), 0..5), pattern in ".*") {
        let batch = batch_from(&rows);
        let dates = DateStyle::Pattern { date: pattern.clone(), datetime: pattern };
        for style in [Style::Exact, Style::Floating] {
            let options = Options { style, dates: dates.clone(), ..Options::default() };
            for (format, delimiter) in [(Format::Csv, ','), (Format::Tsv, '\t')] {
                let lines = read_delimited(&encode_text(format, &batch, &options), delimiter);
                prop_assert_eq!(lines.len(), rows.len() + 1);
                for (line, row) in lines[1..].iter().zip(&rows) {
                    prop_assert_eq!(line.len(), batch.num_columns());
                    prop_assert_eq!(line[0].parse().ok(), row.0);
                    if row.1.0.is_some_and(f64::is_finite) {
                        prop_assert_eq!(line[1].parse().ok(), row.1.0);
                    }
                    if row.1.1.is_some_and(f32::is_finite) {
                        prop_assert_eq!(line[2].parse().ok(), row.1.1);
                    }
                    prop_assert_eq!(&line[3], row.2.as_deref().unwrap_or(""));
                }
            }
        }
    }

    #[test]
    fn escaped_text_never_starts_like_a_formula(text in "[=+@＝\\-\t\r,\"a]{0,6}") {
        let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let batch = batch_of(vec![("a", ColumnKind::Text, column)]);
        let options = Options { escape_formulas: true, ..Options::default() };
        let csv = encode_text(Format::Csv, &batch, &options);
        let field = &read_delimited(&csv, ',')[1][0];
        prop_assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{:?}", field);
    }
}
