//! `tessera keys rotate`, `disable`, `enable`, `revoke`, `restore`, `bulk-revoke`, `approve`.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;
use tessera_access::{
    AdministerKeys, ApproveKey, BulkRevocation, DisableKey, KeyFilter, KeyKind, RestoreKey,
    RevokeKey, RotateKey,
};
use tessera_kernel::ids::KeyId;

use super::{COLUMNS, output, print, row};
use crate::cli::session::Session;
use crate::compose::explain;

#[derive(Args)]
pub(in crate::cli) struct BulkRevoke {
    /// Numbers of keys
    ids: Vec<i64>,
    /// Those of an owner: an address, `user:7` or `workspace:1`
    #[arg(long)]
    owner: Option<String>,
    /// Those of a kind: usr, svc, agt, ing
    #[arg(long)]
    kind: Option<String>,
    /// Those made before this moment, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "MOMENT")]
    created_before: Option<DateTime<Utc>>,
    /// Also keys that can be shown again
    #[arg(long)]
    include_recoverable: bool,
    /// Tell only which ones
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn rotate(session: &Session, id: i64, overlap: &str, as_json: bool) -> Result<()> {
    let seconds = match overlap {
        "0" => 0,
        "1h" => 3600,
        "24h" => 86_400,
        "7d" => 604_800,
        _ => anyhow::bail!("the overlap is 0, 1h, 24h or 7d"),
    };
    let grant = session.permit(RotateKey { key: KeyId(id) }).await?;
    let keys = &session.core.access.keys;
    let minted = keys.rotate(&grant, seconds).await.map_err(explain)?;
    let text = minted.secret.expose();
    if as_json {
        let end = minted.key.expires_at;
        output::value(&json!({ "id": minted.key.id, "key": text, "expires_at": end }))
    } else {
        output::line(text)
    }
}

pub(super) async fn set_disabled(
    session: &Session,
    id: i64,
    disabled: bool,
    as_json: bool,
) -> Result<()> {
    let grant = session.permit(DisableKey { key: KeyId(id) }).await?;
    let keys = &session.core.access.keys;
    let key = keys.set_disabled(&grant, disabled).await.map_err(explain)?;
    print(session, &key, as_json)
}

pub(super) async fn revoke(session: &Session, id: i64, as_json: bool) -> Result<()> {
    let grant = session.permit(RevokeKey { key: KeyId(id) }).await?;
    session.core.access.keys.revoke(&grant).await.map_err(explain)?;
    if as_json { output::value(&json!({ "revoked": id })) } else { output::line("revoked") }
}

pub(super) async fn restore(session: &Session, id: i64, as_json: bool) -> Result<()> {
    let grant = session.permit(RestoreKey { key: KeyId(id) }).await?;
    let key = session.core.access.keys.restore(&grant).await.map_err(explain)?;
    print(session, &key, as_json)
}

pub(super) async fn bulk_revoke(session: &Session, asked: BulkRevoke, as_json: bool) -> Result<()> {
    let owner = match &asked.owner {
        None => None,
        Some(text) => Some(super::owner(session, text).await?),
    };
    let kind = match &asked.kind {
        None => None,
        Some(text) => Some(KeyKind::parse(text).context("there is no such kind of keys")?),
    };
    let filter = KeyFilter {
        ids: asked.ids.into_iter().map(KeyId).collect(),
        owner,
        kind,
        created_before: asked.created_before,
        ..KeyFilter::default()
    };
    let revocation =
        BulkRevocation { filter, recoverable: asked.include_recoverable, dry_run: asked.dry_run };
    let grant = session.permit(AdministerKeys {}).await?;
    let keys = &session.core.access.keys;
    let found = keys.revoke_many(&grant, revocation).await.map_err(explain)?;
    let now = keys.now();
    let rows: Vec<_> = found.iter().map(|key| row(key, now)).collect();
    output::table(&COLUMNS, &rows, as_json)
}

pub(super) async fn decide(session: &Session, id: i64, approve: bool, as_json: bool) -> Result<()> {
    let grant = session.permit(ApproveKey { key: KeyId(id) }).await?;
    let key = session.core.access.keys.decide_approval(&grant, approve).await.map_err(explain)?;
    print(session, &key, as_json)
}
