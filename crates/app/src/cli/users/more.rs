//! Invitations, administrators, and users who never came.

use anyhow::Result;
use serde_json::json;
use tessera_access::{
    AdministerGroup, AdministerUser, CreateUser, DeleteUser, NewUser, TokenPurpose,
};

use super::{COLUMNS, admin_group, row};
use crate::cli::output;
use crate::cli::session::Session;
use crate::compose::explain;
use crate::config::Config;

/// Adds a user, or takes one who did not answer yet, and prints a link.
pub(super) async fn invite(
    config: &Config,
    email: String,
    name: Option<String>,
    admin: bool,
    as_json: bool,
) -> Result<()> {
    let session = Session::open(config).await?;
    let users = &session.core.access.users;
    let known = users.by_email(&email).await.map_err(explain)?;
    let (user, link) = match known {
        Some(known) => {
            anyhow::ensure!(
                known.invitation_pending,
                "{email} has a password already; use `tessera users password`"
            );
            let grant = session.permit(AdministerUser { user: known.id }).await?;
            users.issue_link(&grant, TokenPurpose::Invite).await.map_err(explain)?
        }
        None => {
            let grant = session.permit(CreateUser {}).await?;
            let groups = if admin { vec![admin_group(&session).await?] } else { Vec::new() };
            let name = name.unwrap_or_else(|| email.clone());
            users.create(&grant, NewUser { name, email, groups }).await.map_err(explain)?
        }
    };
    let base = config.server.base_url.trim_end_matches('/');
    let address = format!("{base}/invite/{}", link.token.expose());
    if as_json {
        return output::value(&json!({
            "id": user.id, "email": user.email, "link": address, "expires_at": link.expires_at,
        }));
    }
    output::line(&address)
}

pub(super) async fn grant_admin(session: &Session, email: &str, as_json: bool) -> Result<()> {
    let user = session.user(email).await?;
    let group = admin_group(session).await?;
    let grant = session.permit(AdministerGroup { group }).await?;
    let groups = &session.core.access.groups;
    let user = groups.add_member(&grant, user.id).await.map_err(explain)?;
    output::table(&COLUMNS, &[row(&user)], as_json)
}

pub(super) async fn delete(session: &Session, email: &str, as_json: bool) -> Result<()> {
    let user = session.user(email).await?;
    let grant = session.permit(DeleteUser { user: user.id }).await?;
    let user = session.core.access.users.delete(&grant).await.map_err(explain)?;
    output::table(&COLUMNS, &[row(&user)], as_json)
}
