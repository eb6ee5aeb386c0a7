//! `tessera keys rotate-pepper`, `pepper-status`, `remove-pepper`.

use anyhow::{Result, ensure};
use serde_json::json;
use tessera_access::{Action, AdministerKeys};

use super::output;
use crate::cli::session::Session;
use crate::compose::explain;
use crate::config::Config;
use crate::secrets;

pub(super) async fn rotate(
    session: &Session,
    config: &Config,
    delay_seconds: i64,
    as_json: bool,
) -> Result<()> {
    let from = session.core.clock.now() + chrono::TimeDelta::seconds(delay_seconds.max(0));
    session.record(Action::KeysPolicy, String::new(), json!({ "pepper": "added" })).await?;
    let version = secrets::add_pepper(&config.data, session.core.random.as_ref(), from)?;
    if as_json {
        return output::value(&json!({ "version": version, "in_force_at": from }));
    }
    output::line(&format!(
        "pepper {version} is in force from {from}; keys move to it as they are used. Copy \
         secrets.toml to the other nodes before that"
    ))
}

pub(super) async fn status(session: &Session, as_json: bool) -> Result<()> {
    let counts = counts(session).await?;
    let current = session.core.access.gate.peppers().current();
    let rows: Vec<_> = counts
        .iter()
        .map(|(version, count)| vec![json!(version), json!(count), json!(*version == current)])
        .collect();
    output::table(&["version", "keys", "current"], &rows, as_json)
}

pub(super) async fn remove(
    session: &Session,
    config: &Config,
    version: u8,
    as_json: bool,
) -> Result<()> {
    let counts = counts(session).await?;
    let used = counts.iter().find(|(known, _)| *known == i64::from(version));
    if let Some((_, count)) = used {
        ensure!(
            *count == 0,
            "{count} keys still need pepper {version}; those unused since can be listed with \
             `tessera keys list --unused-days`, and rotated or revoked"
        );
    }
    let detail = json!({ "pepper": "removed", "version": version });
    session.record(Action::KeysPolicy, String::new(), detail).await?;
    secrets::remove_pepper(&config.data, version)?;
    if as_json { output::value(&json!({ "removed": version })) } else { output::line("removed") }
}

async fn counts(session: &Session) -> Result<Vec<(i64, u64)>> {
    let grant = session.permit(AdministerKeys {}).await?;
    session.core.access.keys.count_by_pepper(&grant).await.map_err(explain)
}
