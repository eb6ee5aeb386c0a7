//! `tessera keys import`: keys whose text is known, stored as digests.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tessera_access::{Action, AdministerKeys};
use tessera_kernel::{Code, Secret};

use super::output;
use crate::cli::session::Session;
use crate::compose::explain;

#[derive(Args)]
pub(in crate::cli) struct Import {
    /// A file with lines `owner,key`; the owner is an address, `query:42` or `dashboard:3`
    #[arg(long, value_name = "FILE")]
    redash_plaintext: PathBuf,
    /// Tell only what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, asked: Import, as_json: bool) -> Result<()> {
    let file = &asked.redash_plaintext;
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let grant = session.permit(AdministerKeys {}).await?;
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = || format!("line {} of {}", number + 1, file.display());
        let (owner, key) = line.split_once(',').with_context(place)?;
        let owner = super::owner(session, owner.trim()).await.with_context(place)?;
        let secret = Secret::new(key.trim());
        let keys = &session.core.access.keys;
        if !asked.dry_run {
            let detail = json!({ "imported": true });
            session.record(Action::KeysCreate, owner.label(), detail).await?;
        }
        let done = match keys.import(&grant, owner, &secret, asked.dry_run).await {
            Ok(_) if asked.dry_run => "would be imported",
            Ok(_) => "imported",
            Err(fault) if fault.code() == Code::Duplicate => "there already",
            Err(fault) => return Err(explain(fault)).with_context(place),
        };
        rows.push(vec![json!(number + 1), json!(owner.label()), json!(done)]);
    }
    output::table(&["line", "owner", "done"], &rows, as_json)
}
