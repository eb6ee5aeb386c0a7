//! `tessera results`.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use futures::StreamExt;
use serde_json::{Map, Value, json};
use tessera_access::{ReadQuery, ReadResult};
use tessera_api::views::{comparison, read};
use tessera_bi::views::{View, ViewRows};
use tessera_bi::{QueryResult, ResultReader, exported};
use tessera_formats::{Format, Options, cell};
use tessera_kernel::ids::{QueryId, ResultId};
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE};

use super::session::Session;
use super::{output, rows};
use crate::compose::explain;
use crate::config::Config;

/// Rows of a page, if nothing is said.
const PAGE_ROWS: u64 = 100;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Part of a stored result, made where it is stored: a page, or a file of all its rows
    #[command(after_help = "\
Examples:
  tessera results view 12 --filter amount:gte:10 --sort=-amount --column id --limit 20
  tessera results view --query 3 --search berlin --format csv --output berlin.csv
  tessera results view 12 --group-by created_at:month --aggregate sum:amount:total --pivot country
  echo '{\"filter\": [{\"not\": {\"column\": \"id\", \"op\": \"in\", \"value\": [1, 2]}}]}' | tessera results view 12 --body -")]
    View(Box<Show>),
    /// What is known of the columns of a stored result: values, missing and different ones, limits
    #[command(after_help = "Example:\n  tessera results statistics 12 --json")]
    Statistics(Which),
}

#[derive(Args)]
pub(super) struct Which {
    /// The number of the result
    #[arg(required_unless_present = "query")]
    id: Option<i64>,
    /// The latest result of this query instead
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    query: Option<i64>,
}

#[derive(Args)]
pub(super) struct Show {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    members: Members,
    /// A file with the view as POST /v1/results/{id}/view takes it, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "Members")]
    body: Option<PathBuf>,
    /// csv, tsv, json, ndjson, xlsx, arrow or parquet, with all rows unless there is a limit
    #[arg(long)]
    format: Option<String>,
    /// The file to write [default: standard output]
    #[arg(short, long, requires = "format")]
    output: Option<PathBuf>,
}

#[derive(Args)]
struct Members {
    /// Only rows for which this holds, such as amount:gte:10 or country:in:DE,FR; may be repeated
    #[arg(short, long, value_name = "COLUMN:OP:VALUE")]
    filter: Vec<String>,
    /// Only rows with this text in a column, in any case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// A column to show; may be repeated [default: all]
    #[arg(short, long, value_name = "COLUMN")]
    column: Vec<String>,
    /// Show equal rows once
    #[arg(long)]
    distinct: bool,
    /// One row for all with the same value, cut to second … year if a unit is named; may be repeated
    #[arg(long, value_name = "COLUMN[:UNIT]")]
    group_by: Vec<String>,
    /// What to tell of each group: count, count_distinct, sum, avg, min or max; may be repeated
    #[arg(long, value_name = "FUNCTION[:COLUMN[:NAME]]")]
    aggregate: Vec<String>,
    /// A column whose values become columns, one for each aggregate
    #[arg(long, value_name = "COLUMN")]
    pivot: Option<String>,
    /// A column to sort by, the greatest first with a minus in front; may be repeated
    #[arg(short, long, value_name = "COLUMN", allow_hyphen_values = true)]
    sort: Vec<String>,
    /// How many rows to pass over
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    offset: u64,
    /// Most rows [default: 100 for a page]
    #[arg(long, value_name = "ROWS")]
    limit: Option<u64>,
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    match command {
        Command::View(show) => view(&session, &show, as_json).await,
        Command::Statistics(which) => statistics(&session, &which, as_json).await,
    }
}

async fn found(session: &Session, which: &Which) -> Result<QueryResult> {
    let results = &session.core.bi.results;
    if let Some(query) = which.query {
        let grant = session.permit(ReadQuery { query: QueryId(query) }).await?;
        return Ok(results.latest(&grant).await.map_err(explain)?.1);
    }
    let id = which.id.context("name a result by its number, or give --query")?;
    let grant = session.permit(ReadResult { result: ResultId(id) }).await?;
    results.get(&grant).await.map_err(explain)
}

