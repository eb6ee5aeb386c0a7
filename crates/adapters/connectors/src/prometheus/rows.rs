//! Samples as rows: the moment, the value, and the labels of their series.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use tessera_formats::read::{Cell, Row, Target, read_rows};
use tessera_kernel::{Code, Fault, Result};

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType", default)]
    kind: String,
    result: Json,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(default)]
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// Reads the answer to a question.
pub(super) fn read(text: &str, batch_rows: usize, target: &mut dyn Target) -> Result<()> {
    let unreadable = |error: serde_json::Error| Fault::new(Code::SourceFailed, error.to_string());
    let answer: Answer = serde_json::from_str(text).map_err(unreadable)?;
    let series: Vec<Series> = match answer.data.kind.as_str() {
        "scalar" | "string" => {
            let value = serde_json::from_value(answer.data.result).map_err(unreadable)?;
            vec![Series { metric: BTreeMap::new(), value: Some(value), values: Vec::new() }]
        }
        _ => serde_json::from_value(answer.data.result).map_err(unreadable)?,
    };
    if series.is_empty() {
        return Err(Fault::new(Code::SourceFailed, "query result is empty."));
    }
    read_rows("prometheus", batch_rows, None, target, &|names, each| {
        let (at, value) = (names.place("timestamp")?, names.place("value")?);
        for one in &series {
            let labels: Vec<(usize, &str)> = one
                .metric
                .iter()
                .map(|(name, text)| Ok((names.place(name)?, text.as_str())))
                .collect::<Result<_>>()?;
            for (moment, sample) in one.value.iter().chain(&one.values) {
                let mut row: Row<'_> = vec![
                    (at, Cell::Timestamp(micros(*moment))),
                    (value, Cell::Text(Cow::Borrowed(sample))),
                ];
                let cells =
                    labels.iter().map(|(place, text)| (*place, Cell::Text(Cow::Borrowed(*text))));
                row.extend(cells);
                each(row)?;
            }
        }
        Ok(())
    })
}

#[expect(clippy::cast_possible_truncation, reason = "moments are far below the limit")]
fn micros(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64 * 1000
}
