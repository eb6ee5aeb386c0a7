//! `tessera import`.

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tessera_access::{AdministerKeys, RunImport};
use tessera_kernel::Secret;

use super::output;
use super::session::Session;
use crate::config::Config;
use crate::import::{Import, Peer, Report};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Take over users, groups, data sources, queries and dashboards from a Redash server
    #[command(after_help = "\
Examples:
  tessera import redash --url https://redash.example.com --api-key-file key.txt --dry-run
  tessera import redash --url https://redash.example.com --api-key … --json

Run it again to go on after an interruption; nothing is made twice.")]
    Redash(Redash),
}

#[derive(Args)]
pub(super) struct Redash {
    /// The address of the other server
    #[arg(long)]
    url: String,
    /// The API key of an administrator there
    #[arg(long, conflicts_with = "api_key_file")]
    api_key: Option<String>,
    /// A file with that key: other people of this machine do not see it then
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<std::path::PathBuf>,
    /// Tell only what would be done
    #[arg(long)]
    dry_run: bool,
    /// In whose name, and who owns what belonged to nobody [default: the first administrator]
    #[arg(long, value_name = "ADDRESS")]
    by: Option<String>,
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let Command::Redash(asked) = command;
    let key = match (asked.api_key, &asked.api_key_file) {
        (Some(key), _) => key,
        (None, Some(file)) => std::fs::read_to_string(file)
            .with_context(|| format!("reading {}", file.display()))?
            .trim()
            .to_owned(),
        (None, None) => String::new(),
    };
    ensure!(!key.is_empty(), "give the key: --api-key or --api-key-file");
    let peer = Peer::new(&asked.url, Secret::new(key))?;
    let session = Session::open(&config).await?.acting_as(asked.by.as_deref()).await?;
    let grant = session.permit(RunImport {}).await?;
    let keys = session.permit(AdministerKeys {}).await?;
    let caller = session.caller().clone();
    let import = Import::new(&session.core, peer, caller, grant, keys, asked.dry_run).await?;
    let report = Box::pin(import.run()).await?;
    session.core.access.audit.flush().await.map_err(crate::compose::explain)?;
    show(&report, as_json)
}

fn show(report: &Report, as_json: bool) -> Result<()> {
    if as_json {
        return output::value(&serde_json::to_value(report)?);
    }
    let rows: Vec<Vec<Value>> = report
        .counts
        .iter()
        .map(|(kind, count)| {
            vec![
                json!(kind),
                json!(count.found),
                json!(count.created),
                json!(count.matched),
                json!(count.before),
                json!(count.skipped),
            ]
        })
        .collect();
    output::table(&["kind", "found", "created", "matched", "before", "skipped"], &rows, false)?;
    for skipped in &report.skipped {
        let (kind, id) = (&skipped.kind, skipped.id);
        output::line(&format!("left out: {kind} {id} ({}): {}", skipped.name, skipped.why))?;
    }
    for moved in &report.renumbered {
        output::line(&format!("{} {} is {} here", moved.kind, moved.there, moved.here))?;
    }
    for note in &report.notes {
        output::line(&format!("note: {note}"))?;
    }
    if report.dry_run {
        output::line("nothing was written")?;
    }
    Ok(())
}
