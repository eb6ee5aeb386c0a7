//! `tessera keys apply` and `digest`: keys as code, with digests only in the file.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Deserialize;
use serde_json::json;
use tessera_access::terms::Terms;
use tessera_access::{AdministerKeys, DeclaredKey, KeyKind};

use super::output;
use crate::cli::session::Session;
use crate::compose::explain;

#[derive(Args)]
pub(in crate::cli) struct Apply {
    /// The file, in TOML: a `[[key]]` for each key
    file: PathBuf,
    /// Print the plan only
    #[arg(long)]
    dry_run: bool,
    /// Let keys that exist do more than before
    #[arg(long)]
    allow_widening: bool,
}

/// What is in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    key: Vec<Declared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    name: String,
    owner: String,
    kind: KeyKind,
    /// The 12 characters that find it.
    id: String,
    /// 64 hexadecimal digits.
    digest: String,
    /// The version of the pepper of the digest.
    pepper: i64,
    expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    revoked: bool,
    #[serde(default)]
    terms: Terms,
}

pub(super) async fn apply(session: &Session, apply: Apply, as_json: bool) -> Result<()> {
    let name = apply.file.display();
    let text = std::fs::read_to_string(&apply.file).with_context(|| format!("reading {name}"))?;
    let file: Keys = toml::from_str(&text).with_context(|| format!("reading {name}"))?;
    let mut declared = Vec::with_capacity(file.key.len());
    for key in file.key {
        let mut digest = [0; 32];
        hex::decode_to_slice(&key.digest, &mut digest).with_context(|| {
            format!("the digest of {:?} must be 64 hexadecimal digits", key.name)
        })?;
        declared.push(DeclaredKey {
            owner: super::owner(session, &key.owner).await?,
            name: key.name,
            kind: key.kind,
            lookup: key.id,
            digest,
            pepper_version: key.pepper,
            expires_at: key.expires_at,
            disabled: key.disabled,
            revoked: key.revoked,
            terms: key.terms,
        });
    }
    let grant = session.permit(AdministerKeys {}).await?;
    let keys = &session.core.access.keys;
    let plan = keys.plan_declared(&grant, &declared).await.map_err(explain)?;
    let wider = plan.iter().any(|step| step.widens);
    let rows: Vec<_> = plan
        .iter()
        .map(|step| {
            let changes = step.changes.join(", ");
            vec![json!(step.lookup), json!(step.name), json!(step.verb), json!(changes)]
        })
        .collect();
    output::table(&["id", "name", "plan", "changes"], &rows, as_json)?;
    if apply.dry_run {
        return Ok(());
    }
    if wider && !apply.allow_widening {
        bail!("the file lets a key do more than before; if that is meant, add --allow-widening");
    }
    keys.apply_declared(&grant, &declared).await.map_err(explain)
}

pub(super) fn digest(session: &Session, kind: &str, as_json: bool) -> Result<()> {
    let kind = KeyKind::parse(kind).context("there is no such kind of keys")?;
    let made = session.core.access.keys.mint_declared(kind);
    let text = made.secret.expose();
    let (id, digest, pepper) =
        (&made.key.lookup, hex::encode(made.key.digest), made.key.pepper_version);
    if as_json {
        return output::value(&json!({
            "key": text, "kind": kind.as_str(), "id": id, "digest": digest, "pepper": pepper,
        }));
    }
    output::line(&format!("# the text of the key, shown once: {text}"))?;
    let lines = [
        "[[key]]".to_owned(),
        "name = \"\"".to_owned(),
        "owner = \"\"".to_owned(),
        format!("kind = \"{}\"", kind.as_str()),
        format!("id = \"{id}\""),
        format!("digest = \"{digest}\""),
        format!("pepper = {pepper}"),
    ];
    lines.iter().try_for_each(|line| output::line(line))
}
