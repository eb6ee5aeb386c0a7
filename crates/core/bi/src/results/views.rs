//! Parts of a stored result: pages, filters, groups and pivots of its rows, asked for as data and
//! never as text.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use tessera_access::Caller;
use tessera_formats::{Options, cell};
use tessera_kernel::{COLUMN_KIND, Code, Fault, Result};

use super::{QueryResult, Results};
use crate::Json;
use crate::ports::{BatchStream, ResultViews};

/// What to show of a result, in this order: filter and search, group or pick, sort, cut.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// Only rows for which all of these hold.
    pub filter: Vec<Condition>,
    /// Only rows with this text in one of some columns.
    pub search: Option<Search>,
    /// Rows to make one of.
    pub group_by: Vec<GroupBy>,
    /// What to tell of each group; without groups, of all rows.
    pub aggregates: Vec<Aggregate>,
    /// A column whose values become columns, one for each aggregate.
    pub pivot: Option<Pivot>,
    /// The columns, where rows are not grouped; all if empty.
    pub columns: Vec<String>,
    /// Whether equal rows are one.
    pub distinct: bool,
    /// The order; rows that are equal in it stay as they are stored.
    pub sort: Vec<Sort>,
    /// How many rows to pass over.
    pub offset: u64,
    /// Most rows; `None` for all, up to what the operator allows.
    pub limit: Option<u64>,
}

/// What has to hold for a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of these.
    All(Vec<Self>),
    /// One of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A comparison of a column.
    Compare {
        /// The column.
        column: String,
        /// How.
        op: Operator,
        /// With what: one value, a list for `In`, `NotIn` and `Between`, nothing for `IsNull`.
        value: Json,
    },
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    In,
    NotIn,
    Between,
    IsNull,
    NotNull,
    Contains,
    StartsWith,
    EndsWith,
}

/// A text to look for without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The text.
    pub text: String,
    /// Where; everywhere if empty.
    pub columns: Vec<String>,
}

/// Something that rows of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupBy {
    /// The column.
    pub column: String,
    /// For dates and times: the unit to cut to, such as `month`.
    pub unit: Option<Unit>,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// Something told of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// What.
    pub function: Function,
    /// Of which column; `None` for the number of rows.
    pub column: Option<String>,
    /// The name of the new column.
    pub name: String,
}

/// What can be told of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Function {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
}

impl Function {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::CountDistinct => "count_distinct",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// A column whose values become columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Pivot {
    /// The column.
    pub column: String,
    /// The values, in the order of the new columns; all that occur if empty.
    pub values: Vec<Json>,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The column of the answer.
    pub column: String,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether rows without a value come first; they come last otherwise.
    pub nulls_first: bool,
}

/// What a view may use.
#[derive(Debug, Clone, Copy)]
pub struct ViewLimits {
    /// Most rows.
    pub rows_max: u64,
    /// Most bytes in memory form.
    pub bytes_max: u64,
    /// Longest time, in seconds.
    pub time_limit_seconds: u64,
}

/// The rows of a view: counted, and ready to be sent.
pub struct ViewRows {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: BatchStream,
    /// How many rows there are.
    pub rows: u64,
    /// Their bytes in memory form.
    pub bytes: u64,
    /// Whether there are more behind them.
    pub more: bool,
}

/// What is known of a column of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnStatistics {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: String,
    /// How many rows have a value.
    pub count: u64,
    /// How many have none.
    pub nulls: u64,
    /// How many different values there are; `None` for columns that are not compared.
    pub distinct: Option<u64>,
    /// The least value; null if there is none, or no order.
    pub min: Json,
    /// The greatest value.
    pub max: Json,
}

impl Results {
    /// The same, with an engine that makes views.
    #[must_use]
    pub fn with_views(mut self, views: Arc<dyn ResultViews>, limits: ViewLimits) -> Self {
        self.views = Some((views, limits));
        self
    }

    /// Makes a view of a result that was found by one of the other methods, for a caller that gets
    /// it in a format, such as `csv`. What it gives counts for the caps of the caller's key, not
    /// what it was made of.
    ///
    /// # Errors
    /// `Invalid` with the member that is wrong; `OutOfScope` for a format that the key does not
    /// give; `TooLarge` for more than the operator or the key allows; `TimedOut`.
    pub async fn view(
        &self,
        caller: &Caller,
        result: &QueryResult,
        view: &View,
        format: &str,
    ) -> Result<ViewRows> {
        if let Some(key) = caller.key() {
            key.check_format(format)?;
        }
        let (views, limits) = self.engine()?;
        let rows = views.view(result.uid, view, limits).await?;
        if view.limit.is_none() && rows.more {
            let detail = format!(
                "the view has more than {} rows (results.view_rows_max); ask for pages with offset \
                 and limit",
                limits.rows_max
            );
            return Err(Fault::new(Code::TooLarge, detail).with_field("limit"));
        }
        if let Some(key) = caller.key() {
            key.check_size(rows.rows, rows.bytes)?;
        }
        Ok(rows)
    }

    /// What is known of the columns of a result that was found by one of the other methods.
    ///
    /// # Errors
    /// `TooLarge` if there is not memory enough; `TimedOut`.
    pub async fn statistics(&self, result: &QueryResult) -> Result<Vec<ColumnStatistics>> {
        let (views, limits) = self.engine()?;
        let found = views.statistics(result.uid, limits).await?;
        let options = Options::default();
        let number = |column: usize| match cell(&found, column, 0, &options) {
            Json::Number(number) => number.as_u64().unwrap_or(0),
            _ => 0,
        };
        let schema = found.schema();
        let mut all = Vec::new();
        for place in 0..found.num_columns() / 4 {
            let first = place * 4;
            let field = schema.field(first + 2);
            let count = number(first);
            let compared = schema.field(first + 1).name() != "none";
            all.push(ColumnStatistics {
                name: field.name().clone(),
                kind: field.metadata().get(COLUMN_KIND).map_or("other", String::as_str).to_owned(),
                count,
                nulls: result.rows.saturating_sub(count),
                distinct: compared.then(|| number(first + 1)),
                min: cell(&found, first + 2, 0, &options),
                max: cell(&found, first + 3, 0, &options),
            });
        }
        Ok(all)
    }

    fn engine(&self) -> Result<(&Arc<dyn ResultViews>, ViewLimits)> {
        let (views, limits) = self.views.as_ref().ok_or_else(|| {
            Fault::new(Code::Unsupported, "this server makes no views of results")
        })?;
        Ok((views, *limits))
    }
}
