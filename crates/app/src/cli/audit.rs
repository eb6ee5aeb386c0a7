//! `tessera audit`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use futures::StreamExt;
use serde_json::{Value, json};
use tessera_access::{
    AuditFilter, AuditRecord, AuditVerification, ExportAudit, ReadAudit, VerifyAudit,
};

use super::session::Session;
use super::{audit_file, output};
use crate::compose::{self, explain};
use crate::config::Config;

const COLUMNS: [&str; 7] = ["seq", "at", "actor", "action", "object", "address", "detail"];

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the newest records
    #[command(after_help = "\
Examples:
  tessera audit list --limit 20
  tessera audit list --action keys.create --from 2026-01-01T00:00:00Z --json")]
    List {
        #[command(flatten)]
        filter: Filter,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Write records as lines of JSON, oldest first
    #[command(after_help = "Example:\n  tessera audit export --output audit.ndjson")]
    Export {
        #[command(flatten)]
        filter: Filter,
        /// The file to write [default: standard output]
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Check that nobody changed the log; fails and names the first wrong record if somebody did
    #[command(after_help = "\
Examples:
  tessera audit verify
  tessera audit verify --file audit.ndjson --checkpoints audit-checkpoints.jsonl --public-key 5f…")]
    Verify {
        /// Check an exported file instead, without store or settings
        #[arg(long)]
        file: Option<PathBuf>,
        /// Compare the file with these checkpoints
        #[arg(long, requires = "file", requires = "public_key")]
        checkpoints: Option<PathBuf>,
        /// The key that signed them, as `tessera audit key` shows it; may be repeated
        #[arg(long, requires = "file", value_name = "HEX")]
        public_key: Vec<String>,
    },
    /// Show the public key that signs checkpoints
    #[command(after_help = "Example:\n  tessera audit key")]
    Key,
}

/// Which records.
#[derive(Args)]
pub(super) struct Filter {
    /// Only of this one: user:7, key:12, cli, anonymous
    #[arg(long)]
    actor: Option<String>,
    /// Only this action
    #[arg(long)]
    action: Option<String>,
    /// Only on this object, such as group:3
    #[arg(long)]
    object: Option<String>,
    /// Not before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    to: Option<DateTime<Utc>>,
}

impl From<Filter> for AuditFilter {
    fn from(filter: Filter) -> Self {
        let Filter { actor, action, object, from, to } = filter;
        Self { actor, action, object, from, to }
    }
}

pub(super) async fn run(config: Config, command: Command, as_json: bool) -> Result<()> {
    match command {
        Command::List { filter, limit } => {
            let session = Session::open(&config).await?;
            let grant = session.permit(ReadAudit {}).await?;
            let log = &session.core.access.audit;
            let page = log.list(&grant, &filter.into(), None, limit).await.map_err(explain)?;
            let rows: Vec<_> = page.records.iter().map(row).collect();
            output::table(&COLUMNS, &rows, as_json)
        }
        Command::Export { filter, output } => {
            let session = Session::open(&config).await?;
            let grant = session.permit(ExportAudit {}).await?;
            let mut lines =
                session.core.access.audit.export(&grant, filter.into()).await.map_err(explain)?;
            let mut out: Box<dyn Write + Send> = match &output {
                Some(path) => Box::new(std::io::BufWriter::new(
                    std::fs::File::create(path)
                        .with_context(|| format!("writing {}", path.display()))?,
                )),
                None => Box::new(std::io::stdout()),
            };
            while let Some(line) = lines.next().await {
                writeln!(out, "{}", line.map_err(explain)?)?;
            }
            Ok(out.flush()?)
        }
        Command::Verify { file: Some(file), checkpoints, public_key } => {
            let checked = audit_file::verify(&file, checkpoints.as_deref(), &public_key)?;
            report(&checked.found, checked.trust, as_json)
        }
        Command::Verify { file: None, .. } => {
            let session = Session::open(&config).await?;
            let grant = session.permit(VerifyAudit {}).await?;
            let found = session.core.access.audit.verify(&grant).await.map_err(explain)?;
            report(&found, None, as_json)
        }
        Command::Key => {
            let core = compose::core(&config, None).await?;
            let key = core.access.audit.public_key().context("there is no key")?.to_hex();
            if as_json { output::value(&json!({ "public_key": key })) } else { output::line(&key) }
        }
    }
}

/// Tells what was found; a log that is not good makes the command fail.
fn report(found: &AuditVerification, trust: Option<&str>, as_json: bool) -> Result<()> {
    let broken = found.broken.map(|broken| {
        json!({ "index": broken.index, "kind": broken.kind.as_str(), "until": broken.until })
    });
    let (count, head) = (found.count, found.head);
    if as_json {
        output::value(&json!({
            "is_good": found.is_good(),
            "count": count,
            "head_seq": head.seq,
            "head_hash": head.hash_hex(),
            "broken": broken,
            "checkpoints": found.checkpoints,
            "checkpoints_refused": found.checkpoints_refused,
            "note": trust,
        }))?;
    } else {
        output::line(&format!("{count} records, {} checkpoints fit", found.checkpoints))?;
        output::line(&format!("good up to record {}: {}", head.seq, head.hash_hex()))?;
        if let Some(trust) = trust {
            output::line(trust)?;
        }
    }
    if let Some(broken) = found.broken {
        let kind = broken.kind.as_str();
        if broken.until > broken.index {
            bail!(
                "the audit log was {kind} from a record between {} and {}",
                broken.index,
                broken.until
            );
        }
        bail!("record {} of the audit log was {kind}", broken.index);
    }
    if found.checkpoints_refused > 0 {
        bail!("{} checkpoints were not signed by a known key", found.checkpoints_refused);
    }
    Ok(())
}

fn row(record: &AuditRecord) -> Vec<Value> {
    vec![
        json!(record.seq),
        json!(record.at),
        json!(record.actor),
        json!(record.action),
        json!(record.object),
        json!(record.address),
        serde_json::from_str(&record.detail).unwrap_or_else(|_| json!(record.detail)),
    ]
}
