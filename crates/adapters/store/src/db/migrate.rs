//! Brings the schema up to date when the store is opened, under a lock.

use std::path::{Path, PathBuf};

use deadpool_postgres::Object;
use rusqlite::{Connection, TransactionBehavior};
use tessera_kernel::{Clock, Code, Fault, Result, SystemClock};

use super::{fault, postgres};

/// One step of the schema; the same number does the same on both engines.
struct Migration {
    version: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($version:literal, $file:literal) => {
        Migration {
            version: $version,
            sqlite: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/", $file)),
            postgres: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/postgres/",
                $file
            )),
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_init.sql"),
    migration!(2, "0002_keys.sql"),
    migration!(3, "0003_audit_chain.sql"),
    migration!(4, "0004_signin.sql"),
    migration!(5, "0005_limits.sql"),
    migration!(6, "0006_usage.sql"),
    migration!(7, "0007_key_accounts.sql"),
    migration!(8, "0008_versions_attributes.sql"),
    migration!(9, "0009_lifecycle.sql"),
    migration!(10, "0010_alerts.sql"),
    migration!(11, "0011_mails.sql"),
    migration!(12, "0012_schedules.sql"),
    migration!(13, "0013_organisation.sql"),
    migration!(14, "0014_search.sql"),
    migration!(15, "0015_result_inputs.sql"),
    migration!(16, "0016_search_alerts.sql"),
    migration!(17, "0017_attempts.sql"),
    migration!(18, "0018_nodes.sql"),
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)";
const CURRENT: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_migrations";
/// Any number that no other program takes for its advisory lock in the same database.
const LOCK: i64 = 0x7465_7373_6572_6101;

/// All steps, as both engines get them.
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().flat_map(|migration| [migration.sqlite, migration.postgres])
}

/// The version that this binary knows.
pub(super) fn latest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Refuses a schema that a newer binary made.
fn check(current: i64) -> Result<()> {
    let known = latest();
    if current > known {
        return Err(Fault::new(
            Code::SetupState,
            format!(
                "the metadata store has schema version {current} and this program knows versions \
                 up to {known}: start the newer program again, or restore a backup"
            ),
        ));
    }
    Ok(())
}

fn pending(current: i64) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(move |migration| migration.version > current)
}

/// Migrates a file; one that has tables is copied first.
pub(super) fn sqlite(connection: &mut Connection, path: &Path) -> Result<i64> {
    let (tables, current) = state(connection).map_err(fault::sqlite)?;
    check(current)?;
    if tables && current < latest() {
        back_up(connection, path, current)?;
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Exclusive)
        .map_err(fault::sqlite)?;
    transaction.execute_batch(TABLE).map_err(fault::sqlite)?;
    // Another process may have been here in between.
    let (_, current) = state(&transaction).map_err(fault::sqlite)?;
    check(current)?;
    for migration in pending(current) {
        transaction
            .execute_batch(migration.sqlite)
            .and_then(|()| {
                transaction.execute(
                    "INSERT INTO schema_migrations (version, applied_at) VALUES (?1, ?2)",
                    (migration.version, SystemClock.now().timestamp_micros()),
                )
            })
            .map_err(|error| {
                let what = format!("version {} of the schema failed", migration.version);
                Fault::internal(what, error)
            })?;
        tracing::info!(version = migration.version, "the metadata schema was brought up to date");
    }
    transaction.commit().map_err(fault::sqlite)?;
    Ok(latest())
}

/// Whether there are tables, and the version of the schema.
fn state(connection: &Connection) -> rusqlite::Result<(bool, i64)> {
    let count = |condition: &str| -> rusqlite::Result<i64> {
        let text = format!("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'{condition}");
        connection.query_row(&text, (), |row| row.get(0))
    };
    let current = if count(" AND name = 'schema_migrations'")? > 0 {
        connection.query_row(CURRENT, (), |row| row.get(0))?
    } else {
        0
    };
    Ok((count("")? > 0, current))
}

/// Makes an empty file that only its owner may read, unless it is there: it will hold digests of
/// passwords and sealed secrets.
pub(super) fn create_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| {
        let what = format!("{} cannot be opened for writing, check the folder", path.display());
        Fault::new(Code::Unavailable, what).with_source(error)
    })
}

fn back_up(connection: &Connection, path: &Path, current: i64) -> Result<()> {
    let target = backup_path(path, current);
    create_private(&target)?;
    let text = target.to_str().ok_or_else(|| {
        Fault::invalid("metadata", "the path of the metadata file must be plain UTF-8")
    })?;
    connection.execute("VACUUM INTO ?1", [text]).map_err(|error| {
        Fault::internal(format!("the backup {text} before a change of the schema failed"), error)
    })?;
    tracing::info!(file = text, "the metadata file was copied before a change of its schema");
    Ok(())
}

/// `<file>.backup-<version>`, with a further number if that exists: no backup is overwritten.
fn backup_path(path: &Path, current: i64) -> PathBuf {
    let name = |suffix: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".backup-{current}{suffix}"));
        PathBuf::from(name)
    };
    let first = name(String::new());
    if !first.exists() {
        return first;
    }
    (2_u64..).map(|number| name(format!("-{number}"))).find(|path| !path.exists()).unwrap_or(first)
}

/// Migrates a database, while other nodes that start at the same time wait.
pub(super) async fn postgres(client: &mut Object) -> Result<i64> {
    let transaction = client.transaction().await.map_err(fault::postgres)?;
    transaction
        .batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK}); {TABLE}"))
        .await
        .map_err(postgres::migration_fault)?;
    let row = transaction.query_one(CURRENT, &[]).await.map_err(postgres::migration_fault)?;
    let current: i64 = row.try_get(0).map_err(postgres::migration_fault)?;
    check(current)?;
    for migration in pending(current) {
        let text = format!(
            "{}; INSERT INTO schema_migrations (version, applied_at) VALUES ({}, {});",
            migration.postgres,
            migration.version,
            SystemClock.now().timestamp_micros()
        );
        transaction.batch_execute(&text).await.map_err(postgres::migration_fault)?;
        tracing::info!(version = migration.version, "the metadata schema was brought up to date");
    }
    transaction.commit().await.map_err(postgres::migration_fault)?;
    Ok(latest())
}
