//! Rows into Arrow, from the server's binary form.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tessera_kernel::{Code, ColumnKind, Fault, Result};
use tokio_postgres::types::{FromSql, Kind, Type};
use tokio_postgres::{Row, Statement};

use super::{decode, values};
use crate::batch::{self, Builder, Described};

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

/// The columns of one result.
pub(super) struct Columns {
    columns: batch::Columns<Type>,
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
        let described = prepared.columns().iter().zip(names).map(|(column, (name, source))| {
            let kind = base(column.type_()).clone();
            let meaning = match column_kind(&kind) {
                // It was turned into text by the server, and is something else.
                Some(ColumnKind::Text) if source != column.type_().name() => ColumnKind::Other,
                Some(meaning) => meaning,
                None => {
                    let detail =
                        format!("the column {name:?} has the type {kind}; cast it to text");
                    return Err(Fault::new(Code::Unsupported, detail));
                }
            };
            Ok(Described {
                name: name.clone(),
                meaning,
                single: kind == Type::FLOAT4,
                source_type: format!("pg:{source}"),
                own: kind,
            })
        });
        let columns = batch::Columns::new(described.collect::<Result<Vec<_>>>()?);
        Ok(Self { columns, scratch: String::new() })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.columns.schema()
    }

    /// Rows since the last batch.
    pub(super) fn rows(&self) -> usize {
        self.columns.rows()
    }

    /// Whether they make a batch: so many rows, or so large ones.
    pub(super) fn is_full(&self, rows: usize) -> bool {
        self.columns.is_full(rows)
    }

    pub(super) fn push(&mut self, row: &Row) -> Result<()> {
        let mut bytes = 0;
        for (place, column) in self.columns.each().enumerate() {
            let raw: Option<Raw<'_>> = row
                .try_get(place)
                .map_err(|error| Fault::internal("a cell cannot be read", error))?;
            match raw {
                Some(raw) => {
                    bytes += raw.0.len();
                    push(column, raw.0, &mut self.scratch)?;
                }
                None => column.builder.push_null(),
            }
        }
        self.columns.add_bytes(bytes);
        self.columns.end_row();
        Ok(())
    }

    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        self.columns.take()
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

fn push(column: &mut batch::Column<Type>, raw: &[u8], scratch: &mut String) -> Result<()> {
    match &mut column.builder {
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
            if let Some(text) = decode::plain(&column.own, raw)? {
                out.append_value(text);
            } else {
                scratch.clear();
                decode::write(&column.own, raw, scratch)?;
                out.append_value(&*scratch);
            }
        }
    }
    Ok(())
}
