//! Reads JSON text token by token, strictly and without building a tree, to copy it or respell it.

use std::borrow::Cow;

use crate::numbers::json_number_length;

/// A piece of a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// `{`, `}`, `[`, `]`, `,` or `:`.
    Mark(u8),
    /// A string, with its quotes and escapes.
    String(&'a str),
    /// A number.
    Number(&'a str),
    /// `true`, `false` or `null`.
    Word(&'a str),
}

/// The text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotJson;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// The tokens of one JSON text. Nesting costs memory on the heap, not on the stack.
pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// The open brackets' closing marks.
    open: Vec<u8>,
    expect: Expect,
    done: bool,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new(), expect: Expect::Value, done: false }
    }

    /// The next token; `None` at the end of a complete text.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'a>>, NotJson> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        let Some(&first) = bytes.get(self.at) else {
            return if self.done { Ok(None) } else { Err(NotJson) };
        };
        if self.done {
            return Err(NotJson);
        }
        let is_end = self.open.last() == Some(&first);
        match (first, self.expect) {
            (b'}' | b']', Expect::ValueOrEnd | Expect::KeyOrEnd | Expect::CommaOrEnd) if is_end => {
                self.open.pop();
                self.after_value();
                self.mark(first)
            }
            (b',', Expect::CommaOrEnd) => {
                let in_object = self.open.last() == Some(&b'}');
                self.expect = if in_object { Expect::Key } else { Expect::Value };
                self.mark(first)
            }
            (b':', Expect::Colon) => {
                self.expect = Expect::Value;
                self.mark(first)
            }
            (b'"', Expect::Key | Expect::KeyOrEnd) => {
                self.expect = Expect::Colon;
                let length = string_length(&bytes[self.at..])?;
                Ok(Some(Token::String(self.take(length))))
            }
            (_, Expect::Value | Expect::ValueOrEnd) => self.value(first),
            _ => Err(NotJson),
        }
    }

    fn value(&mut self, first: u8) -> Result<Option<Token<'a>>, NotJson> {
        let rest = &self.text.as_bytes()[self.at..];
        match first {
            b'{' => {
                self.open.push(b'}');
                self.expect = Expect::KeyOrEnd;
                return self.mark(first);
            }
            b'[' => {
                self.open.push(b']');
                self.expect = Expect::ValueOrEnd;
                return self.mark(first);
            }
            _ => {}
        }
        self.after_value();
        let token = match first {
            b'"' => Token::String(self.take(string_length(rest)?)),
            b'-' | b'0'..=b'9' => match json_number_length(rest) {
                0 => return Err(NotJson),
                length => Token::Number(self.take(length)),
            },
            _ => {
                let word = [&b"true"[..], b"false", b"null"]
                    .into_iter()
                    .find(|word| rest.starts_with(word))
                    .ok_or(NotJson)?;
                Token::Word(self.take(word.len()))
            }
        };
        Ok(Some(token))
    }

    fn after_value(&mut self) {
        self.expect = Expect::CommaOrEnd;
        self.done = self.open.is_empty();
    }

    fn mark(&mut self, mark: u8) -> Result<Option<Token<'a>>, NotJson> {
        self.at += 1;
        Ok(Some(Token::Mark(mark)))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let start = self.at;
        self.at += length;
        &self.text[start..self.at]
    }
}

/// The length of a string with its quotes. Half surrogate pairs are refused, since readers differ
/// on them.
fn string_length(text: &[u8]) -> Result<usize, NotJson> {
    let mut at = 1;
    loop {
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => match text.get(at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                Some(b'u') => match code_unit(text, at).ok_or(NotJson)? {
                    0xD800..=0xDBFF => match code_unit(text, at + 6) {
                        Some(0xDC00..=0xDFFF) => at += 12,
                        _ => return Err(NotJson),
                    },
                    0xDC00..=0xDFFF => return Err(NotJson),
                    _ => at += 6,
                },
                _ => return Err(NotJson),
            },
            Some(byte) if *byte >= 0x20 => at += 1,
            _ => return Err(NotJson),
        }
    }
}

