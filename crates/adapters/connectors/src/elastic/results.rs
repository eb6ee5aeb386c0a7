//! Hits and aggregations as rows.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tessera_formats::read::{Row, Target, cell_of, read_rows};
use tessera_kernel::Result;

use super::door::failed;
use super::older;

/// Deepest nesting of aggregations and of documents.
const DEPTH_MAX: usize = 64;

/// A row while it is made.
pub(super) type Cells = Map<String, Json>;

/// What is read of an answer.
pub(super) struct Answer {
    aggregations: Option<Map<String, Json>>,
    hits: Vec<Hit>,
    /// Where the next page is.
    pub(super) scroll: Option<String>,
}

/// A document that was found.
#[derive(Deserialize)]
pub(super) struct Hit {
    #[serde(rename = "_source")]
    source: Option<Map<String, Json>>,
    fields: Option<Map<String, Json>>,
}

impl Hit {
    /// The document, or its fields if only these were asked for.
    pub(super) fn members(self) -> Map<String, Json> {
        self.source.or(self.fields).unwrap_or_default()
    }
}

impl Answer {
    /// # Errors
    /// `SourceFailed` if it is no answer to a search.
    pub(super) fn read(body: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Found {
            hits: Option<Vec<Hit>>,
        }
        #[derive(Deserialize)]
        struct Whole {
            aggregations: Option<Map<String, Json>>,
            hits: Option<Found>,
            #[serde(rename = "_scroll_id")]
            scroll: Option<String>,
        }
        let whole: Whole = serde_json::from_slice(body)
            .map_err(|error| failed(format!("the answer is none to a search: {error}")))?;
        let hits = whole.hits.and_then(|found| found.hits);
        if whole.aggregations.is_none() && hits.is_none() {
            return Err(failed("the answer has neither hits nor aggregations"));
        }
        let (aggregations, scroll) = (whole.aggregations, whole.scroll);
        Ok(Self { aggregations, hits: hits.unwrap_or_default(), scroll })
    }

    /// Documents in it.
    pub(super) fn documents(&self) -> usize {
        self.hits.len()
    }

    /// Leaves out the documents behind so many.
    pub(super) fn truncate(&mut self, documents: usize) {
        self.hits.truncate(documents);
    }
}

/// How an answer becomes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Members of members and of buckets are columns with dots in their names.
    Flat,
    /// As data sources of before had it.
    Older,
}

/// Reads the pages of an answer; of columns only those that are wanted, if any are named.
pub(super) fn read(
    pages: Vec<Answer>,
    form: Form,
    wanted: &[String],
    batch_rows: usize,
    target: &mut dyn Target,
) -> Result<()> {
    let mut rows = Vec::new();
    for page in pages {
        match (page.aggregations, form) {
            (Some(aggregations), Form::Flat) => rows.extend(aggregated(&aggregations, wanted)),
            (Some(aggregations), Form::Older) => {
                rows.extend(older::aggregated(&aggregations, wanted));
            }
            (None, Form::Flat) => {
                rows.extend(page.hits.into_iter().map(|hit| row_of(hit, wanted)));
            }
            (None, Form::Older) => {
                rows.extend(page.hits.into_iter().map(|hit| older::row_of(hit, wanted)));
            }
        }
    }
    read_rows("elasticsearch", batch_rows, None, target, &|names, each| {
        if form == Form::Older {
            // What was asked for is a column even if nobody has it.
            for name in wanted {
                names.place(name)?;
            }
        }
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
fn row_of(hit: Hit, wanted: &[String]) -> Cells {
    let mut row = Cells::new();
    for (name, value) in hit.members() {
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

    #[test]
    fn documents_are_flattened_by_their_whole_path() {
        let hit = || -> Hit {
            let hit = json!({"_id": "1", "_source": {
                "a": {"b": {"c": 1}}, "one": ["x"], "many": [1, 2], "n": null,
            }});
            serde_json::from_value(hit).expect("a hit")
        };
        let row = Json::Object(row_of(hit(), &[]));
        assert_eq!(row, json!({"a.b.c": 1, "one": "x", "many": [1, 2], "n": null}));
        assert_eq!(Json::Object(row_of(hit(), &["a".to_owned()])), json!({"a.b.c": 1}));
    }

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
