//! `tessera keys`.

mod create;
mod declared;
mod import;
mod life;
mod list;
mod peppers;
mod pin;
mod seeing;

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::{Value, json};
use tessera_access::{Key, KeyOwner};
use tessera_kernel::Timestamp;

use super::output;
use super::session::Session;
use crate::config::Config;

const COLUMNS: [&str; 9] =
    ["id", "hint", "kind", "state", "owner", "name", "created_at", "expires_at", "last_used_at"];

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a key; it is printed once and cannot be shown again
    #[command(after_help = "\
Examples:
  tessera keys create ada@example.com --name nightly-export --days 90
  tessera keys create workspace:1 --name app --kind ing --grant users.track
  tessera keys create ada@example.com --name trap --canary --never")]
    Create(create::Create),
    /// List keys: of one owner, or all
    #[command(after_help = "\
Examples:
  tessera keys list ada@example.com
  tessera keys list --state grace --json
  tessera keys list --expiring-days 30")]
    List(list::List),
    /// Show one key with its terms
    #[command(after_help = "Example:\n  tessera keys show 12")]
    Show {
        /// The number of the key
        id: i64,
    },
    /// Make a key that opens one query with fixed values; it is printed once
    #[command(after_help = "\
Examples:
  tessera keys pin 42 --name acme --set tenant=5 --format csv --rows 10000
  tessera keys pin 42 --name acme --query-version approved --set tenant=5 \\
      --free 'from={\"min\":\"-90d\"}' --origin https://acme.example --days 90")]
    Pin(pin::Pin),
    /// How much a key was used, per hour
    #[command(after_help = "Example:\n  tessera keys usage 12 --days 7 --json")]
    Usage {
        /// The number of the key
        id: i64,
        /// How many days to look back
        #[arg(long, default_value_t = 30)]
        days: i64,
    },
    /// Everything that a key reaches
    #[command(after_help = "Example:\n  tessera keys reach 12 --json")]
    Reach {
        /// The number of the key
        id: i64,
    },
    /// Whether a key may do something, and which rule decides
    #[command(after_help = "Example:\n  tessera keys can 12 queries.run query:42")]
    Can {
        /// The number of the key
        id: i64,
        /// The action
        action: String,
        /// The object, such as query:42 or source:1
        #[arg(default_value = "*")]
        resource: String,
    },
    /// Make a successor of a key; the old one works on for a while
    #[command(after_help = "Example:\n  tessera keys rotate 12 --overlap 24h")]
    Rotate {
        /// The number of the key
        id: i64,
        /// For how long the old one works on: 0, 1h, 24h or 7d
        #[arg(long, default_value = "24h")]
        overlap: String,
    },
    /// Switch a key off
    #[command(after_help = "Example:\n  tessera keys disable 12")]
    Disable {
        /// The number of the key
        id: i64,
    },
    /// Switch a key on
    #[command(after_help = "Example:\n  tessera keys enable 12")]
    Enable {
        /// The number of the key
        id: i64,
    },
    /// Revoke a key
    #[command(after_help = "Example:\n  tessera keys revoke 12")]
    Revoke {
        /// The number of the key
        id: i64,
    },
    /// Bring a revoked key back
    #[command(after_help = "Example:\n  tessera keys restore 12")]
    Restore {
        /// The number of the key
        id: i64,
    },
    /// Revoke many keys at once
    #[command(after_help = "\
Example:
  tessera keys bulk-revoke --owner bob@example.com --dry-run")]
    BulkRevoke(life::BulkRevoke),
    /// Approve or refuse what waits at a key
    #[command(after_help = "Example:\n  tessera keys approve 12 --by eve@example.com")]
    Approve {
        /// The number of the key
        id: i64,
        /// Refuse it instead
        #[arg(long)]
        refuse: bool,
        /// The administrator who answers [default: the first one]
        #[arg(long, value_name = "ADDRESS")]
        by: Option<String>,
    },
    /// Make the keys of a file: they stand there as digests only
    #[command(after_help = "Example:\n  tessera keys apply keys.toml --dry-run")]
    Apply(declared::Apply),
    /// Make the text of a key here, and what a file of keys says of it
    #[command(after_help = "Example:\n  tessera keys digest --kind svc")]
    Digest {
        /// What it is for: usr, svc, agt or ing
        #[arg(long, default_value = "usr")]
        kind: String,
    },
    /// Take over keys whose text is known from another server
    #[command(after_help = "\
