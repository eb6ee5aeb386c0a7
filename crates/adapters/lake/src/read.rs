//! Reads one file, batch by batch.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::PathBuf;

use arrow_ipc::reader::StreamReader;
use arrow_schema::SchemaRef;
use futures::StreamExt;
use futures::stream;
use tessera_bi::ports::BatchStream;
use tessera_kernel::{Fault, Result};

use crate::{blocking, failed};

/// How much of the file is read at a time, in bytes.
const BUFFER_BYTES: usize = 256 * 1024;

type Inner = StreamReader<BufReader<File>>;

pub(crate) async fn open(path: PathBuf) -> Result<(SchemaRef, BatchStream)> {
    blocking(move || {
        batches(File::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Fault::not_found("result"),
            _ => failed("open a file", error),
        })?)
    })
    .await
}

/// The columns of an open file, and its rows; where one may block.
pub(crate) fn batches(file: File) -> Result<(SchemaRef, BatchStream)> {
    let reader = StreamReader::try_new(BufReader::with_capacity(BUFFER_BYTES, file), None)
        .map_err(|error| failed("read a file", error))?;
    Ok((reader.schema(), stream::try_unfold(reader, next).boxed()))
}

async fn next(mut reader: Inner) -> Result<Option<(arrow_array::RecordBatch, Inner)>> {
    blocking(move || match reader.next() {
        Some(Ok(batch)) => Ok(Some((batch, reader))),
        Some(Err(error)) => Err(failed("read a file", error)),
        None => Ok(None),
    })
    .await
}
