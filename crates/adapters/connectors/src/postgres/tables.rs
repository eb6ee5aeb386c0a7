//! Tables and columns.

use std::collections::BTreeMap;

use tessera_bi::{Table, TableColumn};
use tessera_kernel::Result;
use tokio_postgres::Client;

use super::errors::failed;
use super::family::Family;

pub(super) async fn read(client: &Client, family: Family) -> Result<Vec<Table>> {
    let rows =
        client.query(family.columns_query(), &[]).await.map_err(|error| failed(&error, None))?;
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
