//! Hits and aggregations as rows.

use serde_json::{Map, Value as Json};
use tessera_formats::read::{Row, Target, cell_of, read_rows};
use tessera_kernel::{Code, Fault, Result};

/// Deepest nesting of aggregations and of documents.
const DEPTH_MAX: usize = 64;

/// A row while it is made.
type Cells = Map<String, Json>;

/// Reads an answer; of columns only those that are wanted, if any are named.
pub(super) fn read(
    body: &[u8],
    wanted: &[String],
    batch_rows: usize,
    target: &mut dyn Target,
) -> Result<()> {
    let mut answer: Map<String, Json> =
        serde_json::from_slice(body).map_err(|error| failed(&error.to_string()))?;
    let rows = match (answer.shift_remove("aggregations"), answer.shift_remove("hits")) {
        (Some(Json::Object(aggregations)), _) => aggregated(&aggregations, wanted),
        (_, Some(Json::Object(mut hits))) => match hits.shift_remove("hits") {
            Some(Json::Array(hits)) => hits.into_iter().map(|hit| row_of(hit, wanted)).collect(),
            _ => return Err(failed("the answer has no hits")),
        },
        _ => return Err(failed("the answer has neither hits nor aggregations")),
    };
    read_rows("elasticsearch", batch_rows, None, target, &|names, each| {
        for row in &rows {
            let cells: Row<'_> = row
                .iter()
                .map(|(name, value)| Ok((names.place(name)?, cell_of(value.clone()))))
                .collect::<Result<_>>()?;
            each(cells)?;
        }
        Ok(())
    })
}

/// A document as a row: members of members have dots in their names.
fn row_of(mut hit: Json, wanted: &[String]) -> Cells {
    let source = ["_source", "fields"].iter().find_map(|name| match hit.get_mut(*name) {
        Some(Json::Object(members)) => Some(std::mem::take(members)),
        _ => None,
    });
    let mut row = Cells::new();
    for (name, value) in source.unwrap_or_default() {
        if wanted.is_empty() || wanted.contains(&name) {
            flatten(name, value, 0, &mut row);
        }
    }
    row
}

fn flatten(name: String, value: Json, depth: usize, row: &mut Cells) {
    match value {
        Json::Object(members) if depth < DEPTH_MAX => {
            for (inner, value) in members {
                flatten(format!("{name}.{inner}"), value, depth + 1, row);
            }
        }
        // A list of one is what every field is when only fields are asked for.
        Json::Array(mut elements) if elements.len() == 1 => {
            row.insert(name, elements.pop().unwrap_or_default());
        }
        value => {
            row.insert(name, value);
        }
    }
}

/// A row for each bucket of the innermost aggregations, with the keys of the buckets around it.
fn aggregated(aggregations: &Map<String, Json>, wanted: &[String]) -> Vec<Cells> {
    let mut rows = Vec::new();
    for (name, data) in aggregations {
        collect(name, data, Cells::new(), 0, &mut rows);
    }
    if !wanted.is_empty() {
        for row in &mut rows {
            row.retain(|name, _| wanted.contains(name));
        }
    }
    rows
}

fn collect(name: &str, data: &Json, mut row: Cells, depth: usize, rows: &mut Vec<Cells>) {
    let Some(members) = data.as_object().filter(|_| depth < DEPTH_MAX) else { return };
    match members.get("buckets") {
        Some(Json::Array(buckets)) => {
            scalars(name, members, &mut row);
            for bucket in buckets {
                bucket_rows(name, None, bucket, row.clone(), depth, rows);
            }
        }
        Some(Json::Object(buckets)) => {
            scalars(name, members, &mut row);
            for (key, bucket) in buckets {
                bucket_rows(name, Some(key), bucket, row.clone(), depth, rows);
            }
        }
        _ => bucket_rows(name, None, data, row, depth, rows),
    }
}

