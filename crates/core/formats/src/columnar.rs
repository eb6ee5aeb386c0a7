//! Arrow IPC streams and Parquet files: the physical columns as they are.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::IntervalMonthDayNanoType;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, IntervalUnit, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tessera_kernel::{Code, Fault, Result};

use crate::Encoder;
use crate::dates::push_iso_interval;

/// A row group is closed when it takes this much memory.
const ROW_GROUP_BYTES: usize = 16 * 1024 * 1024;

/// The batch under the names of the encoder's schema.
fn under_schema(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| Fault::internal("the batch does not fit the schema", error))
}

fn finished() -> Fault {
    Fault::new(Code::Internal, "the file is finished and takes no more rows")
}

/// Writes an Arrow IPC stream.
pub(crate) struct ArrowEncoder {
    schema: SchemaRef,
    writer: StreamWriter<Vec<u8>>,
}

impl ArrowEncoder {
    pub(crate) fn new(schema: SchemaRef) -> Result<Self> {
        let fault = |error| Fault::internal("the arrow stream cannot be opened", error);
        let options = IpcWriteOptions::default()
            .try_with_compression(Some(CompressionType::LZ4_FRAME))
            .map_err(fault)?;
        let writer =
            StreamWriter::try_new_with_options(Vec::new(), &schema, options).map_err(fault)?;
        Ok(Self { schema, writer })
    }
}

impl Encoder for ArrowEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.append(self.writer.get_mut());
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let batch = under_schema(&self.schema, batch.columns().to_vec(), batch.num_rows())?;
        self.writer
            .write(&batch)
            .map_err(|error| Fault::internal("the batch cannot be written as arrow", error))?;
        out.append(self.writer.get_mut());
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.writer
            .finish()
            .map_err(|error| Fault::internal("the arrow stream cannot be closed", error))?;
        out.append(self.writer.get_mut());
        Ok(())
    }
}

/// Writes a Parquet file. Intervals become ISO 8601 text, since the format has no such type.
pub(crate) struct ParquetEncoder {
    schema: SchemaRef,
    /// Gone when the file is finished.
    writer: Option<ArrowWriter<Vec<u8>>>,
}

impl ParquetEncoder {
    pub(crate) fn new(schema: &Schema) -> Result<Self> {
        let fields: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| match field.data_type() {
                DataType::Interval(IntervalUnit::MonthDayNano) => {
                    Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8))
                }
                _ => Arc::clone(field),
            })
            .collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(Default::default()));
        let writer =
            ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties.build()))
                .map_err(|error| {
                    Fault::new(Code::Unsupported, "parquet cannot hold one of the column types")
                        .with_source(error)
                })?;
        Ok(Self { schema, writer: Some(writer) })
    }
}

impl Encoder for ParquetEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.append(self.writer.as_mut().ok_or_else(finished)?.inner_mut());
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let fault = |error| Fault::internal("the batch cannot be written as parquet", error);
        let columns = batch.columns().iter().map(interval_text).collect();
        let batch = under_schema(&self.schema, columns, batch.num_rows())?;
        let writer = self.writer.as_mut().ok_or_else(finished)?;
        writer.write(&batch).map_err(fault)?;
        if writer.memory_size() >= ROW_GROUP_BYTES {
            writer.flush().map_err(fault)?;
        }
        out.append(writer.inner_mut());
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let fault = |error| Fault::internal("the parquet file cannot be closed", error);
        let mut writer = self.writer.take().ok_or_else(finished)?;
        writer.finish().map_err(fault)?;
        out.append(writer.inner_mut());
        Ok(())
    }
}

/// A column of intervals as text, any other column as it is.
fn interval_text(array: &ArrayRef) -> ArrayRef {
    let Some(spans) = array.as_primitive_opt::<IntervalMonthDayNanoType>() else {
        return Arc::clone(array);
    };
    let text: StringArray = spans
        .iter()
        .map(|span| {
            span.map(|span| {
                let mut out = Vec::new();
                push_iso_interval(&mut out, span.months, span.days, span.nanoseconds);
                String::from_utf8_lossy(&out).into_owned()
            })
        })
        .collect();
    Arc::new(text)
}