async fn view(session: &Session, show: &Show, as_json: bool) -> Result<()> {
    let format = show.format.as_deref().map(rows::format).transpose()?;
    let mut view = wanted(show)?;
    if format.is_none() {
        view.limit = view.limit.or(Some(PAGE_ROWS));
    }
    let result = found(session, &show.which).await?;
    let word = format.unwrap_or(Format::Json).extension();
    let results = &session.core.bi.results;
    let shown = results.view(session.caller(), &result, &view, word).await.map_err(explain)?;
    let given = QueryResult { rows: shown.rows, ..result };
    session.note(exported(session.caller(), &given, word)).await?;
    match format {
        Some(format) => {
            let rows = ResultReader { schema: shown.schema, batches: shown.batches };
            rows::write(rows, format, show.output.as_deref()).await
        }
        None => page(shown, &view, as_json).await,
    }
}

/// The view that the options ask for.
fn wanted(show: &Show) -> Result<View> {
    if let Some(path) = &show.body {
        let text = if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        } else {
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?
        };
        return read(&text).map_err(explain);
    }
    let members = &show.members;
    let group_by: Vec<Value> = members
        .group_by
        .iter()
        .map(|text| match text.rsplit_once(':') {
            Some((column, unit)) => json!({ "column": column, "unit": unit }),
            None => json!({ "column": text }),
        })
        .collect();
    let aggregates: Vec<Value> = members
        .aggregate
        .iter()
        .map(|text| {
            let names = ["function", "column", "as"].map(str::to_owned);
            let parts = text.splitn(3, ':').map(Value::from);
            Value::Object(names.into_iter().zip(parts).collect::<Map<_, _>>())
        })
        .collect();
    let sort: Vec<Value> = members
        .sort
        .iter()
        .map(|text| {
            let column = text.strip_prefix('-').unwrap_or(text);
            json!({ "column": column, "descending": text.starts_with('-') })
        })
        .collect();
    let body = json!({
        "search": members.search.as_ref().map(|text| json!({ "text": text })),
        "columns": members.column,
        "distinct": members.distinct,
        "group_by": group_by,
        "aggregates": aggregates,
        "pivot": members.pivot.as_ref().map(|column| json!({ "column": column })),
        "sort": sort,
        "offset": members.offset,
        "limit": members.limit,
    });
    let mut view = read(&body.to_string()).map_err(explain)?;
    for text in &members.filter {
        view.filter.push(comparison(text).map_err(explain)?);
    }
    Ok(view)
}

/// Prints a page: a table, or what `/v1` answers.
async fn page(mut shown: ViewRows, view: &View, as_json: bool) -> Result<()> {
    let options = Options::default();
    let mut rows = Vec::new();
    while let Some(batch) = shown.batches.next().await {
        let batch = batch.map_err(explain)?;
        for row in 0..batch.num_rows() {
            let cells = (0..batch.num_columns()).map(|column| cell(&batch, column, row, &options));
            rows.push(cells.collect::<Vec<Value>>());
        }
    }
    let fields = shown.schema.fields();
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    let next = shown.more.then(|| view.offset.saturating_add(shown.rows));
    if !as_json {
        output::table(&names, &rows, false)?;
        return match next {
            Some(next) => output::line(&format!("there are more: --offset {next}")),
            None => Ok(()),
        };
    }
    let columns: Vec<Value> = fields
        .iter()
        .map(|field| {
            let metadata = field.metadata();
            json!({
                "name": field.name(),
                "type": metadata.get(COLUMN_KIND).map_or("other", String::as_str),
                "source_type": metadata.get(COLUMN_SOURCE_TYPE),
            })
        })
        .collect();
    let named = |row: Vec<Value>| -> Map<String, Value> {
        names.iter().map(|name| (*name).to_owned()).zip(row).collect()
    };
    output::value(&json!({
        "columns": columns,
        "offset": view.offset,
        "limit": view.limit,
        "next_offset": next,
        "rows": rows.into_iter().map(named).collect::<Vec<_>>(),
    }))
}

async fn statistics(session: &Session, which: &Which, as_json: bool) -> Result<()> {
    let result = found(session, which).await?;
    let columns = session.core.bi.results.statistics(&result).await.map_err(explain)?;
    if columns.is_empty() {
        bail!("the result has no columns");
    }
    let rows: Vec<Vec<Value>> = columns
        .into_iter()
        .map(|column| {
            vec![
                json!(column.name),
                json!(column.kind),
                json!(column.count),
                json!(column.nulls),
                json!(column.distinct),
                column.min,
                column.max,
            ]
        })
        .collect();
    output::table(&["name", "type", "count", "nulls", "distinct", "min", "max"], &rows, as_json)
}
