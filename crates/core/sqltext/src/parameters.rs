//! What the author of a text says about its parameters.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tessera_kernel::{Fault, Result};

/// What values a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ParameterKind {
    /// Any text.
    Text,
    /// Text that a regular expression matches from end to end.
    TextPattern {
        /// The expression.
        regex: String,
    },
    /// A finite number.
    Number,
    /// One of the author's own words.
    Enum {
        /// The words.
        options: Vec<String>,
    },
    /// A value that another query returned.
    Query {
        /// The other query.
        query_id: i64,
    },
    /// A day.
    Date,
    /// A day and a time, to the minute.
    DatetimeLocal,
    /// A day and a time, to the second.
    DatetimeWithSeconds,
    /// From one day to another.
    DateRange,
    /// From one minute to another.
    DatetimeRange,
    /// From one second to another.
    DatetimeRangeWithSeconds,
}

impl ParameterKind {
    /// The spelling in `options.parameters`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextPattern { .. } => "text-pattern",
            Self::Number => "number",
            Self::Enum { .. } => "enum",
            Self::Query { .. } => "query",
            Self::Date => "date",
            Self::DatetimeLocal => "datetime-local",
            Self::DatetimeWithSeconds => "datetime-with-seconds",
            Self::DateRange => "date-range",
            Self::DatetimeRange => "datetime-range",
            Self::DatetimeRangeWithSeconds => "datetime-range-with-seconds",
        }
    }
}

/// How the values of a parameter that takes several are written where they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultiValues {
    /// In front of each value: nothing, or a quote.
    pub prefix: String,
    /// After each value.
    pub suffix: String,
    /// Between values.
    pub separator: String,
}

/// The definition of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name in `{{ name }}`.
    pub name: String,
    /// The name to show.
    pub title: String,
    /// What values it takes.
    pub kind: ParameterKind,
    /// Set if it takes several values; only an enum or a query does.
    pub multi: Option<MultiValues>,
    /// The value to use where nobody gives one, as the client wrote it; null if there is none.
    pub default: Json,
}

/// The default values, as [`Template::resolve`](crate::Template::resolve) takes them.
#[must_use]
pub fn default_values(definitions: &[Parameter]) -> Map<String, Json> {
    definitions
        .iter()
        .filter(|definition| !definition.default.is_null())
        .map(|definition| (definition.name.clone(), definition.default.clone()))
        .collect()
}

/// Reads the list that clients keep in `options.parameters`. Null is an empty list, and members
/// that mean nothing here are skipped.
///
/// # Errors
/// `invalid`, with the place as its field, for anything that is not such a list.
pub fn parse_parameters(list: &Json) -> Result<Vec<Parameter>> {
    match list {
        Json::Null => Ok(Vec::new()),
        Json::Array(entries) => {
            entries.iter().enumerate().map(|(index, entry)| parse_one(index, entry)).collect()
        }
        _ => Err(Fault::invalid("options.parameters", "send a list of parameters")),
    }
}

fn parse_one(index: usize, entry: &Json) -> Result<Parameter> {
    let fault = |member: &str, detail: String| {
        Fault::invalid(format!("options.parameters[{index}]{member}"), detail)
    };
    let Json::Object(entry) = entry else {
        return Err(fault("", "send an object with name and type".into()));
    };
    let text = |member: &str| entry.get(member).and_then(Json::as_str);
    let name = text("name")
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| fault(".name", "give the parameter a name".into()))?;
    let kind = match text("type").unwrap_or_default() {
        // Without a type it is a text: old definitions have none.
        "" | "text" => ParameterKind::Text,
        "text-pattern" => {
            ParameterKind::TextPattern { regex: text("regex").unwrap_or_default().to_owned() }
        }
        "number" => ParameterKind::Number,
        "enum" => ParameterKind::Enum {
            options: options(entry.get("enumOptions"))
                .ok_or_else(|| fault(".enumOptions", "send the options, one per line".into()))?,
        },
        "query" => ParameterKind::Query {
            query_id: query_id(entry.get("queryId"))
                .ok_or_else(|| fault(".queryId", "send the number of a query".into()))?,
        },
        "date" => ParameterKind::Date,
        "datetime-local" => ParameterKind::DatetimeLocal,
        "datetime-with-seconds" => ParameterKind::DatetimeWithSeconds,
        "date-range" => ParameterKind::DateRange,
        "datetime-range" => ParameterKind::DatetimeRange,
        "datetime-range-with-seconds" => ParameterKind::DatetimeRangeWithSeconds,
        other => {
            let detail = format!(
                "there is no parameter type {other:?}; use text, text-pattern, number, enum, \
                 query, date, datetime-local, datetime-with-seconds, date-range, datetime-range or \
                 datetime-range-with-seconds"
            );
            return Err(fault(".type", detail));
        }
    };
    // Editors leave the options behind when the type is changed; they mean nothing then.
    let takes_many = matches!(kind, ParameterKind::Enum { .. } | ParameterKind::Query { .. });
    let multi = match entry.get("multiValuesOptions") {
        Some(Json::Object(written)) if takes_many => {
            let text = |member: &str, default: &str| {
                written.get(member).and_then(Json::as_str).unwrap_or(default).to_owned()
            };
            Some(MultiValues {
                prefix: text("prefix", ""),
                suffix: text("suffix", ""),
                separator: text("separator", ","),
            })
        }
        _ => None,
    };
    Ok(Parameter {
        name: name.to_owned(),
        title: text("title").unwrap_or(name).to_owned(),
        kind,
        multi,
        default: entry.get("value").cloned().unwrap_or_default(),
    })
}

fn options(written: Option<&Json>) -> Option<Vec<String>> {
    let kept = |option: &str| (!option.is_empty()).then(|| option.to_owned());
    match written {
        None | Some(Json::Null) => Some(Vec::new()),
        Some(Json::String(lines)) => Some(lines.lines().filter_map(kept).collect()),
        Some(Json::Array(entries)) => {
            entries.iter().map(|entry| entry.as_str().and_then(kept)).collect()
        }
        Some(_) => None,
    }
}

fn query_id(written: Option<&Json>) -> Option<i64> {
    let written = written?;
    written.as_i64().or_else(|| written.as_str()?.trim().parse().ok())
}
