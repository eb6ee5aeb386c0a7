//! What an alert looks at in a result: one value, and the rows that its texts may show.

use futures::StreamExt;
use serde_json::{Map, json};
use tessera_formats::{Options, cell, unique_names};
use tessera_kernel::{COLUMN_KIND, Result};

use super::condition::{Condition, RowSelector, number};
use crate::service::Parts;
use crate::{Json, QueryResult};

/// What was found in a result.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Observed {
    /// The value to compare; `None` without rows, without the column, or without any value in it.
    pub(crate) value: Option<Json>,
    /// The columns: `name`, `friendly_name`, `type`.
    pub(crate) columns: Vec<Json>,
    /// The first rows, by name of column.
    pub(crate) rows: Vec<Json>,
    /// The same rows as lists of values.
    pub(crate) table: Vec<Json>,
}

/// The best value so far of a selector.
#[derive(Default)]
struct Best {
    value: Option<(f64, Json)>,
    /// There was something that is no number.
    spoiled: bool,
}

impl Best {
    fn see(&mut self, value: Json, selector: RowSelector) {
        if value.is_null() || self.spoiled {
            return;
        }
        let truth = value.as_bool().map(|value| if value { 1.0 } else { 0.0 });
        let Some(seen) = truth.or_else(|| number(&value)) else {
            (self.value, self.spoiled) = (None, true);
            return;
        };
        let better = self.value.as_ref().is_none_or(|(best, _)| match selector {
            RowSelector::Max => seen > *best,
            RowSelector::Min | RowSelector::First => seen < *best,
        });
        if better {
            let value = if truth.is_some() { json!(seen) } else { value };
            self.value = Some((seen, value));
        }
    }
}

impl Parts {
    /// Reads a result as far as an alert needs it: `rows_max` rows for its texts, and all of them
    /// only if its selector asks for all.
    pub(crate) async fn observe(
        &self,
        result: &QueryResult,
        condition: Option<&Condition<'_>>,
        rows_max: usize,
    ) -> Result<Observed> {
        let (schema, mut batches) = self.files.open(result.uid).await?;
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let names = unique_names(&names);
        let options = Options::default();
        let place = condition.and_then(|seen| names.iter().position(|name| name == seen.column));
        let selector = condition.map_or(RowSelector::First, |condition| condition.selector);
        let mut observed = Observed::default();
        for (name, field) in names.iter().zip(schema.fields()) {
            let kind = field.metadata().get(COLUMN_KIND);
            observed.columns.push(json!({ "name": name, "friendly_name": name, "type": kind }));
        }
        let mut best = Best::default();
        let mut first = None;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let shown = observed.rows.len() < rows_max;
                let looked_at =
                    place.is_some() && (first.is_none() || selector != RowSelector::First);
                if !shown && !looked_at {
                    break;
                }
                if shown {
                    let cells: Vec<Json> =
                        (0..names.len()).map(|at| cell(&batch, at, row, &options)).collect();
                    let named: Map<String, Json> =
                        names.iter().cloned().zip(cells.iter().cloned()).collect();
                    observed.rows.push(Json::Object(named));
                    observed.table.push(Json::Array(cells));
                }
                if let Some(place) = place.filter(|_| looked_at) {
                    let value = cell(&batch, place, row, &options);
                    match selector {
                        RowSelector::First => first = Some(value),
                        RowSelector::Min | RowSelector::Max => best.see(value, selector),
                    }
                }
            }
            let done = observed.rows.len() >= rows_max
                && (place.is_none() || (selector == RowSelector::First && first.is_some()));
            if done {
                break;
            }
            // A large result is no reason for others to wait.
            tokio::task::yield_now().await;
        }
        observed.value = match selector {
            RowSelector::First => first.filter(|value| !value.is_null()),
            RowSelector::Min | RowSelector::Max => best.value.map(|(_, value)| value),
        };
        Ok(observed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(selector: RowSelector, values: &[Json]) -> Option<Json> {
        let mut best = Best::default();
        for value in values {
            best.see(value.clone(), selector);
        }
        best.value.map(|(_, value)| value)
    }

    #[test]
    fn the_largest_and_the_least_are_found_among_numbers_also_as_texts() {
        let values = [json!(3), json!(null), json!("10.5"), json!(-2)];
        assert_eq!(best(RowSelector::Max, &values), Some(json!("10.5")));
        assert_eq!(best(RowSelector::Min, &values), Some(json!(-2)));
    }

    #[test]
    fn nothing_is_largest_among_texts_or_nulls() {
        assert_eq!(best(RowSelector::Max, &[json!(1), json!("many"), json!(2)]), None);
        assert_eq!(best(RowSelector::Max, &[json!(null)]), None);
        assert_eq!(best(RowSelector::Min, &[]), None);
    }
}
