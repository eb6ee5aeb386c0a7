//! `tessera keys`.

mod pin;

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};
use tessera_access::{Action, Key, KeyOwner};
use tessera_kernel::ids::KeyId;

use super::output;
use super::session::Session;
use crate::compose::explain;
use crate::config::Config;

const COLUMNS: [&str; 7] =
    ["id", "hint", "name", "recoverable", "created_at", "expires_at", "last_used_at"];

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the keys of a user
    #[command(after_help = "Example:\n  tessera keys list ada@example.com")]
    List {
        /// The user's address
        email: String,
    },
    /// Make a key that acts as a user; it is printed once and cannot be shown again
    #[command(
        after_help = "Example:\n  tessera keys create ada@example.com --name nightly-export --days 90"
    )]
    Create {
        /// The user's address
        email: String,
        /// What to call it
        #[arg(long)]
        name: String,
        /// After how many days it ends [default: never]
        #[arg(long)]
        days: Option<i64>,
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
    /// Revoke a key for good
    #[command(after_help = "Example:\n  tessera keys revoke 12")]
    Revoke {
        /// The number of the key
        id: i64,
    },
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    let keys = &session.core.access.keys;
    match command {
        Command::List { email } => {
            let user = session.user(&email).await?;
            let found = keys.all_of(KeyOwner::User(user.id)).await.map_err(explain)?;
            let rows: Vec<_> = found.iter().map(row).collect();
            output::table(&COLUMNS, &rows, as_json)
        }
        Command::Create { email, name, days } => {
            let user = session.user(&email).await?;
            let end = days.map(|days| session.core.clock.now() + chrono::TimeDelta::days(days));
            let detail = json!({ "name": name, "expires_at": end });
            session.record(Action::KeysCreate, format!("user:{}", user.id), detail).await?;
            let minted = keys.mint_for(user.id, &name, None, end).await.map_err(explain)?;
            let text = minted.secret.expose();
            if as_json {
                output::value(&json!({ "id": minted.key.id, "key": text, "expires_at": end }))
            } else {
                output::line(text)
            }
        }
        Command::Pin(pin) => pin::run(&session, pin, as_json).await,
        Command::Usage { id, days } => super::usage::hours(&session, id, days, as_json).await,
        Command::Reach { id } => super::usage::reach(&session, id, as_json).await,
        Command::Can { id, action, resource } => {
            super::usage::can(&session, id, &action, &resource, as_json).await
        }
        Command::Revoke { id } => {
            session.record(Action::KeysRevoke, format!("key:{id}"), Value::Null).await?;
            keys.revoke_by_id(KeyId(id)).await.map_err(explain)?;
            if as_json { output::value(&json!({ "revoked": id })) } else { output::line("revoked") }
        }
    }
}

fn row(key: &Key) -> Vec<Value> {
    vec![
        json!(key.id),
        json!(format!("{}…", key.hint)),
        json!(key.name),
        json!(key.sealed.is_some()),
        json!(key.created_at),
        json!(key.expires_at),
        json!(key.last_used_at),
    ]
}
