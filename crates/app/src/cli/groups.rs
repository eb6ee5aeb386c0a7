//! `tessera groups`.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};
use tessera_access::{AdministerGroup, CreateGroup, Group, ListGroups, NewGroup, OverviewGroups};
use tessera_kernel::ids::GroupId;

use super::output;
use super::session::Session;
use crate::compose::explain;
use crate::config::Config;

const COLUMNS: [&str; 5] = ["id", "name", "builtin", "members", "permissions"];

#[derive(Subcommand)]
pub(super) enum Command {
    /// List groups
    #[command(after_help = "Example:\n  tessera groups list --json")]
    List,
    /// Add a group; without permissions it gets the default ones
    #[command(
        after_help = "Example:\n  tessera groups create Analysts -p view_query -p execute_query"
    )]
    Create {
        /// The name
        name: String,
        /// A permission word of its members; may be repeated
        #[arg(short, long = "permission", value_name = "WORD")]
        permission: Vec<String>,
    },
    /// Set the permission words of a group's members, in place of those it has
    #[command(
        alias = "change_permissions",
        after_help = "Example:\n  tessera groups change-permissions 3 -p view_query -p list_dashboards"
    )]
    ChangePermissions {
        /// The number of the group
        id: i64,
        /// A permission word; may be repeated
        #[arg(short, long = "permission", value_name = "WORD", required = true)]
        permission: Vec<String>,
    },
    /// Let a user join a group
    #[command(after_help = "Example:\n  tessera groups add-member 3 ada@example.com")]
    AddMember {
        /// The number of the group
        id: i64,
        /// The user's address
        email: String,
    },
    /// Take a user out of a group
    #[command(after_help = "Example:\n  tessera groups remove-member 3 ada@example.com")]
    RemoveMember {
        /// The number of the group
        id: i64,
        /// The user's address
        email: String,
    },
    /// Delete a group
    #[command(after_help = "Example:\n  tessera groups delete 3")]
    Delete {
        /// The number of the group
        id: i64,
    },
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    let groups = &session.core.access.groups;
    match command {
        Command::List => {
            let grant = session.permit(OverviewGroups {}).await?;
            let found = groups.overview(&grant).await.map_err(explain)?;
            let rows: Vec<_> = found.iter().map(|(group, members)| row(group, *members)).collect();
            output::table(&COLUMNS, &rows, as_json)
        }
        Command::Create { name, permission } => {
            session.permit(ListGroups {}).await?;
            let grant = session.permit(CreateGroup {}).await?;
            let mut group = groups.create(&grant, NewGroup { name }).await.map_err(explain)?;
            if !permission.is_empty() {
                let grant = session.permit(AdministerGroup { group: group.id }).await?;
                group = groups.set_permissions(&grant, permission).await.map_err(explain)?;
            }
            output::table(&COLUMNS, &[row(&group, 0)], as_json)
        }
        Command::ChangePermissions { id, permission } => {
            let grant = session.permit(AdministerGroup { group: GroupId(id) }).await?;
            let group = groups.set_permissions(&grant, permission).await.map_err(explain)?;
            let members = members(&session, group.id).await?;
            output::table(&COLUMNS, &[row(&group, members)], as_json)
        }
        Command::AddMember { id, email } => {
            let user = session.user(&email).await?;
            let grant = session.permit(AdministerGroup { group: GroupId(id) }).await?;
            groups.add_member(&grant, user.id).await.map_err(explain)?;
            done(&json!({ "group": id, "added": user.id }), "added", as_json)
        }
        Command::RemoveMember { id, email } => {
            let user = session.user(&email).await?;
            let grant = session.permit(AdministerGroup { group: GroupId(id) }).await?;
            groups.remove_member(&grant, user.id).await.map_err(explain)?;
            done(&json!({ "group": id, "removed": user.id }), "removed", as_json)
        }
        Command::Delete { id } => {
            let grant = session.permit(AdministerGroup { group: GroupId(id) }).await?;
            groups.delete(&grant).await.map_err(explain)?;
            done(&json!({ "deleted": id }), "deleted", as_json)
        }
    }
}

async fn members(session: &Session, group: GroupId) -> Result<u64> {
    let grant = session.permit(OverviewGroups {}).await?;
    let found = session.core.access.groups.overview(&grant).await.map_err(explain)?;
    Ok(found.iter().find(|(known, _)| known.id == group).map_or(0, |(_, members)| *members))
}

fn done(value: &Value, word: &str, as_json: bool) -> Result<()> {
    if as_json { output::value(value) } else { output::line(word) }
}

fn row(group: &Group, members: u64) -> Vec<Value> {
    vec![
        json!(group.id),
        json!(group.name),
        json!(group.builtin),
        json!(members),
        json!(group.permissions),
    ]
}
