//! Tables and columns.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tessera_bi::{Table, TableColumn};
use tessera_kernel::Result;

use super::errors::failed;

/// Tables and views that the user may read; those of other databases have its name in front.
const COLUMNS: &str = "
SELECT CONVERT(col.table_schema USING utf8mb4), CONVERT(col.table_name USING utf8mb4),
       CONVERT(col.column_name USING utf8mb4), CONVERT(col.column_type USING utf8mb4)
FROM information_schema.columns col
WHERE LOWER(col.table_schema) NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
ORDER BY col.table_schema, col.table_name, col.ordinal_position";

pub(super) async fn read(conn: &mut Conn, database: Option<&str>) -> Result<Vec<Table>> {
    let rows: Vec<(String, String, String, String)> =
        conn.query(COLUMNS).await.map_err(|error| failed(&error))?;
    let mut tables: Vec<Table> = Vec::new();
    for (schema, table, column, kind) in rows {
        let own = database.is_none_or(|database| database == schema);
        let name = if own { table } else { format!("{schema}.{table}") };
        let column = TableColumn { name: column, kind };
        Table::add_column(&mut tables, name, column);
    }
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(tables)
}
