//! One row for each group of rows, and columns made of the values of another.

use arrow_schema::{DataType, Field, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, max, min, sum};
use datafusion::prelude::{Expr, cast, date_trunc, lit, when};
use tessera_bi::Json;
use tessera_bi::views::{Aggregate, Function, GroupBy, View};
use tessera_kernel::{ColumnKind, Fault, Result};

use super::super::refused;
use super::columns::{Columns, column, comparable, kind};
use super::operands::operands;

/// Most columns that a pivot makes for each aggregate.
const PIVOT_VALUES_MAX: usize = 200;

/// One row for each group.
pub(super) async fn group(
    rows: DataFrame,
    columns: &Columns<'_>,
    view: &View,
) -> Result<(DataFrame, Vec<String>)> {
    if !view.columns.is_empty() {
        let detail = "rows are grouped: name what to show in group_by and aggregates";
        return Err(Fault::invalid("columns", detail));
    }
    let mut names = Vec::new();
    let mut keys = Vec::new();
    for (place, by) in view.group_by.iter().enumerate() {
        keys.push(key(columns, by, &format!("group_by[{place}]"))?);
        names.push(by.column.clone());
    }
    let pivot = match &view.pivot {
        Some(pivot) => {
            let field = columns.field(&pivot.column, "pivot.column")?;
            let values = match pivot.values.as_slice() {
                [] => occurring(rows.clone(), field).await?,
                given => {
                    let given = Json::Array(given.to_vec());
                    let values = operands(field, &given, "pivot.values")?;
                    values
                        .into_iter()
                        .zip(given.as_array().into_iter().flatten().map(word))
                        .collect()
                }
            };
            Some((field, values))
        }
        None => None,
    };
    let mut told = Vec::new();
    for (place, aggregate) in view.aggregates.iter().enumerate() {
        let member = format!("aggregates[{place}]");
        match &pivot {
            None => {
                told.push(tell(columns, aggregate, None, &member)?.alias(aggregate.name.as_str()));
                names.push(aggregate.name.clone());
            }
            Some((field, values)) => {
                for (value, word) in values {
                    let only = comparable(field).eq(value.clone());
                    let name = if view.aggregates.len() == 1 {
                        word.clone()
                    } else {
                        format!("{word} {}", aggregate.name)
                    };
                    told.push(tell(columns, aggregate, Some(only), &member)?.alias(name.as_str()));
                    names.push(name);
                }
            }
        }
    }
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            let detail = format!("two columns of the answer are called {name:?}; give one a name");
            return Err(Fault::invalid("aggregates", detail));
        }
    }
    let rows = if told.is_empty() {
        rows.select(keys).and_then(DataFrame::distinct)
    } else {
        rows.aggregate(keys, told)
    };
    Ok((rows.map_err(refused)?, names))
}

fn key(columns: &Columns<'_>, by: &GroupBy, member: &str) -> Result<Expr> {
    let field = columns.field(&by.column, &format!("{member}.column"))?;
    let Some(unit) = by.unit else { return Ok(column(field.name())) };
    let cut = match kind(field) {
        ColumnKind::Date => cast(
            date_trunc(
                lit(unit.as_str()),
                cast(column(field.name()), DataType::Timestamp(TimeUnit::Microsecond, None)),
            ),
            DataType::Date32,
        ),
        ColumnKind::Timestamp | ColumnKind::TimestampTz => {
            date_trunc(lit(unit.as_str()), column(field.name()))
        }
        _ => {
            let detail = format!("{:?} has no dates or times to cut to a unit", field.name());
            return Err(Fault::invalid(format!("{member}.unit"), detail));
        }
    };
    Ok(cut.alias(field.name().as_str()))
}

/// What is told of a group; with `only`, of those of its rows for which that holds.
fn tell(
    columns: &Columns<'_>,
    aggregate: &Aggregate,
    only: Option<Expr>,
    member: &str,
) -> Result<Expr> {
    let of = match (&aggregate.column, aggregate.function) {
        (None, Function::Count) => lit(1_i64),
        (None, _) => return Err(Fault::invalid(format!("{member}.column"), "is required")),
        (Some(name), function) => {
            let field = columns.field(name, &format!("{member}.column"))?;
            let number = matches!(
                kind(field),
                ColumnKind::Integer | ColumnKind::Float | ColumnKind::Decimal
            );
            if matches!(function, Function::Sum | Function::Avg) && !number {
                let detail = format!("{:?} has no numbers for {}", name, function.as_str());
                return Err(Fault::invalid(format!("{member}.column"), detail));
            }
            match function {
                Function::Count => column(field.name()),
                _ => comparable(field),
            }
        }
    };
    let of = match only {
        None => of,
        Some(only) => when(only, of).end().map_err(refused)?,
    };
    Ok(match aggregate.function {
        Function::Count => count(of),
        Function::CountDistinct => count_distinct(of),
        Function::Sum => sum(of),
        Function::Avg => avg(of),
        Function::Min => min(of),
        Function::Max => max(of),
    })
}

/// The values of a column, in their order, with the words for them.
async fn occurring(rows: DataFrame, field: &Field) -> Result<Vec<(Expr, String)>> {
    let value = comparable(field).alias("value");
    let word = cast(column(field.name()), DataType::Utf8).alias("word");
    let found = rows
        .filter(column(field.name()).is_not_null())
        .and_then(|rows| rows.select(vec![value, word]))
        .and_then(DataFrame::distinct)
        .and_then(|rows| rows.sort(vec![column("value").sort(true, false)]))
        .and_then(|rows| rows.limit(0, Some(PIVOT_VALUES_MAX + 1)))
        .map_err(refused)?;
    let mut all = Vec::new();
    for batch in found.collect().await.map_err(refused)? {
        for row in 0..batch.num_rows() {
            let cell = |place| ScalarValue::try_from_array(batch.column(place), row);
            let value = cell(0).map_err(refused)?;
            let word = cell(1).map_err(refused)?.to_string();
            all.push((lit(value), word));
        }
    }
    if all.len() > PIVOT_VALUES_MAX {
        let detail = format!(
            "{:?} has more than {PIVOT_VALUES_MAX} different values; name those to show",
            field.name()
        );
        return Err(Fault::invalid("pivot.values", detail));
    }
    Ok(all)
}

fn word(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
