//! Visualizations. Their operations belong to the port of queries.

use tessera_bi::Visualization;
use tessera_kernel::Result;
use tessera_kernel::ids::{QueryId, VisualizationId};

use crate::db::{Call, Row, Tx, call};

/// Reads the columns of `{visualization v}`.
pub(crate) fn read_visualization(row: &mut Row) -> Result<Visualization> {
    let described = |described: bool, text: String| described.then_some(text);
    Ok(Visualization {
        id: row.take()?,
        uid: row.take()?,
        query: row.take()?,
        kind: row.take()?,
        name: row.take()?,
        description: described(row.take()?, row.take()?),
        options: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

pub(crate) fn read_visualizations(rows: Vec<Row>) -> Result<Vec<Visualization>> {
    rows.into_iter().map(|mut row| read_visualization(&mut row)).collect()
}

/// Adds a visualization of `query`, whatever query it names itself.
pub(crate) async fn insert_visualization(
    tx: Tx<'_>,
    shown: &Visualization,
    query: QueryId,
) -> Result<VisualizationId> {
    let call = call!(
        "visualization_insert",
        shown.uid,
        query,
        &shown.kind,
        &shown.name,
        shown.description.is_some(),
        shown.description.as_deref().unwrap_or_default(),
        &shown.options,
        shown.created_at,
        shown.updated_at,
    );
    tx.one(call).await?.take()
}

/// Writes a visualization.
pub(crate) fn update(shown: &Visualization) -> Call {
    call!(
        "visualization_update",
        shown.id,
        shown.uid,
        shown.query,
        &shown.kind,
        &shown.name,
        shown.description.is_some(),
        shown.description.as_deref().unwrap_or_default(),
        &shown.options,
        shown.created_at,
        shown.updated_at,
    )
}
