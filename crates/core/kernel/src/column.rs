//! What a result column means, beyond its physical type: kept as metadata of the Arrow field.

/// Arrow field metadata key: the [`ColumnKind`] of the column.
pub const COLUMN_KIND: &str = "tessera.kind";

/// Arrow field metadata key: the type's name in the source (`varchar`, `timestamptz`, …), prefixed
/// with the engine and a colon (`pg:varchar`, `sqlite:INTEGER`).
pub const COLUMN_SOURCE_TYPE: &str = "tessera.source_type";

/// What the values of a column are. The comment tells the physical Arrow type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Whole numbers: `Int64`.
    Integer,
    /// Binary floating point: `Float64`, or `Float32` for single precision.
    Float,
    /// Exact decimal numbers: `Utf8` in plain notation, or `NaN`, `Infinity`, `-Infinity`.
    Decimal,
    /// Truth values: `Boolean`.
    Boolean,
    /// Text: `Utf8`.
    Text,
    /// Days: `Date32`; `i32::MAX` and `i32::MIN` are infinity and minus infinity.
    Date,
    /// Time of day: `Time64(Microsecond)`.
    Time,
    /// Date and time without zone: `Timestamp(Microsecond, None)`; `i64::MAX` and `i64::MIN` are
    /// infinity and minus infinity.
    Timestamp,
    /// A moment: `Timestamp(Microsecond, "UTC")`; infinities as above.
    TimestampTz,
    /// A span: `Interval(MonthDayNano)`.
    Interval,
    /// A JSON document: `Utf8`. Also used for columns of mixed types.
    Json,
    /// An array, as JSON text: `Utf8`.
    Array,
    /// A UUID: `Utf8`.
    Uuid,
    /// Bytes: `Binary`.
    Bytes,
    /// Anything else, in the source's own text form: `Utf8`.
    Other,
}

impl ColumnKind {
    /// The spelling used as metadata and in `/v1`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::TimestampTz => "timestamptz",
            Self::Interval => "interval",
            Self::Json => "json",
            Self::Array => "array",
            Self::Uuid => "uuid",
            Self::Bytes => "bytes",
            Self::Other => "other",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Integer,
            Self::Float,
            Self::Decimal,
            Self::Boolean,
            Self::Text,
            Self::Date,
            Self::Time,
            Self::Timestamp,
            Self::TimestampTz,
            Self::Interval,
            Self::Json,
            Self::Array,
            Self::Uuid,
            Self::Bytes,
            Self::Other,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == text)
    }
}
