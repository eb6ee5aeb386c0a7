//! Workbooks of Excel 97 to 2003, read: one that a published library wrote (`books/make.py`), and
//! what becomes of it when it is broken.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use proptest::prelude::{ProptestConfig, prop, proptest};
use tessera_formats::read::{ExcelOptions, Sheet, Target, read_excel};
use tessera_formats::{Format, Options};
use tessera_kernel::{Code, Result};

use crate::sample::encode;

const BOOK: &[u8] = include_bytes!("books/kinds.xls");

#[derive(Default)]
struct Kept(Vec<RecordBatch>);

impl Target for Kept {
    fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        self.0.push(RecordBatch::new_empty(schema));
        Ok(())
    }

    fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.0.push(batch);
        Ok(())
    }
}

fn read(bytes: &[u8], sheet: Sheet) -> Result<RecordBatch> {
    let mut kept = Kept::default();
    read_excel(bytes, &ExcelOptions { sheet, ..ExcelOptions::default() }, 100, &mut kept)?;
    // There are fewer rows than a batch has.
    Ok(kept.0.pop().unwrap())
}

fn csv(bytes: &[u8], sheet: Sheet) -> Vec<String> {
    let text = encode(Format::Csv, &read(bytes, sheet).unwrap(), &Options::default());
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn every_kind_of_cell_is_read() {
    let lines = csv(BOOK, Sheet::Place(0));
    assert_eq!(lines[0], "id,price,when,took,open,note,sum");
    assert_eq!(lines[1], "1,10.5,2024-02-29T10:30:00,36:00:00,true,it's,");
    assert_eq!(lines[2], "2,0.07,1999-12-31T00:00:00,06:00:00,false,多言語 😀,");
    assert_eq!(lines[3], ",,,,,,");
    // These two go over the ends of records.
    assert_eq!(lines[4], format!("1234567890,-3.25,,,,{},", "é".repeat(5000)));
    assert_eq!(lines[5], format!("-4,1e+100,,,,{},", "多".repeat(5000)));
    assert_eq!(lines.len(), 6);
}

#[test]
fn sheets_have_names_and_may_begin_late() {
    let named = csv(BOOK, Sheet::Name("Zweites ß".to_owned()));
    assert_eq!(named, ["a,b,c,d", "0,1,2,3"]);
    let fault = read(BOOK, Sheet::Place(2)).unwrap_err();
    assert_eq!((fault.code(), fault.detail()), (Code::SourceFailed, "Worksheet not found"));
}

#[test]
fn what_is_no_such_workbook_is_refused() {
    for bytes in
        [&BOOK[..8], &BOOK[..600], b"PK", b"", &[BOOK[..512].to_vec(), vec![0; 9000]].concat()]
    {
        assert_eq!(read(bytes, Sheet::Place(0)).unwrap_err().code(), Code::SourceFailed);
    }
}

/// Where the stream of records begins: its first record is that of a workbook of this version.
fn stream() -> usize {
    let begin = [0x09, 0x08, 0x10, 0x00, 0x00, 0x06];
    BOOK.windows(6).position(|window| window == begin).unwrap()
}

#[test]
fn encrypted_and_older_workbooks_are_refused_with_words() {
    let mut older = BOOK.to_vec();
    older[stream() + 5] = 5;
    let fault = read(&older, Sheet::Place(0)).unwrap_err();
    assert_eq!(fault.detail(), "it is no workbook of Excel 97 or later");
    // The second record becomes the one that says how the rest is encrypted.
    let mut encrypted = BOOK.to_vec();
    encrypted[stream() + 20] = 0x2F;
    encrypted[stream() + 21] = 0;
    let fault = read(&encrypted, Sheet::Place(0)).unwrap_err();
    assert_eq!(fault.detail(), "the workbook is encrypted");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_broken_workbook_is_read_or_refused(
        changes in prop::collection::vec((0..BOOK.len(), 0..=u8::MAX), 1..40),
        length in 0..BOOK.len(),
        cut in prop::bool::weighted(0.2),
    ) {
        let mut bytes = BOOK.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(length);
        }
        // Either is good; a panic is not.
        let _either = read(&bytes, Sheet::Place(0));
    }
}
