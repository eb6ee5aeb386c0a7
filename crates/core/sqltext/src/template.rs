//! A text with parameters, cut into what is sent as it is and what has to be bound.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use tessera_kernel::{Fault, Result};

use crate::Dialect;
use crate::lexer::{Kind, Token, lex};
use crate::literal::{Piece, Style, pieces};
use crate::sections;
use crate::tags::{Part, Tag, Want, find_tags};
use crate::typed::{interval_unit, type_prefix};
use crate::values::Values;

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(crate) text: String,
    pub(crate) dialect: Dialect,
    pub(crate) tags: Vec<Tag>,
    /// Empty if there are sections: only the values tell what the text is.
    pub(crate) nodes: Vec<Node>,
    /// Whether there are sections.
    pub(crate) has_sections: bool,
}

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// Sent as it is.
    Code(Range<usize>),
    /// A comment with tags in it, by its place and theirs.
    Comment(Range<usize>, Range<usize>),
    /// A tag among code.
    Tag {
        tag: usize,
        /// Whether it touches something that it would make one word or name with.
        glued: bool,
        /// Whether it is the inside of `IN (…)` or `ARRAY[…]`.
        listed: bool,
    },
    /// A literal with tags in it.
    Literal {
        pieces: Vec<Piece>,
        /// What it stands in, if that is a quote.
        quote: Option<char>,
        /// The type that was written in front.
        cast: Option<Range<usize>>,
    },
    /// A quoted identifier with tags in it, by its opening quote.
    Identifier(char, Vec<Piece>),
    /// Tags where nothing can be done for them, and why.
    Unbindable { tags: Range<usize>, reason: &'static str },
    /// A placeholder that the author wrote.
    Placeholder(Range<usize>),
    /// A tag in a document.
    Document { tag: usize, place: crate::document::Place },
}

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// `invalid` with field `query` for tags that are no parameters: partials, other delimiters, and
    /// members other than `start` and `end`; and for sections that do not fit into each other.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self> {
        let tags = find_tags(text);
        for tag in &tags {
            match &tag.want {
                Want::Unsupported('=') => {
                    let detail = "other delimiters are not supported; write {{ name }}";
                    return Err(Fault::invalid("query", detail));
                }
                Want::Unsupported(sign) => {
                    let detail = format!(
                        "texts from elsewhere are not supported: write {{{{ name }}}}, not \
                         {{{{{sign} … }}}}"
                    );
                    return Err(Fault::invalid("query", detail));
                }
                Want::UnknownPart(name) => {
                    let detail = format!("{name} is no part of a parameter; use .start or .end");
                    return Err(Fault::invalid("query", detail));
                }
                Want::Value { .. } | Want::Attribute(_) | Want::Nothing => {}
                Want::Section { .. } | Want::SectionEnd(_) => {}
            }
        }
        let has_sections = sections::check(&tags)?;
        if has_sections {
            let text = text.to_owned();
            return Ok(Self { text, dialect, tags, nodes: Vec::new(), has_sections });
        }
        if let Some(document) = dialect.document() {
            crate::document::check(text)?;
            let nodes = crate::document::nodes(text, &tags, document);
            return Ok(Self { text: text.to_owned(), dialect, tags, nodes, has_sections });
        }
        let tokens = lex(text, &tags, dialect);
        let nodes = Nodes::read(text, &tags, &tokens, dialect);
        Ok(Self { text: text.to_owned(), dialect, tags, nodes, has_sections })
    }

    /// The names of the parameters in order of first appearance, also those within comments.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        names_of(&self.tags)
    }

    /// The parameters that `values` say nothing of, each once, as the text asks for them: of a range
    /// both ends, `x.start` and `x.end`, if it uses both.
    pub(crate) fn without_value(&self, values: &Values) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for tag in &self.tags {
            let (name, part) = match &tag.want {
                Want::Value { name, part } => (name, *part),
                Want::Section { name, .. } => (name, None),
                _ => continue,
            };
            if values.get(name).is_some() {
                continue;
            }
            let asked = match part {
                None => name.clone(),
                Some(Part::Start) => format!("{name}.start"),
                Some(Part::End) => format!("{name}.end"),
            };
            if seen.insert((name.as_str(), part)) {
                missing.push(asked);
            }
        }
        missing
    }

    /// Whether values are put in: of parameters, or of attributes.
    #[must_use]
    pub fn has_parameters(&self) -> bool {
        self.tags.iter().any(|tag| {
            matches!(tag.want, Want::Value { .. } | Want::Section { .. } | Want::Attribute(_))
        })
    }

    /// The attributes of whoever runs the text, such as `key.tenant`, each once, also those within
    /// comments.
    #[must_use]
    pub fn attributes(&self) -> Vec<String> {
        attributes_of(&self.tags)
    }

    /// The name and end that a tag asks for; `None` for a note.
    pub(crate) fn wanted(&self, tag: usize) -> Option<(&str, Option<Part>)> {
        match &self.tags.get(tag)?.want {
            Want::Value { name, part } => Some((name, *part)),
            Want::Attribute(name) => Some((name, None)),
            _ => None,
        }
    }

    /// Whether a tag asks for an attribute.
    pub(crate) fn is_attribute(&self, tag: usize) -> bool {
        self.tags.get(tag).is_some_and(|tag| matches!(tag.want, Want::Attribute(_)))
    }

    /// The parameters that stand within `IN (…)` or `ARRAY[…]` and nowhere else.
    pub(crate) fn lists(&self) -> HashSet<&str> {
        fn name(tag: &Tag) -> Option<&str> {
            match &tag.want {
                Want::Value { name, part: None } => Some(name),
                _ => None,
            }
        }
        let mut elsewhere: HashMap<&str, usize> = HashMap::new();
        for name in self.tags.iter().filter_map(name) {
            *elsewhere.entry(name).or_default() += 1;
        }
        for node in &self.nodes {
            if let Node::Tag { tag, listed: true, glued: false } = node
                && let Some(uses) =
                    self.tags.get(*tag).and_then(name).and_then(|name| elsewhere.get_mut(name))
            {
                *uses -= 1;
            }
        }
        elsewhere.into_iter().filter(|(_, uses)| *uses == 0).map(|(name, _)| name).collect()
    }

    /// The parameters of which the text uses an end.
    #[must_use]
    pub fn ranges(&self) -> HashSet<&str> {
        let mut names = HashSet::new();
        for tag in &self.tags {
            if let Want::Value { name, part: Some(_) } = &tag.want {
                names.insert(name.as_str());
            }
        }
        names
    }
}

