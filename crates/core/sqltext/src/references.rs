//! Finds the stored results that a text names as tables: `query_5`, `cached_query_5` and
//! `param_query_5_{a=1&b=2}`.

use tessera_kernel::{Code, Fault, Result};

use crate::Dialect;
use crate::bind::{Bind, Bound};
use crate::lexer::{Kind, Token, lex};

/// Which result of a query a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultOf {
    /// That of a new run.
    Run,
    /// The latest stored one.
    Cached,
    /// That of a new run with these values, in the order of the text; a name may occur twice.
    With(Vec<(String, String)>),
}

/// A result that a text reads as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultReference {
    /// The name of the table in [`ResultReferences::sql`]; each name occurs once.
    pub table: String,
    /// The number of the query.
    pub query: i64,
    /// Which result.
    pub of: ResultOf,
}

/// A text whose tables have plain names, and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultReferences {
    /// The statement; `param_query_5_{…}` is written as a plain name there.
    pub sql: String,
    /// The tables, in the order of the text.
    pub found: Vec<ResultReference>,
}

/// The results that a bound text names after `FROM` or `JOIN`. A value in braces that is one of the
/// text's placeholders is the value bound to it.
///
/// # Errors
/// `Invalid` if braces are not closed, or a value is not `name=value`.
pub fn result_references(bound: &Bound, dialect: Dialect) -> Result<ResultReferences> {
    let mut scan = Scan { bound, sql: String::new(), found: Vec::new(), values: Vec::new() };
    let mut rest = bound.sql.as_str();
    let mut before = Before::default();
    while !rest.is_empty() {
        rest = scan.part(rest, dialect, &mut before)?;
    }
    Ok(ResultReferences { sql: scan.sql, found: scan.found })
}

/// What stands in front of a token.
#[derive(Default)]
struct Before {
    /// A table may come now.
    table: bool,
}

struct Scan<'a> {
    bound: &'a Bound,
    sql: String,
    found: Vec<ResultReference>,
    /// The values of each `param_query`, as they are written.
    values: Vec<(i64, String)>,
}

impl Scan<'_> {
    /// Reads up to the end of the next braces; returns what is left.
    fn part<'t>(
        &mut self,
        text: &'t str,
        dialect: Dialect,
        before: &mut Before,
    ) -> Result<&'t str> {
        let tokens = lex(text, &[], dialect);
        for (place, token) in tokens.iter().enumerate() {
            let word = token.text(text);
            let follows = tokens.get(place + 1).filter(|next| next.kind == Kind::Symbol('{'));
            if token.kind == Kind::Word
                && let Some(brace) = follows
                && let Some(query) = param_query(word)
            {
                let inside = text.get(brace.end..).unwrap_or_default();
                let Some((values, rest)) = inside.split_once('}') else {
                    let detail = format!("the braces after {word} are not closed");
                    return Err(Fault::invalid("query", detail));
                };
                let table = self.with_values(query, values)?;
                self.sql.push_str(&table);
                before.table = false;
                return Ok(rest);
            }
            self.sql.push_str(word);
            if token.is_code() {
                if before.table && !defines(&tokens, place, text) {
                    self.table(token, text);
                }
                before.table = matches!(token.kind, Kind::Symbol(',' | '('))
                    || token.is_word(text, "from")
                    || token.is_word(text, "join");
            }
        }
        Ok("")
    }

    fn table(&mut self, token: &Token, text: &str) {
        let word = match token.kind {
            Kind::Word => token.text(text),
            Kind::Identifier(_) => {
                let inner = token.text(text);
                inner.get(1..inner.len().saturating_sub(1)).unwrap_or_default()
            }
            _ => return,
        };
        let table = word.to_ascii_lowercase();
        let (of, number) = match table.strip_prefix("cached_query_") {
            Some(number) => (ResultOf::Cached, number),
            None => match table.strip_prefix("query_") {
                Some(number) => (ResultOf::Run, number),
                None => return,
            },
        };
        let Some(query) = number_of(number) else { return };
        if !self.found.iter().any(|found| found.table == table) {
            self.found.push(ResultReference { table, query, of });
        }
    }

    /// The table of a query with values; the same values make the same table.
    fn with_values(&mut self, query: i64, written: &str) -> Result<String> {
        let known = self.values.iter().position(|(id, text)| *id == query && text == written);
        let place = known.unwrap_or(self.values.len());
        let table = format!("param_query_{query}_{}", place + 1);
        if known.is_some() {
            return Ok(table);
        }
        let mut values = Vec::new();
        for pair in written.split('&').filter(|pair| !pair.trim().is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                let detail = format!("write values as name=value: {pair:?} is none");
                return Err(Fault::invalid("query", detail));
            };
            values.push((decode(name.trim())?, self.value(value)?));
        }
        self.values.push((query, written.to_owned()));
        self.found.push(ResultReference {
            table: table.clone(),
            query,
            of: ResultOf::With(values),
        });
        Ok(table)
    }

    /// A value: that of a placeholder of ours, or else the decoded text.
    fn value(&self, written: &str) -> Result<String> {
        let bare = written.trim().trim_matches('\'');
        let number = bare.strip_prefix(['?', '$']).and_then(|text| text.parse::<usize>().ok());
        let bind = number.and_then(|number| self.bound.binds.get(number.checked_sub(1)?));
        match bind {
            Some(bind) => Ok(text_of(bind)),
            None => decode(written),
        }
    }
}

