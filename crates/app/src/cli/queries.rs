//! `tessera queries`: what is done to queries; `tessera query` runs them.

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tessera_access::{
    ArchiveQuery, CreateQuery, DeleteQuery, ListQueries, ReadQuery, ReadQueryHistory, UpdateQuery,
};
use tessera_bi::{QueryChange, QueryFilter, QueryListing, QueryOrder, QueryScope};
use tessera_kernel::PageRequest;
use tessera_kernel::ids::QueryId;

use super::output;
use super::session::Session;
use crate::compose::explain;
use crate::config::Config;

const COLUMNS: [&str; 6] = ["id", "name", "source", "tags", "state", "last_run_at"];

#[derive(Subcommand)]
pub(super) enum Command {
    /// List queries
    #[command(after_help = "\
Examples:
  tessera queries list --search 'orders name:daily' --tag sales
  tessera queries list --archived --json")]
    List(List),
    /// Archive a query: it leaves the lists, its schedule ends, widgets that show it go
    #[command(after_help = "Example:\n  tessera queries archive 42")]
    Archive {
        /// The number of the query
        id: i64,
    },
    /// Bring an archived query back
    #[command(after_help = "Example:\n  tessera queries unarchive 42")]
    Unarchive {
        /// The number of the query
        id: i64,
    },
    /// Delete an archived query for good, with all that belongs to it
    #[command(after_help = "Example:\n  tessera queries delete 42 --yes")]
    Delete {
        /// The number of the query
        id: i64,
        /// Do it; without, only what would go is told
        #[arg(long)]
        yes: bool,
    },
    /// Add tags to a query
    #[command(alias = "add_tag", after_help = "Example:\n  tessera queries tag 42 sales weekly")]
    Tag {
        /// The number of the query
        id: i64,
        /// The tags
        #[arg(required = true)]
        tags: Vec<String>,
    },
    /// Take tags from a query
    #[command(alias = "remove_tag", after_help = "Example:\n  tessera queries untag 42 weekly")]
    Untag {
        /// The number of the query
        id: i64,
        /// The tags
        #[arg(required = true)]
        tags: Vec<String>,
    },
    /// Show who changed what of a query
    #[command(after_help = "Example:\n  tessera queries history 42")]
    History {
        /// The number of the query
        id: i64,
    },
    /// Go back to a version of a query; that makes a new version
    #[command(after_help = "Example:\n  tessera queries restore 42 3")]
    Restore {
        /// The number of the query
        id: i64,
        /// The version
        #[arg(id = "earlier", value_name = "VERSION")]
        version: i64,
    },
}

#[derive(Args)]
pub(super) struct List {
    /// Only those that are found by this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those with this tag; may be repeated
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Archived ones instead
    #[arg(long)]
    archived: bool,
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    let (queries, trash) = (&session.core.bi.queries, &session.core.bi.trash);
    match command {
        Command::List(asked) => list(&session, asked, as_json).await,
        Command::Archive { id } => {
            let grant = session.permit(ArchiveQuery { query: QueryId(id) }).await?;
            queries.archive(&grant).await.map_err(explain)?;
            done(&json!({ "archived": id }), "archived", as_json)
        }
        Command::Unarchive { id } => {
            let grant = session.permit(UpdateQuery { query: QueryId(id) }).await?;
            let detail = trash.restore_query(&grant).await.map_err(explain)?;
            output::table(&COLUMNS, &[row(&detail.listing)], as_json)
        }
        Command::Delete { id, yes } => {
            let grant = session.permit(DeleteQuery { query: QueryId(id) }).await?;
            let weight = match yes {
                true => trash.delete_query(&grant).await.map_err(explain)?,
                false => trash.weigh_query(&grant).await.map_err(explain)?,
            };
            let columns =
                ["deleted", "visualizations", "widgets", "alerts", "keys", "results", "steps"];
            let row = vec![
                json!(yes),
                json!(weight.visualizations),
                json!(weight.widgets),
                json!(weight.alerts),
                json!(weight.keys),
                json!(weight.results),
                json!(weight.steps),
            ];
            output::table(&columns, &[row], as_json)
        }
        Command::Tag { id, tags } => retag(&session, id, as_json, |known| known.extend(tags)).await,
        Command::Untag { id, tags } => {
            retag(&session, id, as_json, |known| known.retain(|tag| !tags.contains(tag))).await
        }
        Command::History { id } => history(&session, id, as_json).await,
        Command::Restore { id, version } => restore(&session, id, version, as_json).await,
    }
}

