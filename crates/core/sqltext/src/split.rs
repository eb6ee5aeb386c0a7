//! Takes a bound text apart, for databases that run one statement at a time.

use crate::Dialect;
use crate::bind::{Bind, Bound};
use crate::lexer::Kind;
use crate::limit::statements;

impl Bound {
    /// The statements one by one, each with its own placeholders from 1 and the values for them.
    /// Statements that are empty or only comments are left out.
    #[must_use]
    pub fn statements(&self, dialect: Dialect) -> Vec<Self> {
        let mut nameless = 0_usize;
        statements(&self.sql, dialect)
            .into_iter()
            .filter(|tokens| tokens.iter().any(crate::lexer::Token::is_code))
            .map(|tokens| {
                let mut sql = String::new();
                let mut binds: Vec<Bind> = Vec::new();
                for token in tokens {
                    let text = token.text(&self.sql);
                    let placeholder = (token.kind == Kind::Placeholder)
                        .then(|| Placeholder::read(text, &mut nameless))
                        .flatten();
                    let found = placeholder.and_then(|placeholder| {
                        Some((self.binds.get(placeholder.number.checked_sub(1)?)?, placeholder))
                    });
                    match found {
                        Some((bind, placeholder)) => {
                            binds.push(bind.clone());
                            placeholder.write(binds.len(), &mut sql);
                        }
                        None => sql.push_str(text),
                    }
                }
                Self { sql, binds, display: self.display.clone() }
            })
            .collect()
    }
}

/// A placeholder of ours, by what is around its number.
struct Placeholder<'t> {
    before: &'t str,
    number: usize,
    /// Whether the number is written.
    numbered: bool,
    after: &'t str,
}

impl<'t> Placeholder<'t> {
    /// `$1`, `?1`, `@P1`, `{p1:Type}`, or `?`, which has none: then it is the next one.
    fn read(text: &'t str, nameless: &mut usize) -> Option<Self> {
        if text == "?" {
            *nameless += 1;
            return Some(Self { before: text, number: *nameless, numbered: false, after: "" });
        }
        let begin = text.find(|c: char| c.is_ascii_digit())?;
        let (before, rest) = text.split_at(begin);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        Some(Self { before, number: digits.parse().ok()?, numbered: true, after })
    }

    fn write(&self, number: usize, sql: &mut String) {
        sql.push_str(self.before);
        if self.numbered {
            sql.push_str(&number.to_string());
        }
        sql.push_str(self.after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_placeholder_is_found_again() {
        for (sql, dialect, expected) in [
            ("a ?; b ?, '?', ?", Dialect::MySql, "b ?, '?', ?"),
            ("a ?1; b ?2, '?', ?3", Dialect::Sqlite, "b ?1, '?', ?2"),
            ("a @P1; b @P2, '@P2', @P3", Dialect::SqlServer, "b @P1, '@P2', @P2"),
            (
                "a {p1:Int64}; b {p2:Decimal(76,2)}, '{p2:String}', {p3:String}",
                Dialect::ClickHouse,
                "b {p1:Decimal(76,2)}, '{p2:String}', {p2:String}",
            ),
        ] {
            let binds = (1..=3).map(Bind::Integer).collect();
            let bound = Bound { sql: sql.to_owned(), binds, display: String::new() };
            let parts = bound.statements(dialect);
            assert_eq!(parts[1].sql, expected);
            assert_eq!(parts[1].binds, [Bind::Integer(2), Bind::Integer(3)], "{sql}");
        }
    }

    #[test]
    fn each_statement_gets_its_own_values() {
        let bound = Bound {
            sql: "select $1::int4; -- nothing\n;\nselect $2, '$1', $3 from t;".to_owned(),
            binds: vec![
                Bind::Integer(1),
                Bind::Untyped("two".to_owned()),
                Bind::Untyped("three".to_owned()),
            ],
            display: String::new(),
        };
        let parts = bound.statements(Dialect::Postgres);
        let texts: Vec<&str> = parts.iter().map(|part| part.sql.as_str()).collect();
        assert_eq!(texts, ["select $1::int4", "select $1, '$1', $2 from t"]);
        assert_eq!(parts[0].binds, [Bind::Integer(1)]);
        assert_eq!(
            parts[1].binds,
            [Bind::Untyped("two".to_owned()), Bind::Untyped("three".to_owned())]
        );
        assert!(
            Bound { sql: " -- x".to_owned(), ..bound }.statements(Dialect::Postgres).is_empty()
        );
    }
}
