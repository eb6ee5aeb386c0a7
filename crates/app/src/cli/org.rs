//! `tessera org`.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::output;
use super::session::Session;
use crate::compose::explain;
use crate::config::Config;

/// The setting with the name of the organisation.
const NAME: &str = "organization_name";

#[derive(Subcommand)]
pub(super) enum Command {
    /// Show the organisation and how much it has
    #[command(alias = "show", after_help = "Example:\n  tessera org list --json")]
    List,
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let Command::List = command;
    let session = Session::open(&config).await?;
    let name = session.core.access.organization_setting(NAME).await.map_err(explain)?;
    let counts = super::status::counts(&session).await?;
    let columns: Vec<&str> =
        std::iter::once("name").chain(counts.iter().map(|(what, _)| *what)).collect();
    let row: Vec<Value> = std::iter::once(name.unwrap_or(Value::Null))
        .chain(counts.iter().map(|(_, count)| json!(count)))
        .collect();
    output::table(&columns, &[row], as_json)
}
