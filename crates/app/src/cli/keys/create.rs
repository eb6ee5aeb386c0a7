//! `tessera keys create`.

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tessera_access::terms::{ActionPattern, Effect, Grant, Selector, Terms};
use tessera_access::{AdministerKeys, CreateKey, Expiry, KeyFormat, KeyKind, NewKey};

use super::output;
use crate::cli::session::Session;
use crate::compose::explain;

#[derive(Args)]
pub(in crate::cli) struct Create {
    /// Whose it is: an address, `user:7` or `workspace:1`
    owner: String,
    /// What to call it
    #[arg(long)]
    name: String,
    /// After how many days it ends [default: as the policy says]
    #[arg(long, conflicts_with = "never")]
    days: Option<i64>,
    /// It never ends
    #[arg(long)]
    never: bool,
    /// What it is for: usr, svc, agt or ing [default: as fits the owner]
    #[arg(long)]
    kind: Option<String>,
    /// What it may do, such as `queries.run` or `queries.*@source:1`; may be given again
    #[arg(long, value_name = "ACTION[@OBJECT]")]
    grant: Vec<String>,
    /// All terms: a JSON file, or JSON itself
    #[arg(long, value_name = "FILE", conflicts_with = "grant")]
    terms: Option<String>,
    /// Its terms can never be changed
    #[arg(long)]
    immutable: bool,
    /// It is a trap: it opens nothing, and each use is written down
    #[arg(long)]
    canary: bool,
    /// Why it is needed, where the policy wants approval
    #[arg(long, default_value = "")]
    justification: String,
    /// Its text is a UUID
    #[arg(long)]
    uuid: bool,
}

pub(super) async fn run(session: &Session, create: Create, as_json: bool) -> Result<()> {
    let kind = match &create.kind {
        None => None,
        Some(text) => Some(KeyKind::parse(text).context("there is no such kind of keys")?),
    };
    let mut terms = match &create.terms {
        Some(text) => read_terms(text)?,
        None => Terms { grants: read_grants(&create.grant)?, ..Terms::default() },
    };
    terms.immutable |= create.immutable;
    terms.canary |= create.canary;
    let expires = match create.days {
        _ if create.never => Expiry::Never,
        Some(days) => Expiry::At(session.core.clock.now() + chrono::TimeDelta::days(days)),
        None => Expiry::Usual,
    };
    let new = NewKey {
        name: create.name,
        kind,
        owner: Some(super::owner(session, &create.owner).await?),
        terms,
        not_before: None,
        expires,
        justification: create.justification,
        format: if create.uuid { KeyFormat::Uuid } else { KeyFormat::Own },
    };
    let grant = session.permit(CreateKey {}).await?;
    let over = session.permit(AdministerKeys {}).await?;
    let keys = &session.core.access.keys;
    let minted = keys.create(&grant, Some(&over), new).await.map_err(explain)?;
    let text = minted.secret.expose();
    if as_json {
        let end = minted.key.expires_at;
        output::value(&json!({ "id": minted.key.id, "key": text, "expires_at": end }))
    } else {
        output::line(text)
    }
}

fn read_terms(text: &str) -> Result<Terms> {
    let text = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        std::fs::read_to_string(text).with_context(|| format!("reading the terms in {text}"))?
    };
    serde_json::from_str(&text).context("reading the terms")
}

fn read_grants(texts: &[String]) -> Result<Vec<Grant>> {
    let read = |text: &String| -> Result<Grant> {
        let (action, resource) = text.split_once('@').unwrap_or((text, "*"));
        let action = ActionPattern::try_from(action.to_owned()).map_err(anyhow::Error::msg)?;
        let resource = Selector::try_from(resource.to_owned()).map_err(anyhow::Error::msg)?;
        Ok(Grant { effect: Effect::Allow, action, resource })
    };
    texts.iter().map(read).collect()
}
