//! `tessera database`.

use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::json;
use tessera_access::{Action, Sealer, check_sealed, reseal};

use super::output;
use super::session::Session;
use crate::compose::{self, explain};
use crate::config::Config;
use crate::secrets;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the tables, or bring those of an earlier version up to date; the server does so itself
    #[command(
        alias = "create_tables",
        after_help = "Example:\n  tessera database migrate --database-url postgres://…"
    )]
    Migrate,
    /// Seal everything anew with a new secret: options of data sources, keys, second factors
    #[command(after_help = "\
Example:
  tessera database reencrypt

Stop every node first: one that runs knows the earlier secret only. If it is broken off, run it
again. Then copy secrets.toml to the other nodes. A store that other secrets sealed is refused.")]
    Reencrypt {
        /// Keep the earlier secrets in secrets.toml, to open copies of the store from before
        #[arg(long)]
        keep_old: bool,
        /// Tell only how much there is, and whether all of it can be opened
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let (keep_old, dry_run) = match command {
        Command::Migrate => return migrate(&config, as_json).await,
        Command::Reencrypt { keep_old, dry_run } => (keep_old, dry_run),
    };
    let session = Session::open(&config).await?;
    let core = &session.core;
    let data = config.data.canonicalize()?;
    let sealer = |secrets: &secrets::Secrets| {
        Sealer::new(&secrets.seals, Arc::clone(&core.random)).map_err(explain)
    };
    let known = secrets::load_or_create(&data, core.random.as_ref(), core.clock.now())?;
    // Nothing changes before everything was opened once.
    let before = check_sealed(&core.store, &sealer(&known)?).await.map_err(explain)?;
    if dry_run {
        let row = vec![json!(before.total), json!(before.current), json!(known.seals.len())];
        return output::table(&["sealed", "with_present_secret", "secrets"], &[row], as_json);
    }
    let detail = json!({ "seal": "changed" });
    session.record(Action::KeysPolicy, String::new(), detail).await?;
    // What is not finished yet is gone on with, instead of beginning anew.
    if before.current == before.total || known.seals.len() < 2 {
        secrets::add_seal(&data, core.random.as_ref())?;
    }
    let fresh = secrets::load_or_create(&data, core.random.as_ref(), core.clock.now())?;
    let sealer = sealer(&fresh)?;
    let resealed = reseal(&core.store, &sealer).await.map_err(explain)?;
    let after = check_sealed(&core.store, &sealer).await.map_err(explain)?;
    let version = fresh.seals.last().context("there is no secret to seal with")?.0;
    if after.current == after.total && !keep_old {
        secrets::remove_earlier_seals(&data, version)?;
    }
    core.access.audit.flush().await.map_err(explain)?;
    let row = vec![json!(after.total), json!(resealed), json!(version)];
    output::table(&["sealed", "resealed", "secret_version"], &[row], as_json)
}

/// Opening the store does it.
async fn migrate(config: &Config, as_json: bool) -> Result<()> {
    let core = compose::core(config, None).await?;
    let version = core.store.schema_version();
    core.store.close().await;
    output::table(&["schema_version"], &[vec![json!(version)]], as_json)
}
