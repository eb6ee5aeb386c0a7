//! Which rows a view has: conditions and a search, as expressions of the engine.

use arrow_schema::{DataType, Field};
use datafusion::dataframe::DataFrame;
use datafusion::prelude::{Expr, cast, contains, ends_with, lit, lower, starts_with};
use tessera_bi::Json;
use tessera_bi::views::{Condition, Operator, Search, View};
use tessera_kernel::{ColumnKind, Fault, Result};

use super::super::refused;
use super::columns::{Columns, column, comparable, kind};
use super::operands::{operand, operands};

/// Most parts of all conditions of a view.
const CONDITIONS_MAX: usize = 200;

/// Only the rows that a view asks for.
pub(super) fn filter(rows: DataFrame, columns: &Columns<'_>, view: &View) -> Result<DataFrame> {
    let mut rows = rows;
    let mut left = CONDITIONS_MAX;
    for (place, condition) in view.filter.iter().enumerate() {
        let condition = holds(columns, condition, &format!("filter[{place}]"), &mut left)?;
        rows = rows.filter(condition).map_err(refused)?;
    }
    match &view.search {
        Some(search) => rows.filter(found(columns, search)?).map_err(refused),
        None => Ok(rows),
    }
}

/// What has to hold for a row; `left` is how many more parts conditions may have.
fn holds(
    columns: &Columns<'_>,
    condition: &Condition,
    member: &str,
    left: &mut usize,
) -> Result<Expr> {
    let Some(less) = left.checked_sub(1) else {
        let detail = format!("has more than {CONDITIONS_MAX} conditions");
        return Err(Fault::invalid("filter", detail));
    };
    *left = less;
    let mut each = |list: &[Condition], word: &str| -> Result<Vec<Expr>> {
        let place = |(place, one)| holds(columns, one, &format!("{member}.{word}[{place}]"), left);
        list.iter().enumerate().map(place).collect()
    };
    match condition {
        Condition::All(list) => {
            Ok(each(list, "all")?.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true)))
        }
        Condition::Any(list) => {
            Ok(each(list, "any")?.into_iter().reduce(Expr::or).unwrap_or_else(|| lit(false)))
        }
        Condition::Not(one) => Ok(!holds(columns, one, &format!("{member}.not"), left)?),
        Condition::Compare { column: name, op, value } => {
            let field = columns.field(name, &format!("{member}.column"))?;
            compare(field, *op, value, &format!("{member}.value"))
        }
    }
}

fn compare(field: &Field, op: Operator, value: &Json, member: &str) -> Result<Expr> {
    let left = comparable(field);
    let one = || operand(field, value, member);
    let many = || operands(field, value, member);
    let text = || match value.as_str() {
        Some(text) => Ok(lit(text)),
        None => Err(Fault::invalid(member, "must be a text")),
    };
    let as_text = || cast(column(field.name()), DataType::Utf8);
    Ok(match op {
        Operator::Eq => left.eq(one()?),
        Operator::Ne => left.not_eq(one()?),
        Operator::Lt => left.lt(one()?),
        Operator::Lte => left.lt_eq(one()?),
        Operator::Gt => left.gt(one()?),
        Operator::Gte => left.gt_eq(one()?),
        Operator::In => left.in_list(many()?, false),
        Operator::NotIn => left.in_list(many()?, true),
        Operator::Between => match <[Expr; 2]>::try_from(many()?) {
            Ok([low, high]) => left.between(low, high),
            Err(_) => return Err(Fault::invalid(member, "must be a list of two values")),
        },
        Operator::IsNull => column(field.name()).is_null(),
        Operator::NotNull => column(field.name()).is_not_null(),
        Operator::Contains => contains(as_text(), text()?),
        Operator::StartsWith => starts_with(as_text(), text()?),
        Operator::EndsWith => ends_with(as_text(), text()?),
    })
}

/// Whether a text is in one of the columns, without regard to case.
fn found(columns: &Columns<'_>, search: &Search) -> Result<Expr> {
    let mut fields = Vec::new();
    for (place, name) in search.columns.iter().enumerate() {
        fields.push(columns.field(name, &format!("search.columns[{place}]"))?);
    }
    if fields.is_empty() {
        fields.extend(columns.all());
    }
    let text = search.text.to_lowercase();
    let shown = fields
        .into_iter()
        .filter(|field| !matches!(kind(field), ColumnKind::Bytes | ColumnKind::Interval));
    let each = shown.map(|field| {
        contains(lower(cast(column(field.name()), DataType::Utf8)), lit(text.as_str()))
    });
    Ok(each.reduce(Expr::or).unwrap_or_else(|| lit(false)))
}
