//! YAML texts: one document of plain members and lists, no aliases and no tags.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value as Json};
use tessera_kernel::{Code, Fault, Result};

/// Deepest nesting.
const DEPTH_MAX: usize = 64;

/// Reads a YAML text; its marks stay as they are.
///
/// # Errors
/// `SourceFailed` with the place of what cannot be read.
pub(super) fn parse(text: &str) -> Result<Json> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd => return Ok(Json::Null),
            first => {
                let document = reader.value(first, 0)?;
                return match (reader.next()?, reader.next()?) {
                    (Event::DocumentEnd, Event::StreamEnd) => Ok(document),
                    _ => Err(refused("the text must be one YAML document")),
                };
            }
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Event<'t>> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(refused(error)),
            None => Ok(Event::StreamEnd),
        }
    }

    fn value(&mut self, event: Event<'t>, depth: usize) -> Result<Json> {
        if depth > DEPTH_MAX {
            return Err(refused(format!("it is nested deeper than {DEPTH_MAX}")));
        }
        match event {
            Event::Scalar(text, style, _, None) => Ok(scalar(&text, style)),
            Event::SequenceStart(_, None) => {
                let mut elements = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => return Ok(Json::Array(elements)),
                        event => elements.push(self.value(event, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(_, None) => {
                let mut members = Map::new();
                loop {
                    let name = match self.next()? {
                        Event::MappingEnd => return Ok(Json::Object(members)),
                        Event::Scalar(text, ..) => text.into_owned(),
                        _ => return Err(refused("the name of a member must be a text")),
                    };
                    let event = self.next()?;
                    let member = self.value(event, depth + 1)?;
                    members.insert(name, member);
                }
            }
            Event::Alias(_) => Err(refused("aliases (*name) are not supported")),
            _ => Err(refused("tags (!name) are not supported")),
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Json {
    if style != ScalarStyle::Plain {
        return Json::from(text);
    }
    if let Some(typed) = tessera_sqltext::typed_mark(text) {
        return Json::String(typed);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Json::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Json::Bool(false)
        }
        _ => match serde_json::from_str::<serde_json::Number>(text) {
            Ok(number) => Json::Number(number),
            Err(_) => Json::from(text),
        },
    }
}

fn refused(detail: impl std::fmt::Display) -> Fault {
    Fault::new(Code::SourceFailed, format!("the text is no YAML that can be read: {detail}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_lists_and_scalars_are_read() {
        let text = "url: http://h/a?b=c#d\nfields: [a, 'b', \"3\"]\nparams:\n  n: 7\n  yes: no\n  \
                    e:\nlist:\n- 1.5\n- x: y\n";
        let read = json!({
            "url": "http://h/a?b=c#d", "fields": ["a", "b", "3"],
            "params": {"n": 7, "yes": false, "e": null}, "list": [1.5, {"x": "y"}],
        });
        assert_eq!(parse(text).unwrap(), read);
        assert_eq!(parse("").unwrap(), Json::Null);
        assert_eq!(parse("http://h/").unwrap(), json!("http://h/"));
    }

    #[test]
    fn what_could_grow_or_make_objects_is_refused() {
        for text in
            ["a: &x [1]\nb: *x", "a: !!python/object:os.system x", "a: [", "a: b\n---\nc: d"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(100)).is_err());
    }
}
