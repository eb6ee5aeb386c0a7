//! SQL text as text: a dialect-aware lexer, `{{ parameter }}` templates, typed binding, row limits
//! and the class of a statement.
//!
//! It runs nothing and knows no database. A [`Template`] is parsed once; [`Template::resolve`]
//! checks what a caller gave against the [`Parameter`] definitions and makes typed [`Values`];
//! [`Template::bind`] turns text and values into a [`Bound`]: a statement with placeholders, and
//! the values for them. A value is never written into the statement. The one exception is an option
//! of an enum, which the author of the text wrote.
//!
//! Entry points: [`Template`], [`parse_parameters`], [`query_hash`], [`apply_auto_limit`],
//! [`normalize_statements`], [`classify`].

mod bind;
mod bounds;
mod classify;
mod dates;
mod dialect;
mod document;
mod dynamic;
mod hash;
mod lexer;
mod limit;
mod literal;
mod parameters;
mod placeholder;
mod references;
mod resolve;
mod split;
mod tags;
mod template;
mod typed;
mod values;

pub use bind::{Bind, Bound};
pub use classify::{StatementClass, classify};
pub use document::{Document, Stretch, typed_mark};
pub use hash::query_hash;
pub use limit::{apply_auto_limit, normalize_statements};
pub use parameters::{MultiValues, Parameter, ParameterKind, default_values, parse_parameters};
pub use references::{ResultOf, ResultReference, ResultReferences, result_references};
pub use resolve::Context;
pub use tags::is_attribute;
pub use template::{Template, attributes_in};
pub use values::{Number, Scalar, Value, Values};

/// Whose SQL a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL, with `standard_conforming_strings` on.
    Postgres,
    /// SQLite.
    Sqlite,
    /// MySQL and MariaDB, with backslash escapes and without `ANSI_QUOTES`.
    MySql,
    /// ClickHouse.
    ClickHouse,
    /// SQL Server, with `QUOTED_IDENTIFIER` on.
    SqlServer,
    /// Trino and Presto.
    Trino,
    /// Snowflake.
    Snowflake,
    /// No SQL: a document, whose scalars take the values.
    Document(Document),
}
