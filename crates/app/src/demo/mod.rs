//! The demo: a sample shop, ready queries and a dashboard, made at the first start and then left as
//! they are, so that what was changed is kept.

mod content;
mod shop;

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tessera_access::{Caller, KeyOwner, SetupRequest};
use tessera_kernel::Secret;

use crate::compose::{Core, SAMPLES_FOLDER, explain};
use crate::config::Config;

const ACCOUNT_FILE: &str = "demo.json";
const EMAIL: &str = "demo@example.com";

/// How to sign in, kept for the next start.
#[derive(Serialize, Deserialize)]
struct Account {
    email: String,
    password: String,
}

/// Makes the demo unless it is there; returns the line that tells how to use it.
pub(crate) async fn prepare(core: &Core, config: &Config, url: &str) -> Result<Value> {
    let data = config.data.canonicalize()?;
    let account = account(&data, core)?;
    if core.access.setup.is_needed().await.map_err(explain)? {
        let samples = data.join(SAMPLES_FOLDER);
        std::fs::create_dir_all(&samples)?;
        let shop = samples.join("shop.sqlite");
        let file = shop.clone();
        tokio::task::spawn_blocking(move || shop::create(&file))
            .await
            .context("making the sample shop")??;
        let request = SetupRequest {
            name: "Demo Admin".to_owned(),
            email: account.email.clone(),
            password: Secret::new(account.password.clone()),
            organization: "Tessera Demo".to_owned(),
        };
        let user = core.access.setup.run(&request, None).await.map_err(explain)?;
        let principal = core
            .access
            .gate
            .principal(user.id)
            .await
            .map_err(explain)?
            .context("the user is there")?;
        let caller = Caller::User { user: principal, key: None };
        content::create(core, &caller, &shop).await?;
    }
    let user = core.access.users.by_email(&account.email).await.map_err(explain)?;
    let api_key = match user {
        Some(user) => {
            let key =
                core.access.keys.recoverable(KeyOwner::User(user.id)).await.map_err(explain)?;
            Value::String(key.expose().to_owned())
        }
        None => Value::Null,
    };
    Ok(json!({
        "url": url,
        "email": account.email,
        "password": account.password,
        "api_key": api_key,
    }))
}

fn account(data: &Path, core: &Core) -> Result<Account> {
    let path = data.join(ACCOUNT_FILE);
    if path.try_exists()? {
        let text = std::fs::read_to_string(&path)?;
        return serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()));
    }
    let account = Account { email: EMAIL.to_owned(), password: core.random.alphanumeric(16) };
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("writing {}", path.display()))?;
    file.write_all(serde_json::to_string_pretty(&account)?.as_bytes())?;
    file.sync_all()?;
    Ok(account)
}
