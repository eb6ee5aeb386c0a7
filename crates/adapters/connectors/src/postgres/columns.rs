//! Rows into Arrow: one builder for each column, filled from the server's binary form.

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
use tokio_postgres::types::{FromSql, Kind, Type};
use tokio_postgres::{Row, Statement};

use super::{decode, values};
use crate::BATCH_BYTES_MAX;

/// The bytes of a cell as they came.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(
        _type: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_type: &Type) -> bool {
        true
    }
}

enum Builder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Single(Float32Builder),
    Double(Float64Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
    Bytes(BinaryBuilder),
    Text(StringBuilder),
}

struct Column {
    kind: Type,
    builder: Builder,
}

/// The columns of one result.
pub(super) struct Columns {
    columns: Vec<Column>,
    schema: SchemaRef,
    rows: usize,
    /// Bytes of these rows as they came.
    bytes: usize,
    /// Used again for each cell that is written as text.
    scratch: String,
}

impl Columns {
    /// Whether the binary form of a type can be read here.
    pub(super) fn reads(kind: &Type) -> bool {
        column_kind(kind).is_some()
    }

    /// The first column whose type cannot be read here.
    pub(super) fn unreadable(prepared: &Statement) -> Option<usize> {
        prepared.columns().iter().position(|column| !Self::reads(column.type_()))
    }

