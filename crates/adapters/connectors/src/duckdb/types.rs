//! What a column of DuckDB is: read off its Arrow type, and off the name that an extension type has.

use arrow_schema::{DataType, Field, TimeUnit, UnionMode};
use serde_json::Value as Json;
use tessera_kernel::ColumnKind;

/// Field metadata with the name of an extension type.
const EXTENSION: &str = "ARROW:extension:name";

/// Field metadata with what belongs to it.
const EXTENSION_METADATA: &str = "ARROW:extension:metadata";

/// A type of DuckDB, as far as its values are read in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Boolean,
    /// Whole numbers that always fit 64 bits with sign.
    Integer,
    /// `UBIGINT`.
    Unsigned,
    /// `HUGEINT`, or `UHUGEINT` without sign.
    Huge {
        signed: bool,
    },
    BigNum,
    Single,
    Double,
    Decimal,
    Text,
    Json,
    Enum,
    Bytes,
    Bits,
    Date,
    Time,
    TimeNs,
    TimeTz,
    Timestamp(TimeUnit),
    TimestampTz,
    Uuid,
    Interval,
    List,
    Struct,
    Map,
    Union,
    Unknown,
}

impl Type {
    /// The type of a column, or of what is in one.
    pub(super) fn of(field: &Field) -> Self {
        let extension = field.metadata().get(EXTENSION).map_or("", String::as_str);
        match (extension, field.data_type()) {
            ("arrow.bool8", _) | (_, DataType::Boolean) => Self::Boolean,
            ("arrow.json", DataType::Utf8) => Self::Json,
            ("arrow.uuid", DataType::FixedSizeBinary(16)) => Self::Uuid,
            ("arrow.opaque", kind) => match (opaque(field).as_str(), kind) {
                ("hugeint", DataType::FixedSizeBinary(16)) => Self::Huge { signed: true },
                ("uhugeint", DataType::FixedSizeBinary(16)) => Self::Huge { signed: false },
                ("time_tz", DataType::FixedSizeBinary(8)) => Self::TimeTz,
                ("bignum" | "varint", DataType::Binary) => Self::BigNum,
                ("bit", DataType::Binary) => Self::Bits,
                (_, DataType::Binary) => Self::Bytes,
                _ => Self::Unknown,
            },
            (_, kind) => Self::plain(kind),
        }
    }

    fn plain(kind: &DataType) -> Self {
        match kind {
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => Self::Integer,
            DataType::UInt64 => Self::Unsigned,
            DataType::Float32 => Self::Single,
            DataType::Float64 => Self::Double,
            DataType::Decimal128(..) => Self::Decimal,
            DataType::Utf8 => Self::Text,
            DataType::Dictionary(_, values) if **values == DataType::Utf8 => Self::Enum,
            DataType::Binary => Self::Bytes,
            DataType::Date32 => Self::Date,
            DataType::Time64(TimeUnit::Microsecond) => Self::Time,
            DataType::Time64(TimeUnit::Nanosecond) => Self::TimeNs,
            DataType::Timestamp(unit, None) => Self::Timestamp(*unit),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Self::TimestampTz,
            DataType::Interval(arrow_schema::IntervalUnit::MonthDayNano) => Self::Interval,
            DataType::List(_) | DataType::FixedSizeList(..) => Self::List,
            DataType::Struct(_) => Self::Struct,
            DataType::Map(..) => Self::Map,
            DataType::Union(_, UnionMode::Sparse | UnionMode::Dense) => Self::Union,
            _ => Self::Unknown,
        }
    }

