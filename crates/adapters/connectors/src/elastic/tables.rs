//! Indices as tables: the fields of their mappings, nested ones with dots.

use serde_json::{Map, Value as Json};
use tessera_bi::{Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};

/// Deepest nesting of fields.
const DEPTH_MAX: usize = 32;

pub(super) fn read(body: &[u8]) -> Result<Vec<Table>> {
    let indices: Map<String, Json> = serde_json::from_slice(body)
        .map_err(|error| Fault::new(Code::SourceFailed, error.to_string()))?;
    let mut tables: Vec<Table> = indices
        .into_iter()
        .map(|(name, index)| {
            let mut columns = Vec::new();
            if let Some(Json::Object(mappings)) = index.get("mappings") {
                match mappings.get("properties") {
                    Some(properties) => collect("", properties, 0, &mut columns),
                    // Before version 7 there was a mapping for each kind of document.
                    None => {
                        for kind in mappings.values() {
                            if let Some(properties) = kind.get("properties") {
                                collect("", properties, 0, &mut columns);
                            }
                        }
                    }
                }
            }
            columns.sort_by(|one: &TableColumn, other| one.name.cmp(&other.name));
            columns.dedup_by(|one, other| one.name == other.name);
            Table { name, columns }
        })
        .collect();
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(tables)
}

fn collect(prefix: &str, properties: &Json, depth: usize, columns: &mut Vec<TableColumn>) {
    let Some(properties) = properties.as_object().filter(|_| depth < DEPTH_MAX) else { return };
    for (name, field) in properties {
        let name = format!("{prefix}{name}");
        match (field.get("type").and_then(Json::as_str), field.get("properties")) {
            (_, Some(inner)) => collect(&format!("{name}."), inner, depth + 1, columns),
            (Some(kind), None) => columns.push(TableColumn { name, kind: kind.to_owned() }),
            (None, None) => {}
        }
    }
}
