//! `tessera keys pin`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};
use tessera_access::PinQuery;
use tessera_access::terms::{Caps, Conditions, QueryVersion, Range};
use tessera_bi::NewPinnedKey;
use tessera_kernel::ids::QueryId;

use super::super::output;
use super::super::session::Session;
use crate::compose::explain;

#[derive(Args)]
pub(in crate::cli) struct Pin {
    /// The number of the query
    query: i64,
    /// What to call the key
    #[arg(long)]
    name: String,
    /// A value that the holder cannot choose; a value that is JSON is read as such; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A parameter that the holder may choose, with its range as JSON: min, max, enum; may be
    /// repeated
    #[arg(long, value_name = "NAME[=RANGE]")]
    free: Vec<String>,
    /// latest, approved, or the number of a version
    #[arg(
        id = "query_version",
        long = "query-version",
        value_name = "VERSION",
        default_value = "latest"
    )]
    version: String,
    /// An attribute that the query reads as {{ key.NAME }}; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    /// Most rows of a result; more is an error
    #[arg(long)]
    rows: Option<u64>,
    /// Most bytes of a result; more is an error
    #[arg(long)]
    bytes: Option<u64>,
    /// A result younger than this many seconds is always good enough
    #[arg(long, value_name = "SECONDS")]
    age_floor: Option<u64>,
    /// A format that results are given in; may be repeated [default: all]
    #[arg(long = "format")]
    formats: Vec<String>,
    /// The origin of a page that may use it, such as https://acme.example; may be repeated
    #[arg(long = "origin")]
    origins: Vec<String>,
    /// Whether tokens may be made from it; its signing secret is printed as well
    #[arg(long)]
    attenuable: bool,
    /// After how many days it ends [default: never]
    #[arg(long)]
    days: Option<i64>,
}

pub(super) async fn run(session: &Session, pin: Pin, as_json: bool) -> Result<()> {
    let core = &session.core;
    let new = NewPinnedKey {
        name: pin.name,
        pinned: values("--set", &pin.set)?,
        free: ranges(&pin.free)?,
        version: version(&pin.version)?,
        attributes: values("--attribute", &pin.attribute)?,
        caps: Caps {
            rows: pin.rows,
            bytes: pin.bytes,
            max_age_floor: pin.age_floor,
            formats: pin.formats,
        },
        conditions: Conditions { origin: pin.origins, ..Conditions::default() },
        attenuable: pin.attenuable,
        expires_at: pin.days.map(|days| core.clock.now() + chrono::TimeDelta::days(days)),
        ..NewPinnedKey::default()
    };
    let grant = session.permit(PinQuery { query: QueryId(pin.query) }).await?;
    let minted = core.bi.queries.pin(&grant, new).await.map_err(explain)?;
    let signing = core.access.keys.signing_secret(&minted.key).map_err(explain)?;
    let (text, signing) = (minted.secret.expose(), signing.as_ref().map(|secret| secret.expose()));
    if as_json {
        return output::value(&json!({
            "id": minted.key.id, "key": text, "signing_secret": signing, "terms": minted.key.terms,
        }));
    }
    output::line(text)?;
    signing.map_or(Ok(()), output::line)
}

fn values(option: &str, pairs: &[String]) -> Result<BTreeMap<String, Value>> {
    pairs
        .iter()
        .map(|pair| {
            let (name, value) = pair
                .split_once('=')
                .with_context(|| format!("{option} {pair}: write NAME=VALUE"))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            Ok((name.to_owned(), value))
        })
        .collect()
}

fn ranges(pairs: &[String]) -> Result<BTreeMap<String, Range>> {
    pairs
        .iter()
        .map(|pair| {
            let Some((name, range)) = pair.split_once('=') else {
                return Ok((pair.clone(), Range::default()));
            };
            let range = serde_json::from_str(range)
                .with_context(|| format!("--free {pair}: write NAME={{\"min\": …, \"max\": …}}"))?;
            Ok((name.to_owned(), range))
        })
        .collect()
}

fn version(text: &str) -> Result<Option<QueryVersion>> {
    Ok(match text {
        "latest" => None,
        "approved" => Some(QueryVersion::Approved),
        number => Some(QueryVersion::Number(
            number.parse().context("--query-version: write latest, approved or a number")?,
        )),
    })
}
