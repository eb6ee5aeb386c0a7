//! What is known of the columns of a stored result.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, max, min};
use datafusion::prelude::lit;
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, ColumnKind, Fault, Result};

use super::super::columns::Shown;
use super::super::table::{Form, ResultFile};
use super::super::{ResultEngine, refused};
use super::columns::{Columns, column, comparable, kind};
use crate::engine::Stop;

/// For each column: how many values, how many different ones, the least, the greatest.
pub(super) async fn describe(engine: &ResultEngine, file: Uid, stop: &Stop) -> Result<RecordBatch> {
    let file = ResultFile::open(engine.lake(), file, Form::Exact).await?;
    let schema = file.columns().clone();
    let rows = engine.context(stop)?.read_table(Arc::new(file)).map_err(refused)?;
    let (mut told, mut names) = (Vec::new(), Vec::new());
    for field in Columns(&schema).all() {
        let place = told.len();
        let compared = !matches!(kind(field), ColumnKind::Bytes | ColumnKind::Interval);
        let ordered = compared && !matches!(kind(field), ColumnKind::Json | ColumnKind::Array);
        let nothing = || lit(ScalarValue::Utf8(None));
        let of = || comparable(field);
        let each = [
            count(column(field.name())),
            count_distinct(if compared { of() } else { nothing() }),
            min(if ordered { of() } else { nothing() }),
            max(if ordered { of() } else { nothing() }),
        ];
        for (part, one) in each.into_iter().enumerate() {
            told.push(one.alias(format!("{}", place + part)));
        }
        names.push((field, compared));
    }
    let found = rows.aggregate(Vec::new(), told).map_err(refused)?;
    let batches = found.collect().await.map_err(refused)?;
    let batch = batches
        .into_iter()
        .find(|batch| batch.num_rows() > 0)
        .ok_or_else(|| Fault::new(Code::Internal, "an aggregate of all rows gave no row"))?;
    let shown = Shown::exact(&batch.schema())?;
    let batch = shown.batch(&batch)?;
    let schema = batch.schema();
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(place, told)| {
            let Some((field, compared)) = names.get(place / 4) else {
                return told.as_ref().clone();
            };
            let metadata = match place % 4 {
                // What the column is, where its name is told.
                2 if told.data_type() == field.data_type() => field.metadata().clone(),
                _ => told.metadata().clone(),
            };
            let name = match (place % 4, compared) {
                (1, false) => "none",
                _ => field.name().as_str(),
            };
            told.as_ref().clone().with_name(name).with_metadata(metadata)
        })
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), batch.columns().to_vec())
        .map_err(|error| Fault::internal("statistics do not fit their columns", error))
}
