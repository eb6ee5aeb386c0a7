//! What a text asks for: `identifier or address | number or "name" of the sheet`. Its parts are
//! taken apart before values are put in, so that no value can be another part.

use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Stretch};
use url::Url;

use super::failed;

/// What is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Letters, digits, `-` and `_`.
    pub(super) id: String,
    pub(super) sheet: Sheet,
}

/// A sheet of a spreadsheet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sheet {
    /// By its place, from 0.
    Place(usize),
    /// By its name.
    Title(String),
}

impl Query {
    /// # Errors
    /// `SourceFailed` if a part is missing or cannot be meant, `UnbindableParameter` if a value
    /// would be more than a part of an identifier.
    pub(super) fn read(bound: &Bound) -> Result<Self> {
        let (spreadsheet, sheet) = bound.sql.split_once('|').unwrap_or((&bound.sql, ""));
        Ok(Self { id: id(bound, spreadsheet.trim())?, sheet: Sheet::read(bound, sheet.trim())? })
    }
}

impl Sheet {
    fn read(bound: &Bound, written: &str) -> Result<Self> {
        let quoted = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let Some(title) = quoted {
            return Ok(Self::Title(bound.filled_text(title)));
        }
        if written.is_empty() {
            return Ok(Self::Place(0));
        }
        let number = bound.filled_text(written);
        number.trim().parse().map(Self::Place).map_err(|_| {
            failed(format!(
                "{number:?} is no sheet: write its number, from 0 on, or its name in double quotes"
            ))
        })
    }
}

fn id(bound: &Bound, written: &str) -> Result<String> {
    for stretch in bound.stretches(written) {
        if let Stretch::Value(bind) = stretch
            && !is_id(&bind.text())
        {
            let detail = "a value in front of the | must be an identifier or a part of one: letters, \
                          digits, - and _ (declare the parameter as an enum for anything else)";
            return Err(Fault::new(Code::UnbindableParameter, detail));
        }
    }
    let whole = bound.filled_text(written);
    let id = if whole.starts_with("https://") { of_address(&whole) } else { Some(whole.clone()) };
    id.filter(|id| is_id(id)).ok_or_else(|| {
        failed(format!(
            "{whole:?} is neither the identifier of a spreadsheet nor its address \
             (https://docs.google.com/spreadsheets/d/…)"
        ))
    })
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.bytes().all(plain)
}

/// The identifier in an address, as it is today or was before (`?key=`).
fn of_address(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let mut parts = url.path_segments()?;
    if parts.any(|part| part == "spreadsheets")
        && parts.next() == Some("d")
        && let Some(id) = parts.next()
    {
        return Some(id.to_owned());
    }
    url.query_pairs().find(|(name, _)| name == "key").map(|(_, id)| id.into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_sqltext::{Dialect, Document, Scalar, Template, Value, Values};

    use super::*;

    fn ask(text: &str, value: &str) -> Result<Query> {
        let template = Template::parse(text, Dialect::Document(Document::Address))?;
        let list = json!([{ "name": "v", "type": "text" }]);
        let definitions = tessera_sqltext::parse_parameters(&list)?;
        let values = Values::default().with("v", Value::One(Scalar::Text(value.to_owned())));
        Query::read(&template.bind(&definitions, &values)?)
    }

    #[track_caller]
    fn asks(text: &str, value: &str, id: &str, sheet: Sheet) {
        assert_eq!(ask(text, value).expect("reads"), Query { id: id.to_owned(), sheet }, "{text}");
    }

    #[test]
    fn spreadsheets_and_sheets_are_named_in_every_form() {
        let title = |text: &str| Sheet::Title(text.to_owned());
        asks("1aB_-2", "", "1aB_-2", Sheet::Place(0));
        asks(" 1aB | 3 ", "", "1aB", Sheet::Place(3));
        asks("1aB|", "", "1aB", Sheet::Place(0));
        asks("1aB|\"2 | b\"", "", "1aB", title("2 | b"));
        asks("1aB|\"3\"", "", "1aB", title("3"));
        let new = "https://docs.google.com/spreadsheets/d/1aB_-2/edit?usp=sharing#gid=5|1";
        asks(new, "", "1aB_-2", Sheet::Place(1));
        let of_account = "https://docs.google.com/a/example.com/spreadsheets/d/1aB/edit";
        asks(of_account, "", "1aB", Sheet::Place(0));
        let old = "https://spreadsheets.google.com/ccc?key=0Ab&hl=en#gid=0";
        asks(old, "", "0Ab", Sheet::Place(0));
    }

    #[test]
    fn a_value_is_a_part_of_the_identifier_or_the_sheet() {
        let title = |text: &str| Sheet::Title(text.to_owned());
        asks("{{v}}|1", "1aB", "1aB", Sheet::Place(1));
        asks("https://docs.google.com/spreadsheets/d/{{v}}/edit", "1aB", "1aB", Sheet::Place(0));
        asks("1aB|{{v}}", "2", "1aB", Sheet::Place(2));
        for odd in ["a\" | 'b", "|", "'!A1", "2", ""] {
            asks("1aB|\"{{v}}\"", odd, "1aB", title(odd));
        }
        for odd in ["x|1", "../a", "a/b", "", "https://evil.example", "a b", "ü"] {
            let fault = ask("{{v}}|1", odd).expect_err("refused");
            assert_eq!(fault.code(), Code::UnbindableParameter, "{odd}");
        }
        for odd in ["\"x\"", "-1", "1.5", "x", "1|2"] {
            let fault = ask("1aB|{{v}}", odd).expect_err("refused");
            assert_eq!(fault.code(), Code::SourceFailed, "{odd}");
        }
        for text in ["", "|1", "a b", "https://example.com/d/x", "http://docs.google.com/", "a/b"] {
            assert_eq!(ask(text, "").expect_err("refused").code(), Code::SourceFailed, "{text}");
        }
    }
}