    /// What its values mean, and how they are kept. Numbers that may not fit 64 bits are integers
    /// until one does not, and then the column is `wide`.
    pub(super) fn kept(self, wide: bool) -> (ColumnKind, DataType) {
        match self {
            Self::Boolean => (ColumnKind::Boolean, DataType::Boolean),
            Self::Integer => (ColumnKind::Integer, DataType::Int64),
            Self::Unsigned | Self::Huge { .. } if !wide => (ColumnKind::Integer, DataType::Int64),
            Self::Unsigned | Self::Huge { .. } | Self::BigNum | Self::Decimal => {
                (ColumnKind::Decimal, DataType::Utf8)
            }
            Self::Single => (ColumnKind::Float, DataType::Float32),
            Self::Double => (ColumnKind::Float, DataType::Float64),
            Self::Text | Self::Enum => (ColumnKind::Text, DataType::Utf8),
            Self::Json | Self::Struct | Self::Map | Self::Union => {
                (ColumnKind::Json, DataType::Utf8)
            }
            Self::List => (ColumnKind::Array, DataType::Utf8),
            Self::Bytes => (ColumnKind::Bytes, DataType::Binary),
            Self::Date => (ColumnKind::Date, DataType::Date32),
            Self::Time => (ColumnKind::Time, DataType::Time64(TimeUnit::Microsecond)),
            // Nanoseconds, which microseconds would lose.
            Self::Timestamp(TimeUnit::Nanosecond)
            | Self::TimeNs
            | Self::TimeTz
            | Self::Bits
            | Self::Unknown => (ColumnKind::Other, DataType::Utf8),
            Self::Timestamp(_) => {
                (ColumnKind::Timestamp, DataType::Timestamp(TimeUnit::Microsecond, None))
            }
            Self::TimestampTz => (
                ColumnKind::TimestampTz,
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ),
            Self::Uuid => (ColumnKind::Uuid, DataType::Utf8),
            Self::Interval => {
                (ColumnKind::Interval, DataType::Interval(arrow_schema::IntervalUnit::MonthDayNano))
            }
        }
    }
}

/// The name of a type that Arrow does not know, in lower case.
fn opaque(field: &Field) -> String {
    let metadata = field.metadata().get(EXTENSION_METADATA).map_or("", String::as_str);
    let read: Option<Json> = serde_json::from_str(metadata).ok();
    let name = read.as_ref().and_then(|read| read.get("type_name")).and_then(Json::as_str);
    name.unwrap_or_default().to_ascii_lowercase()
}

/// The name that DuckDB has for the type of a column.
pub(super) fn name(field: &Field) -> String {
    let word = match Type::of(field) {
        Type::Boolean => "BOOLEAN",
        Type::Integer => match field.data_type() {
            DataType::Int8 => "TINYINT",
            DataType::Int16 => "SMALLINT",
            DataType::Int32 => "INTEGER",
            DataType::UInt8 => "UTINYINT",
            DataType::UInt16 => "USMALLINT",
            DataType::UInt32 => "UINTEGER",
            _ => "BIGINT",
        },
        Type::Unsigned => "UBIGINT",
        Type::Huge { signed: true } => "HUGEINT",
        Type::Huge { signed: false } => "UHUGEINT",
        Type::BigNum => "BIGNUM",
        Type::Single => "FLOAT",
        Type::Double => "DOUBLE",
        Type::Decimal => match field.data_type() {
            DataType::Decimal128(digits, places) => return format!("DECIMAL({digits},{places})"),
            _ => "DECIMAL",
        },
        Type::Text => "VARCHAR",
        Type::Json => "JSON",
        Type::Enum => "ENUM",
        Type::Bytes => "BLOB",
        Type::Bits => "BIT",
        Type::Date => "DATE",
        Type::Time => "TIME",
        Type::TimeNs => "TIME_NS",
        Type::TimeTz => "TIME WITH TIME ZONE",
        Type::Timestamp(TimeUnit::Second) => "TIMESTAMP_S",
        Type::Timestamp(TimeUnit::Millisecond) => "TIMESTAMP_MS",
        Type::Timestamp(TimeUnit::Microsecond) => "TIMESTAMP",
        Type::Timestamp(TimeUnit::Nanosecond) => "TIMESTAMP_NS",
        Type::TimestampTz => "TIMESTAMP WITH TIME ZONE",
        Type::Uuid => "UUID",
        Type::Interval => "INTERVAL",
        Type::List => match field.data_type() {
            DataType::List(item) => return format!("{}[]", name(item)),
            DataType::FixedSizeList(item, length) => return format!("{}[{length}]", name(item)),
            _ => "LIST",
        },
        Type::Struct => "STRUCT",
        Type::Map => "MAP",
        Type::Union => "UNION",
        Type::Unknown => return field.data_type().to_string(),
    };
    word.to_owned()
}
