//! Cuts a text into tokens by the rules of its dialect. Every byte belongs to exactly one token.

use crate::Dialect;
use crate::tags::{Tag, Want};

/// How a literal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quoting {
    /// `'…'`, where `''` is a quote; also `N'…'`.
    Plain,
    /// `E'…'`, with backslash escapes; where every literal has these, `'…'` too.
    Escaped,
    /// `"…"` where that is a literal, with backslash escapes.
    Double,
    /// `$tag$…$tag$`.
    Dollar,
    /// Bits, bytes and `U&` escapes: `B'…'`, `X'…'`, `U&'…'`, `U&"…"`.
    Other,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Space,
    /// Also a `{{! note }}`.
    Comment,
    Literal(Quoting),
    /// A quoted identifier, by its opening quote.
    Identifier(char),
    Word,
    Number,
    /// A placeholder that the author wrote.
    Placeholder,
    Symbol(char),
    /// A `{{ tag }}`, by its index.
    Tag(usize),
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// `false` for a literal, identifier or comment that reaches the end of the text unclosed.
    pub closed: bool,
}

impl Token {
    /// The token as it is written.
    pub(crate) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is neither space nor comment.
    pub(crate) fn is_code(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Comment)
    }

    /// Whether it is this word, in any case.
    pub(crate) fn is_word(&self, text: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.text(text).eq_ignore_ascii_case(word)
    }
}

/// Whether an unquoted identifier can begin with it.
pub(crate) fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

/// Whether an unquoted identifier can go on with it.
pub(crate) fn continues_word(c: char) -> bool {
    starts_word(c) || c.is_ascii_digit() || c == '$'
}