async fn list(session: &Session, asked: List, as_json: bool) -> Result<()> {
    let grant = session.permit(ListQueries {}).await?;
    let search: Vec<String> = asked.search.into_iter().collect();
    let order = if search.is_empty() { QueryOrder::CreatedAt } else { QueryOrder::Rank };
    let filter = QueryFilter {
        visible: grant.visible().map_err(explain)?,
        scope: if asked.archived { QueryScope::Archived } else { QueryScope::All },
        search,
        tags: asked.tag,
        order,
        descending: false,
    };
    let page = PageRequest { number: 1, size: u64::from(u32::MAX) };
    let found = session.core.bi.queries.list(&grant, filter, page).await.map_err(explain)?;
    let rows: Vec<_> = found.items.iter().map(row).collect();
    output::table(&COLUMNS, &rows, as_json)
}

async fn retag(
    session: &Session,
    id: i64,
    as_json: bool,
    change: impl FnOnce(&mut Vec<String>),
) -> Result<()> {
    let query = QueryId(id);
    let reading = session.permit(ReadQuery { query }).await?;
    let queries = &session.core.bi.queries;
    let present = queries.get(&reading).await.map_err(explain)?.listing.query;
    let mut tags = present.tags;
    change(&mut tags);
    let grant = session.permit(UpdateQuery { query }).await?;
    let change = QueryChange {
        expected_version: Some(present.version),
        tags: Some(tags),
        ..QueryChange::default()
    };
    let detail = queries.update(&grant, change, None).await.map_err(explain)?;
    output::table(&COLUMNS, &[row(&detail.listing)], as_json)
}

async fn history(session: &Session, id: i64, as_json: bool) -> Result<()> {
    let grant = session.permit(ReadQueryHistory { query: QueryId(id) }).await?;
    let page = PageRequest { number: 1, size: u64::from(u32::MAX) };
    let found = session.core.bi.queries.history(&grant, page).await.map_err(explain)?;
    let rows: Vec<_> = found
        .items
        .iter()
        .map(|step| {
            let changed: Vec<&String> = step
                .change
                .changes
                .as_object()
                .into_iter()
                .flat_map(serde_json::Map::keys)
                .collect();
            vec![
                json!(step.change.version),
                json!(step.change.at),
                json!(step.author),
                json!(changed),
            ]
        })
        .collect();
    output::table(&["version", "at", "by", "changed"], &rows, as_json)
}

async fn restore(session: &Session, id: i64, version: i64, as_json: bool) -> Result<()> {
    ensure!(version > 0, "versions begin with 1");
    let query = QueryId(id);
    let queries = &session.core.bi.queries;
    let grant = session.permit(UpdateQuery { query }).await?;
    let reading = session.permit(ReadQueryHistory { query }).await?;
    let source = queries.source_as_of(&reading, version).await.map_err(explain)?;
    let destination = match source {
        Some(source) if Some(source) != grant.facts().source => {
            Some(session.permit(CreateQuery { source }).await?)
        }
        _ => None,
    };
    let restored = queries.restore(&grant, version, None, destination.as_ref()).await;
    output::table(&COLUMNS, &[row(&restored.map_err(explain)?.listing)], as_json)
}

fn done(value: &Value, word: &str, as_json: bool) -> Result<()> {
    if as_json { output::value(value) } else { output::line(word) }
}

fn row(listing: &QueryListing) -> Vec<Value> {
    let query = &listing.query;
    let state = match (query.is_archived, query.is_draft) {
        (true, _) => "archived",
        (false, true) => "draft",
        (false, false) => "published",
    };
    vec![
        json!(query.id),
        json!(query.name),
        json!(query.source),
        json!(query.tags),
        json!(state),
        json!(listing.retrieved_at),
    ]
}
