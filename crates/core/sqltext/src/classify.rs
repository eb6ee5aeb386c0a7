//! What a text does to the database, as far as its words tell.

use crate::Dialect;
use crate::lexer::{Kind, Token};
use crate::limit::statements;

/// What a statement does; the later ones are the more dangerous.
///
/// It is read off the words only: a function that a `SELECT` calls may do anything. Let the
/// database itself enforce what a role may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatementClass {
    /// There is no statement.
    Empty,
    /// It reads.
    Read,
    /// It changes rows, or locks them.
    Write,
    /// It changes tables, views, rights and the like.
    Definition,
    /// It changes the session or the server, reaches outside, or is not known.
    Control,
}

/// The class of the most dangerous statement of a text.
#[must_use]
pub fn classify(text: &str, dialect: Dialect) -> StatementClass {
    statements(text, dialect)
        .iter()
        .map(|statement| {
            let code: Vec<_> = statement.iter().filter(|token| token.is_code()).collect();
            classify_one(text, &code, dialect)
        })
        .max()
        .unwrap_or(StatementClass::Empty)
}

fn classify_one(text: &str, code: &[&Token], dialect: Dialect) -> StatementClass {
    let opening = code.iter().take_while(|token| token.kind == Kind::Symbol('(')).count();
    let code = code.get(opening..).unwrap_or_default();
    let Some(first) = code.first() else { return StatementClass::Control };
    if first.kind != Kind::Word {
        return StatementClass::Control;
    }
    match first.text(text).to_ascii_lowercase().as_str() {
        "select" | "with" | "values" | "table" => reading(text, code),
        "from" if dialect == Dialect::BigQuery => reading(text, code),
        "show" | "describe" | "desc" => StatementClass::Read,
        "explain" => explained(text, code, dialect),
        "insert" | "update" | "delete" | "merge" | "replace" | "truncate" => StatementClass::Write,
        "create" | "alter" | "drop" | "comment" | "grant" | "revoke" | "reindex" | "refresh"
        | "analyze" | "analyse" | "cluster" | "security" | "import" | "reassign" => {
            StatementClass::Definition
        }
        "pragma" if reads_pragma(text, code) => StatementClass::Read,
        _ => StatementClass::Control,
    }
}

/// A query: what it reads from may write, it may lock rows, and it may make a table.
fn reading(text: &str, code: &[&Token]) -> StatementClass {
    let is = |index: usize, words: &[&str]| {
        code.get(index).is_some_and(|token| words.iter().any(|word| token.is_word(text, word)))
    };
    let mut class = StatementClass::Read;
    for index in 1..code.len() {
        let begins_write = is(index, &["insert", "update", "delete", "merge", "replace"])
            && !is(index - 1, &["as"])
            && code.get(index + 1).is_some_and(|next| {
                matches!(next.kind, Kind::Word | Kind::Identifier(_) | Kind::Tag(_))
            });
        let locks = is(index, &["for"]) && is(index + 1, &["update", "share", "no", "key"]);
        if begins_write && is(0, &["with"]) || locks {
            class = class.max(StatementClass::Write);
        }
        // The INTO of an INSERT (also INSERT OR IGNORE) makes no table.
        let inserts = (1..=3).filter_map(|back| index.checked_sub(back));
        let inserts = inserts.into_iter().any(|at| is(at, &["insert", "merge", "replace"]));
        if is(index, &["into"]) && !inserts {
            class = class.max(StatementClass::Definition);
        }
    }
    class
}

/// `EXPLAIN` only plans, unless it is to measure: then it runs the statement.
fn explained(text: &str, code: &[&Token], dialect: Dialect) -> StatementClass {
    let mut rest = code.get(1..).unwrap_or_default();
    let mut runs = false;
    if rest.first().is_some_and(|token| token.kind == Kind::Symbol('(')) {
        let end =
            rest.iter().position(|token| token.kind == Kind::Symbol(')')).unwrap_or(rest.len());
        let (options, statement) = rest.split_at(end);
        // `EXPLAIN (SELECT 1)` has no options.
        let known = |token: &&Token| {
            ["select", "with", "values", "table"].iter().any(|word| token.is_word(text, word))
        };
        if !options.get(1).is_some_and(known) {
            runs = options.iter().any(|token| is_analyze(text, token));
            rest = statement.get(1..).unwrap_or_default();
        }
    }
    while let Some(token) = rest.first() {
        let analyze = is_analyze(text, token);
        if !analyze && !token.is_word(text, "verbose") {
            break;
        }
        runs |= analyze;
        rest = rest.get(1..).unwrap_or_default();
    }
    if runs { classify_one(text, rest, dialect) } else { StatementClass::Read }
}

fn is_analyze(text: &str, token: &Token) -> bool {
    token.is_word(text, "analyze") || token.is_word(text, "analyse")
}

/// Pragmas that tell about the schema.
const READING_PRAGMAS: [&str; 12] = [
    "collation_list",
    "compile_options",
    "database_list",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "module_list",
    "table_info",
    "table_list",
    "table_xinfo",
];

fn reads_pragma(text: &str, code: &[&Token]) -> bool {
    let qualified = code.get(2).is_some_and(|token| token.kind == Kind::Symbol('.'));
    code.get(if qualified { 3 } else { 1 })
        .is_some_and(|name| READING_PRAGMAS.iter().any(|pragma| name.is_word(text, pragma)))
        && !code.iter().any(|token| token.kind == Kind::Symbol('='))
}
