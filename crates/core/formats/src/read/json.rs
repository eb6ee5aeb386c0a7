//! JSON: rows are the elements of a list somewhere in a document, or its lines.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use tessera_kernel::Result;

use super::columns::read_rows;
use super::{Cell, Each, Names, Row, Target, unreadable};

/// What of JSON rows is wanted.
#[derive(Debug, Clone, Default)]
pub struct JsonOptions {
    /// The columns wanted, in their order; all if there is none.
    pub fields: Vec<String>,
    /// Whether the fields are exactly the columns: those that no row has are columns too, and a
    /// member that is an object is a value like others.
    pub ready: bool,
}

/// What is at a path of names (`a.b.c`), as it is written; `None` if there is nothing.
///
/// # Errors
/// `SourceFailed` if the document is no JSON.
pub fn at_path<'d>(document: &'d str, path: Option<&str>) -> Result<Option<&'d str>> {
    let mut found: &RawValue = serde_json::from_str(document).map_err(unreadable)?;
    for name in path.into_iter().flat_map(|path| path.split('.')) {
        if !found.get().starts_with('{') {
            return Ok(None);
        }
        let members: Members<'d> = serde_json::from_str(found.get()).map_err(unreadable)?;
        match members.0.into_iter().rev().find(|(member, _)| member == name) {
            Some((_, member)) => found = member,
            None => return Ok(None),
        }
    }
    Ok(Some(found.get()))
}

/// The members of an object, unread.
struct Members<'d>(Vec<(Cow<'d, str>, &'d RawValue)>);

impl<'d> serde::Deserialize<'d> for Members<'d> {
    fn deserialize<D: serde::Deserializer<'d>>(input: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'d> serde::de::Visitor<'d> for Visitor {
            type Value = Members<'d>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'d>>(
                self,
                mut map: A,
            ) -> std::result::Result<Members<'d>, A::Error> {
                let mut members = Vec::new();
                while let Some((name, member)) = map.next_entry::<Cow<'d, str>, &'d RawValue>()? {
                    members.push((name, member));
                }
                Ok(Members(members))
            }
        }
        input.deserialize_map(Visitor)
    }
}

/// The elements of a list as they are written; anything else is its only element, `null` none.
///
/// # Errors
/// `SourceFailed` if it is no JSON.
pub fn json_elements(list: &str) -> Result<Vec<&str>> {
    if list.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(list).map_err(unreadable)?;
        return Ok(elements.into_iter().map(RawValue::get).collect());
    }
    Ok(if list == "null" { Vec::new() } else { vec![list] })
}

/// Reads rows, each written as JSON. Members that are objects become columns `outer.inner`.
///
/// # Errors
/// `SourceFailed` if a row is no JSON.
pub fn read_json(
    rows: &[&str],
    options: &JsonOptions,
    batch_rows: usize,
    target: &mut dyn Target,
) -> Result<()> {
    let each_row =
        |each: &mut dyn FnMut(&str) -> Result<()>| rows.iter().try_for_each(|row| each(row));
    read(&each_row, options, batch_rows, target)
}

/// Reads a document with one JSON value on each line.
///
/// # Errors
/// `SourceFailed` if a line is no JSON.
pub fn read_ndjson(text: &str, batch_rows: usize, target: &mut dyn Target) -> Result<()> {
    let each_row = |each: &mut dyn FnMut(&str) -> Result<()>| {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).try_for_each(each)
    };
    read(&each_row, &JsonOptions::default(), batch_rows, target)
}

type Lines<'l> = dyn Fn(&mut dyn FnMut(&str) -> Result<()>) -> Result<()> + 'l;

fn read(
    lines: &Lines<'_>,
    options: &JsonOptions,
    batch_rows: usize,
    target: &mut dyn Target,
) -> Result<()> {
    // Columns in the order of the fields, of which only those count that some row has.
    let fields = if options.fields.is_empty() || options.ready {
        options.fields.clone()
    } else {
        let mut seen = Names::default();
        scan(lines, options, &mut seen, &mut |_row| target.check())?;
        options.fields.iter().filter(|field| seen.all().contains(*field)).cloned().collect()
    };
    read_rows("json", batch_rows, None, target, &|names, each| {
        for field in &fields {
            names.place(field)?;
        }
        scan(lines, options, names, each)
    })
}

fn scan(
    lines: &Lines<'_>,
    options: &JsonOptions,
    names: &mut Names,
    each: &mut Each<'_>,
) -> Result<()> {
    let fields = &options.fields;
    let wanted = |name: &str| fields.is_empty() || fields.iter().any(|field| field == name);
    lines(&mut |line| {
        let members = match serde_json::from_str(line).map_err(unreadable)? {
            Json::Object(members) => members,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        let mut row: Row<'_> = Vec::with_capacity(members.len());
        for (name, member) in members {
            match member {
                Json::Object(inner) if !options.ready => {
                    for (inner_name, value) in inner {
                        let full = format!("{name}.{inner_name}");
                        if wanted(&name) || wanted(&full) {
                            row.push((names.place(&full)?, cell_of(value)));
                        }
                    }
                }
                member if wanted(&name) => row.push((names.place(&name)?, cell_of(member))),
                _ => {}
            }
        }
        each(row)
    })
}

/// A JSON value as a cell.
#[must_use]
pub fn cell_of(value: Json) -> Cell<'static> {
    match value {
        Json::Null => Cell::Null,
        Json::Bool(value) => Cell::Boolean(value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cell::Integer(whole),
            (None, Some(real)) if !number.is_u64() => Cell::Real(real),
            _ => Cell::Json(number.to_string()),
        },
        Json::String(text) => Cell::Text(Cow::Owned(text)),
        other => Cell::Json(other.to_string()),
    }
}
