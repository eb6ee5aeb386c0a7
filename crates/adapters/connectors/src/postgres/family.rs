//! The types of data sources that speak PostgreSQL's protocol, and what each of them cannot.

use tessera_bi::SourceType;
use tessera_sqltext::Dialect;

use super::options;

/// One of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Postgres,
    Redshift,
    RedshiftIam,
    Cockroach,
    RisingWave,
}

impl Family {
    pub(crate) const ALL: [Self; 5] =
        [Self::Postgres, Self::Redshift, Self::RedshiftIam, Self::Cockroach, Self::RisingWave];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "pg",
            Self::Redshift => "redshift",
            Self::RedshiftIam => "redshift_iam",
            Self::Cockroach => "cockroach",
            Self::RisingWave => "risingwave",
        }
    }

    pub(crate) fn source_type(self) -> SourceType {
        SourceType {
            name: self.name(),
            title: match self {
                Self::Postgres => "PostgreSQL",
                Self::Redshift => "Redshift",
                Self::RedshiftIam => "Redshift (with IAM User/Role)",
                Self::Cockroach => "CockroachDB",
                Self::RisingWave => "RisingWave",
            },
            schema: options::schema(self),
            dialect: Dialect::Postgres,
            syntax: "sql",
            auto_limit: true,
            remarks: true,
            row_policy: false,
        }
    }

    /// Whether it is Redshift, however one signs in.
    pub(super) const fn is_redshift(self) -> bool {
        matches!(self, Self::Redshift | Self::RedshiftIam)
    }

    /// Whether a connection can be made as if nobody had used it, and so be used again.
    pub(super) const fn cleans(self) -> bool {
        matches!(self, Self::Postgres)
    }

    /// Whether the server ends statements by `statement_timeout` in milliseconds. Where it does not,
    /// we end them.
    pub(super) const fn has_time_limit(self) -> bool {
        !matches!(self, Self::RisingWave)
    }

    /// Tables, views and their columns that the user may read: name, column, type.
    pub(super) const fn columns_query(self) -> &'static str {
        match self {
            Self::Postgres => POSTGRES,
            Self::Redshift | Self::RedshiftIam => REDSHIFT,
            Self::Cockroach | Self::RisingWave => STANDARD,
        }
    }
}

/// Tables, views, materialized views, foreign and partitioned tables.
const POSTGRES: &str = "
SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END,
       a.attname, format_type(a.atttypid, NULL)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp\\_%'
  AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
ORDER BY 1, 2";

/// Also external tables, which know no rights of their own, and views that are bound late.
const REDSHIFT: &str = "
SELECT CASE WHEN table_schema = 'public' THEN table_name::text
            ELSE table_schema::text || '.' || table_name::text END,
       column_name::text, data_type::text
FROM svv_columns
WHERE table_schema NOT IN ('pg_internal', 'pg_catalog', 'information_schema')
  AND table_schema NOT LIKE 'pg_temp_%'
  AND has_schema_privilege(table_schema::text, 'USAGE')
  AND (table_schema IN (SELECT schemaname FROM svv_external_schemas)
       OR has_table_privilege(
            quote_ident(table_schema::text) || '.' || quote_ident(table_name::text), 'SELECT'))
ORDER BY 1, ordinal_position";

/// What every server of the family has.
const STANDARD: &str = "
SELECT CASE WHEN table_schema = 'public' THEN table_name::text
            ELSE table_schema::text || '.' || table_name::text END,
       column_name::text, data_type::text
FROM information_schema.columns
WHERE table_schema NOT IN
      ('pg_catalog', 'information_schema', 'crdb_internal', 'pg_extension', 'rw_catalog')
ORDER BY 1, ordinal_position";
