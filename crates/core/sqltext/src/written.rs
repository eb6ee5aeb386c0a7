//! A bound statement written anew: without comments, and with something else in place of each
//! placeholder, for engines that read texts in more than one way or bind only some values.

use tessera_kernel::Result;

use crate::Dialect;
use crate::bind::{Bind, Bound};
use crate::lexer::{Kind, lex};

impl Bound {
    /// The statement with what `value` makes of each of its values. Blanks stand where comments did:
    /// servers that disagree about what a comment is see the same code.
    ///
    /// `value` is also told the word in front of the placeholder, in lower case.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn written(
        &self,
        dialect: Dialect,
        value: &mut dyn FnMut(&Bind, Option<&str>) -> Result<String>,
    ) -> Result<String> {
        let mut out = String::with_capacity(self.sql.len());
        let mut binds = self.binds.iter();
        let mut before: Option<String> = None;
        // No tags: a value that looks like one is long behind a placeholder.
        for token in lex(&self.sql, &[], dialect) {
            let text = token.text(&self.sql);
            let bind = (token.kind == Kind::Placeholder).then(|| binds.next()).flatten();
            match (token.kind, bind) {
                (Kind::Comment, _) => out.push(' '),
                (_, Some(bind)) => push(&mut out, &value(bind, before.as_deref())?),
                (_, None) => push(&mut out, text),
            }
            if token.is_code() {
                let word = (token.kind == Kind::Word).then(|| text.to_ascii_lowercase());
                before = word;
            }
        }
        // Other blanks are letters to databases.
        Ok(out.trim_matches(|c| matches!(c, ' ' | '\t'..='\r')).to_owned())
    }
}

/// Two signs that stood apart must not begin a comment together.
fn push(out: &mut String, text: &str) {
    let joins = |one: char, other: char| out.ends_with(one) && text.starts_with(other);
    if joins('-', '-') || joins('/', '*') {
        out.push(' ');
    }
    out.push_str(text);
}

/// The words of a text outside of brackets, in lower case, and `(` for whatever stands in brackets: what
/// clauses it has.
#[must_use]
pub fn outer_words(text: &str, dialect: Dialect) -> Vec<String> {
    let mut depth = 0_i64;
    let mut words = Vec::new();
    for token in lex(text, &[], dialect) {
        match token.kind {
            Kind::Symbol('(') => {
                if depth == 0 {
                    words.push("(".to_owned());
                }
                depth += 1;
            }
            Kind::Symbol(')') => depth -= 1,
            Kind::Word if depth == 0 => words.push(token.text(text).to_ascii_lowercase()),
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(sql: &str, dialect: Dialect) -> String {
        let binds = vec![Bind::Integer(-1), Bind::Integer(2)];
        let bound = Bound { sql: sql.to_owned(), binds, display: String::new() };
        let value = &mut |bind: &Bind, before: Option<&str>| match bind {
            Bind::Integer(number) => Ok(format!("{number}{}", before.unwrap_or_default())),
            other => panic!("{other:?}"),
        };
        bound.written(dialect, value).expect("is written")
    }

    #[test]
    fn comments_go_and_values_come() {
        for (sql, dialect, expected) in [
            ("a -? limit ?", Dialect::OpenSearch, "a - -1 limit 2limit"),
            ("a /* ? */ '?' # ? \n ?", Dialect::OpenSearch, "a   '?'  \n -1"),
            ("-- ?\n`?` \"?\" in (?)", Dialect::OpenSearch, "`?` \"?\" in (-1)"),
            ("a--? ?", Dialect::OpenSearch, "a- - -1 2"),
            ("'\\' ? ' ?", Dialect::Elasticsearch, "'\\' -1 ' ?"),
            ("'\\' ? ' ?", Dialect::OpenSearch, "'\\' ? ' -1"),
            ("/* /* */ ? */ ?", Dialect::Elasticsearch, "-1"),
            ("top ? a--?", Dialect::Elasticsearch, "top -1top a"),
        ] {
            assert_eq!(written(sql, dialect), expected, "{sql}");
        }
    }

    #[test]
    fn clauses_are_words_outside_of_brackets() {
        let words =
            outer_words("SELECT a, (select b group by c) FROM t -- limit", Dialect::OpenSearch);
        assert_eq!(words, ["select", "a", "(", "from", "t"]);
    }
}
