//! Checks what a caller gave against the definitions, and makes typed values of it.

use std::collections::{HashMap, HashSet};

use chrono_tz::Tz;
use serde_json::{Map, Value as Json};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::parameters::{MultiValues, Parameter, ParameterKind};
use crate::template::Template;
use crate::values::{Number, Scalar, Value, Values};
use crate::{dates, dynamic};

/// What values are checked against besides their definitions.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The moment that dynamic dates start from.
    pub now: Timestamp,
    /// The zone of the dates.
    pub zone: Tz,
    /// The values that each query behind a query parameter allows.
    pub dropdowns: &'a HashMap<i64, Vec<String>>,
}

/// A value, or why it does not fit.
type Checked = std::result::Result<Value, &'static str>;

impl Template {
    /// Checks `given` against the definitions. Without definitions every value is taken as it is:
    /// a JSON number is a number, a string is text, a list is many values, an object with `start`
    /// and `end` is a range, and null is none; what stands in lists only may be written as one:
    /// `1,2`, `'a','b'` or `"a","b"`. Given names that the text does not use are checked
    /// too, and left out.
    ///
    /// The ends of a range may come as `x.start` and `x.end`, as text `start--end`, or as the name
    /// of a dynamic range. Dates are read loosely. Dates with an offset are moved to the context's
    /// zone.
    ///
    /// # Errors
    /// `invalid_parameters` with the names of all values that do not fit and of those that nothing
    /// is known of; else `missing_parameters` with the names that have no value, of a range those
    /// of the ends that the text uses (`x.start`).
    pub fn resolve(
        &self,
        definitions: &[Parameter],
        given: &Map<String, Json>,
        context: &Context<'_>,
    ) -> Result<Values> {
        let values = self.check(definitions, given, context)?;
        let missing = self.without_value(&values);
        if missing.is_empty() { Ok(values) } else { Err(missing_parameters(missing)) }
    }

    /// As [`resolve`](Self::resolve), for a text that is not saved yet: `hints` are definitions of an
    /// earlier one. Each is used where the value fits it, also if the several values of one are
    /// written as that definition writes them; any other value is taken as it is. Gives the
    /// definitions that were used.
    ///
    /// # Errors
    /// As without definitions.
    pub fn resolve_hinted(
        &self,
        hints: &[Parameter],
        given: &Map<String, Json>,
        context: &Context<'_>,
    ) -> Result<(Vec<Parameter>, Values)> {
        let (hints, names) = (by_name(hints), self.names());
        let names: HashSet<&str> = names.iter().map(String::as_str).collect();
        let (mut known, mut found, mut rest) = (Vec::new(), Vec::new(), Map::new());
        for (name, value) in join_ends(&hints, given) {
            let hint = hints.get(name.as_str()).copied();
            let hint = hint.filter(|_| names.contains(name.as_str()));
            match hint.and_then(|hint| Some((hint, fitting(hint, &value, context)?))) {
                Some((hint, value)) => {
                    known.push(hint.clone());
                    found.push((name, value));
                }
                None => {
                    rest.insert(name, value);
                }
            }
        }
        let values = self.check(&[], &rest, context)?;
        let values =
            found.into_iter().fold(values, |values, (name, value)| values.with(name, value));
        let missing = self.without_value(&values);
        if missing.is_empty() { Ok((known, values)) } else { Err(missing_parameters(missing)) }
    }

    /// As [`resolve`](Self::resolve), but of parameters without a value nothing is said.
    ///
    /// # Errors
    /// `invalid_parameters`.
    pub fn check(
        &self,
        definitions: &[Parameter],
        given: &Map<String, Json>,
        context: &Context<'_>,
    ) -> Result<Values> {
        let mut values = Vec::new();
        let mut bad = Vec::new();
        let (known, ranges, lists) = (by_name(definitions), self.ranges(), self.lists());
        for (name, value) in join_ends(&known, given) {
            let checked = if definitions.is_empty() {
                match &value {
                    Json::Null => continue,
                    Json::String(text) if lists.contains(name.as_str()) => Ok(listed(text)),
                    value => free(value, ranges.contains(name.as_str()), context),
                }
            } else {
                match known.get(name.as_str()) {
                    Some(definition) => check_one(definition, &value, context),
                    None => Err("is not a parameter of this query"),
                }
            };
            match checked {
                Ok(value) => values.push((name, value)),
                Err(reason) => bad.push((name, reason)),
            }
        }
        if !bad.is_empty() {
            let reasons: Vec<_> =
                bad.iter().map(|(name, reason)| format!("{name} {reason}")).collect();
            let detail = format!("parameter values do not fit: {}", reasons.join("; "));
            let names = bad.into_iter().map(|(name, _)| name).collect();
            return Err(Fault::new(Code::InvalidParameters, detail).with_names(names));
        }
        let names = self.names();
        let used: HashSet<_> = names.iter().collect();
        Ok(values.into_iter().filter(|(name, _)| used.contains(name)).collect())
    }
}

