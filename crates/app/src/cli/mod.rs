//! The command line.

mod audit;
mod audit_file;
mod database;
mod doctor;
mod groups;
mod import;
mod keys;
mod mail;
mod org;
mod output;
mod queries;
mod query;
mod results;
mod rows;
mod session;
mod settings;
mod sources;
mod status;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::{server, telemetry};

/// Analytics server: SQL with parameters, jobs, results, dashboards, keys.
#[derive(Parser)]
#[command(
    name = "tessera",
    version,
    propagate_version = true,
    after_help = "\
Examples:
  tessera serve --demo                       try it with a sample shop
  tessera serve --listen 0.0.0.0:5000        serve to others
  tessera doctor                             check settings, store and data sources"
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Settings that every command takes.
#[derive(Args)]
struct Common {
    /// Settings file [default: tessera.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for everything that is kept (setting: data)
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Metadata store: postgres://… or sqlite:///path (setting: store.url)
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    #[command(after_help = "\
Examples:
  tessera serve --demo
  tessera serve --listen 127.0.0.1:8080 --data /var/lib/tessera
  tessera serve --database-url postgres://tessera@localhost/tessera")]
    Serve(Serve),
    /// Users: list, create, invite, grant-admin, password, disable, enable, delete
    #[command(subcommand)]
    Users(users::Command),
    /// Groups: list, create, change-permissions, members, delete
    #[command(subcommand)]
    Groups(groups::Command),
    /// Keys: create, list, rotate, revoke and whatever else happens in their lives; usage, reach, can
    #[command(subcommand)]
    Keys(keys::Command),
    /// Data sources: types, list, create, edit, test, schema, delete
    #[command(subcommand, alias = "ds")]
    Sources(sources::Command),
    /// Run queries: list, run
    #[command(subcommand)]
    Query(query::Command),
    /// Stored results: view, statistics
    #[command(subcommand)]
    Results(results::Command),
    /// Queries: list, archive, unarchive, delete, tag, untag, history, restore
    #[command(subcommand)]
    Queries(queries::Command),
    /// The organisation: list, settings, set
    #[command(subcommand)]
    Org(org::Command),
    /// Take over what another server has
    #[command(subcommand)]
    Import(import::Command),
    /// The metadata store: migrate, reencrypt
    #[command(subcommand)]
    Database(database::Command),
    /// The version of this program
    #[command(after_help = "Example:\n  tessera version --json")]
    Version,
    /// Every setting in force, from the file, the environment and flags; secrets are hidden
    #[command(
        alias = "check_settings",
        after_help = "Examples:\n  tessera settings --changed\n  tessera settings --json"
    )]
    Settings {
        /// Only those that are not as usual
        #[arg(long)]
        changed: bool,
    },
    /// How much there is, and whether jobs wait
    #[command(after_help = "Example:\n  tessera status --json")]
    Status,
    /// The audit log: list, export, verify, key
    #[command(subcommand)]
    Audit(audit::Command),
    /// Mail: test
    #[command(subcommand)]
    Mail(mail::Command),
    /// Check settings, data folder, store, mail and data sources
    #[command(after_help = "Example:\n  tessera doctor --data /var/lib/tessera")]
    Doctor,
}

#[derive(Args)]
struct Serve {
    /// Address and port; port 0 takes a free one (setting: server.listen)
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Make a sample shop at the first start, ask for no setup token, and print one JSON line with
    /// url, email, password and api_key once ready
    #[arg(long)]
    demo: bool,
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting")
        .and_then(|runtime| runtime.block_on(execute(cli)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

async fn execute(cli: Cli) -> Result<()> {
    let mut config = Config::load(cli.common.config.as_deref())?;
    if let Some(data) = cli.common.data {
        config.data = data;
    }
    if let Some(url) = cli.common.database_url {
        config.store.url = url;
    }
    let json = cli.common.json;
    match cli.command {
        Command::Serve(serve) => {
            if let Some(listen) = serve.listen {
                config.server.listen = listen;
            }
            telemetry::start_logs(&config.logs)?;
            Box::pin(server::serve(config, serve.demo)).await
        }
        Command::Version => version(json),
        Command::Settings { changed } => settings::run(&config, changed, json),
        command => {
            // A command's own words are its answer; only what went wrong belongs into the log.
            config.logs.level = "warn".to_owned();
            telemetry::start_logs(&config.logs)?;
            match command {
                Command::Users(command) => Box::pin(users::run(config, command, json)).await,
                Command::Keys(command) => Box::pin(keys::run(config, command, json)).await,
                Command::Sources(command) => Box::pin(sources::run(config, command, json)).await,
                Command::Groups(command) => Box::pin(groups::run(config, command, json)).await,
                Command::Queries(command) => Box::pin(queries::run(config, command, json)).await,
                Command::Results(command) => Box::pin(results::run(config, command, json)).await,
                Command::Org(command) => Box::pin(org::run(config, command, json)).await,
                Command::Import(command) => Box::pin(import::run(config, command, json)).await,
                Command::Database(command) => Box::pin(database::run(config, command, json)).await,
                Command::Status => Box::pin(status::run(config, json)).await,
                Command::Query(command) => Box::pin(query::run(config, command, json)).await,
                Command::Audit(command) => Box::pin(audit::run(config, command, json)).await,
                Command::Mail(command) => Box::pin(mail::run(config, command, json)).await,
                Command::Doctor => Box::pin(doctor::run(config, json)).await,
                Command::Serve(_) | Command::Version | Command::Settings { .. } => {
                    unreachable!("it was taken above")
                }
            }
        }
    }
}

fn version(as_json: bool) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    match as_json {
        true => output::value(&serde_json::json!({ "version": version })),
        false => output::line(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let subcommands: Vec<_> =
                command.get_subcommands().filter(|sub| sub.get_name() != "help").collect();
            if subcommands.is_empty() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "{path} has no example");
                assert!(help.contains(path), "the example of {path} is another command's");
            }
            for sub in subcommands {
                check(sub, &format!("{path} {}", sub.get_name()));
            }
        }
        let command = Cli::command();
        command.clone().debug_assert();
        check(&command, "tessera");
    }
}