/// The attributes that a text uses, whatever its dialect.
#[must_use]
pub fn attributes_in(text: &str) -> Vec<String> {
    attributes_of(&find_tags(text))
}

/// The parameters that a text uses, whatever its dialect.
#[must_use]
pub fn parameters_in(text: &str) -> Vec<String> {
    names_of(&find_tags(text))
}

fn names_of(tags: &[Tag]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for tag in tags {
        if let Want::Value { name, .. } | Want::Section { name, .. } = &tag.want
            && seen.insert(name.as_str())
        {
            names.push(name.clone());
        }
    }
    names
}

fn attributes_of(tags: &[Tag]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for tag in tags {
        if let Want::Attribute(name) = &tag.want
            && seen.insert(name.as_str())
        {
            names.push(name.clone());
        }
    }
    names
}

/// Makes nodes of tokens.
struct Nodes<'a> {
    text: &'a str,
    tags: &'a [Tag],
    tokens: &'a [Token],
    dialect: Dialect,
    nodes: Vec<Node>,
    /// Where the code begins that is in no node yet.
    pending: usize,
    /// The first tag that no token has been seen to contain yet.
    next_tag: usize,
}

impl Nodes<'_> {
    fn read(text: &str, tags: &[Tag], tokens: &[Token], dialect: Dialect) -> Vec<Node> {
        let mut nodes =
            Nodes { text, tags, tokens, dialect, nodes: Vec::new(), pending: 0, next_tag: 0 };
        for (index, token) in tokens.iter().enumerate() {
            nodes.token(index, token);
        }
        nodes.code_until(text.len());
        nodes.nodes
    }

    fn code_until(&mut self, end: usize) {
        if self.pending < end {
            self.nodes.push(Node::Code(self.pending..end));
        }
        self.pending = self.pending.max(end);
    }

    fn push(&mut self, start: usize, end: usize, node: Node) {
        self.code_until(start);
        self.nodes.push(node);
        self.pending = end;
    }

    /// The tags within a token.
    fn tags_of(&mut self, token: &Token) -> Range<usize> {
        let first = self.next_tag;
        while self.tags.get(self.next_tag).is_some_and(|tag| tag.span.start < token.end) {
            self.next_tag += 1;
        }
        first..self.next_tag
    }

    fn token(&mut self, index: usize, token: &Token) {
        let tags = self.tags_of(token);
        let place = token.start..token.end;
        match token.kind {
            Kind::Tag(tag) => {
                let (glued, listed) = (self.glued(index), self.listed(index));
                self.push(token.start, token.end, Node::Tag { tag, glued, listed });
            }
            Kind::Placeholder => self.push(token.start, token.end, Node::Placeholder(place)),
            _ if tags.is_empty() => {}
            Kind::Comment => self.push(token.start, token.end, Node::Comment(place, tags)),
            Kind::Literal(quoting) => self.literal(index, token, tags, Style::Literal(quoting)),
            Kind::Identifier(quote) => {
                let node = match self.pieces(token, &tags, Style::Identifier(quote)) {
                    Some(pieces) => Node::Identifier(quote, pieces),
                    None => Node::Unbindable { tags, reason: "close the quoted name around it" },
                };
                self.push(token.start, token.end, node);
            }
            Kind::Space | Kind::Word | Kind::Number | Kind::Symbol(_) => {}
        }
    }

    fn pieces(&self, token: &Token, tags: &Range<usize>, style: Style) -> Option<Vec<Piece>> {
        pieces(self.text, token, self.tags, tags.clone(), self.dialect, style)
    }

    fn literal(&mut self, index: usize, token: &Token, tags: Range<usize>, style: Style) {
        let Some(mut pieces) = self.pieces(token, &tags, style) else {
            let reason = if token.closed {
                "put it into a plain '…' literal, not into one of bits, bytes or unusual escapes"
            } else {
                "close the quote in front of it"
            };
            self.push(token.start, token.end, Node::Unbindable { tags, reason });
            return;
        };
        let quote = style.quote().map(char::from);
        let prefix = self.dialect.has_typed_literals();
        let prefix =
            prefix.then(|| type_prefix(self.text, self.tokens, index, self.dialect)).flatten();
        // Elsewhere the unit stands behind the value whatever that is.
        let interval = |first: &&Token| {
            self.dialect.has_postgres_literals() || !first.is_word(self.text, "interval")
        };
        let (Some(first), Some(last)) = (
            prefix.as_ref().and_then(|prefix| self.tokens.get(prefix.first)).filter(interval),
            prefix.as_ref().and_then(|prefix| self.tokens.get(prefix.after.checked_sub(1)?)),
        ) else {
            self.push(token.start, token.end, Node::Literal { pieces, quote, cast: None });
            return;
        };
        let mut end = token.end;
        if first.is_word(self.text, "interval") {
            match interval_unit(self.text, self.tokens, index) {
                Ok(None) => {}
                Ok(Some(unit)) => {
                    // The unit would not be heeded when an interval is cast: it goes into the text.
                    if let Some(unit) = self.tokens.get(unit) {
                        pieces.push(Piece::Text(format!(" {}", unit.text(self.text))));
                        end = unit.end;
                    }
                }
                Err(()) => {
                    let reason = "write the units into the literal, as in interval '1 day 2 hours'";
                    self.push(token.start, token.end, Node::Unbindable { tags, reason });
                    return;
                }
            }
        }
        let (start, cast) = (first.start, first.start..last.end);
        self.push(start, end, Node::Literal { pieces, quote, cast: Some(cast) });
    }

    fn kind(&self, index: Option<usize>) -> Option<Kind> {
        self.tokens.get(index?).map(|token| token.kind)
    }

    fn glued(&self, index: usize) -> bool {
        let joins = |kind: Option<Kind>| {
            matches!(
                kind,
                Some(
                    Kind::Word
                        | Kind::Number
                        | Kind::Placeholder
                        | Kind::Literal(_)
                        | Kind::Identifier(_)
                        | Kind::Tag(_)
                        | Kind::Symbol('.' | '$')
                )
            )
        };
        let before = self.kind(index.checked_sub(1));
        let cast = before == Some(Kind::Symbol(':'))
            && self.kind(index.checked_sub(2)) == Some(Kind::Symbol(':'));
        // Behind such a sign a placeholder would be another word of the language.
        let sign = self.dialect == Dialect::BigQuery && before == Some(Kind::Symbol('@'));
        cast || sign || joins(before) || joins(self.kind(Some(index + 1)))
    }

    fn listed(&self, index: usize) -> bool {
        let mut before = self
            .tokens
            .get(..index)
            .unwrap_or_default()
            .iter()
            .rev()
            .filter(|token| token.is_code());
        let (Some(bracket), Some(word)) = (before.next(), before.next()) else { return false };
        match bracket.kind {
            Kind::Symbol('(') => word.is_word(self.text, "in"),
            Kind::Symbol('[') => word.is_word(self.text, "array"),
            _ => false,
        }
    }
}
