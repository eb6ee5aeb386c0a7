//! `tessera keys list` and `show`.

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tessera_access::{AdministerKeys, KeyFilter, KeyKind, KeyState, ReadKey};
use tessera_kernel::PageRequest;
use tessera_kernel::ids::KeyId;

use super::{COLUMNS, output, row};
use crate::cli::session::Session;
use crate::compose::explain;

#[derive(Args)]
pub(in crate::cli) struct List {
    /// Whose: an address, `user:7`, `query:42` or `workspace:1` [default: everybody's]
    owner: Option<String>,
    /// Only pending, active, grace, expired, disabled or revoked ones
    #[arg(long)]
    state: Option<String>,
    /// Only usr, svc, agt, ing, qry or dash
    #[arg(long)]
    kind: Option<String>,
    /// Only those that end within so many days
    #[arg(long, value_name = "DAYS")]
    expiring_days: Option<i64>,
    /// Only those not used for so many days
    #[arg(long, value_name = "DAYS")]
    unused_days: Option<i64>,
}

pub(super) async fn run(session: &Session, list: List, as_json: bool) -> Result<()> {
    let keys = &session.core.access.keys;
    let now = keys.now();
    let state = |text: &String| {
        let found = KeyState::ALL.into_iter().find(|state| state.as_str() == text);
        found.with_context(|| format!("there is no state {text}"))
    };
    let kind =
        |text: &String| KeyKind::parse(text).with_context(|| format!("there is no kind {text}"));
    let filter = KeyFilter {
        owner: match &list.owner {
            None => None,
            Some(text) => Some(super::owner(session, text).await?),
        },
        state: list.state.as_ref().map(state).transpose()?,
        kind: list.kind.as_ref().map(kind).transpose()?,
        expiring_before: list.expiring_days.map(|days| now + chrono::TimeDelta::days(days)),
        unused_since: list.unused_days.map(|days| now - chrono::TimeDelta::days(days)),
        ..KeyFilter::default()
    };
    let grant = session.permit(AdministerKeys {}).await?;
    let page = PageRequest { number: 1, size: u64::from(u32::MAX) };
    let found = keys.list_all(&grant, &filter, page).await.map_err(explain)?;
    let rows: Vec<_> = found.items.iter().map(|key| row(key, now)).collect();
    output::table(&COLUMNS, &rows, as_json)
}

pub(super) async fn show(session: &Session, id: i64, as_json: bool) -> Result<()> {
    let grant = session.permit(ReadKey { key: KeyId(id) }).await?;
    let keys = &session.core.access.keys;
    let key = keys.get(&grant).await.map_err(explain)?;
    let mut shown = serde_json::Map::new();
    for (name, value) in COLUMNS.iter().zip(row(&key, keys.now())) {
        shown.insert((*name).to_owned(), value);
    }
    for (name, value) in [
        ("terms", json!(key.terms)),
        ("parent", json!(key.parent)),
        ("predecessor", json!(key.predecessor)),
        ("approval", json!(key.approval)),
        ("widening", json!(key.widening)),
        ("pepper", json!(key.pepper_version)),
    ] {
        shown.insert(name.to_owned(), value);
    }
    if as_json {
        return output::value(&shown.into());
    }
    for (name, value) in shown {
        output::line(&format!("{name:<14}{value}"))?;
    }
    Ok(())
}
