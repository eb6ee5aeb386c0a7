//! What only GoogleSQL has: literals with one or three quotes, raw or not, and named parameters.

use super::{Kind, Lexer, Quoting, continues_word};

impl Lexer<'_> {
    /// `@name`; an author's could be one of ours. `@@name` is a variable of the server, `@{…}` a hint.
    pub(super) fn named_parameter(&mut self) -> (Kind, bool) {
        self.at += 1;
        match (self.peek(0), self.tag_here()) {
            (Some(b'@'), _) => {
                self.at += 1;
                (Kind::Symbol('@'), true)
            }
            (Some(b'{' | b'0'..=b'9'), None) => (Kind::Symbol('@'), true),
            (Some(b'`'), _) => (Kind::Placeholder, self.quoted(1, b'`')),
            _ => {
                self.take_while(continues_word);
                (Kind::Placeholder, true)
            }
        }
    }

    /// Letters in front of a literal of GoogleSQL: `r'`, `b'`, `rb'`, `br'`.
    pub(super) fn google_prefix(&self) -> Option<usize> {
        let letters = [self.peek(0), self.peek(1)].map(|byte| byte.map(|b| b.to_ascii_lowercase()));
        let length = match letters {
            [Some(b'r'), Some(b'b')] | [Some(b'b'), Some(b'r')] => 2,
            [Some(b'r' | b'b'), _] => 1,
            _ => return None,
        };
        matches!(self.peek(length), Some(b'\'' | b'"')).then_some(length)
    }

    /// A literal of GoogleSQL with so many letters in front. A backslash always takes what follows
    /// it along, also in raw ones.
    pub(super) fn google_literal(&mut self, prefix: usize) -> (Kind, bool) {
        let has = |letter: u8| {
            let letters = self.bytes.get(self.at..self.at + prefix).unwrap_or_default();
            letters.iter().any(|byte| byte.eq_ignore_ascii_case(&letter))
        };
        let (raw, bytes) = (has(b'r'), has(b'b'));
        let quote = self.peek(prefix).unwrap_or(b'\'');
        let closing = [quote; 3];
        let body = self.bytes.get(self.at + prefix..).unwrap_or_default();
        let triple = body.starts_with(&closing);
        let closing = if triple { &closing[..] } else { &closing[..1] };
        self.at += prefix + closing.len();
        let quoting =
            if bytes { Quoting::Other } else { Quoting::GoogleSql { quote, triple, raw } };
        while self.at < self.bytes.len() {
            if self.skip_tag() {
                continue;
            }
            if self.peek(0) == Some(b'\\') {
                self.at += 1;
                if self.at < self.bytes.len() && self.tag_here().is_none() {
                    self.at += 1;
                }
            } else if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(closing)) {
                self.at += closing.len();
                return (Kind::Literal(quoting), true);
            } else {
                self.at += 1;
            }
        }
        (Kind::Literal(quoting), false)
    }
}
