//! The cells of a sheet as it shows them: the first row names the columns, all others tell what the
//! columns are.

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::Bytes;
use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;
use serde_json::value::RawValue;
use tessera_formats::read::{Cell, Shape, Target, read_rows};
use tessera_kernel::{Code, Fault, Result};

use crate::google::plain;

#[derive(Deserialize)]
struct Values<'a> {
    #[serde(borrow, default)]
    values: Vec<Vec<&'a RawValue>>,
}

/// Reads the cells of an answer.
///
/// # Errors
/// `SourceFailed` if it is none; `TooLarge` for more columns than anybody reads.
pub(super) fn read(body: &Bytes, batch_rows: usize, target: &mut dyn Target) -> Result<()> {
    let Values { values } = serde_json::from_slice(body).map_err(|error| {
        Fault::new(Code::SourceFailed, format!("the answer has no cells: {error}"))
    })?;
    let width = values.iter().map(Vec::len).max().unwrap_or(0);
    let (head, rows) = values.split_first().map_or((&[][..], &[][..]), |(head, rows)| (head, rows));
    let names = names(head, width)?;
    let mut shapes = vec![Shape::Nothing; width];
    for row in rows {
        target.check()?;
        for (shape, cell) in shapes.iter_mut().zip(row) {
            *shape = joined(*shape, &plain(cell)?);
        }
    }
    let known = Some(shapes.clone());
    read_rows("sheets", batch_rows, known, target, &|found, each| {
        for name in &names {
            found.place(name)?;
        }
        for row in rows {
            let cells = row.iter().zip(&shapes).enumerate();
            let cells =
                cells.map(|(place, (cell, shape))| Ok((place, value(*shape, plain(cell)?))));
            each(cells.collect::<Result<_>>()?)?;
        }
        Ok(())
    })
}

/// The names of the columns: one without a name is called after its letters, and one whose name
/// there was already gets a number behind it, which counts such columns.
fn names(head: &[&RawValue], width: usize) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    let mut number = 1_u32;
    let mut names = Vec::with_capacity(width);
    for place in 0..width {
        let written = head.get(place).map(|cell| plain(cell)).transpose()?.unwrap_or_default();
        let plain_name =
            if written.is_empty() { format!("column_{}", letters(place)) } else { written.into() };
        let mut name = plain_name.clone();
        while !seen.insert(name.clone()) {
            name = format!("{plain_name}{number}");
            number += 1;
        }
        names.push(name);
    }
    Ok(names)
}

/// The letters of a column: A to Z, AA, AB, …
fn letters(place: usize) -> String {
    let mut letters = Vec::new();
    let mut left = place + 1;
    while left > 0 {
        left -= 1;
        let letter = u8::try_from(left % 26).unwrap_or_default();
        letters.push(char::from(b'A' + letter));
        left /= 26;
    }
    letters.iter().rev().collect()
}

/// What a column is that has a cell more.
fn joined(shape: Shape, text: &str) -> Shape {
    if text.is_empty() {
        return shape;
    }
    match (shape, guess(text)) {
        (Shape::Nothing, guessed) => guessed,
        (one, other) if one == other => one,
        (Shape::Integer, Shape::Real) | (Shape::Real, Shape::Integer) => Shape::Real,
        _ => Shape::Text,
    }
}

/// What a text looks like.
fn guess(text: &str) -> Shape {
    if is_integer(text) {
        return Shape::Integer;
    }
    if is_real(text) {
        return Shape::Real;
    }
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Shape::Boolean;
    }
    if moment(text).is_some() { Shape::Timestamp } else { Shape::Text }
}

/// Whether the digits are those of a number: what begins with zeros is rather a name.
fn begins_well(digits: &str) -> bool {
    let second = digits.as_bytes().get(1);
    !digits.starts_with('0') || !second.is_some_and(u8::is_ascii_digit)
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain && begins_well(digits) && text.parse::<i64>().is_ok()
}

/// A fraction, or a number with an exponent; whole numbers that are too long for one stay texts.
fn is_real(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let number = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    let fraction = digits.contains(['.', 'e', 'E']);
    let begins = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    number
        && fraction
        && begins
        && begins_well(digits)
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A day, or a day and a time of day without zone, in ISO form; in microseconds since 1970.
fn moment(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 10 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    if !dated || !bytes.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let moment = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) => day.and_hms_opt(0, 0, 0)?,
        Err(_) => {
            let text = text.replacen('T', " ", 1);
            let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
            forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())?
        }
    };
    Some(moment.and_utc().timestamp_micros())
}

/// A cell of a column.
fn value(shape: Shape, text: Cow<'_, str>) -> Cell<'_> {
    if text.is_empty() {
        return Cell::Null;
    }
    match shape {
        Shape::Integer => text.parse().map_or(Cell::Null, Cell::Integer),
        Shape::Real => text.parse().map_or(Cell::Null, Cell::Real),
        Shape::Boolean => Cell::Boolean(text.eq_ignore_ascii_case("true")),
        Shape::Timestamp => moment(&text).map_or(Cell::Null, Cell::Timestamp),
        _ => Cell::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_letters_of_their_place() {
        for (place, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(letters(place), expected);
        }
    }

    #[test]
    fn every_name_is_there_once() {
        let raw = |text: &str| RawValue::from_string(format!("{text:?}")).expect("is JSON");
        let head = ["a", "", "a", "a", "a2", "column_B"].map(raw);
        let head: Vec<&RawValue> = head.iter().map(AsRef::as_ref).collect();
        let names = names(&head, 7).expect("reads");
        assert_eq!(names, ["a", "column_B", "a1", "a2", "a23", "column_B4", "column_G"]);
    }

    #[test]
    fn types_are_guessed_by_what_is_shown() {
        for (text, shape) in [
            ("0", Shape::Integer),
            ("-12", Shape::Integer),
            ("9007199254740993", Shape::Integer),
            ("99999999999999999999", Shape::Text),
            ("007", Shape::Text),
            ("0.5", Shape::Real),
            ("-.5", Shape::Real),
            ("1E+10", Shape::Real),
            ("1e999", Shape::Text),
            ("00.5", Shape::Text),
            ("1,234", Shape::Text),
            ("$5.00", Shape::Text),
            ("nan", Shape::Text),
            ("e5", Shape::Text),
            ("-", Shape::Text),
            ("TRUE", Shape::Boolean),
            ("false", Shape::Boolean),
            ("2020-02-29", Shape::Timestamp),
            ("2020-02-30", Shape::Text),
            ("2020-02-29 04:05", Shape::Timestamp),
            ("2020-02-29T04:05:06.789", Shape::Timestamp),
            ("2020-02-29T04:05:06Z", Shape::Text),
            ("3/1/2016", Shape::Text),
            ("a", Shape::Text),
        ] {
            assert_eq!(guess(text), shape, "{text}");
        }
        assert_eq!(joined(joined(Shape::Nothing, "1"), "1.5"), Shape::Real);
        assert_eq!(joined(joined(Shape::Nothing, "1"), ""), Shape::Integer);
        assert_eq!(joined(joined(Shape::Nothing, "1"), "x"), Shape::Text);
    }
}