/// The fault for names without a value.
pub(crate) fn missing_parameters(names: Vec<String>) -> Fault {
    let detail = format!("missing parameter value for: {}", names.join(", "));
    Fault::new(Code::MissingParameters, detail).with_names(names)
}

/// Definitions by name; of several the first counts.
pub(crate) fn by_name(definitions: &[Parameter]) -> HashMap<&str, &Parameter> {
    let mut known = HashMap::with_capacity(definitions.len());
    for definition in definitions {
        known.entry(definition.name.as_str()).or_insert(definition);
    }
    known
}

/// Puts `x.start` and `x.end` together as `x`.
fn join_ends(known: &HashMap<&str, &Parameter>, given: &Map<String, Json>) -> Map<String, Json> {
    let mut joined = Map::new();
    for (name, value) in given {
        let defined = known.contains_key(name.as_str());
        let end = name.rsplit_once('.').filter(|(_, end)| matches!(*end, "start" | "end"));
        match end.filter(|_| !defined) {
            Some((root, end)) => {
                let slot = joined.entry(root).or_insert_with(|| Json::Object(Map::new()));
                if !slot.is_object() {
                    *slot = Json::Object(Map::new());
                }
                if let Json::Object(ends) = slot {
                    ends.insert(end.to_owned(), value.clone());
                }
            }
            None => match (joined.get_mut(name), value) {
                (Some(Json::Object(ends)), Json::Object(more)) => {
                    for (end, value) in more {
                        ends.entry(end).or_insert_with(|| value.clone());
                    }
                }
                (Some(Json::Object(_)), _) => {}
                _ => {
                    joined.insert(name.clone(), value.clone());
                }
            },
        }
    }
    joined
}

/// Why a value is refused that has a text which databases do not store.
const NUL: &str = "holds the character NUL";

fn has_nul(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(members) => members.values().any(has_nul),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

fn check_one(definition: &Parameter, value: &Json, context: &Context<'_>) -> Checked {
    if has_nul(value) {
        return Err(NUL);
    }
    match &definition.kind {
        ParameterKind::Text => value.as_str().map(text).ok_or("must be text"),
        ParameterKind::TextPattern { regex } => pattern(regex, value),
        ParameterKind::Number => number(value).map(Value::One).ok_or("must be a finite number"),
        ParameterKind::Enum { options } => {
            choice(definition, value, Some(options), "must be one of its options")
        }
        ParameterKind::Query { query_id } => {
            let options = context.dropdowns.get(query_id);
            choice(definition, value, options, "must be one of the values that its query returned")
        }
        ParameterKind::Date => moment(value, Shape::Date, context).map(Value::One),
        ParameterKind::DatetimeLocal => moment(value, Shape::Minutes, context).map(Value::One),
        ParameterKind::DatetimeWithSeconds => {
            moment(value, Shape::Seconds, context).map(Value::One)
        }
        ParameterKind::DateRange => range(value, Shape::Date, context),
        ParameterKind::DatetimeRange => range(value, Shape::Minutes, context),
        ParameterKind::DatetimeRangeWithSeconds => range(value, Shape::Seconds, context),
    }
}

/// The value as a definition of an earlier text sees it; `None` if it does not fit, or if the
/// definition would say no more than the value itself does.
fn fitting(hint: &Parameter, value: &Json, context: &Context<'_>) -> Option<Value> {
    if hint.kind == ParameterKind::Text {
        return None;
    }
    let separated = |multi: &MultiValues| {
        let inner = value.as_str()?.strip_prefix(multi.prefix.as_str())?;
        let inner = inner.strip_suffix(multi.suffix.as_str())?;
        let between = format!("{}{}{}", multi.suffix, multi.separator, multi.prefix);
        (!between.is_empty()).then(|| inner.split(&between).map(Json::from).collect::<Json>())
    };
    check_one(hint, value, context).ok().or_else(|| {
        let several = separated(hint.multi.as_ref()?)?;
        check_one(hint, &several, context).ok()
    })
}

fn text(text: &str) -> Value {
    Value::One(Scalar::Text(text.to_owned()))
}

fn pattern(regex: &str, value: &Json) -> Checked {
    let value = value.as_str().ok_or("must be text")?;
    match crate::pattern::matches(regex, value) {
        Some(true) => Ok(text(value)),
        Some(false) => Err("must match its pattern"),
        None => Err("has a pattern that is no regular expression; mend its definition"),
    }
}

fn number(value: &Json) -> Option<Scalar> {
    let number = match value {
        Json::Number(number) => Number::parse(&number.to_string()),
        Json::String(text) => Number::parse(text),
        Json::Bool(value) => Some(Number::Integer((*value).into())),
        _ => None,
    };
    number.map(Scalar::Number)
}

fn choice(
    definition: &Parameter,
    value: &Json,
    options: Option<&Vec<String>>,
    reason: &'static str,
) -> Checked {
    let allowed: HashSet<&str> = options.into_iter().flatten().map(String::as_str).collect();
    let pick = |value: &Json| {
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            _ => return Err(reason),
        };
        if allowed.contains(text.as_str()) { Ok(Scalar::Text(text)) } else { Err(reason) }
    };
    if definition.multi.is_none() {
        return pick(value).map(Value::One);
    }
    // A link carries a list as text; but an option may look like a list too.
    let listed = match value {
        Json::String(text) if text.trim_start().starts_with('[') && pick(value).is_err() => {
            serde_json::from_str::<Vec<Json>>(text).ok()
        }
        Json::Array(list) => Some(list.clone()),
        _ => None,
    };
    let picked = match listed {
        Some(list) => list.iter().map(pick).collect(),
        None => pick(value).map(|value| vec![value]),
    };
    picked.map(Value::Many)
}

