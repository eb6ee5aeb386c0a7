//! `tessera org`.

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::{Map, Value, json};
use tessera_access::{OrganizationSettings, ReadOrganization, UpdateOrganization};

use super::output;
use super::session::Session;
use crate::compose::explain;
use crate::config::Config;

/// The setting with the name of the organisation.
const NAME: &str = "organization_name";

#[derive(Subcommand)]
pub(super) enum Command {
    /// Show the organisation and how much it has
    #[command(alias = "show", after_help = "Example:\n  tessera org list --json")]
    List,
    /// Show the settings of the organisation
    #[command(after_help = "Example:\n  tessera org settings --json")]
    Settings,
    /// Change settings of the organisation; `NAME=null` takes one back to what the server says
    #[command(
        after_help = "Example:\n  tessera org set date_format=YYYY-MM-DD disable_public_urls=true"
    )]
    Set {
        /// A setting and its value
        #[arg(required = true, value_name = "NAME=VALUE")]
        settings: Vec<String>,
    },
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    let access = &session.core.access;
    match command {
        Command::List => list(&session, as_json).await,
        Command::Settings => {
            let grant = session.permit(ReadOrganization {}).await?;
            let settings = access.organization.read(&grant).await.map_err(explain)?;
            show(&settings, as_json)
        }
        Command::Set { settings } => {
            let change = pairs(&settings)?;
            let grant = session.permit(UpdateOrganization {}).await?;
            let settings = access.change_organization(&grant, change).await.map_err(explain)?;
            show(&settings, as_json)
        }
    }
}

fn show(settings: &OrganizationSettings, as_json: bool) -> Result<()> {
    let members = settings.members().map_err(explain)?;
    if as_json {
        return output::value(&Value::Object(members));
    }
    let rows: Vec<_> = members.into_iter().map(|(name, value)| vec![json!(name), value]).collect();
    output::table(&["setting", "value"], &rows, false)
}

/// `name=value` pairs. `true`, `false` and `null` are read as such, all else as text.
fn pairs(texts: &[String]) -> Result<Map<String, Value>> {
    let read = |text: &String| {
        let (name, value) = text.split_once('=').with_context(|| format!("{text:?} has no ="))?;
        let value = match value {
            "true" => json!(true),
            "false" => json!(false),
            "null" => Value::Null,
            text => json!(text),
        };
        Ok((name.to_owned(), value))
    };
    texts.iter().map(read).collect()
}

async fn list(session: &Session, as_json: bool) -> Result<()> {
    let name = session.core.access.organization_setting(NAME).await.map_err(explain)?;
    let counts = super::status::counts(session).await?;
    let columns: Vec<&str> =
        std::iter::once("name").chain(counts.iter().map(|(what, _)| *what)).collect();
    let row: Vec<Value> = std::iter::once(name.unwrap_or(Value::Null))
        .chain(counts.iter().map(|(_, count)| json!(count)))
        .collect();
    output::table(&columns, &[row], as_json)
}
