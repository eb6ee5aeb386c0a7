//! Rows into Arrow, as every engine does it: a builder for each column, and when they make a batch.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Date32Builder, Float32Builder, Float64Builder,
    Int64Builder, IntervalMonthDayNanoBuilder, StringBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind, Fault, Result};

/// Bytes after which a batch is passed on, however few rows it has.
pub(crate) const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A column as an engine describes it.
pub(crate) struct Described<O> {
    pub(crate) name: String,
    pub(crate) meaning: ColumnKind,
    /// Whether floating-point numbers have single precision.
    pub(crate) single: bool,
    /// The type in the words of the source, behind the name of the engine: `pg:int4`.
    pub(crate) source_type: String,
    /// What the engine itself has to know to read a value.
    pub(crate) own: O,
}

/// A column while its values come.
pub(crate) struct Column<O> {
    pub(crate) own: O,
    pub(crate) builder: Builder,
}

/// The columns of one result.
pub(crate) struct Columns<O = ()> {
    columns: Vec<Column<O>>,
    schema: SchemaRef,
    rows: usize,
    /// Bytes of these rows, about.
    bytes: usize,
}

/// Takes the values of one column; what it is follows from what the column means.
pub(crate) enum Builder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Single(Float32Builder),
    Double(Float64Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
    Bytes(BinaryBuilder),
    /// Texts, and all that is written as text: decimals, documents, identifiers.
    Text(StringBuilder),
}

impl<O> Columns<O> {
    pub(crate) fn new(described: impl IntoIterator<Item = Described<O>>) -> Self {
        let (mut columns, mut fields) = (Vec::new(), Vec::new());
        for Described { name, meaning, single, source_type, own } in described {
            let (physical, builder) = builder(meaning, single);
            fields.push(Field::new(name, physical, true).with_metadata(HashMap::from([
                (COLUMN_KIND.to_owned(), meaning.as_str().to_owned()),
                (COLUMN_SOURCE_TYPE.to_owned(), source_type),
            ])));
            columns.push(Column { own, builder });
        }
        Self { columns, schema: Arc::new(Schema::new(fields)), rows: 0, bytes: 0 }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The columns, in their order; each takes one value for a row.
    pub(crate) fn each(&mut self) -> impl Iterator<Item = &mut Column<O>> {
        self.columns.iter_mut()
    }

    /// One column by its place.
    pub(crate) fn at(&mut self, place: usize) -> Option<&mut Column<O>> {
        self.columns.get_mut(place)
    }

    /// Counts bytes of the row that comes.
    pub(crate) fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Every column has taken its value.
    pub(crate) fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Rows since the last batch.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether they make a batch: so many rows, or so large ones.
    pub(crate) fn is_full(&self, rows: usize) -> bool {
        self.rows >= rows || self.bytes >= BYTES_MAX
    }

    /// The batch.
    ///
    /// # Errors
    /// `Internal` if a column has not taken as many values as the others.
    pub(crate) fn take(&mut self) -> Result<RecordBatch> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.columns.iter_mut().map(|column| column.builder.finish()).collect();
        RecordBatch::try_new(self.schema(), arrays)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

fn builder(meaning: ColumnKind, single: bool) -> (DataType, Builder) {
    let micros = TimeUnit::Microsecond;
    match meaning {
        ColumnKind::Boolean => (DataType::Boolean, Builder::Boolean(BooleanBuilder::new())),
        ColumnKind::Integer => (DataType::Int64, Builder::Integer(Int64Builder::new())),
        ColumnKind::Float if single => (DataType::Float32, Builder::Single(Float32Builder::new())),
        ColumnKind::Float => (DataType::Float64, Builder::Double(Float64Builder::new())),
        ColumnKind::Date => (DataType::Date32, Builder::Date(Date32Builder::new())),
        ColumnKind::Time => {
            (DataType::Time64(micros), Builder::Time(Time64MicrosecondBuilder::new()))
        }
        ColumnKind::Timestamp => (
            DataType::Timestamp(micros, None),
            Builder::Timestamp(TimestampMicrosecondBuilder::new()),
        ),
        ColumnKind::TimestampTz => (
            DataType::Timestamp(micros, Some("UTC".into())),
            Builder::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        ),
        ColumnKind::Interval => (
            DataType::Interval(IntervalUnit::MonthDayNano),
            Builder::Interval(IntervalMonthDayNanoBuilder::new()),
        ),
        ColumnKind::Bytes => (DataType::Binary, Builder::Bytes(BinaryBuilder::new())),
        ColumnKind::Decimal
        | ColumnKind::Text
        | ColumnKind::Json
        | ColumnKind::Array
        | ColumnKind::Uuid
        | ColumnKind::Other => (DataType::Utf8, Builder::Text(StringBuilder::new())),
    }
}

impl Builder {
    pub(crate) fn push_null(&mut self) {
        match self {
            Self::Boolean(out) => out.append_null(),
            Self::Integer(out) => out.append_null(),
            Self::Single(out) => out.append_null(),
            Self::Double(out) => out.append_null(),
            Self::Date(out) => out.append_null(),
            Self::Time(out) => out.append_null(),
            Self::Timestamp(out) => out.append_null(),
            Self::Interval(out) => out.append_null(),
            Self::Bytes(out) => out.append_null(),
            Self::Text(out) => out.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(out) => ArrayBuilder::finish(out),
            Self::Integer(out) => ArrayBuilder::finish(out),
            Self::Single(out) => ArrayBuilder::finish(out),
            Self::Double(out) => ArrayBuilder::finish(out),
            Self::Date(out) => ArrayBuilder::finish(out),
            Self::Time(out) => ArrayBuilder::finish(out),
            // The zone is part of the builder's type, which `finish` keeps.
            Self::Timestamp(out) => ArrayBuilder::finish(out),
            Self::Interval(out) => ArrayBuilder::finish(out),
            Self::Bytes(out) => ArrayBuilder::finish(out),
            Self::Text(out) => ArrayBuilder::finish(out),
        }
    }
}