/// How much of a moment a parameter has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Date,
    Minutes,
    Seconds,
}

impl Shape {
    fn scalar(self, value: chrono::NaiveDateTime) -> Scalar {
        match self {
            Self::Date => Scalar::Date(value.date()),
            Self::Minutes => Scalar::datetime(value, false),
            Self::Seconds => Scalar::datetime(value, true),
        }
    }
}

fn moment(
    value: &Json,
    shape: Shape,
    context: &Context<'_>,
) -> std::result::Result<Scalar, &'static str> {
    let reason = "must be a date such as 2021-02-03, 2021-02-03 04:05 or d_now";
    let text = value.as_str().ok_or(reason)?;
    dynamic::moment(text, context.now, context.zone, shape == Shape::Seconds)
        .or_else(|| {
            dates::parse(text).map(|loose| {
                // A day has no time that could be moved to another zone.
                if shape == Shape::Date { loose.written() } else { loose.local(context.zone) }
            })
        })
        .map(|value| shape.scalar(value))
        .ok_or(reason)
}

fn range(value: &Json, shape: Shape, context: &Context<'_>) -> Checked {
    let reason = "must be a range with start and end, or a dynamic range such as d_last_7_days";
    let ends = match value {
        Json::String(text) => {
            let seconds = shape == Shape::Seconds;
            if let Some((start, end)) = dynamic::range(text, context.now, context.zone, seconds) {
                return Ok(Value::Range { start: shape.scalar(start), end: shape.scalar(end) });
            }
            let (start, end) = text.split_once("--").ok_or(reason)?;
            (Json::from(start), Json::from(end))
        }
        Json::Object(ends) => {
            (ends.get("start").cloned().ok_or(reason)?, ends.get("end").cloned().ok_or(reason)?)
        }
        _ => return Err(reason),
    };
    Ok(Value::Range {
        start: moment(&ends.0, shape, context)?,
        end: moment(&ends.1, shape, context)?,
    })
}

/// The values of a text that is a list of them, which is how clients send the values of a parameter
/// that takes several while nobody has saved its definition; any other text is one value.
fn listed(written: &str) -> Value {
    let quoted = |quote: char| {
        let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
        let between = format!("{quote},{quote}");
        Some(inner.split(&between).map(|item| Scalar::Text(item.to_owned())).collect())
    };
    let numbers = || {
        let items = written.contains(',').then(|| written.split(','))?;
        items.map(|item| Number::parse(item).map(Scalar::Number)).collect()
    };
    let several: Option<Vec<Scalar>> = quoted('\'').or_else(|| quoted('"')).or_else(numbers);
    several.map_or_else(|| text(written), Value::Many)
}

/// A value of which no definition says anything.
fn free(value: &Json, takes_range: bool, context: &Context<'_>) -> Checked {
    if has_nul(value) {
        return Err(NUL);
    }
    let reason = "must be text, a number, a truth value, a list of these, or start and end";
    let scalar = |value: &Json| match value {
        Json::String(text) => Ok(Scalar::Text(text.clone())),
        Json::Number(_) => number(value).ok_or(reason),
        Json::Bool(value) => Ok(Scalar::Boolean(*value)),
        _ => Err(reason),
    };
    match value {
        Json::String(text) if takes_range => {
            if let Some((start, end)) = dynamic::range(text, context.now, context.zone, true) {
                let scalar = |end| Shape::Seconds.scalar(end);
                return Ok(Value::Range { start: scalar(start), end: scalar(end) });
            }
            let (start, end) = text.split_once("--").ok_or("must be a range with start and end")?;
            Ok(Value::Range { start: Scalar::Text(start.into()), end: Scalar::Text(end.into()) })
        }
        Json::Array(list) => {
            list.iter().map(scalar).collect::<std::result::Result<_, _>>().map(Value::Many)
        }
        Json::Object(ends) => Ok(Value::Range {
            start: scalar(ends.get("start").ok_or(reason)?)?,
            end: scalar(ends.get("end").ok_or(reason)?)?,
        }),
        _ => scalar(value).map(Value::One),
    }
}
