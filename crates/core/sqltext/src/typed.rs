//! Finds the type in front of a literal, as in `date '…'`: such a form takes no placeholder.

use crate::Dialect;
use crate::lexer::{Kind, Token};

/// A type in front of a literal.
pub(crate) struct TypePrefix {
    /// The token that the type begins with.
    pub first: usize,
    /// The token after its last one.
    pub after: usize,
}

/// Types that are written in front of literals; other words there are keywords, such as `LIKE`.
const TYPES: [&str; 34] = [
    "bigint",
    "bool",
    "boolean",
    "bytea",
    "char",
    "cidr",
    "date",
    "decimal",
    "float4",
    "float8",
    "inet",
    "int",
    "int2",
    "int4",
    "int8",
    "integer",
    "interval",
    "json",
    "jsonb",
    "macaddr",
    "money",
    "name",
    "numeric",
    "real",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsquery",
    "tsvector",
    "uuid",
    "varchar",
];

/// Those of GoogleSQL.
const GOOGLE_TYPES: [&str; 9] = [
    "bigdecimal",
    "bignumeric",
    "date",
    "datetime",
    "decimal",
    "json",
    "numeric",
    "time",
    "timestamp",
];

const INTERVAL_FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];

/// The type that ends right before the literal at `literal`.
pub(crate) fn type_prefix(
    text: &str,
    tokens: &[Token],
    literal: usize,
    dialect: Dialect,
) -> Option<TypePrefix> {
    let mut back = Backwards { text, tokens, at: literal };
    let after =
        literal - tokens[..literal].iter().rev().take_while(|t| t.kind == Kind::Space).count();
    if dialect == Dialect::BigQuery {
        return back.word(&GOOGLE_TYPES).map(|first| TypePrefix { first, after });
    }
    let first = back.phrase(&["zone", "time"]).and_then(|()| {
        back.word(&["with", "without"])?;
        back.precision();
        back.word(&["time", "timestamp"])
    });
    let first = first.or_else(|| {
        back.at = literal;
        back.word(&["precision"])?;
        back.word(&["double"])
    });
    let first = first.or_else(|| {
        back.at = literal;
        back.precision();
        back.word(&TYPES)
    })?;
    Some(TypePrefix { first, after })
}

/// The unit after an interval literal, as in `interval '5' day`: its token, or `Err` if it is a
/// span of units, which has no other spelling.
pub(crate) fn interval_unit(
    text: &str,
    tokens: &[Token],
    literal: usize,
) -> Result<Option<usize>, ()> {
    let mut code = tokens.iter().enumerate().skip(literal + 1).filter(|(_, token)| token.is_code());
    let is_unit = |token: &Token| INTERVAL_FIELDS.iter().any(|unit| token.is_word(text, unit));
    let Some((index, _)) = code.next().filter(|(_, token)| is_unit(token)) else { return Ok(None) };
    match code.next() {
        Some((_, token)) if token.is_word(text, "to") || token.kind == Kind::Symbol('(') => Err(()),
        _ => Ok(Some(index)),
    }
}

struct Backwards<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl Backwards<'_> {
    /// Steps back over spaces and one token, if that is wanted.
    fn step(&mut self, wanted: impl Fn(&Token) -> bool) -> Option<usize> {
        let spaces =
            self.tokens.get(..self.at)?.iter().rev().take_while(|t| t.kind == Kind::Space).count();
        let index = (self.at - spaces).checked_sub(1)?;
        self.tokens.get(index).filter(|token| wanted(token))?;
        self.at = index;
        Some(index)
    }

    fn word(&mut self, words: &[&str]) -> Option<usize> {
        let text = self.text;
        self.step(|token| words.iter().any(|word| token.is_word(text, word)))
    }

    /// Several words, last one first.
    fn phrase(&mut self, words: &[&str]) -> Option<()> {
        words.iter().try_for_each(|word| self.word(&[word]).map(drop))
    }

    /// `(3)` or `(10, 2)`, if there is one.
    fn precision(&mut self) {
        let start = self.at;
        let found = self.step(|token| token.kind == Kind::Symbol(')')).is_some() && {
            while self
                .step(|token| matches!(token.kind, Kind::Number | Kind::Symbol(',' | '-')))
                .is_some()
            {}
            self.step(|token| token.kind == Kind::Symbol('(')).is_some()
        };
        if !found {
            self.at = start;
        }
    }
}
