//! `tessera mail`: whether mail works.

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::output;
use crate::compose::{self, explain};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Send a mail to an address, and say what the mail server says
    #[command(after_help = "Example:\n  tessera mail test ada@example.com")]
    Test {
        /// Who gets it
        to: String,
    },
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    let core = compose::core(&config, None).await?;
    let Command::Test { to } = command;
    let sent = core.access.mails.send_test_for_operator(&to).await.map_err(explain);
    core.store.close().await;
    sent?;
    let row = vec![json!(to), json!(config.mail.host), json!("taken by the mail server")];
    output::table(&["to", "mail server", "state"], &[row], as_json)
}
