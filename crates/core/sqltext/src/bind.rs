//! Puts placeholders where the tags are, and lines up the values for them.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tessera_kernel::{Code, Fault, Result};

use crate::Dialect;
use crate::document::Place;
use crate::lexer::continues_word;
use crate::literal::Piece;
use crate::parameters::{MultiValues, Parameter, ParameterKind};
use crate::placeholder::{self, Cast, number_bind};
use crate::resolve::missing_parameters;
use crate::tags::Part;
use crate::template::{Node, Template};
use crate::values::{Number, Scalar, Value, Values};

/// A value to be sent beside a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Bind {
    /// A whole number.
    Integer(i64),
    /// Any other number, in plain notation.
    Decimal(String),
    /// Text that is sent as text.
    Text(String),
    /// Text whose type the database finds out from where it stands, as it does for a literal.
    Untyped(String),
    /// A day.
    Date(NaiveDate),
    /// A day and a time of day, without zone.
    Datetime(NaiveDateTime),
}

/// A statement that can be executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The statement, with placeholders: `$1` (PostgreSQL), `?1` (SQLite), `?` (MySQL, Trino), `@P1`
    /// (SQL Server) or `{p1:Type}` (ClickHouse).
    pub sql: String,
    /// The values of the placeholders, in their order.
    pub binds: Vec<Bind>,
    /// The text with the values written in, to be shown and hashed. Never execute it.
    pub display: String,
}

impl Bound {
    /// Feeds what will be executed to a digest: statement and values, but not how they are shown.
    pub fn digest_into(&self, digest: &mut Sha256) {
        let binds =
            serde_json::to_string(&self.binds).expect("texts, numbers and dates have a JSON form");
        for part in [&self.sql, &binds] {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
}

impl Template {
    /// Binds the values. What the statement looks like depends on the text, the types and numbers
    /// of the values, and the options of enums; never on what is in a text, number or date.
    ///
    /// # Errors
    /// `missing_parameters`; `invalid_parameters` if a value is not one of its enum's options;
    /// `unbindable_parameter` if a tag stands where no value can be bound, or if the author's own
    /// placeholders would be mixed up with ours.
    pub fn bind(&self, definitions: &[Parameter], values: &Values) -> Result<Bound> {
        let attributes = self.attributes().into_iter();
        let mut missing = self.without_value(values);
        missing.extend(attributes.filter(|name| values.get(name).is_none()));
        if !missing.is_empty() {
            return Err(missing_parameters(missing));
        }
        let mut binder = Binder {
            template: self,
            definitions,
            values,
            sql: String::new(),
            binds: Vec::new(),
            after_placeholder: false,
        };
        for node in &self.nodes {
            binder.node(node)?;
        }
        let display = binder.display()?;
        Ok(Bound { sql: binder.sql, binds: binder.binds, display })
    }
}

struct Binder<'a> {
    template: &'a Template,
    definitions: &'a [Parameter],
    values: &'a Values,
    sql: String,
    binds: Vec<Bind>,
    after_placeholder: bool,
}

/// What a tag stands for.
struct Found<'a> {
    name: &'a str,
    definition: Option<&'a Parameter>,
    scalars: &'a [Scalar],
    /// Set if the value is many.
    many: bool,
}

impl<'a> Found<'a> {
    fn options(&self) -> Option<&'a [String]> {
        match &self.definition?.kind {
            ParameterKind::Enum { options } => Some(options),
            _ => None,
        }
    }

    fn multi(&self) -> Option<&'a MultiValues> {
        self.definition.and_then(|definition| definition.multi.as_ref()).filter(|_| self.many)
    }

    /// The quote in front of each value, if there is one.
    fn quote(&self) -> Option<char> {
        self.multi()?.prefix.chars().next().filter(|quote| matches!(quote, '\'' | '"'))
    }

    /// The value as one text.
    fn joined(&self) -> String {
        let separator = self.multi().map_or(",", |multi| &multi.separator);
        self.scalars.iter().map(Scalar::text).collect::<Vec<_>>().join(separator)
    }

    /// The value as it stands within a literal: each of several as its definition writes it, unless
    /// that would close the literal.
    fn written(&self, within: Option<char>) -> String {
        match self.multi() {
            Some(multi) if !multi.prefix.is_empty() && self.quote() != within => self
                .scalars
                .iter()
                .map(|scalar| format!("{}{}{}", multi.prefix, scalar.text(), multi.suffix))
                .collect::<Vec<_>>()
                .join(&multi.separator),
            _ => self.joined(),
        }
    }

    fn unbindable(&self, fix: &str) -> Fault {
        let detail = format!("no value can be bound at {}: {fix}", self.name);
        Fault::new(Code::UnbindableParameter, detail).with_names(vec![self.name.to_owned()])
    }

    /// The texts of an enum, each of which is one of the options.
    fn chosen(&self, options: &[String]) -> Result<Vec<String>> {
        let texts: Vec<_> = self.scalars.iter().map(Scalar::text).collect();
        if texts.iter().all(|text| options.contains(text)) {
            return Ok(texts);
        }
        let detail = format!("{} must be one of its options", self.name);
        Err(Fault::new(Code::InvalidParameters, detail).with_names(vec![self.name.to_owned()]))
    }
}

