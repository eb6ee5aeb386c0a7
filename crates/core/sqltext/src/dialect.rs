//! What the dialects differ in, as far as the lexer and the binder have to know.

use crate::Dialect;

impl Dialect {
    /// Whether literals are those of PostgreSQL: `E'…'`, and `'…'` that goes on after a line break.
    pub(crate) const fn has_postgres_literals(self) -> bool {
        matches!(self, Self::Postgres | Self::DuckDb)
    }

    /// Whether a character is white space. Most databases take blanks beyond ASCII for letters.
    pub(crate) const fn is_space(self, c: char) -> bool {
        let wide = matches!(
            c,
            '\u{a0}' | '\u{2000}'
                ..='\u{200d}' | '\u{202f}' | '\u{205f}' | '\u{2060}' | '\u{3000}' | '\u{feff}'
        );
        matches!(c, ' ' | '\t'..='\r') || (wide && matches!(self, Self::DuckDb))
    }

    /// Whether a block comment may have others in it.
    pub(crate) const fn nests_comments(self) -> bool {
        matches!(self, Self::Postgres | Self::SqlServer | Self::Elasticsearch | Self::DuckDb)
    }

    /// Whether a carriage return ends a comment of one line.
    pub(crate) const fn return_ends_line(self) -> bool {
        matches!(
            self,
            Self::Postgres
                | Self::SqlServer
                | Self::Trino
                | Self::BigQuery
                | Self::Elasticsearch
                | Self::OpenSearch
                | Self::DuckDb
        )
    }

    /// Whether a backslash escapes in every literal.
    pub(crate) const fn escapes(self) -> bool {
        matches!(self, Self::MySql | Self::ClickHouse | Self::Snowflake | Self::OpenSearch)
    }

    /// Whether double quotes make literals rather than names.
    pub(crate) const fn double_quotes_text(self) -> bool {
        matches!(self, Self::MySql | Self::BigQuery | Self::OpenSearch)
    }

    /// Whether backticks make names.
    pub(crate) const fn has_backticks(self) -> bool {
        matches!(
            self,
            Self::Sqlite
                | Self::MySql
                | Self::ClickHouse
                | Self::BigQuery
                | Self::Elasticsearch
                | Self::OpenSearch
        )
    }

    /// Whether brackets make names.
    pub(crate) const fn has_brackets(self) -> bool {
        matches!(self, Self::Sqlite | Self::SqlServer)
    }

    /// Whether `$tag$…$tag$` is a literal, or `$$…$$` alone.
    pub(crate) const fn has_dollar_quotes(self) -> bool {
        matches!(self, Self::Postgres | Self::ClickHouse | Self::Snowflake | Self::DuckDb)
    }

    /// Whether dollar quotes may have a tag in them.
    pub(crate) const fn tags_dollar_quotes(self) -> bool {
        !matches!(self, Self::Snowflake)
    }

    /// Whether a question mark is a placeholder.
    pub(crate) const fn has_question_marks(self) -> bool {
        matches!(
            self,
            Self::Sqlite
                | Self::MySql
                | Self::Trino
                | Self::Snowflake
                | Self::BigQuery
                | Self::Elasticsearch
                | Self::OpenSearch
                | Self::DuckDb
        )
    }

    /// Whether `N'…'` is a literal.
    pub(crate) const fn has_national_literals(self) -> bool {
        matches!(self, Self::Postgres | Self::MySql | Self::SqlServer | Self::DuckDb)
    }

    /// Whether `B'…'` is a literal of bits.
    pub(crate) const fn has_bit_literals(self) -> bool {
        matches!(self, Self::Postgres | Self::MySql | Self::ClickHouse | Self::DuckDb)
    }

    /// Whether `X'…'` is a literal of bytes.
    pub(crate) const fn has_hex_literals(self) -> bool {
        !matches!(self, Self::SqlServer | Self::BigQuery | Self::Elasticsearch | Self::OpenSearch)
    }

    /// Whether a backslash escapes in quoted names.
    pub(crate) const fn escapes_in_names(self) -> bool {
        matches!(self, Self::ClickHouse | Self::BigQuery | Self::OpenSearch)
    }

    /// Whether a quote that is written twice stands for one.
    pub(crate) const fn doubles_quotes(self) -> bool {
        !matches!(self, Self::BigQuery)
    }

    /// A name between quotes, whatever is in it.
    pub(crate) fn quoted_name(self, quote: char, name: &str) -> String {
        let mut quoted = String::from(quote);
        for letter in name.chars() {
            if letter == '\\' && self.escapes_in_names() {
                quoted.push('\\');
            } else if letter == quote {
                quoted.push(if self.doubles_quotes() { quote } else { '\\' });
            }
            quoted.push(letter);
        }
        quoted.push(quote);
        quoted
    }

    /// Whether `U&'…'` is a literal.
    pub(crate) const fn has_unicode_literals(self) -> bool {
        matches!(self, Self::Postgres | Self::Trino | Self::DuckDb)
    }

    /// Whether a type may stand in front of a literal, as in `date '…'`.
    pub(crate) const fn has_typed_literals(self) -> bool {
        !matches!(
            self,
            Self::Sqlite
                | Self::SqlServer
                | Self::Elasticsearch
                | Self::OpenSearch
                | Self::Document(_)
        )
    }

    /// Whether a cast to a written type is known by another name here.
    pub(crate) fn cast_name(self, written: &str) -> String {
        let is = |name: &str| written.eq_ignore_ascii_case(name);
        match self {
            Self::MySql if is("timestamp") => "DATETIME(6)".to_owned(),
            Self::MySql if is("time") => "TIME(6)".to_owned(),
            Self::ClickHouse if is("timestamp") => "DateTime64(6)".to_owned(),
            Self::ClickHouse if is("date") => "Date32".to_owned(),
            _ => written.to_owned(),
        }
    }

    /// Words after which no limit of rows may be added to a query.
    pub(crate) const fn ends_of_query(self) -> &'static [&'static str] {
        match self {
            Self::Postgres
            | Self::Sqlite
            | Self::Trino
            | Self::Snowflake
            | Self::Elasticsearch
            | Self::OpenSearch
            | Self::DuckDb
            | Self::Document(_) => &["limit", "offset", "fetch"],
            // OFFSET also numbers the elements of a list, and stands behind LIMIT only.
            Self::BigQuery => &["limit"],
            Self::MySql => &["limit", "for", "lock", "into", "procedure"],
            Self::ClickHouse => &["limit", "offset", "fetch", "format", "settings", "into"],
            Self::SqlServer => {
                &["top", "offset", "fetch", "into", "union", "except", "intersect", "for", "option"]
            }
        }
    }
}
