//! Tables and columns.

use std::collections::BTreeMap;

use tessera_bi::{Table, TableColumn};
use tessera_kernel::Result;
use tokio_postgres::Client;

use super::errors::failed;

/// Tables, views, materialized views, foreign and partitioned tables that the user may read.
const COLUMNS: &str = "
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

pub(super) async fn read(client: &Client) -> Result<Vec<Table>> {
    let rows = client.query(COLUMNS, &[]).await.map_err(|error| failed(&error, None))?;
    let mut tables: BTreeMap<String, Vec<TableColumn>> = BTreeMap::new();
    for row in rows {
        let get = |place: usize| -> Result<String> {
            row.try_get(place).map_err(|error| failed(&error, None))
        };
        let column = TableColumn { name: get(1)?, kind: get(2)? };
        tables.entry(get(0)?).or_default().push(column);
    }
    Ok(tables.into_iter().map(|(name, columns)| Table { name, columns }).collect())
}
