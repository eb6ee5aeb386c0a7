//! Texts that are no SQL: JSON, YAML and addresses. Nothing is pasted into them either: where a tag
//! was stands a mark, the text is parsed with its marks, and the values are put into the scalars of
//! the parsed document. So no value can change the structure.

use serde_json::{Map, Value as Json};
use tessera_kernel::{Code, Fault, Result};

use crate::Dialect;
use crate::bind::{Bind, Bound};
use crate::tags::{Tag, Want};
use crate::template::Node;
use crate::values::{Number, Scalar};

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Document {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// An address, or a part of one.
    Address,
}

/// Begins a mark whose value is a part of a text.
const TEXT: char = '\u{e000}';
/// Begins a mark that is a scalar of its own, with the type of its value.
const TYPED: char = '\u{e002}';
/// Ends a mark.
const END: char = '\u{e001}';

/// Where a tag stands in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Within a scalar.
    Text,
    /// Within a JSON string.
    JsonString,
    /// A JSON value of its own; several become elements.
    JsonValue,
    /// An element of a YAML list on one line; several become elements.
    Element,
}

/// A stretch of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch<'a> {
    /// What the author wrote.
    Written(&'a str),
    /// A value.
    Value(&'a Bind),
}

impl Dialect {
    /// What its documents are written in; `None` for SQL.
    #[must_use]
    pub fn document(self) -> Option<Document> {
        match self {
            Self::Document(document) => Some(document),
            _ => None,
        }
    }
}

/// Refuses what the author could not have meant.
pub(crate) fn check(text: &str) -> Result<()> {
    if text.contains([TEXT, TYPED, END]) {
        let detail = "the characters U+E000, U+E001 and U+E002 cannot be used";
        return Err(Fault::invalid("query", detail));
    }
    Ok(())
}

/// Cuts a document into what is written and its tags.
pub(crate) fn nodes(text: &str, tags: &[Tag], document: Document) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = 0;
    let mut quotes = Quotes::default();
    for (index, tag) in tags.iter().enumerate() {
        let before = text.get(at..tag.span.start).unwrap_or_default();
        quotes.read(before);
        nodes.push(Node::Code(at..tag.span.start));
        at = tag.span.end;
        if tag.want == Want::Nothing {
            continue;
        }
        let place = match document {
            Document::Address => Place::Text,
            Document::Json if quotes.open => Place::JsonString,
            Document::Json => Place::JsonValue,
            Document::Yaml => {
                let line = text.get(..tag.span.start).unwrap_or_default();
                let line = line.rsplit('\n').next().unwrap_or_default().trim_end();
                let rest = text.get(tag.span.end..).unwrap_or_default();
                let rest = rest.split('\n').next().unwrap_or_default().trim_start();
                let listed = line.ends_with(['[', ',']) && rest.starts_with([']', ',']);
                if listed { Place::Element } else { Place::Text }
            }
        };
        nodes.push(Node::Document { tag: index, place });
    }
    nodes.push(Node::Code(at..text.len()));
    nodes
}

/// Whether a JSON string is open.
#[derive(Default)]
struct Quotes {
    open: bool,
    escaped: bool,
}

impl Quotes {
    fn read(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.open => self.escaped = true,
                b'"' => self.open = !self.open,
                _ => {}
            }
        }
    }
}

/// The mark of the value with this number.
pub(crate) fn mark(number: usize, place: Place) -> String {
    match place {
        Place::JsonValue => format!("\"{TYPED}{number}{END}\""),
        Place::Text | Place::JsonString | Place::Element => format!("{TEXT}{number}{END}"),
    }
}

/// An option of an enum as it is written at a place: as its author would have done.
pub(crate) fn option(option: &str, place: Place) -> Result<String> {
    check(option)?;
    Ok(match place {
        Place::JsonString => {
            let quoted = Json::from(option).to_string();
            quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
        }
        Place::Text | Place::JsonValue | Place::Element => option.to_owned(),
    })
}

