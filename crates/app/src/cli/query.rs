//! `tessera query`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use tessera_access::{ListQueries, ReadJob, ReadResult, RunQuery, RunStatement};
use tessera_bi::{
    Freshness, Job, JobState, QueryFilter, QueryOrder, QueryResult, QueryScope, RunAnswer,
    RunRequest,
};
use tessera_formats::Format;
use tessera_kernel::PageRequest;
use tessera_kernel::ids::{QueryId, SourceId};
use tessera_runtime::{Runtime, RuntimeSettings};

use super::session::Session;
use super::{output, rows};
use crate::compose::{self, explain};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List queries
    #[command(after_help = "Example:\n  tessera query list")]
    List,
    /// Run a saved query, or any text, and write its rows
    #[command(after_help = "\
Examples:
  tessera query run 1 --format csv --output revenue.csv
  tessera query run 4 -p least=100 -p 'status=[\"open\"]' -p 'period={\"start\":\"2025-01-01\",\"end\":\"2025-01-31\"}'
  tessera query run --source 1 --sql 'select count(*) from orders'")]
    Run(Run),
}

#[derive(Args)]
pub(super) struct Run {
    /// The number of the saved query
    id: Option<i64>,
    /// The text to run instead
    #[arg(long, requires = "source", conflicts_with = "id")]
    sql: Option<String>,
    /// The number of the data source to run it on
    #[arg(long)]
    source: Option<i64>,
    /// A value for a parameter; a value that is JSON is read as such; may be repeated
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    /// csv, tsv, json, ndjson, xlsx, arrow or parquet
    #[arg(long, default_value = "csv")]
    format: String,
    /// The file to write [default: standard output]
    #[arg(short, long)]
    output: Option<PathBuf>,
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    match command {
        Command::List => list(&session, as_json).await,
        Command::Run(run) => {
            let format = rows::format(&run.format)?;
            let settings = RuntimeSettings { workers: 1, ..compose::runtime_settings(&config) };
            let node = format!("cli-{}", std::process::id());
            let core = &session.core;
            let runtime = Runtime::start(core.bi.clone(), core.access.clone(), node, settings);
            let written = execute(&session, &run, format).await;
            runtime.shut_down().await;
            written
        }
    }
}

async fn list(session: &Session, as_json: bool) -> Result<()> {
    let grant = session.permit(ListQueries {}).await?;
    let filter = QueryFilter {
        visible: grant.visible().map_err(explain)?,
        scope: QueryScope::All,
        search: Vec::new(),
        tags: Vec::new(),
        order: QueryOrder::CreatedAt,
        descending: false,
    };
    let page = PageRequest { number: 1, size: u64::from(u32::MAX) };
    let found = session.core.bi.queries.list(&grant, filter, page).await.map_err(explain)?;
    let rows: Vec<Vec<Value>> = found
        .items
        .iter()
        .map(|listing| {
            let query = &listing.query;
            vec![
                json!(query.id),
                json!(query.name),
                json!(query.source),
                json!(listing.retrieved_at),
            ]
        })
        .collect();
    output::table(&["id", "name", "source", "last_run_at"], &rows, as_json)
}

async fn execute(session: &Session, run: &Run, format: Format) -> Result<()> {
    let request = RunRequest {
        parameters: parameters(&run.parameter)?,
        freshness: Freshness::Always,
        auto_limit: None,
    };
    let jobs = &session.core.bi.jobs;
    let answer = match (run.id, &run.sql, run.source) {
        (Some(id), _, _) => {
            let grant = session.permit(RunQuery { query: QueryId(id) }).await?;
            jobs.run_query(&grant, &request).await
        }
        (None, Some(sql), Some(source)) => {
            let grant = session.permit(RunStatement { source: SourceId(source) }).await?;
            jobs.run_statement(&grant, sql, &Value::Null, &request).await
        }
        _ => bail!("name a query by its number, or give --source and --sql"),
    };
    let result = match answer.map_err(explain)? {
        RunAnswer::Result(result) => result,
        RunAnswer::Job(job) => finished(session, &job).await?,
    };
    let reader = session.core.bi.results.open(&result).await.map_err(explain)?;
    rows::write(reader, format, run.output.as_deref()).await
}

async fn finished(session: &Session, job: &Job) -> Result<QueryResult> {
    let grant = session.permit(ReadJob { job: job.uid }).await?;
    loop {
        let wait = Duration::from_secs(60);
        let job = session.core.bi.jobs.wait(&grant, wait).await.map_err(explain)?;
        match (job.state, job.result, job.error) {
            (JobState::Succeeded, Some(result), _) => {
                let grant = session.permit(ReadResult { result }).await?;
                return session.core.bi.results.get(&grant).await.map_err(explain);
            }
            (JobState::Failed | JobState::Cancelled, _, Some(error)) => bail!("{}", error.detail),
            (state, _, _) if state.is_final() => bail!("the query was {}", state.as_str()),
            _ => {}
        }
    }
}

fn parameters(pairs: &[String]) -> Result<Map<String, Value>> {
    pairs
        .iter()
        .map(|pair| {
            let (name, text) =
                pair.split_once('=').with_context(|| format!("the parameter {pair:?} has no ="))?;
            let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            Ok((name.to_owned(), value))
        })
        .collect()
}