    /// Columns for a statement; `names` are their names and the types they had in the source.
    pub(super) fn new(prepared: &Statement, names: &[(String, String)]) -> Result<Self> {
        let mut columns = Vec::new();
        let mut fields = Vec::new();
        for (column, (name, source)) in prepared.columns().iter().zip(names) {
            let kind = base(column.type_()).clone();
            let meaning = match column_kind(&kind) {
                // It was turned into text by the server, and is something else.
                Some(ColumnKind::Text) if source != column.type_().name() => ColumnKind::Other,
                Some(meaning) => meaning,
                None => {
                    return Err(Fault::new(
                        tessera_kernel::Code::Unsupported,
                        format!("the column {name:?} has the type {kind}; cast it to text"),
                    ));
                }
            };
            let (physical, builder) = builder(&kind, meaning);
            fields.push(Field::new(name, physical, true).with_metadata(HashMap::from([
                (COLUMN_KIND.to_owned(), meaning.as_str().to_owned()),
                (COLUMN_SOURCE_TYPE.to_owned(), format!("pg:{source}")),
            ])));
            columns.push(Column { kind, builder });
        }
        let schema = Arc::new(Schema::new(fields));
        Ok(Self { columns, schema, rows: 0, bytes: 0, scratch: String::new() })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows since the last batch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether they make a batch: so many rows, or so large ones.
    pub(super) fn is_full(&self, rows: usize) -> bool {
        self.rows >= rows || self.bytes >= BATCH_BYTES_MAX
    }

    pub(super) fn push(&mut self, row: &Row) -> Result<()> {
        for (place, column) in self.columns.iter_mut().enumerate() {
            let raw: Option<Raw<'_>> = row
                .try_get(place)
                .map_err(|error| Fault::internal("a cell cannot be read", error))?;
            match raw {
                Some(raw) => {
                    self.bytes += raw.0.len();
                    column.push(raw.0, &mut self.scratch)?;
                }
                None => column.push_null(),
            }
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        RecordBatch::try_new(self.schema(), arrays)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

/// A domain is what it is made of.
fn base(kind: &Type) -> &Type {
    match kind.kind() {
        Kind::Domain(inner) => base(inner),
        _ => kind,
    }
}

/// What a type means; `None` for one that cannot be read here.
fn column_kind(kind: &Type) -> Option<ColumnKind> {
    let kind = base(kind);
    Some(match *kind {
        Type::BOOL => ColumnKind::Boolean,
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => ColumnKind::Integer,
        Type::FLOAT4 | Type::FLOAT8 => ColumnKind::Float,
        Type::NUMERIC => ColumnKind::Decimal,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::CHAR => {
            ColumnKind::Text
        }
        Type::DATE => ColumnKind::Date,
        Type::TIME => ColumnKind::Time,
        Type::TIMESTAMP => ColumnKind::Timestamp,
        Type::TIMESTAMPTZ => ColumnKind::TimestampTz,
        Type::INTERVAL => ColumnKind::Interval,
        Type::JSON | Type::JSONB => ColumnKind::Json,
        Type::UUID => ColumnKind::Uuid,
        Type::BYTEA => ColumnKind::Bytes,
        Type::XML | Type::INET | Type::CIDR | Type::MACADDR | Type::MACADDR8 | Type::TIMETZ => {
            ColumnKind::Other
        }
        _ => match kind.kind() {
            Kind::Enum(_) => ColumnKind::Text,
            Kind::Array(inner) if column_kind(inner).is_some() => ColumnKind::Array,
            Kind::Range(inner) | Kind::Multirange(inner) if decode::writes_range_of(inner) => {
                ColumnKind::Other
            }
            _ => return None,
        },
    })
}

fn builder(kind: &Type, meaning: ColumnKind) -> (DataType, Builder) {
    let micros = TimeUnit::Microsecond;
    match meaning {
        ColumnKind::Boolean => (DataType::Boolean, Builder::Boolean(BooleanBuilder::new())),
        ColumnKind::Integer => (DataType::Int64, Builder::Integer(Int64Builder::new())),
        ColumnKind::Float if *kind == Type::FLOAT4 => {
            (DataType::Float32, Builder::Single(Float32Builder::new()))
        }
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

impl Column {
    fn push(&mut self, raw: &[u8], scratch: &mut String) -> Result<()> {
        match &mut self.builder {
            Builder::Boolean(out) => out.append_value(values::boolean(raw)?),
            Builder::Integer(out) => out.append_value(values::integer(raw)?),
            Builder::Single(out) => out.append_value(f32::from_bits(values::u32(raw)?)),
            Builder::Double(out) => out.append_value(f64::from_bits(values::u64(raw)?)),
            Builder::Date(out) => out.append_value(values::date(raw)?),
            Builder::Time(out) => out.append_value(values::i64(raw)?),
            Builder::Timestamp(out) => out.append_value(values::timestamp(raw)?),
            Builder::Interval(out) => out.append_value(values::interval(raw)?),
            Builder::Bytes(out) => out.append_value(raw),
            Builder::Text(out) => {
                if let Some(text) = decode::plain(&self.kind, raw)? {
                    out.append_value(text);
                } else {
                    scratch.clear();
                    decode::write(&self.kind, raw, scratch)?;
                    out.append_value(&*scratch);
                }
            }
        }
        Ok(())
    }

    fn push_null(&mut self) {
        match &mut self.builder {
            Builder::Boolean(out) => out.append_null(),
            Builder::Integer(out) => out.append_null(),
            Builder::Single(out) => out.append_null(),
            Builder::Double(out) => out.append_null(),
            Builder::Date(out) => out.append_null(),
            Builder::Time(out) => out.append_null(),
            Builder::Timestamp(out) => out.append_null(),
            Builder::Interval(out) => out.append_null(),
            Builder::Bytes(out) => out.append_null(),
            Builder::Text(out) => out.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match &mut self.builder {
            Builder::Boolean(out) => ArrayBuilder::finish(out),
            Builder::Integer(out) => ArrayBuilder::finish(out),
            Builder::Single(out) => ArrayBuilder::finish(out),
            Builder::Double(out) => ArrayBuilder::finish(out),
            Builder::Date(out) => ArrayBuilder::finish(out),
            Builder::Time(out) => ArrayBuilder::finish(out),
            // The zone is part of the builder's type, which `finish` keeps.
            Builder::Timestamp(out) => ArrayBuilder::finish(out),
            Builder::Interval(out) => ArrayBuilder::finish(out),
            Builder::Bytes(out) => ArrayBuilder::finish(out),
            Builder::Text(out) => ArrayBuilder::finish(out),
        }
    }
}