Example:
  tessera keys import --redash-plaintext keys.csv    # lines such as ada@example.com,<40 characters>")]
    Import(import::Import),
    /// Add a pepper for digests; running servers take it up by themselves
    #[command(after_help = "Example:\n  tessera keys rotate-pepper")]
    RotatePepper {
        /// When it is used for new digests, in seconds from now; every server must have read it by
        /// then
        #[arg(long, default_value_t = 60)]
        delay_seconds: i64,
    },
    /// How many keys there are for each pepper
    #[command(after_help = "Example:\n  tessera keys pepper-status")]
    PepperStatus,
    /// Remove a pepper that no key needs; sessions that began under it end
    #[command(after_help = "Example:\n  tessera keys remove-pepper 1")]
    RemovePepper {
        /// The version
        #[arg(value_name = "VERSION")]
        pepper: u8,
    },
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    match command {
        Command::Pin(pin) => pin::run(&session, pin, as_json).await,
        Command::Create(create) => create::run(&session, create, as_json).await,
        Command::List(list) => list::run(&session, list, as_json).await,
        Command::Show { id } => list::show(&session, id, as_json).await,
        Command::Usage { id, days } => seeing::hours(&session, id, days, as_json).await,
        Command::Reach { id } => seeing::reach(&session, id, as_json).await,
        Command::Can { id, action, resource } => {
            seeing::can(&session, id, &action, &resource, as_json).await
        }
        Command::Rotate { id, overlap } => life::rotate(&session, id, &overlap, as_json).await,
        Command::Disable { id } => life::set_disabled(&session, id, true, as_json).await,
        Command::Enable { id } => life::set_disabled(&session, id, false, as_json).await,
        Command::Revoke { id } => life::revoke(&session, id, as_json).await,
        Command::Restore { id } => life::restore(&session, id, as_json).await,
        Command::BulkRevoke(asked) => life::bulk_revoke(&session, asked, as_json).await,
        Command::Approve { id, refuse, by } => {
            let session = session.acting_as(by.as_deref()).await?;
            life::decide(&session, id, !refuse, as_json).await
        }
        Command::Apply(apply) => declared::apply(&session, apply, as_json).await,
        Command::Digest { kind } => declared::digest(&session, &kind, as_json),
        Command::Import(asked) => import::run(&session, asked, as_json).await,
        Command::RotatePepper { delay_seconds } => {
            peppers::rotate(&session, &config, delay_seconds, as_json).await
        }
        Command::PepperStatus => peppers::status(&session, as_json).await,
        Command::RemovePepper { pepper } => {
            peppers::remove(&session, &config, pepper, as_json).await
        }
    }
}

/// Reads whose keys are meant: an address, `user:7`, `query:42`, `dashboard:3`, `workspace:1`.
async fn owner(session: &Session, text: &str) -> Result<KeyOwner> {
    if text.contains('@') {
        return Ok(KeyOwner::User(session.user(text).await?.id));
    }
    KeyOwner::parse(text)
        .with_context(|| format!("{text} is no owner; write an address, user:7 or workspace:1"))
}

fn row(key: &Key, now: Timestamp) -> Vec<Value> {
    vec![
        json!(key.id),
        json!(format!("{}…", key.hint)),
        json!(key.kind.as_str()),
        json!(key.state(now).as_str()),
        json!(key.owner.label()),
        json!(key.name),
        json!(key.created_at),
        json!(key.expires_at),
        json!(key.last_used_at),
    ]
}

/// Prints one key as a row.
fn print(session: &Session, key: &Key, as_json: bool) -> Result<()> {
    let now = session.core.access.keys.now();
    output::table(&COLUMNS, &[row(key, now)], as_json)
}