/// What is put in for a scalar.
pub(crate) fn value(scalar: &Scalar) -> Bind {
    match scalar {
        Scalar::Number(Number::Integer(value)) => Bind::Integer(*value),
        Scalar::Number(Number::Decimal(text)) => Bind::Decimal(text.clone()),
        Scalar::Boolean(value) => Bind::Untyped(value.to_string()),
        other => Bind::Text(other.text()),
    }
}

impl Bind {
    /// The value as a text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Integer(value) => value.to_string(),
            Self::Decimal(text) | Self::Text(text) | Self::Untyped(text) => text.clone(),
            Self::Date(date) => date.to_string(),
            Self::Datetime(time) => time.format("%Y-%m-%d %H:%M:%S%.f").to_string(),
        }
    }

    /// The value as JSON of its type.
    fn json(&self) -> Json {
        let text = || Json::String(self.text());
        match self {
            Self::Integer(value) => Json::from(*value),
            Self::Decimal(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str()))
            }
            Self::Untyped(text) if text == "true" => Json::Bool(true),
            Self::Untyped(text) if text == "false" => Json::Bool(false),
            _ => text(),
        }
    }
}

/// A scalar that is a mark and nothing else, made one that takes the type of its value: for YAML,
/// where only its parser knows whether a scalar is plain.
#[must_use]
pub fn typed_mark(scalar: &str) -> Option<String> {
    let inner = scalar.strip_prefix(TEXT)?.strip_suffix(END)?;
    inner.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("{TYPED}{inner}{END}"))
}

impl Bound {
    /// What a scalar of the parsed document consists of.
    #[must_use]
    pub fn stretches<'a>(&'a self, scalar: &'a str) -> Vec<Stretch<'a>> {
        let mut stretches = Vec::new();
        let mut rest = scalar;
        while let Some(start) = rest.find([TEXT, TYPED]) {
            let (before, marked) = rest.split_at(start);
            if !before.is_empty() {
                stretches.push(Stretch::Written(before));
            }
            let found = marked.find(END).and_then(|end| {
                let number = marked.get(TEXT.len_utf8()..end)?.parse::<usize>().ok()?;
                let bind = self.binds.get(number.checked_sub(1)?)?;
                Some((bind, marked.get(end + END.len_utf8()..)?))
            });
            let Some((bind, after)) = found else {
                // Escapes in the author's text can spell such a character: it stands for itself.
                let (one, after) = marked.split_at(TEXT.len_utf8());
                stretches.push(Stretch::Written(one));
                rest = after;
                continue;
            };
            stretches.push(Stretch::Value(bind));
            rest = after;
        }
        if !rest.is_empty() {
            stretches.push(Stretch::Written(rest));
        }
        stretches
    }

    /// A scalar with its values, as text.
    #[must_use]
    pub fn filled_text(&self, scalar: &str) -> String {
        let stretches = self.stretches(scalar);
        let texts = stretches.iter().map(|stretch| match stretch {
            Stretch::Written(text) => (*text).to_owned(),
            Stretch::Value(bind) => bind.text(),
        });
        texts.collect()
    }

    /// A parsed document with its values.
    ///
    /// # Errors
    /// `unbindable_parameter` if a tag stands in the name of a member.
    pub fn filled(&self, document: Json) -> Result<Json> {
        Ok(match document {
            Json::String(scalar) => {
                let typed = scalar.starts_with(TYPED);
                match self.stretches(&scalar).as_slice() {
                    [Stretch::Value(bind)] if typed => bind.json(),
                    _ => Json::String(self.filled_text(&scalar)),
                }
            }
            Json::Array(elements) => Json::Array(
                elements.into_iter().map(|one| self.filled(one)).collect::<Result<_>>()?,
            ),
            Json::Object(members) => {
                let mut filled = Map::new();
                for (name, member) in members {
                    if name.contains([TEXT, TYPED]) {
                        let detail = "a value cannot be the name of a member: declare the \
                                      parameter as an enum whose options are the names";
                        return Err(Fault::new(Code::UnbindableParameter, detail));
                    }
                    filled.insert(name, self.filled(member)?);
                }
                Json::Object(filled)
            }
            other => other,
        })
    }
}
