//! Results on the wire.

use arrow_schema::Schema;
use tessera_bi as core;
use tessera_formats::unique_names;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE};

use crate::wire::results::{Column, QueryResult};

pub(crate) fn view(result: &core::QueryResult) -> QueryResult {
    QueryResult {
        id: result.id.0,
        uid: result.uid,
        source_id: result.source.0,
        display_text: result.display_text.clone(),
        has_parameters: result.has_parameters,
        rows: result.rows,
        bytes: result.bytes,
        runtime_seconds: result.runtime_seconds,
        retrieved_at: result.retrieved_at,
    }
}

/// The columns under the names that files give them.
pub(crate) fn columns(schema: &Schema) -> Vec<Column> {
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let fields = schema.fields().iter().zip(unique_names(&names));
    fields
        .map(|(field, name)| Column {
            name,
            r#type: field.metadata().get(COLUMN_KIND).map_or("other", String::as_str).to_owned(),
            source_type: field.metadata().get(COLUMN_SOURCE_TYPE).cloned(),
        })
        .collect()
}
