//! Which columns a view shows where rows are not grouped, and the order of its rows.

use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::Expr;
use tessera_bi::views::View;
use tessera_kernel::{Fault, Result};

use super::super::refused;
use super::super::table::ROW;
use super::columns::{Columns, column, comparable};

/// Rows as they are, with some columns.
pub(super) fn pick(
    rows: DataFrame,
    columns: &Columns<'_>,
    view: &View,
) -> Result<(DataFrame, Vec<String>)> {
    if view.pivot.is_some() {
        return Err(Fault::invalid("pivot", "needs aggregates: the cells of the new columns"));
    }
    let mut names = Vec::new();
    for (place, name) in view.columns.iter().enumerate() {
        let name = columns.field(name, &format!("columns[{place}]"))?.name().clone();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.extend(columns.all().map(|field| field.name().clone()));
    }
    if !view.distinct {
        return Ok((rows, names));
    }
    let picked: Vec<Expr> = names.iter().map(|name| column(name)).collect();
    let rows = rows.select(picked).and_then(DataFrame::distinct).map_err(refused)?;
    Ok((rows, names))
}

/// Puts the rows in order. Rows that are equal in it keep their order, so that pages fit together.
pub(super) fn sort(
    rows: DataFrame,
    columns: &Columns<'_>,
    view: &View,
    names: &[String],
    grouped: bool,
) -> Result<DataFrame> {
    let mut keys: Vec<SortExpr> = Vec::new();
    let made = grouped || view.distinct;
    for (place, sort) in view.sort.iter().enumerate() {
        let member = format!("sort[{place}].column");
        let key = if made {
            if !names.contains(&sort.column) {
                let detail = format!("the answer has only {}", names.join(", "));
                return Err(Fault::invalid(member, detail));
            }
            match columns.field(&sort.column, &member) {
                Ok(field) if !view.aggregates.iter().any(|told| told.name == sort.column) => {
                    comparable(field)
                }
                _ => column(&sort.column),
            }
        } else {
            comparable(columns.field(&sort.column, &member)?)
        };
        keys.push(key.sort(!sort.descending, sort.nulls_first));
    }
    if made {
        let rest = names.iter().filter(|name| !view.sort.iter().any(|key| key.column == **name));
        let by = view.group_by.len().max(if grouped { 0 } else { names.len() });
        keys.extend(rest.take(by).map(|name| column(name).sort(true, false)));
    } else {
        keys.push(column(ROW).sort(true, false));
    }
    if keys.is_empty() { Ok(rows) } else { rows.sort(keys).map_err(refused) }
}
