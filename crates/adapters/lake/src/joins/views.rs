//! Views of one result: a plan is made of data, column by column, and run by the engine.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use async_trait::async_trait;
use datafusion::common::{Column, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, max, min, sum};
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::{
    Expr, cast, contains, date_trunc, ends_with, lit, lower, starts_with, when,
};
use futures::StreamExt as _;
use tessera_bi::Json;
use tessera_bi::ports::ResultViews;
use tessera_bi::views::{
    Aggregate, Condition, Function, GroupBy, Operator, Search, View, ViewLimits, ViewRows,
};
use tessera_kernel::ids::Uid;
use tessera_kernel::{COLUMN_KIND, Code, ColumnKind, Fault, Result};

use super::columns::Shown;
use super::operands::{operand, operands};
use super::table::{Form, ROW, ResultFile};
use super::{ResultEngine, refused};
use crate::engine::Stop;

/// Most columns that a pivot makes for each aggregate.
const PIVOT_VALUES_MAX: usize = 200;

/// Most parts of a condition.
const CONDITIONS_MAX: usize = 200;

#[async_trait]
impl ResultViews for ResultEngine {
    async fn view(&self, file: Uid, view: &View, limits: ViewLimits) -> Result<ViewRows> {
        let (engine, view) = (self.clone(), view.clone());
        let working = self
            .engine()?
            .begin(|stop| async move { show(&engine, file, &view, limits, &stop).await })?;
        within(limits, working.done()).await
    }

    async fn statistics(&self, file: Uid, limits: ViewLimits) -> Result<RecordBatch> {
        let engine = self.clone();
        let working =
            self.engine()?.begin(|stop| async move { describe(&engine, file, &stop).await })?;
        within(limits, working.done()).await
    }
}

/// Dropped, the work on the threads of the engine stops.
async fn within<T>(limits: ViewLimits, work: impl Future<Output = Result<T>>) -> Result<T> {
    let seconds = limits.time_limit_seconds;
    match tokio::time::timeout(Duration::from_secs(seconds), work).await {
        Ok(done) => done,
        Err(_) => Err(Fault::new(
            Code::TimedOut,
            format!("the view took longer than {seconds} s (results.view_time_limit_seconds)"),
        )),
    }
}

/// A column by its name, whatever is in it.
pub(super) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// The columns that a view can name.
pub(super) struct Columns<'a>(&'a Schema);

impl<'a> Columns<'a> {
    pub(super) fn field(&self, name: &str, member: &str) -> Result<&'a Field> {
        let known = || self.0.fields().iter().filter(|field| field.name() != ROW);
        known().find(|field| field.name() == name).map(AsRef::as_ref).ok_or_else(|| {
            let names: Vec<&str> = known().map(|field| field.name().as_str()).collect();
            let detail = format!("there is no column {name:?}; it has {}", names.join(", "));
            Fault::invalid(member, detail)
        })
    }
}

/// What the values of a column are.
pub(super) fn kind(field: &Field) -> ColumnKind {
    let known = field.metadata().get(COLUMN_KIND).and_then(|kind| ColumnKind::parse(kind));
    known.unwrap_or(match field.data_type() {
        DataType::Int64 => ColumnKind::Integer,
        DataType::Float32 | DataType::Float64 => ColumnKind::Float,
        DataType::Boolean => ColumnKind::Boolean,
        DataType::Date32 => ColumnKind::Date,
        DataType::Timestamp(_, None) => ColumnKind::Timestamp,
        DataType::Timestamp(_, Some(_)) => ColumnKind::TimestampTz,
        _ => ColumnKind::Text,
    })
}

/// A column as it is compared and counted: decimals are numbers, not texts.
pub(super) fn comparable(field: &Field) -> Expr {
    match kind(field) {
        ColumnKind::Decimal => cast(column(field.name()), DataType::Float64),
        _ => column(field.name()),
    }
}

