//! Views of a stored result.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::wire::results::Column;

/// What to show of a result: filter and search, then group or pick, sort, and cut.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct View {
    /// Only rows for which all of these hold.
    #[serde(default)]
    pub(crate) filter: Vec<Condition>,
    /// Only rows with a text in one of their columns.
    pub(crate) search: Option<Search>,
    /// Makes one row of those that have these in common.
    #[serde(default)]
    pub(crate) group_by: Vec<GroupBy>,
    /// What to tell of each group; without `group_by`, of all rows.
    #[serde(default)]
    pub(crate) aggregates: Vec<Aggregate>,
    /// A column whose values become columns, one for each aggregate.
    pub(crate) pivot: Option<Pivot>,
    /// The columns to show, where rows are not grouped; all by default.
    #[serde(default)]
    pub(crate) columns: Vec<String>,
    /// Whether equal rows are shown once.
    #[serde(default)]
    pub(crate) distinct: bool,
    /// The order. Rows that are equal in it stay as they are stored.
    #[serde(default)]
    pub(crate) sort: Vec<Sort>,
    /// How many rows to pass over.
    #[serde(default)]
    pub(crate) offset: u64,
    /// Most rows. A page has 100 by default, a file all.
    pub(crate) limit: Option<u64>,
}

/// A comparison (`column`, `op`, `value`), or `all`, `any` or `not` of other conditions.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub(crate) column: Option<String>,
    pub(crate) op: Option<Operator>,
    /// One value; a list for `in` and `not_in`, two values for `between`, none for `is_null` and
    /// `not_null`. Times are ISO 8601, in UTC if they name no zone.
    #[serde(default)]
    pub(crate) value: Json,
    /// All of these hold.
    #[schema(no_recursion)]
    pub(crate) all: Option<Vec<Self>>,
    /// At least one of these holds.
    #[schema(no_recursion)]
    pub(crate) any: Option<Vec<Self>>,
    /// This does not hold.
    #[schema(no_recursion)]
    pub(crate) not: Option<Box<Self>>,
}

/// How a column is compared. `contains`, `starts_with` and `ends_with` regard case.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operator {
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
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    pub(crate) text: String,
    /// Where to look; in all columns by default.
    #[serde(default)]
    pub(crate) columns: Vec<String>,
}

/// Something that rows of a group have in common.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupBy {
    pub(crate) column: String,
    /// For dates and times: what to cut them to.
    pub(crate) unit: Option<Unit>,
}

/// A span of time.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Something told of a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Aggregate {
    pub(crate) function: Function,
    /// Not needed to `count` rows.
    pub(crate) column: Option<String>,
    /// The name of the new column; `sum_amount` by default, `count` for rows.
    #[serde(rename = "as")]
    pub(crate) name: Option<String>,
}

/// What can be told of a group.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Function {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
}

/// A column whose values become columns.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pivot {
    pub(crate) column: String,
    /// The values, in the order of the new columns; by default all that occur, at most 200.
    #[serde(default)]
    pub(crate) values: Vec<Json>,
}

/// One key of an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sort {
    /// A column of the answer, or of the result where rows are not grouped.
    pub(crate) column: String,
    #[serde(default)]
    pub(crate) descending: bool,
    /// Whether rows without a value come first; last by default.
    #[serde(default)]
    pub(crate) nulls_first: bool,
}

/// A page of a view.
#[derive(Serialize, ToSchema)]
pub(crate) struct ViewPage {
    pub(crate) columns: Vec<Column>,
    pub(crate) offset: u64,
    pub(crate) limit: u64,
    /// Where the next page begins; null after the last one.
    pub(crate) next_offset: Option<u64>,
    /// The rows, as objects.
    #[schema(value_type = Vec<Object>)]
    pub(crate) rows: Vec<Json>,
}

/// What is known of the columns of a result.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResultStatistics {
    /// How many rows there are.
    pub(crate) rows: u64,
    pub(crate) columns: Vec<ColumnStatistics>,
}

/// What is known of one column.
#[derive(Serialize, ToSchema)]
pub(crate) struct ColumnStatistics {
    pub(crate) name: String,
    pub(crate) r#type: String,
    /// How many rows have a value.
    pub(crate) count: u64,
    pub(crate) nulls: u64,
    /// How many different values there are; null for bytes and spans of time.
    pub(crate) distinct: Option<u64>,
    /// The least value; null where there is no order.
    pub(crate) min: Json,
    pub(crate) max: Json,
}
