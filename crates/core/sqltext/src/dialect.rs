//! What the dialects differ in, as far as the lexer and the binder have to know.

use crate::Dialect;

impl Dialect {
    /// Whether a block comment may have others in it.
    pub(crate) const fn nests_comments(self) -> bool {
        matches!(self, Self::Postgres | Self::SqlServer)
    }

    /// Whether a carriage return ends a comment of one line.
    pub(crate) const fn return_ends_line(self) -> bool {
        matches!(self, Self::Postgres | Self::SqlServer | Self::Trino)
    }

    /// Whether a backslash escapes in every literal.
    pub(crate) const fn escapes(self) -> bool {
        matches!(self, Self::MySql | Self::ClickHouse | Self::Snowflake)
    }

    /// Whether double quotes make literals rather than names.
    pub(crate) const fn double_quotes_text(self) -> bool {
        matches!(self, Self::MySql)
    }

    /// Whether backticks make names.
    pub(crate) const fn has_backticks(self) -> bool {
        matches!(self, Self::Sqlite | Self::MySql | Self::ClickHouse)
    }

    /// Whether brackets make names.
    pub(crate) const fn has_brackets(self) -> bool {
        matches!(self, Self::Sqlite | Self::SqlServer)
    }

    /// Whether `$tag$…$tag$` is a literal, or `$$…$$` alone.
    pub(crate) const fn has_dollar_quotes(self) -> bool {
        matches!(self, Self::Postgres | Self::ClickHouse | Self::Snowflake)
    }

    /// Whether dollar quotes may have a tag in them.
    pub(crate) const fn tags_dollar_quotes(self) -> bool {
        !matches!(self, Self::Snowflake)
    }

    /// Whether a question mark is a placeholder.
    pub(crate) const fn has_question_marks(self) -> bool {
        matches!(self, Self::Sqlite | Self::MySql | Self::Trino | Self::Snowflake)
    }

    /// Whether `N'…'` is a literal.
    pub(crate) const fn has_national_literals(self) -> bool {
        matches!(self, Self::Postgres | Self::MySql | Self::SqlServer)
    }

    /// Whether `B'…'` is a literal of bits.
    pub(crate) const fn has_bit_literals(self) -> bool {
        matches!(self, Self::Postgres | Self::MySql | Self::ClickHouse)
    }

    /// Whether `U&'…'` is a literal.
    pub(crate) const fn has_unicode_literals(self) -> bool {
        matches!(self, Self::Postgres | Self::Trino)
    }

    /// Whether a type may stand in front of a literal, as in `date '…'`.
    pub(crate) const fn has_typed_literals(self) -> bool {
        !matches!(self, Self::Sqlite | Self::SqlServer | Self::Document(_))
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
            Self::Postgres | Self::Sqlite | Self::Trino | Self::Snowflake | Self::Document(_) => {
                &["limit", "offset", "fetch"]
            }
            Self::MySql => &["limit", "for", "lock", "into", "procedure"],
            Self::ClickHouse => &["limit", "offset", "fetch", "format", "settings", "into"],
            Self::SqlServer => {
                &["top", "offset", "fetch", "into", "union", "except", "intersect", "for", "option"]
            }
        }
    }
}
