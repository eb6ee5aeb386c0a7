//! Statements: read from `sql/`, with what differs between the engines filled in.
//!
//! Besides plain SQL with `$1` for values, a text may contain `{name alias}` for the columns of a
//! record (see [`columns`](crate::columns)), `{ids $1}` or `{texts $1}` for a list that is bound as
//! one value, `{json column member}` for a member of a JSON object as text, and `{match $1}`,
//! `{match_dashboards $1}`, `{match_alerts $1}` or `{match_snippets $1}` for the objects whose words fit
//! a pattern (see `search::words`).

use std::borrow::Cow;
use std::ops::BitOr;
use std::sync::OnceLock;

use super::tables::Tables;
use super::value::Value;
use crate::columns;

/// Which engine keeps the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// A file on this machine.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// A statement of a file.
#[derive(Debug)]
pub(crate) struct Statement {
    sqlite: &'static str,
    postgres: &'static str,
    ready: [OnceLock<String>; 2],
    /// What it reads and what it may write to.
    tables: OnceLock<(Tables, Tables)>,
}

impl Statement {
    pub(crate) const fn new(sqlite: &'static str, postgres: &'static str) -> Self {
        let ready = [OnceLock::new(), OnceLock::new()];
        Self { sqlite, postgres, ready, tables: OnceLock::new() }
    }

    fn tables(&self) -> (Tables, Tables) {
        *self.tables.get_or_init(|| {
            let texts = [self.sqlite, self.postgres];
            let all =
                |of: fn(&str) -> Tables| texts.into_iter().map(of).fold(Tables::NONE, BitOr::bitor);
            (all(Tables::read_by), all(Tables::written_by))
        })
    }

    fn text(&self, engine: Engine) -> &str {
        match engine {
            Engine::Sqlite => self.ready[0].get_or_init(|| expand(self.sqlite, engine)),
            Engine::Postgres => self.ready[1].get_or_init(|| expand(self.postgres, engine)),
        }
    }
}

/// Where the text of a call comes from.
#[derive(Debug, Clone)]
enum Source {
    File(&'static Statement),
    Composed(String),
}

/// A statement with its values.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    source: Source,
    pub(super) params: Vec<Value>,
}

impl Call {
    pub(crate) fn new(statement: &'static Statement, params: Vec<Value>) -> Self {
        Self { source: Source::File(statement), params }
    }

    /// A list whose conditions depend on the request; texts of the request are always bound.
    pub(crate) fn composed(text: String, params: Vec<Value>) -> Self {
        Self { source: Source::Composed(text), params }
    }

    /// The same number for the same statement of a file.
    pub(super) fn identity(&self) -> Option<usize> {
        match &self.source {
            Source::File(statement) => Some(std::ptr::from_ref(*statement).addr()),
            Source::Composed(_) => None,
        }
    }

    /// The tables that it reads.
    pub(super) fn reads(&self) -> Tables {
        match &self.source {
            Source::File(statement) => statement.tables().0,
            Source::Composed(_) => Tables::ALL,
        }
    }

    /// The tables that it may write to.
    pub(super) fn writes(&self) -> Tables {
        match &self.source {
            Source::File(statement) => statement.tables().1,
            Source::Composed(_) => Tables::ALL,
        }
    }

    pub(super) fn text(&self, engine: Engine) -> Cow<'_, str> {
        match &self.source {
            Source::File(statement) => Cow::Borrowed(statement.text(engine)),
            Source::Composed(text) => Cow::Owned(expand(text, engine)),
        }
    }
}

/// The statement of `sql/<name>.sql`; with `pg`, that of `sql/<name>.pg.sql` on PostgreSQL.
macro_rules! sql {
    ($name:literal) => {{
        const TEXT: &str =
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql"));
        static STATEMENT: $crate::db::Statement = $crate::db::Statement::new(TEXT, TEXT);
        &STATEMENT
    }};
    ($name:literal pg) => {{
        static STATEMENT: $crate::db::Statement = $crate::db::Statement::new(
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".pg.sql")),
        );
        &STATEMENT
    }};
}

/// A call of the statement `sql/<name>.sql` with values.
macro_rules! call {
    ($name:literal $(, $value:expr)* $(,)?) => {
        $crate::db::Call::new(
            $crate::db::sql!($name),
            vec![$($crate::db::Value::from($value)),*],
        )
    };
}

/// The same, for a statement that has a second file for PostgreSQL.
macro_rules! call_each {
    ($name:literal $(, $value:expr)* $(,)?) => {
        $crate::db::Call::new(
            $crate::db::sql!($name pg),
            vec![$($crate::db::Value::from($value)),*],
        )
    };
}

pub(crate) use {call, call_each, sql};

/// Fills in what stands in braces, and writes parameters as the engine wants them.
fn expand(text: &str, engine: Engine) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let close = after.find('}').unwrap_or(after.len() - 1);
        let (name, argument) = after[1..close].split_once(' ').unwrap_or((&after[1..close], ""));
        out.push_str(&fill(name, argument, engine));
        rest = &after[close + 1..];
    }
    out.push_str(rest);
    match engine {
        // `?1` is a parameter by number; `$1` would be one by name.
        Engine::Sqlite => out.replace('$', "?"),
        Engine::Postgres => out,
    }
}

fn fill(name: &str, argument: &str, engine: Engine) -> String {
    match (name, engine) {
        ("ids" | "texts", Engine::Sqlite) => {
            format!("(SELECT value FROM json_each({argument}))")
        }
        ("ids", Engine::Postgres) => format!(
            "(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(CAST({argument} AS TEXT) AS JSON)))"
        ),
        ("texts", Engine::Postgres) => format!(
            "(SELECT value FROM json_array_elements_text(CAST(CAST({argument} AS TEXT) AS JSON)))"
        ),
        ("json", Engine::Sqlite) => match argument.split_once(' ') {
            Some((column, member)) => format!("({column} ->> '{member}')"),
            None => String::new(),
        },
        ("json", Engine::Postgres) => match argument.split_once(' ') {
            // As text this engine has no U+0000, and refuses the whole object because of one.
            Some((column, member)) => {
                format!("(CAST(REPLACE({column}, '\\u0000', '\\uFFFD') AS JSON) ->> '{member}')")
            }
            None => String::new(),
        },
        ("match", _) => matching("query", argument, engine),
        ("match_dashboards", _) => matching("dashboard", argument, engine),
        ("match_alerts", _) => matching("alert", argument, engine),
        ("match_snippets", _) => matching("snippet", argument, engine),
        (record, _) => columns::of(record, argument),
    }
}

/// The numbers of the objects of a kind whose words fit a pattern.
fn matching(kind: &str, pattern: &str, engine: Engine) -> String {
    match engine {
        Engine::Sqlite => {
            format!("(SELECT rowid FROM {kind}_words WHERE {kind}_words MATCH {pattern})")
        }
        Engine::Postgres => format!(
            "(SELECT {kind}_id FROM {kind}_words WHERE words @@ CAST(CAST({pattern} AS TEXT) AS TSQUERY))"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_lists_are_written_for_each_engine() {
        let text = "SELECT {session s} FROM sessions s WHERE s.user_id IN {ids $1}";
        let sqlite = expand(text, Engine::Sqlite);
        assert!(sqlite.starts_with("SELECT s.uid, s.digest, s.user_id"), "{sqlite}");
        assert!(sqlite.ends_with("IN (SELECT value FROM json_each(?1))"), "{sqlite}");
        assert!(expand(text, Engine::Postgres).contains("CAST($1 AS TEXT)"));
    }
}