const DECLARE_ENUM: &str =
    "declare it as an enum whose options are the names or keywords that may stand there";

impl<'a> Binder<'a> {
    /// What a tag stands for; `None` for a note.
    fn find(&self, tag: usize) -> Result<Option<Found<'a>>> {
        let Some((name, part)) = self.template.wanted(tag) else { return Ok(None) };
        // What somebody defined under the name of an attribute does not shape its value.
        let definition = self
            .definitions
            .iter()
            .find(|definition| definition.name == name && !self.template.is_attribute(tag));
        let value = self.values.get(name);
        let (scalars, many) = match (value, part) {
            (Some(Value::One(scalar)), None) => (std::slice::from_ref(scalar), false),
            (Some(Value::Many(scalars)), None) => (scalars.as_slice(), true),
            (Some(Value::Range { start, .. }), Some(Part::Start)) => {
                (std::slice::from_ref(start), false)
            }
            (Some(Value::Range { end, .. }), Some(Part::End)) => (std::slice::from_ref(end), false),
            (None, _) => return Err(missing_parameters(vec![name.to_owned()])),
            (Some(_), part) => {
                let found = Found { name, definition, scalars: &[], many: false };
                return Err(found.unbindable(if part.is_some() {
                    "it is not a range, so take .start and .end away or declare it as a range"
                } else {
                    "it is a range, so write .start or .end after its name"
                }));
            }
        };
        Ok(Some(Found { name, definition, scalars, many }))
    }

    fn node(&mut self, node: &Node) -> Result<()> {
        let text = &self.template.text;
        match node {
            Node::Code(place) => self.code(text.get(place.clone()).unwrap_or_default()),
            Node::Comment(place, tags) => {
                let mut at = place.start;
                for tag in self.template.tags.get(tags.clone()).unwrap_or_default() {
                    self.code(text.get(at..tag.span.start).unwrap_or_default());
                    // With nothing in its place, what is around it could close the comment.
                    self.code(" ");
                    at = tag.span.end;
                }
                self.code(text.get(at..place.end).unwrap_or_default());
            }
            Node::Tag { tag, glued, listed } => {
                if let Some(found) = self.find(*tag)? {
                    self.tag(&found, *glued, *listed)?;
                }
            }
            Node::Literal { pieces, quote, cast } => {
                let value = Bind::Untyped(self.literal(pieces, *quote)?);
                let cast = cast.clone().and_then(|place| text.get(place));
                self.placeholder(value, cast.map_or(Cast::None, Cast::Written));
            }
            Node::Identifier(quote, pieces) => {
                let name = self.identifier(*quote, pieces)?;
                self.code(&name);
            }
            Node::Unbindable { tags, reason } => {
                for tag in tags.clone() {
                    if let Some(found) = self.find(tag)? {
                        return Err(found.unbindable(reason));
                    }
                }
                return Err(Fault::invalid("query", *reason));
            }
            Node::Document { tag, place } => {
                if let Some(found) = self.find(*tag)? {
                    self.document(&found, *place)?;
                }
            }
            Node::Placeholder(place) => {
                let written = text.get(place.clone()).unwrap_or_default();
                let detail =
                    format!("the placeholder {written} has no value: write {{{{ name }}}} instead");
                return Err(Fault::new(Code::UnbindableParameter, detail)
                    .with_names(vec![written.to_owned()]));
            }
        }
        Ok(())
    }

    /// Writes code. A placeholder must not become one word with what follows it.
    fn code(&mut self, code: &str) {
        let joins = code.starts_with(|c| continues_word(c) || matches!(c, '\'' | '"' | '`' | '?'));
        if self.after_placeholder && joins {
            self.sql.push(' ');
        }
        self.after_placeholder &= code.is_empty();
        self.sql.push_str(code);
    }

    fn placeholder(&mut self, value: Bind, cast: Cast<'_>) {
        if self.sql.ends_with(|c| continues_word(c) || matches!(c, '\'' | '"' | '?')) {
            self.sql.push(' ');
        }
        self.binds.push(value);
        let number = self.binds.len();
        self.sql.push_str(&placeholder::written(self.template.dialect, number, &cast));
        self.after_placeholder = true;
    }

    fn tag(&mut self, found: &Found<'_>, glued: bool, listed: bool) -> Result<()> {
        if let Some(options) = found.options() {
            let chosen = found.chosen(options)?;
            let pasted = match found.quote() {
                None => Some(chosen),
                // Double quotes make names, unless the place can only take values.
                Some('"') if !listed && !self.template.dialect.double_quotes_text() => Some(
                    chosen
                        .iter()
                        .map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
                        .collect(),
                ),
                Some(_) => None,
            };
            if let Some(pasted) = pasted {
                let separator = found.multi().map_or(",", |multi| &multi.separator);
                self.code(if pasted.is_empty() { "NULL" } else { "" });
                self.code(&pasted.join(separator));
                return Ok(());
            }
        }
        if glued {
            return Err(found.unbindable(DECLARE_ENUM));
        }
        if found.scalars.is_empty() {
            self.code("NULL");
        }
        for (index, scalar) in found.scalars.iter().enumerate() {
            if index > 0 {
                self.sql.push_str(", ");
            }
            let (value, cast) = self.typed(found, scalar);
            self.placeholder(value, cast);
        }
        Ok(())
    }

    /// The value of a tag among code, with the type that its literal would have had.
    fn typed(&self, found: &Found<'_>, scalar: &Scalar) -> (Bind, Cast<'static>) {
        match scalar {
            Scalar::Text(text) => {
                let from_query = found.definition.is_some_and(|definition| {
                    matches!(definition.kind, ParameterKind::Query { .. })
                });
                // SQLite infers nothing: what is a number there has to be sent as one.
                let number = Number::parse(text).filter(|number| {
                    from_query && self.template.dialect == Dialect::Sqlite && number.text() == *text
                });
                (number.map_or_else(|| Bind::Untyped(text.clone()), number_bind), Cast::None)
            }
            other => placeholder::typed(self.template.dialect, other),
        }
    }

    /// A tag in a document: marks that stand for its values, or the options that its author wrote.
    fn document(&mut self, found: &Found<'_>, place: Place) -> Result<()> {
        if let Some(options) = found.options() {
            let written = found.chosen(options)?.into_iter().map(|option| {
                let option = crate::document::option(&option, place)?;
                Ok(match found.multi() {
                    Some(MultiValues { prefix, suffix, .. }) => format!("{prefix}{option}{suffix}"),
                    None => option,
                })
            });
            let written: Vec<String> = written.collect::<Result<_>>()?;
            let separator = found.multi().map_or(",", |multi| &multi.separator);
            self.sql.push_str(&written.join(separator));
            return Ok(());
        }
        let values: Vec<Bind> = match place {
            Place::JsonValue | Place::Element => {
                found.scalars.iter().map(crate::document::value).collect()
            }
            Place::Text | Place::JsonString => match found.scalars {
                [one] => vec![crate::document::value(one)],
                _ => vec![Bind::Text(found.joined())],
            },
        };
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.sql.push_str(", ");
            }
            self.binds.push(value);
            self.sql.push_str(&crate::document::mark(self.binds.len(), place));
        }
        Ok(())
    }

    fn literal(&self, pieces: &[Piece], quote: Option<char>) -> Result<String> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(fragment) => text.push_str(fragment),
                Piece::Tag(tag) => {
                    if let Some(found) = self.find(*tag)? {
                        text.push_str(&found.written(quote));
                    }
                }
            }
        }
        Ok(text)
    }

    fn identifier(&self, quote: char, pieces: &[Piece]) -> Result<String> {
        let (closing, doubled) = if quote == '[' { (']', None) } else { (quote, Some(quote)) };
        let mut name = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(fragment) => name.push_str(fragment),
                Piece::Tag(tag) => {
                    let Some(found) = self.find(*tag)? else { continue };
                    let Some(options) = found.options().filter(|_| !found.many) else {
                        return Err(found.unbindable(
                            "declare it as an enum, or, if it is a value, use single quotes",
                        ));
                    };
                    let chosen = found.chosen(options)?.concat();
                    if doubled.is_none() && chosen.contains(closing) {
                        return Err(found.unbindable("put the name in double quotes"));
                    }
                    name.push_str(&chosen);
                }
            }
        }
        if self.template.dialect == Dialect::ClickHouse {
            name = name.replace('\\', "\\\\");
        }
        let escaped =
            doubled.map_or(name.clone(), |quote| name.replace(quote, &format!("{quote}{quote}")));
        Ok(format!("{quote}{escaped}{closing}"))
    }

    /// The text with values in place of tags.
    fn display(&self) -> Result<String> {
        let text = &self.template.text;
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        for (index, tag) in self.template.tags.iter().enumerate() {
            shown.push_str(text.get(at..tag.span.start).unwrap_or_default());
            at = tag.span.end;
            let Some(found) = self.find(index)? else { continue };
            let values: Vec<_> = match found.multi() {
                Some(MultiValues { prefix, suffix, .. }) => found
                    .scalars
                    .iter()
                    .map(|value| format!("{prefix}{}{suffix}", value.text()))
                    .collect(),
                None => found.scalars.iter().map(Scalar::text).collect(),
            };
            shown.push_str(&values.join(found.multi().map_or(",", |multi| &multi.separator)));
        }
        shown.push_str(text.get(at..).unwrap_or_default());
        Ok(shown)
    }
}
