//! `tessera users`.

mod more;

use std::io::Read;

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::{Value, json};
use tessera_access::{
    Action, AdministerUser, ListGroups, ListUsers, NewUser, SetupRequest, User, UserFilter,
    UserOrder,
};
use tessera_kernel::ids::GroupId;
use tessera_kernel::{PageRequest, Secret};

use super::output;
use super::session::Session;
use crate::compose::{self, explain};
use crate::config::Config;

const COLUMNS: [&str; 5] = ["id", "email", "name", "state", "groups"];

#[derive(Subcommand)]
pub(super) enum Command {
    /// List users
    #[command(after_help = "Example:\n  tessera users list --json")]
    List {
        /// Those who are disabled instead
        #[arg(long)]
        disabled: bool,
    },
    /// Add a user; the first one of an empty server does the setup
    #[command(after_help = "\
Example:
  echo 'a long password' | tessera users create ada@example.com --name 'Ada' --admin --password-stdin")]
    Create {
        /// The address
        email: String,
        /// The name
        #[arg(long)]
        name: String,
        /// Make it an administrator
        #[arg(long)]
        admin: bool,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Add an administrator; the same as `create --admin`
    #[command(
        alias = "create_root",
        after_help = "\
Example:
  echo 'a long password' | tessera users create-root ada@example.com --name 'Ada'"
    )]
    CreateRoot {
        /// The address
        email: String,
        /// The name
        #[arg(long)]
        name: String,
    },
    /// Add a user and print a link to set a password; nobody is mailed
    #[command(after_help = "\
Example:
  tessera users invite bob@example.com --name 'Bob' --admin")]
    Invite {
        /// The address; one that was invited before gets another link
        email: String,
        /// The name [default: the address]
        #[arg(long)]
        name: Option<String>,
        /// Make it an administrator
        #[arg(long)]
        admin: bool,
    },
    /// Make a user an administrator
    #[command(
        alias = "grant_admin",
        after_help = "Example:\n  tessera users grant-admin bob@example.com"
    )]
    GrantAdmin {
        /// The address
        email: String,
    },
    /// Delete a user who never signed in; others are disabled instead
    #[command(after_help = "Example:\n  tessera users delete bob@example.com")]
    Delete {
        /// The address
        email: String,
    },
    /// Set a user's password, read from standard input; all sessions end
    #[command(
        after_help = "Example:\n  echo 'a new password' | tessera users password ada@example.com"
    )]
    Password {
        /// The address
        email: String,
    },
    /// Shut a user out: keys and sessions stop working at once
    #[command(after_help = "Example:\n  tessera users disable bob@example.com")]
    Disable {
        /// The address
        email: String,
    },
    /// Take a lost second factor from a user; all sessions end
    #[command(after_help = "Example:\n  tessera users reset-second-factor ada@example.com")]
    ResetSecondFactor {
        /// The address
        email: String,
    },
    /// Let a user in again
    #[command(after_help = "Example:\n  tessera users enable bob@example.com")]
    Enable {
        /// The address
        email: String,
    },
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    match command {
        Command::List { disabled } => {
            let session = Session::open(&config).await?;
            let grant = session.permit(ListUsers {}).await?;
            let filter = UserFilter { disabled, ..UserFilter::default() };
            let page = PageRequest { number: 1, size: u64::from(u32::MAX) };
            let users = &session.core.access.users;
            let users = users
                .list(&grant, &filter, UserOrder::CreatedAt, false, page)
                .await
                .map_err(explain)?;
            let rows: Vec<_> = users.items.iter().map(row).collect();
            output::table(&COLUMNS, &rows, as_json)
        }
        Command::Create { email, name, admin, password_stdin } => {
            let password = password_stdin.then(read_password).transpose()?;
            let user = create(&config, email, name, admin, password).await?;
            output::table(&COLUMNS, &[row(&user)], as_json)
        }
        Command::CreateRoot { email, name } => {
            let password = read_password()?;
            let user = create(&config, email, name, true, Some(password)).await?;
            output::table(&COLUMNS, &[row(&user)], as_json)
        }
        Command::Invite { email, name, admin } => {
            more::invite(&config, email, name, admin, as_json).await
        }
        Command::GrantAdmin { email } => {
            let session = Session::open(&config).await?;
            more::grant_admin(&session, &email, as_json).await
        }
        Command::Delete { email } => {
            let session = Session::open(&config).await?;
            more::delete(&session, &email, as_json).await
        }
        Command::Password { email } => {
            let session = Session::open(&config).await?;
            let user = session.user(&email).await?;
            let users = &session.core.access.users;
            let (password, detail) = (read_password()?, json!({ "password": "changed" }));
            let detail = json!({ "changes": detail });
            session.record(Action::AccountsUpdate, format!("user:{}", user.id), detail).await?;
            let user = users.force_password(user, &password).await.map_err(explain)?;
            output::table(&COLUMNS, &[row(&user)], as_json)
        }
        Command::ResetSecondFactor { email } => {
            let session = Session::open(&config).await?;
            let user = session.user(&email).await?.id;
            let factors = &session.core.access.factors;
            let user = factors.reset_for_operator(user).await.map_err(explain)?;
            output::table(&COLUMNS, &[row(&user)], as_json)
        }
        Command::Disable { email } => set_disabled(&config, &email, true, as_json).await,
        Command::Enable { email } => set_disabled(&config, &email, false, as_json).await,
    }
}

