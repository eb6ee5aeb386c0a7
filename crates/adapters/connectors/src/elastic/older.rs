//! Rows as data sources of before had them: documents as they are, and aggregations with short names.

use serde_json::{Map, Value as Json};

use super::answer::Hit;
use super::results::Cells;

/// Deepest nesting of aggregations.
const DEPTH_MAX: usize = 64;

/// A document as a row: each of its members is a column.
pub(super) fn row_of(hit: Hit, wanted: &[String]) -> Cells {
    let members = hit.members().into_iter();
    let chosen = members.filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
    chosen
        .map(|(name, value)| match value {
            Json::Array(mut elements) if elements.len() == 1 => {
                (name, elements.pop().unwrap_or_default())
            }
            value => (name, value),
        })
        .collect()
}

/// A row for each outermost bucket: its key under the name of the aggregation, `doc_count`, the
/// values of its metrics under their names, and the counts of plain buckets in it under their keys.
pub(super) fn aggregated(aggregations: &Map<String, Json>, wanted: &[String]) -> Vec<Cells> {
    let mut rows = Rows { rows: Vec::new(), wanted };
    for (name, data) in aggregations {
        let before = rows.rows.len();
        if let Some(value) = rows.collect(name, data, None, 0)
            && rows.rows.len() == before
        {
            let row = rows.row(None);
            rows.put(row, name, value);
        }
    }
    rows.rows
}

struct Rows<'a> {
    rows: Vec<Cells>,
    wanted: &'a [String],
}

impl Rows<'_> {
    /// The row at that place, or a new one.
    fn row(&mut self, row: Option<usize>) -> usize {
        row.unwrap_or_else(|| {
            self.rows.push(Cells::new());
            self.rows.len() - 1
        })
    }

    fn put(&mut self, row: usize, name: &str, value: &Json) {
        if !self.wanted.is_empty() && !self.wanted.iter().any(|wanted| wanted == name) {
            return;
        }
        if let Some(row) = self.rows.get_mut(row) {
            row.insert(name.to_owned(), value.clone());
        }
    }

    /// Reads a part of an answer; gives the value that stands for it, if it is one.
    fn collect<'d>(
        &mut self,
        name: &str,
        data: &'d Json,
        mut row: Option<usize>,
        depth: usize,
    ) -> Option<&'d Json> {
        if depth >= DEPTH_MAX {
            return None;
        }
        match data {
            Json::Object(members) => {
                for (member, value) in members {
                    let inner = if member == "buckets" { name } else { member.as_str() };
                    if let Some(found) = self.collect(inner, value, row, depth + 1) {
                        let place = self.row(row);
                        row = Some(place);
                        self.put(place, member, found);
                    }
                }
                self.value_of(members, row)
            }
            Json::Array(elements) => {
                for element in elements {
                    let place = self.row(row);
                    self.collect(name, element, Some(place), depth + 1);
                    if let Some(count) = element.get("doc_count") {
                        self.put(place, "doc_count", count);
                    }
                    if let Some(key) = element.get("key_as_string").or_else(|| element.get("key")) {
                        self.put(place, name, key);
                    }
                }
                None
            }
            _ => None,
        }
    }

    /// The value or the count of a metric or bucket; that of a bucket that has only a key beside it is
    /// put under that.
    fn value_of<'d>(
        &mut self,
        members: &'d Map<String, Json>,
        row: Option<usize>,
    ) -> Option<&'d Json> {
        for name in ["value", "doc_count"] {
            let Some(value) = members.get(name) else { continue };
            let (Some(key), 2, Some(row)) = (members.get("key"), members.len(), row) else {
                return Some(value);
            };
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            self.put(row, &key, value);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(answer: &Json, wanted: &[&str]) -> Vec<Json> {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let rows = aggregated(answer.as_object().expect("an object"), &wanted);
        rows.into_iter().map(Json::Object).collect()
    }

    #[test]
    fn documents_stay_as_they_are() {
        let hit = json!({"_source": {"a": {"b": 1}, "one": ["x"], "many": [1, 2]}});
        let raw = serde_json::value::to_raw_value(&hit).expect("JSON");
        let hit = Hit::read(&raw).expect("a hit");
        assert_eq!(
            Json::Object(row_of(hit, &[])),
            json!({"a": {"b": 1}, "one": "x", "many": [1, 2]})
        );
    }

    #[test]
    fn buckets_have_short_names() {
        let answer = json!({"by": {"sum_other_doc_count": 0, "buckets": [
            {"key": "a", "doc_count": 2, "price": {"value": 1.5}},
            {"key": "b", "doc_count": 1, "price": {"value": 0}},
        ]}});
        assert_eq!(
            rows(&answer, &[]),
            [
                json!({"price": 1.5, "doc_count": 2, "by": "a"}),
                json!({"price": 0, "doc_count": 1, "by": "b"}),
            ]
        );
        assert_eq!(rows(&answer, &["by"]), [json!({"by": "a"}), json!({"by": "b"})]);
    }

    #[test]
    fn plain_buckets_are_columns_of_the_one_around_them() {
        let answer = json!({"day": {"buckets": [
            {"key": 1, "key_as_string": "2024-01-01", "doc_count": 3, "kind": {"buckets": [
                {"key": "a", "doc_count": 2}, {"key": "b", "doc_count": 1},
            ]}},
        ]}});
        assert_eq!(
            rows(&answer, &[]),
            [json!({"a": 2, "doc_count": 3, "kind": "b", "b": 1, "day": "2024-01-01"})]
        );
        assert_eq!(rows(&json!({"total": {"value": 7}}), &[]), [json!({"total": 7})]);
    }
}
