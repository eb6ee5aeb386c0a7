//! Refuses statements that do more than read, by their first words and by the functions they call.
//! What reaches files is closed in the engine too; what is only refused here would write to the
//! server's own output, or change what other runs of the same file see.

use tessera_kernel::{Code as FaultCode, Fault, Result};
use tessera_sqltext::{Bound, Code, Dialect, outline, without_comments};

/// A statement that may be run.
pub(super) struct Statement {
    /// Without comments.
    pub bound: Bound,
    /// Whether it gives rows.
    pub reads: bool,
}

/// Words that a question begins with.
const QUESTIONS: [&str; 13] = [
    "select",
    "with",
    "from",
    "values",
    "table",
    "pivot",
    "pivot_wider",
    "pivot_longer",
    "unpivot",
    "show",
    "describe",
    "desc",
    "summarize",
];

/// Words of statements that change temporary tables, and that the engine itself refuses for the file.
const CHANGES: [&str; 8] =
    ["insert", "update", "delete", "merge", "truncate", "drop", "alter", "use"];

/// What may be created: in a file nothing but the temporary ones, which the engine sees to.
const CREATED: [&str; 10] = [
    "table",
    "view",
    "macro",
    "function",
    "type",
    "sequence",
    "schema",
    "index",
    "unique",
    "recursive",
];

/// Pragmas that only tell something.
const PRAGMAS: [&str; 10] = [
    "collations",
    "database_list",
    "database_size",
    "functions",
    "metadata_info",
    "show_tables",
    "show_tables_expanded",
    "storage_info",
    "table_info",
    "version",
];

/// Functions that do more than compute, or that run a text as a statement.
const FUNCTIONS: [&str; 10] = [
    "arrow_scan",
    "arrow_scan_dumb",
    "checkpoint",
    "force_checkpoint",
    "from_substrait",
    "from_substrait_json",
    "json_execute_serialized_sql",
    "query",
    "truncate_duckdb_logs",
    "write_log",
];

/// Beginnings of the names of functions that switch something for the whole database.
const SWITCHES: [&str; 2] = ["enable_", "disable_"];

/// Looks at one statement.
///
/// # Errors
/// `SourceFailed`, with what is refused.
pub(super) fn check(bound: Bound) -> Result<Statement> {
    let sql = without_comments(&bound.sql, Dialect::DuckDb);
    let code = outline(&sql, Dialect::DuckDb);
    for pair in code.windows(2) {
        if pair[1] == Code::Other("(")
            && let Some(name) = pair[0].name().filter(|name| is_refused(name))
        {
            return Err(refused(&format!("the function {name} is not one of them")));
        }
    }
    let reads = reads(&code)?;
    Ok(Statement { bound: Bound { sql, ..bound }, reads })
}

fn is_refused(name: &str) -> bool {
    FUNCTIONS.contains(&name) || SWITCHES.iter().any(|begin| name.starts_with(begin))
}

fn refused(detail: &str) -> Fault {
    let detail = format!("a DuckDB data source takes only what reads: {detail}");
    Fault::new(FaultCode::SourceFailed, detail)
}

