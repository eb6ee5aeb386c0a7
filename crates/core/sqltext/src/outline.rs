//! A statement's code without what means nothing to a database: for connectors that look at the words
//! of a statement before they run it.

use std::borrow::Cow;

use crate::Dialect;
use crate::lexer::{Kind, Token, lex};
use crate::tags::find_tags;

/// A part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code<'t> {
    /// A word, as it is written.
    Word(&'t str),
    /// A quoted name, without its quotes.
    Name(Cow<'t, str>),
    /// Anything else: literals, numbers, placeholders, signs.
    Other(&'t str),
}

impl Code<'_> {
    /// Whether it is this word, in any case, and not quoted.
    #[must_use]
    pub fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(written) if written.eq_ignore_ascii_case(word))
    }

    /// The name that it may be, in lower case.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word.to_ascii_lowercase()),
            Self::Name(name) => Some(name.to_ascii_lowercase()),
            Self::Other(_) => None,
        }
    }
}

/// The parts of a text, in their order, without blanks and comments.
#[must_use]
pub fn outline(text: &str, dialect: Dialect) -> Vec<Code<'_>> {
    let tokens = lex(text, &find_tags(text), dialect);
    tokens.iter().filter(|token| token.is_code()).map(|token| part(text, token)).collect()
}

fn part<'t>(text: &'t str, token: &Token) -> Code<'t> {
    let written = token.text(text);
    match token.kind {
        Kind::Word => Code::Word(written),
        Kind::Identifier(quote) => {
            let inner = written.get(1..).unwrap_or_default();
            let inner = if token.closed {
                inner.get(..inner.len().saturating_sub(1)).unwrap_or_default()
            } else {
                inner
            };
            let doubled = format!("{quote}{quote}");
            Code::Name(if inner.contains(&doubled) {
                Cow::Owned(inner.replace(&doubled, &quote.to_string()))
            } else {
                Cow::Borrowed(inner)
            })
        }
        _ => Code::Other(written),
    }
}

/// The text with a blank, or its line breaks, in the place of every comment.
#[must_use]
pub fn without_comments(text: &str, dialect: Dialect) -> String {
    let mut code = String::with_capacity(text.len());
    for token in lex(text, &find_tags(text), dialect) {
        let written = token.text(text);
        if token.kind == Kind::Comment {
            code.push(' ');
            code.extend(written.chars().filter(|c| *c == '\n'));
        } else {
            code.push_str(written);
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_quotes_and_comments_are_gone() {
        let text = "/* a /* b */ c */ Select \"a\"\"B\"('x', $1) -- d\n from t";
        let code = outline(text, Dialect::DuckDb);
        assert!(code[0].is_word("select"));
        let names: Vec<String> = code.iter().filter_map(Code::name).collect();
        assert_eq!(names, ["select", "a\"b", "from", "t"]);
        assert_eq!(
            without_comments(text, Dialect::DuckDb),
            "  Select \"a\"\"B\"('x', $1)  \n from t"
        );
        assert_eq!(outline("\"open", Dialect::DuckDb), [Code::Name("open".into())]);
    }
}
