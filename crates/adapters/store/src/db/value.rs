//! The values that go into statements and come out of rows, the same for both engines.

use serde_json::Value as Json;
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{
    AlertId, DashboardId, DeliveryId, DestinationId, GroupId, KeyId, QueryId, ResultId, SnippetId,
    SourceId, SubscriptionId, Uid, UserId, VisualizationId, WidgetId, WorkspaceId,
};

/// One value. Truth values are 0 or 1, times microseconds, documents and identifiers text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "integer",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Blob(_) => "blob",
        }
    }
}

/// A list of numbers for `{ids $n}` in a statement.
pub(crate) fn id_list(ids: impl IntoIterator<Item = i64>) -> Value {
    Value::Text(Json::from(ids.into_iter().collect::<Vec<_>>()).to_string())
}

/// A list of texts for `{texts $n}` in a statement.
pub(crate) fn text_list(texts: impl IntoIterator<Item = String>) -> Value {
    Value::Text(Json::from(texts.into_iter().collect::<Vec<_>>()).to_string())
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    // No count, size or duration of ours reaches 2^63.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl From<[u8; 32]> for Value {
    fn from(value: [u8; 32]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.timestamp_micros())
    }
}

impl From<Uid> for Value {
    fn from(value: Uid) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<&Json> for Value {
    fn from(value: &Json) -> Self {
        Self::Text(value.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Something that a value of a row can be read as. The fault names what was found instead.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value) -> Result<Self, String>;
}

fn mismatch<T>(wanted: &str, value: &Value) -> Result<T, String> {
    Err(format!("{wanted} expected, {} found", value.kind()))
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Int(number) => Ok(number),
            other => mismatch("integer", &other),
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value) -> Result<Self, String> {
        Self::try_from(i64::from_value(value)?).map_err(|error| error.to_string())
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, String> {
        Ok(i64::from_value(value)? != 0)
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Real(number) => Ok(number),
            other => mismatch("real", &other),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text),
            other => mismatch("text", &other),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Blob(bytes) => Ok(bytes),
            other => mismatch("blob", &other),
        }
    }
}

impl FromValue for [u8; 32] {
    fn from_value(value: Value) -> Result<Self, String> {
        Self::try_from(Vec::from_value(value)?)
            .map_err(|bytes| format!("32 bytes expected, {} found", bytes.len()))
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Result<Self, String> {
        let micros = i64::from_value(value)?;
        Self::from_timestamp_micros(micros).ok_or_else(|| format!("{micros} is no time"))
    }
}

impl FromValue for Uid {
    fn from_value(value: Value) -> Result<Self, String> {
        Self::parse_str(&String::from_value(value)?).map_err(|error| error.to_string())
    }
}

impl FromValue for Json {
    fn from_value(value: Value) -> Result<Self, String> {
        serde_json::from_str(&String::from_value(value)?).map_err(|error| error.to_string())
    }
}

/// A list of texts kept as a JSON array.
impl FromValue for Vec<String> {
    fn from_value(value: Value) -> Result<Self, String> {
        serde_json::from_str(&String::from_value(value)?).map_err(|error| error.to_string())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, String> {
        if value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

macro_rules! ids {
    ($($name:ident)*) => {$(
        impl From<$name> for Value {
            fn from(value: $name) -> Self {
                Self::Int(value.0)
            }
        }

        impl FromValue for $name {
            fn from_value(value: Value) -> Result<Self, String> {
                i64::from_value(value).map($name)
            }
        }
    )*};
}

ids! { UserId GroupId KeyId SourceId QueryId ResultId VisualizationId DashboardId WidgetId WorkspaceId }
ids! { AlertId DestinationId SubscriptionId DeliveryId SnippetId }