/// The number in an escape of the form `\u0041`.
fn code_unit(text: &[u8], at: usize) -> Option<u16> {
    let escape = text.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Appends a JSON text without the white space between its tokens. If it is not JSON, nothing is
/// appended and the answer is false.
pub(crate) fn push_compact(out: &mut Vec<u8>, text: &str) -> bool {
    let start = out.len();
    let mut tokens = Tokens::new(text);
    loop {
        match tokens.next() {
            Ok(Some(Token::Mark(mark))) => out.push(mark),
            Ok(Some(Token::String(raw) | Token::Number(raw) | Token::Word(raw))) => {
                out.extend_from_slice(raw.as_bytes());
            }
            Ok(None) => return true,
            Err(NotJson) => {
                out.truncate(start);
                return false;
            }
        }
    }
}

/// What a JSON text is, for formats that have cells.
pub(crate) enum Scalar<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(&'a str),
    /// A string, without quotes and escapes.
    Text(Cow<'a, str>),
    /// An object or array.
    Nested,
    /// The text is not JSON.
    Broken,
}

/// Reads a JSON text that is one value, not nested.
pub(crate) fn scalar(text: &str) -> Scalar<'_> {
    let mut tokens = Tokens::new(text);
    match tokens.next() {
        Ok(Some(Token::Mark(_))) => return Scalar::Nested,
        Ok(Some(token)) if tokens.next() == Ok(None) => match token {
            Token::Number(number) => return Scalar::Number(number),
            Token::Word("null") => return Scalar::Null,
            Token::Word(word) => return Scalar::Boolean(word == "true"),
            Token::String(raw) => {
                if let Some(text) = unescaped(raw) {
                    return Scalar::Text(text);
                }
            }
            Token::Mark(_) => {}
        },
        _ => {}
    }
    Scalar::Broken
}

/// The content of a JSON string.
pub(crate) fn unescaped(raw: &str) -> Option<Cow<'_, str>> {
    if raw.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        raw.get(1..raw.len() - 1).map(Cow::Borrowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_copied_without_white_space() {
        for (text, compact) in [
            (r#"{"a": [1, null]}"#, r#"{"a":[1,null]}"#),
            ("[]", "[]"),
            (" { } ", "{}"),
            ("[ [ ], {\"a\":\n{}} ]", r#"[[],{"a":{}}]"#),
            ("12345678901234567890.10", "12345678901234567890.10"),
            (r#""a\u00e9\n\ud83d\ude00 b""#, r#""a\u00e9\n\ud83d\ude00 b""#),
            ("true", "true"),
        ] {
            let mut out = Vec::new();
            assert!(push_compact(&mut out, text), "{text}");
            assert_eq!(String::from_utf8(out).unwrap(), compact);
        }
    }

    #[test]
    fn text_that_is_not_json_is_refused_without_a_trace() {
        for text in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{,}",
            "[1 2]",
            "1 2",
            "nul",
            "tru e",
            "\"a",
            "\"\n\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "{a:1}",
            "[}",
            "{]",
            "01",
            "NaN",
            "[1]]",
            "{\"a\":1,}",
            "\"\\u12g4\"",
            "'a'",
            "\"\\u+123\"",
        ] {
            let mut out = b"kept".to_vec();
            assert!(!push_compact(&mut out, text), "{text}");
            assert_eq!(out, b"kept");
        }
    }

    #[test]
    fn deep_nesting_does_not_exhaust_the_stack() {
        let depth = 200_000;
        let text = "[".repeat(depth) + &"]".repeat(depth);
        let mut out = Vec::new();
        assert!(push_compact(&mut out, &text));
        assert_eq!(out.len(), text.len());
    }
}