/// The numbers and texts beside the buckets.
fn scalars(name: &str, members: &Map<String, Json>, row: &mut Cells) {
    for (key, value) in members {
        if value.is_number() || value.is_string() || value.is_boolean() {
            row.insert(format!("{name}.{key}"), value.clone());
        }
    }
}

fn bucket_rows(
    name: &str,
    named: Option<&str>,
    bucket: &Json,
    mut row: Cells,
    depth: usize,
    rows: &mut Vec<Cells>,
) {
    let Some(members) = bucket.as_object() else { return };
    let key = match named {
        Some(key) => Some(Json::from(key)),
        None => members.get("key_as_string").or_else(|| members.get("key")).cloned(),
    };
    if let Some(key) = key {
        row.insert(name.to_owned(), key);
    }
    let mut inner: Vec<(&String, &Json)> = Vec::new();
    for (member, value) in members {
        match value {
            _ if member == "key" || member == "key_as_string" => {}
            Json::Object(parts) if has_buckets(parts) => inner.push((member, value)),
            Json::Object(parts) => {
                for (part, value) in parts {
                    row.insert(format!("{name}.{member}.{part}"), value.clone());
                }
            }
            Json::Null | Json::Array(_) => {}
            value => {
                row.insert(format!("{name}.{member}"), value.clone());
            }
        }
    }
    if inner.is_empty() {
        rows.push(row);
        return;
    }
    let before = rows.len();
    for (member, value) in inner {
        collect(member, value, row.clone(), depth + 1, rows);
    }
    if rows.len() == before {
        // Buckets that have none inside count too.
        rows.push(row);
    }
}

/// Whether there are buckets in it, at any depth.
fn has_buckets(parts: &Map<String, Json>) -> bool {
    parts.contains_key("buckets")
        || parts.values().any(|part| part.as_object().is_some_and(has_buckets))
}

fn failed(detail: &str) -> Fault {
    Fault::new(Code::SourceFailed, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_flattened_by_their_whole_path() {
        let hit = json!({"_id": "1", "_source": {"a": {"b": {"c": 1}}, "one": ["x"], "many": [1, 2], "n": null}});
        let row = Json::Object(row_of(hit.clone(), &[]));
        assert_eq!(row, json!({"a.b.c": 1, "one": "x", "many": [1, 2], "n": null}));
        assert_eq!(Json::Object(row_of(hit, &["a".to_owned()])), json!({"a.b.c": 1}));
    }

    #[test]
    fn each_innermost_bucket_is_a_row_with_the_keys_around_it() {
        let answer = json!({
            "by_day": {"buckets": [
                {"key_as_string": "2024-01-01", "key": 1, "doc_count": 3, "by_kind": {
                    "doc_count_error_upper_bound": 0,
                    "buckets": [
                        {"key": "a", "doc_count": 2, "price": {"value": 1.5}},
                        {"key": "b", "doc_count": 1, "price": {"value": null}},
                    ]}},
                {"key_as_string": "2024-01-02", "key": 2, "doc_count": 0, "by_kind": {"buckets": []}},
            ]},
            "total": {"value": 7},
            "ranges": {"buckets": {"low": {"doc_count": 1}}},
        });
        let rows = aggregated(answer.as_object().unwrap(), &[]);
        let rows: Vec<Json> = rows.into_iter().map(Json::Object).collect();
        assert_eq!(
            rows,
            [
                json!({"by_day": "2024-01-01", "by_day.doc_count": 3, "by_kind.doc_count_error_upper_bound": 0,
                       "by_kind": "a", "by_kind.doc_count": 2, "by_kind.price.value": 1.5}),
                json!({"by_day": "2024-01-01", "by_day.doc_count": 3, "by_kind.doc_count_error_upper_bound": 0,
                       "by_kind": "b", "by_kind.doc_count": 1, "by_kind.price.value": null}),
                json!({"by_day": "2024-01-02", "by_day.doc_count": 0}),
                json!({"total.value": 7}),
                json!({"ranges": "low", "ranges.doc_count": 1}),
            ]
        );
    }
}
