//! XLSX workbooks, read back from their parts.

use std::io::{Cursor, Read};
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use tessera_formats::{Format, Options, encoder};
use tessera_kernel::{Code, ColumnKind};

use crate::sample::{all_kinds, batch_of, encode, floating, orders, text_column};

fn part(workbook: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn sheet(batch: &RecordBatch, options: &Options) -> String {
    part(&encode(Format::Xlsx, batch, options), "xl/worksheets/sheet1.xml")
}

/// The cells of a row: `1`, `"text"`, `TRUE`.
fn cells(sheet: &str, row: usize) -> Vec<String> {
    let start = sheet.find(&format!("<row r=\"{row}\"")).unwrap();
    let row = &sheet[start..start + sheet[start..].find("</row>").unwrap()];
    row.split("<c r=")
        .skip(1)
        .map(|cell| {
            let inner = |tag: &str| {
                let from = cell.find(&format!("<{tag}"))?;
                let from = from + cell[from..].find('>')? + 1;
                Some(&cell[from..from + cell[from..].find(&format!("</{tag}>"))?])
            };
            if cell.contains("t=\"b\"") {
                (if inner("v") == Some("1") { "TRUE" } else { "FALSE" }).to_owned()
            } else if cell.contains("t=\"inlineStr\"") {
                format!("{:?}", inner("t").unwrap())
            } else {
                inner("v").unwrap().to_owned()
            }
        })
        .collect()
}

#[test]
fn floating_cells_are_typed() {
    let sheet = sheet(&all_kinds(), &floating());
    assert_eq!(
        cells(&sheet, 2),
        [
            "1",
            "9007199254740992",
            "0.1",
            "0.1",
            "1.1",
            "100",
            "12345678901234570000",
            "TRUE",
            "\"text\"",
            "\"c  \"",
            "\"2020-02-03\"",
            "\"infinity\"",
            "\"2020-02-03T04:05:06.789\"",
            "\"2020-02-03T04:05:06\"",
            "\"2020-02-03T02:05:06.500Z\"",
            "\"04:05:06.700\"",
            "\"1 day, 2:00:00\"",
            "\"1:30:00\"",
            "\"{'a': [1, None]}\"",
            "\"{'b': 2}\"",
            "\"[1, 2]\"",
            "\"['x', 'y']\"",
            "\"deadbeef\"",
            "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"",
            "\"[1, 5)\"",
            "\"$12.34\"",
            "\"a,b \\\"q\\\"\\nline2; ünïcödé 漢字 🎉\"",
            "\" lead\"",
            "\"=1+1\"",
            "1",
            "2",
            "3",
        ]
    );
    assert_eq!(cells(&sheet, 1).len(), all_kinds().num_columns());
}

#[test]
fn exact_cells_keep_digits_as_text_when_a_number_cannot() {
    let sheet = sheet(&all_kinds(), &Options::default());
    let cells = cells(&sheet, 2);
    assert_eq!(
        cells[..8],
        [
            "1",
            "\"9007199254740993\"",
            "0.1",
            "0.1",
            "1.1",
            "100",
            "\"12345678901234567890.123456789\"",
            "\"NaN\""
        ]
    );
    assert!(cells.contains(&"\"P1DT2H\"".to_owned()));
    assert!(cells.contains(&"\"{\\\"a\\\":[1,null]}\"".to_owned()));
}

#[test]
fn absent_values_are_blank() {
    let sheet = sheet(&orders(), &floating());
    assert_eq!(cells(&sheet, 4), ["3", "5", "\"say \\\"hi\\\"\""]);
    assert_eq!(cells(&sheet, 3)[1..3], ["99.99", "FALSE"]);
}

#[test]
fn no_text_becomes_a_formula() {
    let starts = ["=", "+", "-", "@", "\t=", "\r=", "＝", "＋", "－", "＠", "'=", " =", "{=", "=="];
    let bodies = ["1+1", "cmd|' /C calc'!A0", "HYPERLINK(\"http://x.example\",\"y\")"];
    let payloads: Vec<String> = starts
        .iter()
        .flat_map(|start| bodies.iter().map(move |body| format!("{start}{body}")))
        .collect();
    assert!(payloads.len() >= 30);
    let values: Vec<Option<&str>> = payloads.iter().map(|text| Some(text.as_str())).collect();
    let quoted: Vec<String> =
        payloads.iter().map(|text| serde_json::to_string(text).unwrap()).collect();
    let quoted: Vec<Option<&str>> = quoted.iter().map(|text| Some(text.as_str())).collect();
    let batch = batch_of(vec![
        ("=1+1", ColumnKind::Text, text_column(&values)),
        ("j", ColumnKind::Json, text_column(&quoted)),
        ("o", ColumnKind::Other, text_column(&values)),
    ]);
    for options in [floating(), Options::default()] {
        let sheet = sheet(&batch, &options);
        assert!(!sheet.contains("<f>") && !sheet.contains("<f "));
        assert!(!sheet.contains("<hyperlink"));
        assert_eq!(sheet.matches("t=\"inlineStr\"").count(), 3 * (payloads.len() + 1));
    }
}

#[test]
fn sheet_has_the_name_asked_for() {
    let options = Options { sheet_name: "Umsätze".to_owned(), ..Options::default() };
    let workbook = encode(Format::Xlsx, &orders(), &options);
    assert!(part(&workbook, "xl/workbook.xml").contains("<sheet name=\"Umsätze\""));
    let options = Options { sheet_name: "a/b".to_owned(), ..Options::default() };
    let fault = encoder(Format::Xlsx, orders().schema(), &options).err().unwrap();
    assert_eq!((fault.code(), fault.field()), (Code::Invalid, Some("sheet_name")));
}

#[test]
fn same_rows_make_the_same_file() {
    let first = encode(Format::Xlsx, &orders(), &floating());
    assert_eq!(first, encode(Format::Xlsx, &orders(), &floating()));
}

#[test]
fn too_long_text_is_refused_and_not_cut() {
    let fits = "é".repeat(32_767);
    let long = format!("{fits}x");
    let batch = batch_of(vec![("t", ColumnKind::Text, text_column(&[Some(&fits), Some(&long)]))]);
    let mut encoder = encoder(Format::Xlsx, batch.schema(), &Options::default()).unwrap();
    encoder.begin(&mut Vec::new()).unwrap();
    encoder.batch(&batch.slice(0, 1), &mut Vec::new()).unwrap();
    let fault = encoder.batch(&batch.slice(1, 1), &mut Vec::new()).unwrap_err();
    assert_eq!((fault.code(), fault.field()), (Code::TooLarge, Some("t")));
    assert!(fault.detail().contains("32767"), "{fault}");
}

#[test]
fn too_many_rows_are_refused_and_not_cut() {
    let rows: ArrayRef = Arc::new(Int64Array::from(vec![None; 1 << 18]));
    let batch = batch_of(vec![("n", ColumnKind::Integer, rows)]);
    let mut encoder = encoder(Format::Xlsx, batch.schema(), &Options::default()).unwrap();
    encoder.begin(&mut Vec::new()).unwrap();
    for _ in 0..3 {
        encoder.batch(&batch, &mut Vec::new()).unwrap();
    }
    encoder.batch(&batch.slice(1, (1 << 18) - 1), &mut Vec::new()).unwrap();
    let fault = encoder.batch(&batch.slice(0, 1), &mut Vec::new()).unwrap_err();
    assert_eq!(fault.code(), Code::TooLarge);
    assert!(fault.detail().contains("1048576"), "{fault}");
}