/// Whether a name is defined here, as that of a common table expression, or stands in front of a
/// column.
fn defines(tokens: &[Token], place: usize, text: &str) -> bool {
    let mut next = tokens.iter().skip(place + 1).filter(|token| token.is_code());
    match next.next() {
        Some(token) if token.is_word(text, "as") => {
            next.next().is_some_and(|token| token.kind == Kind::Symbol('('))
        }
        Some(token) => token.kind == Kind::Symbol('.'),
        None => false,
    }
}

/// The number of the query in `param_query_5_`.
fn param_query(word: &str) -> Option<i64> {
    let word = word.to_ascii_lowercase();
    number_of(word.strip_prefix("param_query_")?.trim_end_matches('_'))
}

fn number_of(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn text_of(bind: &Bind) -> String {
    match bind {
        Bind::Integer(value) => value.to_string(),
        Bind::Decimal(text) | Bind::Text(text) | Bind::Untyped(text) => text.clone(),
        Bind::Date(value) => value.to_string(),
        Bind::Datetime(value) => value.format("%Y-%m-%d %H:%M:%S%.f").to_string(),
    }
}

/// Reads a value as it stands in an address: `+` is a blank, `%41` a letter.
fn decode(text: &str) -> Result<String> {
    let bad = || Fault::new(Code::Invalid, "a value in braces has a bad %XX").with_field("query");
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit().ok_or_else(bad)?, digit().ok_or_else(bad)?);
                u8::try_from(high * 16 + low).map_err(|_| bad())?
            }
            other => other,
        });
    }
    String::from_utf8(out).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(sql: &str, binds: Vec<Bind>) -> Bound {
        Bound { sql: sql.to_owned(), binds, display: String::new() }
    }

    fn tables(sql: &str) -> Vec<String> {
        let found = result_references(&bound(sql, Vec::new()), Dialect::Sqlite).expect("reads");
        assert_eq!(found.sql, sql);
        found.found.into_iter().map(|reference| reference.table).collect()
    }

    #[test]
    fn tables_are_found_where_tables_stand() {
        assert_eq!(tables("select * from query_5 where id < 3"), ["query_5"]);
        assert_eq!(
            tables("SELECT * FROM\n Query_1 a /* query_9 */ JOIN \"cached_query_2\" b, query_3"),
            ["query_1", "cached_query_2", "query_3"]
        );
        assert_eq!(tables("select query_1.id, query_1.x from query_1"), ["query_1"]);
        assert_eq!(tables("select 'from query_1' -- from query_2"), Vec::<String>::new());
        assert_eq!(
            tables("with query_1 as (select * from query_2) select * from query_3x"),
            ["query_2"]
        );
        assert_eq!(tables("select * from (query_1 join query_2)"), ["query_1", "query_2"]);
    }

    #[test]
    fn values_in_braces_are_values() {
        let text = "select * from param_query_7_{a=1&b=it's+%27x%27} x \
                    join param_query_7_{a=1&b=it's+%27x%27} y join param_query_7_{a=?1} z";
        let binds = vec![Bind::Text("a&b=2'} --".to_owned())];
        let found = result_references(&bound(text, binds), Dialect::Sqlite).expect("reads");
        assert_eq!(
            found.sql,
            "select * from param_query_7_1 x join param_query_7_1 y join param_query_7_2 z"
        );
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let values = [vec![pair("a", "1"), pair("b", "it's 'x'")], vec![pair("a", "a&b=2'} --")]];
        let given: Vec<_> = found.found.iter().map(|reference| reference.of.clone()).collect();
        assert_eq!(given, values.map(ResultOf::With));
        assert_eq!(found.found[0].query, 7);
    }

    #[test]
    fn what_cannot_be_read_names_itself() {
        for text in [
            "select * from param_query_1_{a=1",
            "from param_query_1_{a}",
            "from param_query_1_{a=%g}",
        ] {
            let fault = result_references(&bound(text, Vec::new()), Dialect::Sqlite);
            assert_eq!(fault.expect_err("refused").field(), Some("query"), "{text}");
        }
    }
}