async fn create(
    config: &Config,
    email: String,
    name: String,
    admin: bool,
    password: Option<Secret>,
) -> Result<User> {
    let core = compose::core(config, None).await?;
    if core.access.setup.is_needed().await.map_err(explain)? {
        anyhow::ensure!(admin, "the first user must be an administrator: add --admin");
        let password = password.context("the first user needs a password: add --password-stdin")?;
        let request = SetupRequest { name, email, password, organization: "Tessera".to_owned() };
        return core.access.setup.run(&request, None).await.map_err(explain);
    }
    drop(core);
    let session = Session::open(config).await?;
    let groups = if admin { vec![admin_group(&session).await?] } else { Vec::new() };
    let detail = json!({ "name": name, "email": email, "groups": groups });
    session.record(Action::AccountsCreate, String::new(), detail).await?;
    let new = NewUser { name, email, groups };
    session.core.access.users.add(new, password.as_ref(), None).await.map_err(explain)
}

async fn admin_group(session: &Session) -> Result<GroupId> {
    let grant = session.permit(ListGroups {}).await?;
    let groups = session.core.access.groups.list(&grant).await.map_err(explain)?;
    let admin = groups.into_iter().find(|group| group.builtin && group.name == "admin");
    Ok(admin.context("there is no group of administrators")?.id)
}

async fn set_disabled(config: &Config, email: &str, disabled: bool, as_json: bool) -> Result<()> {
    let session = Session::open(config).await?;
    let user = session.user(email).await?.id;
    let grant = session.permit(AdministerUser { user }).await?;
    let users = &session.core.access.users;
    let user = users.set_disabled(&grant, disabled).await.map_err(explain)?;
    output::table(&COLUMNS, &[row(&user)], as_json)
}

/// The first line of standard input.
fn read_password() -> Result<Secret> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("reading the password")?;
    let password = text.lines().next().unwrap_or_default();
    anyhow::ensure!(!password.is_empty(), "standard input has no password");
    Ok(Secret::new(password))
}

fn row(user: &User) -> Vec<Value> {
    let state = match (user.disabled_at, user.invitation_pending) {
        (Some(_), _) => "disabled",
        (None, true) => "invited",
        (None, false) => "active",
    };
    let groups: Vec<i64> = user.groups.iter().map(|group| group.0).collect();
    vec![json!(user.id), json!(user.email), json!(user.name), json!(state), json!(groups)]
}