async fn show(
    engine: &ResultEngine,
    file: Uid,
    view: &View,
    limits: ViewLimits,
    stop: &Stop,
) -> Result<ViewRows> {
    let file = ResultFile::open(engine.lake(), file, Form::Exact).await?;
    let schema = file.columns().clone();
    let columns = Columns(&schema);
    let all = engine.context(stop)?.read_table(Arc::new(file)).map_err(refused)?;
    let mut rows = all;
    for (place, condition) in view.filter.iter().enumerate() {
        let member = format!("filter[{place}]");
        let mut left = CONDITIONS_MAX;
        let condition = holds(&columns, condition, &member, &mut left)?;
        rows = rows.filter(condition).map_err(refused)?;
    }
    if let Some(search) = &view.search {
        rows = rows.filter(found(&columns, search)?).map_err(refused)?;
    }
    let grouped = !view.group_by.is_empty() || !view.aggregates.is_empty();
    let names;
    (rows, names) = if grouped {
        group(rows, &columns, view).await?
    } else {
        if view.pivot.is_some() {
            return Err(Fault::invalid("pivot", "needs aggregates: the cells of the new columns"));
        }
        pick(rows, &columns, view)?
    };
    rows = sort(rows, &columns, view, &names, grouped)?;
    rows =
        rows.select(names.iter().map(|name| column(name)).collect::<Vec<_>>()).map_err(refused)?;
    let wanted = view.limit.unwrap_or(limits.rows_max).min(limits.rows_max);
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    rows =
        rows.limit(whole(view.offset), Some(whole(wanted.saturating_add(1)))).map_err(refused)?;
    collect(rows, wanted, limits).await
}

/// Takes the rows, up to what is wanted; one more tells that there are more.
async fn collect(rows: DataFrame, wanted: u64, limits: ViewLimits) -> Result<ViewRows> {
    let mut stream = rows.execute_stream().await.map_err(refused)?;
    let shown = Shown::exact(&stream.schema())?;
    let mut view =
        ViewRows { schema: shown.schema(), batches: Vec::new(), rows: 0, bytes: 0, more: false };
    while let Some(batch) = stream.next().await {
        let mut batch = shown.batch(&batch.map_err(refused)?)?;
        let left = usize::try_from(wanted - view.rows).unwrap_or(usize::MAX);
        if batch.num_rows() > left {
            view.more = true;
            batch = batch.slice(0, left);
        }
        view.rows += batch.num_rows() as u64;
        view.bytes += batch.get_array_memory_size() as u64;
        if view.bytes > limits.bytes_max {
            let detail = format!(
                "the view has more than {} bytes (results.view_bytes_max); ask for fewer rows or \
                 columns",
                limits.bytes_max
            );
            return Err(Fault::new(Code::TooLarge, detail).with_field("limit"));
        }
        if batch.num_rows() > 0 {
            view.batches.push(batch);
        }
        if view.more {
            break;
        }
    }
    Ok(view)
}

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
        fields.extend(
            columns.0.fields().iter().filter(|field| field.name() != ROW).map(AsRef::as_ref),
        );
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

/// Rows as they are, with some columns.
fn pick(rows: DataFrame, columns: &Columns<'_>, view: &View) -> Result<(DataFrame, Vec<String>)> {
    let mut names = Vec::new();
    for (place, name) in view.columns.iter().enumerate() {
        let name = columns.field(name, &format!("columns[{place}]"))?.name().clone();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        let fields = columns.0.fields().iter().filter(|field| field.name() != ROW);
        names.extend(fields.map(|field| field.name().clone()));
    }
    if !view.distinct {
        return Ok((rows, names));
    }
    let picked: Vec<Expr> = names.iter().map(|name| column(name)).collect();
    let rows = rows.select(picked).and_then(DataFrame::distinct).map_err(refused)?;
    Ok((rows, names))
}

/// One row for each group.
async fn group(
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

/// Puts the rows in order. Rows that are equal in it keep their order, so that pages fit together.
fn sort(
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
    } else if !view.sort.is_empty() || view.offset > 0 || view.limit.is_some() {
        keys.push(column(ROW).sort(true, false));
    }
    if keys.is_empty() { Ok(rows) } else { rows.sort(keys).map_err(refused) }
}

/// For each column: how many values, how many different ones, the least, the greatest.
async fn describe(engine: &ResultEngine, file: Uid, stop: &Stop) -> Result<RecordBatch> {
    let file = ResultFile::open(engine.lake(), file, Form::Exact).await?;
    let schema = file.columns().clone();
    let rows = engine.context(stop)?.read_table(Arc::new(file)).map_err(refused)?;
    let (mut told, mut names) = (Vec::new(), Vec::new());
    for field in schema.fields().iter().filter(|field| field.name() != ROW) {
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
