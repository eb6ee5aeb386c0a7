//! The text that a literal stands for, with its tags in place.

use std::ops::Range;

use crate::Dialect;
use crate::lexer::{Quoting, Token, continuation};
use crate::tags::Tag;

/// Text, or a tag by its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Tag(usize),
}

/// The pieces of a literal or quoted identifier; `None` if it cannot be read as text.
pub(crate) fn pieces(
    text: &str,
    token: &Token,
    tags: &[Tag],
    within: Range<usize>,
    dialect: Dialect,
    style: Style,
) -> Option<Vec<Piece>> {
    let raw = text.as_bytes();
    let mut pieces = Vec::new();
    let mut bytes = Vec::new();
    let (mut at, end) = style.body(token.text(text), token)?;
    let mut next_tag = within.start;
    loop {
        if let Some(tag) = tags.get(next_tag).filter(|_| next_tag < within.end)
            && tag.span.start == at
        {
            flush(&mut bytes, &mut pieces)?;
            pieces.push(Piece::Tag(next_tag));
            at = tag.span.end;
            next_tag += 1;
            continue;
        }
        if at >= end {
            break;
        }
        match (style, *raw.get(at)?) {
            (Style::Literal(Quoting::Escaped | Quoting::Double), b'\\') => {
                // A backslash in front of a tag escapes nothing that is known here.
                at = if tags.get(next_tag).is_some_and(|tag| tag.span.start == at + 1) {
                    return None;
                } else {
                    escape(text, at + 1, &mut bytes, dialect)?
                };
            }
            (Style::Literal(_), byte) if style.quote() == Some(byte) => {
                if raw.get(at + 1) == Some(&byte) {
                    bytes.push(byte);
                    at += 2;
                } else {
                    at = continuation(raw, at + 1, byte, dialect)?;
                }
            }
            // Names of ClickHouse have escapes, which nobody needs.
            (Style::Identifier(_), b'\\') if dialect == Dialect::ClickHouse => return None,
            (Style::Identifier(quote), byte)
                if quote != '[' && u32::from(byte) == u32::from(quote) =>
            {
                bytes.push(byte);
                at += 2;
            }
            (_, byte) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    flush(&mut bytes, &mut pieces)?;
    Some(pieces)
}

/// How the token is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Literal(Quoting),
    Identifier(char),
}

impl Style {
    /// The quote that a doubled one stands for within a literal.
    pub(crate) fn quote(self) -> Option<u8> {
        match self {
            Self::Literal(Quoting::Plain | Quoting::Escaped) => Some(b'\''),
            Self::Literal(Quoting::Double) => Some(b'"'),
            _ => None,
        }
    }

    /// Where the text between the quotes begins and ends.
    fn body(self, written: &str, token: &Token) -> Option<(usize, usize)> {
        let (opening, closing) = match self {
            Self::Literal(Quoting::Plain | Quoting::Escaped) => (written.find('\'')? + 1, 1),
            Self::Literal(Quoting::Double) => (written.find('"')? + 1, 1),
            Self::Literal(Quoting::Dollar) => {
                let length = written.get(1..)?.find('$')? + 2;
                (length, length)
            }
            Self::Literal(Quoting::Other) => return None,
            Self::Identifier(_) => (1, 1),
        };
        let body = (token.start + opening, token.end.checked_sub(closing)?);
        (token.closed && body.0 <= body.1).then_some(body)
    }
}

fn flush(bytes: &mut Vec<u8>, pieces: &mut Vec<Piece>) -> Option<()> {
    if !bytes.is_empty() {
        pieces.push(Piece::Text(String::from_utf8(std::mem::take(bytes)).ok()?));
    }
    Some(())
}

/// Reads what follows a backslash at `at`, and says where to go on.
fn escape(text: &str, at: usize, bytes: &mut Vec<u8>, dialect: Dialect) -> Option<usize> {
    let c = text.get(at..)?.chars().next()?;
    match dialect {
        Dialect::MySql => return Some(escape_mysql(c, at, bytes)),
        Dialect::ClickHouse => return escape_clickhouse(text, c, at, bytes),
        Dialect::Snowflake if c == 'U' => {
            bytes.push(b'U');
            return Some(at + 1);
        }
        _ => {}
    }
    let digits = |from: usize, most: usize, radix: u32| {
        let rest = text.get(from..).unwrap_or_default();
        let length = rest.chars().take(most).take_while(|c| c.is_digit(radix)).count();
        u32::from_str_radix(rest.get(..length)?, radix).ok().map(|value| (value, from + length))
    };
    let single = match c {
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        '0'..='7' => {
            let (value, next) = digits(at, 3, 8)?;
            bytes.push(u8::try_from(value & 0xff).ok()?);
            return Some(next);
        }
        'x' => {
            let Some((value, next)) = digits(at + 1, 2, 16) else {
                bytes.push(b'x');
                return Some(at + 1);
            };
            bytes.push(u8::try_from(value).ok()?);
            return Some(next);
        }
        'u' | 'U' => return unicode(c, at, &digits, text, bytes),
        other => {
            bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(at + other.len_utf8());
        }
    };
    bytes.push(single);
    Some(at + 1)
}

/// `\uXXXX` (two of them for a surrogate pair) and `\UXXXXXXXX`.
fn unicode(
    letter: char,
    at: usize,
    digits: &dyn Fn(usize, usize, u32) -> Option<(u32, usize)>,
    text: &str,
    bytes: &mut Vec<u8>,
) -> Option<usize> {
    let length = if letter == 'u' { 4 } else { 8 };
    let (mut value, mut next) = digits(at + 1, length, 16)?;
    if next != at + 1 + length {
        return None;
    }
    if (0xd800..0xdc00).contains(&value) && text.get(next..)?.starts_with("\\u") {
        let (low, after) = digits(next + 2, 4, 16)?;
        if !(0xdc00..0xe000).contains(&low) {
            return None;
        }
        value = 0x1_0000 + ((value - 0xd800) << 10) + (low - 0xdc00);
        next = after;
    }
    bytes.extend_from_slice(char::from_u32(value)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(next)
}

/// `\%` and `\_` keep their backslash, so that `LIKE` sees it.
fn escape_mysql(c: char, at: usize, bytes: &mut Vec<u8>) -> usize {
    match c {
        '0' => bytes.push(0),
        'b' => bytes.push(0x08),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'Z' => bytes.push(0x1a),
        '%' | '_' => bytes.extend_from_slice(&[b'\\', if c == '%' { b'%' } else { b'_' }]),
        other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
    at + c.len_utf8()
}

/// What is no known escape keeps its backslash, so that patterns need not double it.
fn escape_clickhouse(text: &str, c: char, at: usize, bytes: &mut Vec<u8>) -> Option<usize> {
    match c {
        'x' => {
            let digits = text.get(at + 1..at + 3)?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            return Some(at + 3);
        }
        // An empty text, whose use nobody knows.
        'N' => return None,
        '0' => bytes.push(0),
        'a' => bytes.push(0x07),
        'b' => bytes.push(0x08),
        'e' => bytes.push(0x1b),
        'f' => bytes.push(0x0c),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(0x0b),
        '\\' | '\'' | '"' | '`' | '/' | '=' => bytes.push(u8::try_from(c).ok()?),
        other => {
            bytes.push(b'\\');
            bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(at + c.len_utf8())
}