/// What databases take for white space: other blanks are letters to them.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// The tokens of `text`, whose tags are `tags`.
pub(crate) fn lex(text: &str, tags: &[Tag], dialect: Dialect) -> Vec<Token> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), tags, dialect, at: 0, next_tag: 0 };
    let mut tokens: Vec<Token> = Vec::new();
    while lexer.at < text.len() {
        let start = lexer.at;
        let (kind, closed) = lexer.token();
        // Should a rule ever not advance, the character is taken as a symbol rather than for ever.
        if lexer.at <= start {
            lexer.at = start
                + text.get(start..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        }
        tokens.push(Token { kind, start, end: lexer.at, closed });
    }
    tokens
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    tags: &'a [Tag],
    dialect: Dialect,
    at: usize,
    next_tag: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn char(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn tag_here(&mut self) -> Option<usize> {
        while self.tags.get(self.next_tag).is_some_and(|tag| tag.span.start < self.at) {
            self.next_tag += 1;
        }
        (self.tags.get(self.next_tag)?.span.start == self.at).then_some(self.next_tag)
    }

    /// Steps over a tag that begins here.
    fn skip_tag(&mut self) -> bool {
        let Some(index) = self.tag_here() else { return false };
        self.at = self.tags.get(index).map_or(self.at, |tag| tag.span.end);
        true
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) {
        while self.tag_here().is_none() {
            match self.char() {
                Some(c) if accept(c) => self.at += c.len_utf8(),
                _ => break,
            }
        }
    }

    fn token(&mut self) -> (Kind, bool) {
        if let Some(index) = self.tag_here() {
            self.skip_tag();
            let note = self.tags.get(index).is_some_and(|tag| tag.want == Want::Nothing);
            return (if note { Kind::Comment } else { Kind::Tag(index) }, true);
        }
        let Some(c) = self.char() else { return (Kind::Space, true) };
        let dialect = self.dialect;
        match c {
            _ if is_space(c) => {
                self.take_while(is_space);
                (Kind::Space, true)
            }
            '-' | '#' | '/' if self.comments_line(c) => {
                let returns = dialect.return_ends_line();
                self.take_while_or_tag(|byte| byte != b'\n' && (byte != b'\r' || !returns));
                (Kind::Comment, true)
            }
            '/' if self.peek(1) == Some(b'*') => (Kind::Comment, self.block_comment()),
            '\'' => self.plain_literal(1),
            '"' if dialect.double_quotes_text() => {
                (Kind::Literal(Quoting::Double), self.literal(1, b'"', true))
            }
            '"' => (Kind::Identifier('"'), self.quoted(1, b'"')),
            '`' if dialect.has_backticks() => (Kind::Identifier('`'), self.quoted(1, b'`')),
            '[' if dialect.has_brackets() => (Kind::Identifier('['), self.bracket()),
            '$' if dialect.has_dollar_quotes() => self.dollar(),
            '?' if dialect.has_question_marks() => {
                self.at += 1;
                if dialect == Dialect::Sqlite {
                    self.take_while(|c| c.is_ascii_digit());
                }
                (Kind::Placeholder, true)
            }
            ':' | '@' | '$' | '#' if dialect == Dialect::Sqlite && self.sqlite_variable() => {
                (Kind::Placeholder, true)
            }
            '@' if dialect == Dialect::SqlServer && self.numbered_variable() => {
                (Kind::Placeholder, true)
            }
            '{' if dialect == Dialect::ClickHouse && self.typed_substitution() => {
                (Kind::Placeholder, true)
            }
            _ if starts_word(c) => self.word(c),
            _ if c.is_ascii_digit() => {
                self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
                (Kind::Number, true)
            }
            _ => {
                self.at += c.len_utf8();
                (Kind::Symbol(c), true)
            }
        }
    }

    /// Like `take_while`, but tags belong to the token.
    fn take_while_or_tag(&mut self, accept: impl Fn(u8) -> bool) {
        while self.at < self.bytes.len() {
            if !self.skip_tag() {
                match self.peek(0) {
                    Some(byte) if accept(byte) => self.at += 1,
                    _ => break,
                }
            }
        }
    }

    fn block_comment(&mut self) -> bool {
        self.at += 2;
        let nests = self.dialect.nests_comments();
        let mut depth = 1_usize;
        while self.at < self.bytes.len() {
            if self.skip_tag() {
                continue;
            }
            match (self.peek(0), self.peek(1)) {
                (Some(b'*'), Some(b'/')) => {
                    self.at += 2;
                    depth -= 1;
                    if depth == 0 {
                        return true;
                    }
                }
                (Some(b'/'), Some(b'*')) if nests => {
                    self.at += 2;
                    depth += 1;
                }
                _ => self.at += 1,
            }
        }
        false
    }

    /// Whether a comment of one line begins here. MySQL wants a blank after `--`.
    fn comments_line(&self, first: char) -> bool {
        let next = self.peek(1);
        match (self.dialect, first) {
            (Dialect::MySql, '-') => {
                // At the end of a text it is left to the server: what is dropped behind it must not
                // make a comment of two signs.
                let blank = self.peek(2).is_some_and(|byte| byte <= b' ' || byte == 0x7f);
                next == Some(b'-') && blank
            }
            (_, '-') => next == Some(b'-'),
            (Dialect::MySql, '#') => true,
            (Dialect::ClickHouse, '#') => matches!(next, Some(b' ' | b'!')),
            (Dialect::Snowflake, '/') => next == Some(b'/'),
            _ => false,
        }
    }

    /// `'…'`, whose text begins `opening` bytes further.
    fn plain_literal(&mut self, opening: usize) -> (Kind, bool) {
        let escapes = self.dialect.escapes();
        let quoting = if escapes { Quoting::Escaped } else { Quoting::Plain };
        (Kind::Literal(quoting), self.literal(opening, b'\'', escapes))
    }

    /// A literal whose text begins `opening` bytes further. In some dialects literals that are
    /// apart by blanks only are one, and keep the escapes of the first.
    fn literal(&mut self, opening: usize, quote: u8, backslash: bool) -> bool {
        self.at += opening;
        loop {
            if !self.quoted_rest(quote, backslash) {
                return false;
            }
            match continuation(self.bytes, self.at, quote, self.dialect) {
                Some(next) => self.at = next,
                None => return true,
            }
        }
    }

    fn quoted(&mut self, opening: usize, quote: u8) -> bool {
        self.at += opening;
        self.quoted_rest(quote, self.dialect == Dialect::ClickHouse)
    }

    fn quoted_rest(&mut self, quote: u8, backslash: bool) -> bool {
        while self.at < self.bytes.len() {
            if self.skip_tag() {
                continue;
            }
            match self.peek(0) {
                Some(b'\\') if backslash => {
                    self.at += 1;
                    if self.at < self.bytes.len() && self.tag_here().is_none() {
                        self.at += 1;
                    }
                }
                Some(byte) if byte == quote => {
                    self.at += 1;
                    if self.peek(0) != Some(quote) {
                        return true;
                    }
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        false
    }

    fn bracket(&mut self) -> bool {
        if self.dialect == Dialect::SqlServer {
            return self.quoted(1, b']');
        }
        self.take_while_or_tag(|byte| byte != b']');
        let closed = self.at < self.bytes.len();
        self.at += usize::from(closed);
        closed
    }

    /// `$1`, `$tag$…$tag$`, or a lonely `$`.
    fn dollar(&mut self) -> (Kind, bool) {
        let start = self.at;
        self.at += 1;
        let numbered = self.dialect == Dialect::Postgres;
        if numbered && self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            self.take_while(|c| c.is_ascii_digit());
            return (Kind::Placeholder, true);
        }
        if self.dialect.tags_dollar_quotes() {
            self.take_while(|c| c != '$' && continues_word(c));
        }
        if self.peek(0) != Some(b'$') {
            self.at = start + 1;
            return (Kind::Symbol('$'), true);
        }
        self.at += 1;
        let delimiter = self.bytes.get(start..self.at).unwrap_or_default();
        while self.at < self.bytes.len() {
            if self.skip_tag() {
                continue;
            }
            if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(delimiter)) {
                self.at += delimiter.len();
                return (Kind::Literal(Quoting::Dollar), true);
            }
            self.at += 1;
        }
        (Kind::Literal(Quoting::Dollar), false)
    }

    fn sqlite_variable(&mut self) -> bool {
        let start = self.at;
        self.at += 1;
        self.take_while(continues_word);
        let found = self.at > start + 1;
        self.at = if found { self.at } else { start };
        found
    }

    /// `@P1` as our own, which an author's would be mixed up with.
    fn numbered_variable(&mut self) -> bool {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        let found = matches!(rest.first(), Some(b'P' | b'p')) && digits > 0;
        self.at += if found { digits + 2 } else { 0 };
        found
    }

    /// `{name:Type}`.
    fn typed_substitution(&mut self) -> bool {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let name = rest.iter().take_while(is_name).count();
        let after = rest.get(name..).unwrap_or_default();
        let end = after.iter().position(|byte| matches!(byte, b'}' | b'{' | b'\'' | b'"'));
        let found = end.filter(|end| {
            name > 0 && after.first() == Some(&b':') && after.get(*end) == Some(&b'}')
        });
        self.at += found.map_or(0, |end| name + end + 2);
        found.is_some()
    }

    /// A word, or a literal with a letter in front.
    fn word(&mut self, first: char) -> (Kind, bool) {
        let dialect = self.dialect;
        match (first, self.peek(1), self.peek(2)) {
            ('e' | 'E', Some(b'\''), _) if dialect == Dialect::Postgres => {
                (Kind::Literal(Quoting::Escaped), self.literal(2, b'\'', true))
            }
            ('n' | 'N', Some(b'\''), _) if dialect.has_national_literals() => self.plain_literal(2),
            ('b' | 'B', Some(b'\''), _) if dialect.has_bit_literals() => {
                (Kind::Literal(Quoting::Other), self.literal(2, b'\'', false))
            }
            ('x' | 'X', Some(b'\''), _) if dialect != Dialect::SqlServer => {
                (Kind::Literal(Quoting::Other), self.literal(2, b'\'', false))
            }
            ('u' | 'U', Some(b'&'), Some(b'\'')) if dialect.has_unicode_literals() => {
                (Kind::Literal(Quoting::Other), self.literal(3, b'\'', false))
            }
            ('u' | 'U', Some(b'&'), Some(b'"')) if dialect.has_unicode_literals() => {
                (Kind::Literal(Quoting::Other), self.quoted(3, b'"'))
            }
            _ => {
                self.take_while(continues_word);
                (Kind::Word, true)
            }
        }
    }
}

/// Where the text of a literal goes on after its quote closed before `at`, if it does: after a line
/// break in PostgreSQL, after any blank in MySQL.
pub(crate) fn continuation(
    bytes: &[u8],
    mut at: usize,
    quote: u8,
    dialect: Dialect,
) -> Option<usize> {
    let postgres = dialect == Dialect::Postgres;
    if !postgres && dialect != Dialect::MySql {
        return None;
    }
    let mut line_break = !postgres;
    loop {
        match bytes.get(at)? {
            b'\n' | b'\r' => line_break = true,
            b' ' | b'\t' | 0x0b | 0x0c => {}
            b'-' if postgres && bytes.get(at + 1) == Some(&b'-') => {
                while !matches!(bytes.get(at + 1)?, b'\n' | b'\r') {
                    at += 1;
                }
            }
            byte if *byte == quote => return line_break.then_some(at + 1),
            _ => return None,
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::find_tags;

    fn code(text: &str, dialect: Dialect) -> Vec<(Kind, &str)> {
        lex(text, &find_tags(text), dialect)
            .into_iter()
            .filter(|token| token.kind != Kind::Space)
            .map(|token| (token.kind, token.text(text)))
            .collect()
    }

    #[test]
    fn literals_end_where_the_dialect_ends_them() {
        let one = |text: &str, dialect| code(text, dialect).len();
        for text in
            ["'a''b'", "E'a\\'b'", "$$a'b$$", "$x$a$$b$x$", "U&'a'", "'a'\n 'b'", "\"a\"\"b\""]
        {
            assert_eq!(one(text, Dialect::Postgres), 1, "{text}");
        }
        for text in ["'a\\'", "[a'b]", "`a``b`", "x'00'", "/* /* */"] {
            assert_eq!(one(text, Dialect::Sqlite), 1, "{text}");
        }
        assert_eq!(one("'a' 'b'", Dialect::Postgres), 2);
        assert_eq!(one("E'a'\n'\\''", Dialect::Postgres), 1);
        assert_eq!(one("/* /* */ */", Dialect::Postgres), 1);
        assert_eq!(one("/* /* */ */", Dialect::Sqlite), 3);
    }

    #[test]
    fn a_tag_is_one_token_and_never_closes_a_quote() {
        let found = code("'{{ it's }}' {{ a }}", Dialect::Postgres);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].0, Kind::Tag(1));
    }

    #[test]
    fn placeholders_of_the_author_are_seen() {
        for text in ["?", "?1", ":a", "@a", "$a"] {
            assert_eq!(code(text, Dialect::Sqlite), [(Kind::Placeholder, text)]);
        }
        assert_eq!(code("$1", Dialect::Postgres), [(Kind::Placeholder, "$1")]);
        for text in ["a ? b", "a::int", "a$1", "a @> b"] {
            let found = code(text, Dialect::Postgres);
            assert!(found.iter().all(|(kind, _)| *kind != Kind::Placeholder), "{text}");
        }
    }
}
