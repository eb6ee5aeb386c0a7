//! Arrow streams and Parquet files, read back.

use std::io::Cursor;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_ipc::reader::StreamReader;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tessera_formats::{Format, Options, encoder};

use crate::sample::{all_kinds, encode, names_of, orders, run};

fn names(batch: &RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}

#[test]
fn arrow_stream_reads_back_with_its_metadata() {
    let batch = all_kinds();
    let bytes = encode(Format::Arrow, &batch, &Options::default());
    let read: Vec<RecordBatch> =
        StreamReader::try_new(Cursor::new(bytes), None).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(read.len(), 1);
    // not a number is unlike itself, so columns are compared by their text
    assert_eq!(format!("{:?}", read[0].columns()), format!("{:?}", batch.columns()));
    assert_eq!(names(&read[0]), names_of(&batch));
    assert_eq!(read[0].schema().field(0).metadata(), batch.schema().field(0).metadata());
}

#[test]
fn parquet_file_reads_back_with_intervals_as_text() {
    let batch = all_kinds();
    let bytes = Bytes::from(encode(Format::Parquet, &batch, &Options::default()));
    let read: Vec<RecordBatch> = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .unwrap()
        .build()
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(names(&read[0]), names_of(&batch));
    for (index, field) in batch.schema().fields().iter().enumerate() {
        if field.name() == "iv" {
            assert_eq!(read[0].column(index).as_string::<i32>().value(0), "P1DT2H");
        } else if !field.name().starts_with("iv") {
            assert_eq!(
                format!("{:?}", read[0].column(index)),
                format!("{:?}", batch.column(index))
            );
        }
    }
}

#[test]
fn bytes_are_handed_out_while_rows_come_in() {
    let batch = orders();
    for format in [Format::Arrow, Format::Parquet] {
        let mut encoder = encoder(format, batch.schema(), &Options::default()).unwrap();
        let mut out = Vec::new();
        encoder.begin(&mut out).unwrap();
        if format == Format::Arrow {
            assert!(!out.is_empty());
            out.clear();
            encoder.batch(&batch, &mut out).unwrap();
            assert!(!out.is_empty());
        }
        encoder.finish(&mut out).unwrap();
        if format == Format::Parquet {
            assert!(encoder.batch(&batch, &mut out).is_err());
        }
    }
}

#[test]
fn files_without_rows_are_complete() {
    let batch = orders();
    let arrow = run(encoder(Format::Arrow, batch.schema(), &Options::default()).unwrap(), &[]);
    assert_eq!(StreamReader::try_new(Cursor::new(arrow), None).unwrap().count(), 0);
    let parquet = run(encoder(Format::Parquet, batch.schema(), &Options::default()).unwrap(), &[]);
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(parquet)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
}