/// Whether a statement gives rows.
fn reads(code: &[Code<'_>]) -> Result<bool> {
    let opening = code.iter().take_while(|part| **part == Code::Other("(")).count();
    let code = code.get(opening..).unwrap_or_default();
    let is = |place: usize, words: &[&str]| {
        code.get(place).is_some_and(|part| words.iter().any(|word| part.is_word(word)))
    };
    if is(0, &QUESTIONS) {
        return Ok(true);
    }
    if is(0, &["explain"]) {
        return reads(explained(code)).map(|_| true);
    }
    let called = code.get(2).is_none_or(|part| *part == Code::Other("("));
    if is(0, &["pragma"]) && is(1, &PRAGMAS) && called {
        return Ok(true);
    }
    let extensions = is(0, &["update"]) && is(1, &["extensions"]) && called;
    let creates = || {
        let skipped = ["or", "replace", "temp", "temporary"];
        let kind = (1..code.len()).find(|place| !is(*place, &skipped));
        kind.is_some_and(|place| is(place, &CREATED))
    };
    if (is(0, &CHANGES) && !extensions)
        || (is(0, &["set", "reset"]) && is(1, &["variable"]))
        || (is(0, &["create"]) && creates())
    {
        return Ok(false);
    }
    let begin: String = match code.first() {
        Some(Code::Word(word)) => word.to_uppercase(),
        _ => "anything but a word".to_owned(),
    };
    Err(refused(&format!("a statement that begins with {begin} is not run")))
}

/// What an `EXPLAIN` is about: behind `ANALYZE` and options between brackets.
fn explained<'c, 't>(code: &'c [Code<'t>]) -> &'c [Code<'t>] {
    let mut rest = code.get(1..).unwrap_or_default();
    if rest.first().is_some_and(|part| part.is_word("analyze")) {
        rest = rest.get(1..).unwrap_or_default();
    }
    if rest.first() == Some(&Code::Other("(")) && !rest.get(1).is_some_and(is_question) {
        let end = rest.iter().position(|part| *part == Code::Other(")"));
        rest = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
    }
    rest
}

fn is_question(part: &Code<'_>) -> bool {
    *part == Code::Other("(") || QUESTIONS.iter().any(|word| part.is_word(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(sql: &str) -> Result<Statement> {
        check(Bound { sql: sql.to_owned(), binds: Vec::new(), display: String::new() })
    }

    #[test]
    fn what_reads_is_run() {
        for sql in [
            "SELECT 1",
            "((select 1) union all (select 2))",
            "from t",
            "/* copy */ with a as (select 1) select * from a",
            "describe t",
            "explain select 1",
            "explain analyze (format json) select 1",
            "explain (select 1)",
            "pragma table_info('t')",
            "pragma version",
            "select enable_x, query from t where \"checkpoint\" in (1)",
        ] {
            assert!(checked(sql).unwrap_or_else(|fault| panic!("{sql}: {fault}")).reads, "{sql}");
        }
        for sql in [
            "create or replace temp table x as select 1",
            "create view v as select 1",
            "set variable x = 5",
            "update extensions set a = 1",
            "insert into x values (1)",
        ] {
            assert!(!checked(sql).unwrap_or_else(|fault| panic!("{sql}: {fault}")).reads, "{sql}");
        }
    }

    #[test]
    fn what_does_more_is_refused() {
        for sql in [
            "copy t to 'x'",
            "/* select */ copy t to 'x'",
            "explain analyze copy t to 'x'",
            "explain copy t to 'x'",
            "explain analyze /* select */ (format json) copy t to 'x'",
            "(copy t to 'x')",
            "attach 'x'",
            "detach x",
            "install httpfs",
            "load httpfs",
            "update extensions (httpfs)",
            "set memory_limit = '1TB'",
            "reset memory_limit",
            "pragma memory_limit = '1TB'",
            "pragma table_info = 1",
            "pragma enable_profiling",
            "call enable_logging()",
            "export database 'x'",
            "import database 'x'",
            "checkpoint",
            "vacuum",
            "prepare p as select 1",
            "execute p",
            "create secret s (type s3)",
            "create persistent secret s (type s3)",
            "create or replace temporary secret s (type s3)",
            "select * from enable_logging()",
            "select * from \"Enable_Logging\" /* x */ ('x')",
            "from main.disable_profiling()",
            "select * from query('select 1')",
            "from json_execute_serialized_sql('x')",
            "select * from arrow_scan(1, 2, 3)",
            "\"select\" 1",
            "'select'",
        ] {
            let fault = checked(sql).err().unwrap_or_else(|| panic!("{sql} is run"));
            assert_eq!(fault.code(), FaultCode::SourceFailed, "{sql}");
        }
    }
}
