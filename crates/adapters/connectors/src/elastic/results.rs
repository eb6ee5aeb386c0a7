//! Documents as rows, and where the columns come from.

use serde_json::{Map, Value as Json};
use tessera_formats::read::{Each, Names, Row, Target, cell_of, read_rows};
use tessera_kernel::Result;

use super::aggregations::aggregated;
use super::answer::{Answer, Hit};
use super::older;

/// Deepest nesting of documents.
const DEPTH_MAX: usize = 64;

/// A row while it is made.
pub(super) type Cells = Map<String, Json>;

/// How an answer becomes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Members of members and of buckets are columns with dots in their names.
    Flat,
    /// As data sources of before had it.
    Older,
}

/// Reads the pages of an answer; of columns only those that are wanted, if any are named. Documents
/// are parsed one by one, so that memory does not grow with what is in them.
pub(super) fn read(
    pages: &[Answer],
    form: Form,
    wanted: &[String],
    batch_rows: usize,
    target: &mut dyn Target,
) -> Result<()> {
    let (row_of, aggregated) = match form {
        Form::Flat => (row_of as fn(Hit, &[String]) -> Cells, aggregated as Aggregated),
        Form::Older => (older::row_of as _, older::aggregated as _),
    };
    let scan = |names: &mut Names, each: &mut Each<'_>| {
        if form == Form::Older {
            // What was asked for is a column even if nobody has it.
            for name in wanted {
                names.place(name)?;
            }
        }
        for page in pages {
            let parts = page.parts()?;
            if let Some(aggregations) = parts.aggregations {
                for row in aggregated(&aggregations, wanted) {
                    give(row, names, each)?;
                }
                continue;
            }
            for hit in parts.hits {
                give(row_of(Hit::read(hit)?, wanted), names, each)?;
            }
        }
        Ok(())
    };
    read_rows("elasticsearch", batch_rows, None, target, &scan)
}

/// Makes rows of aggregations.
type Aggregated = fn(&Map<String, Json>, &[String]) -> Vec<Cells>;

fn give(row: Cells, names: &mut Names, each: &mut Each<'_>) -> Result<()> {
    let cells = row.into_iter().map(|(name, value)| Ok((names.place(&name)?, cell_of(value))));
    let cells: Row<'_> = cells.collect::<Result<_>>()?;
    each(cells)
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
            let raw = serde_json::value::to_raw_value(&hit).expect("JSON");
            Hit::read(&raw).expect("a hit")
        };
        let row = Json::Object(row_of(hit(), &[]));
        assert_eq!(row, json!({"a.b.c": 1, "one": "x", "many": [1, 2], "n": null}));
        assert_eq!(Json::Object(row_of(hit(), &["a".to_owned()])), json!({"a.b.c": 1}));
    }
}
