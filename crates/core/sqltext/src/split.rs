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
        let sign = match dialect {
            Dialect::Postgres => '$',
            Dialect::Sqlite | Dialect::Document(_) => '?',
        };
        statements(&self.sql, dialect)
            .into_iter()
            .filter(|tokens| tokens.iter().any(crate::lexer::Token::is_code))
            .map(|tokens| {
                let mut sql = String::new();
                let mut binds: Vec<Bind> = Vec::new();
                for token in tokens {
                    let text = token.text(&self.sql);
                    let number = (token.kind == Kind::Placeholder)
                        .then(|| text.get(1..)?.parse::<usize>().ok())
                        .flatten();
                    match number.and_then(|number| self.binds.get(number.checked_sub(1)?)) {
                        Some(bind) => {
                            binds.push(bind.clone());
                            sql.push(sign);
                            sql.push_str(&binds.len().to_string());
                        }
                        None => sql.push_str(text),
                    }
                }
                Self { sql, binds, display: self.display.clone() }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
