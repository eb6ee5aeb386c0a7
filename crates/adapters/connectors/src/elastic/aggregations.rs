//! Aggregations as rows: one for each of the innermost buckets.

use serde_json::{Map, Value as Json};

use super::results::Cells;

/// Deepest nesting of aggregations.
const DEPTH_MAX: usize = 64;

/// A row for each bucket of the innermost aggregations, with the keys of the buckets around it.
pub(super) fn aggregated(aggregations: &Map<String, Json>, wanted: &[String]) -> Vec<Cells> {
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

/// The rows of one aggregation: those of its buckets, or one of its own values.
fn collect(name: &str, data: &Json, mut row: Cells, depth: usize, rows: &mut Vec<Cells>) {
    let Some(members) = data.as_object().filter(|_| depth < DEPTH_MAX) else { return };
    let buckets: Vec<(Option<&String>, &Json)> = match members.get("buckets") {
        Some(Json::Array(buckets)) => buckets.iter().map(|bucket| (None, bucket)).collect(),
        Some(Json::Object(buckets)) => buckets.iter().map(|(key, one)| (Some(key), one)).collect(),
        _ => return bucket_rows(name, None, data, row, depth, rows),
    };
    // What is said of all buckets of an inner aggregation would be repeated without end.
    if depth == 0 {
        members_of(name, members, &mut row, &mut Vec::new());
    }
    for (key, bucket) in buckets {
        bucket_rows(name, key, bucket, row.clone(), depth, rows);
    }
}

/// An aggregation within a bucket.
type Inner<'a> = (&'a String, &'a Json);

/// Puts the values of a bucket into its row, and finds the aggregations with buckets in it.
fn members_of<'a>(
    name: &str,
    members: &'a Map<String, Json>,
    row: &mut Cells,
    inner: &mut Vec<Inner<'a>>,
) {
    for (member, value) in members {
        match value {
            _ if matches!(member.as_str(), "key" | "key_as_string" | "buckets") => {}
            Json::Null | Json::Array(_) => {}
            Json::Object(parts) if parts.contains_key("buckets") => inner.push((member, value)),
            Json::Object(parts) => {
                for (part, value) in parts {
                    // One bucket, such as that of a filter, may have others in it.
                    if value.as_object().is_some_and(has_buckets) {
                        inner.push((part, value));
                    } else {
                        row.insert(format!("{name}.{member}.{part}"), value.clone());
                    }
                }
            }
            value => {
                row.insert(format!("{name}.{member}"), value.clone());
            }
        }
    }
}

fn bucket_rows(
    name: &str,
    named: Option<&String>,
    bucket: &Json,
    mut row: Cells,
    depth: usize,
    rows: &mut Vec<Cells>,
) {
    let Some(members) = bucket.as_object() else { return };
    let key = match named {
        Some(key) => Some(Json::from(key.as_str())),
        None => members.get("key_as_string").or_else(|| members.get("key")).cloned(),
    };
    if let Some(key) = key {
        row.insert(name.to_owned(), key);
    }
    let mut inner = Vec::new();
    members_of(name, members, &mut row, &mut inner);
    if inner.is_empty() {
        rows.push(row);
        return;
    }
    // A bucket whose inner ones are none has no row: it would be a group without a name.
    for (member, value) in inner {
        collect(member, value, row.clone(), depth + 1, rows);
    }
}

/// Whether there are buckets in it, at any depth.
fn has_buckets(parts: &Map<String, Json>) -> bool {
    parts.contains_key("buckets")
        || parts.values().any(|part| part.as_object().is_some_and(has_buckets))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(answer: &Json) -> Vec<Json> {
        let rows = aggregated(answer.as_object().expect("an object"), &[]);
        rows.into_iter().map(Json::Object).collect()
    }

    #[test]
    fn each_innermost_bucket_is_a_row_with_the_keys_around_it() {
        let answer = json!({
            "by_day": {"sum_other_doc_count": 4, "buckets": [
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
        assert_eq!(
            rows(&answer),
            [
                json!({"by_day.sum_other_doc_count": 4, "by_day": "2024-01-01",
                       "by_day.doc_count": 3, "by_kind": "a", "by_kind.doc_count": 2,
                       "by_kind.price.value": 1.5}),
                json!({"by_day.sum_other_doc_count": 4, "by_day": "2024-01-01",
                       "by_day.doc_count": 3, "by_kind": "b", "by_kind.doc_count": 1,
                       "by_kind.price.value": null}),
                json!({"total.value": 7}),
                json!({"ranges": "low", "ranges.doc_count": 1}),
            ]
        );
    }

    #[test]
    fn metrics_filters_and_composite_keys_have_their_columns() {
        let answer = json!({
            "pairs": {"after_key": {"a": 1}, "buckets": [
                {"key": {"a": 1, "b": "x"}, "doc_count": 2, "p": {"values": {"50.0": 3}},
                 "only": {"doc_count": 1, "by": {"buckets": [{"key": "k", "doc_count": 1}]}}},
            ]},
        });
        assert_eq!(
            rows(&answer),
            [json!({
                "pairs.after_key.a": 1, "pairs": {"a": 1, "b": "x"}, "pairs.doc_count": 2,
                "pairs.p.values": {"50.0": 3}, "pairs.only.doc_count": 1, "by": "k",
                "by.doc_count": 1,
            })]
        );
        let answer = json!({
            "only": {"doc_count": 3, "price": {"value": 1}, "by": {"buckets": [{"key": "k"}]}},
            "spread": {"values": {"50.0": 1, "99.0": 2}},
        });
        assert_eq!(
            rows(&answer),
            [
                json!({"only.doc_count": 3, "only.price.value": 1, "by": "k"}),
                json!({"spread.values.50.0": 1, "spread.values.99.0": 2}),
            ]
        );
    }
}
