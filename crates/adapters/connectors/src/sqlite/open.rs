//! Opens a file so that a statement can read it and nothing else.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use tessera_kernel::{Code, Fault, Result};

use super::failed;
use crate::ConnectorSettings;

/// Pragmas that only tell something.
const PRAGMAS: [&str; 11] = [
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "database_list",
    "collation_list",
    "encoding",
    // Full-text tables ask for it.
    "data_version",
];

/// Functions that reach out of the database.
const FUNCTIONS: [&str; 4] = ["load_extension", "readfile", "writefile", "fts3_tokenizer"];

/// Longest text, and most bytes, of one value.
const VALUE_BYTES_MAX: i32 = 64 * 1024 * 1024;

/// Refuses a path that is closed. Returns where it leads.
pub(crate) fn check(path: &Path, settings: &ConnectorSettings) -> Result<PathBuf> {
    let refuse = |detail: String| Fault::invalid("options.dbpath", detail);
    let real = path
        .canonicalize()
        .map_err(|error| refuse(format!("{} cannot be opened: {error}", path.display())))?;
    if !real.is_file() {
        return Err(refuse(format!("{} is no file", path.display())));
    }
    let within = |folders: &[PathBuf]| {
        folders.iter().any(|folder| match folder.canonicalize() {
            Ok(folder) => real.starts_with(folder),
            Err(_) => false,
        })
    };
    if within(&settings.sqlite_denied_folders) && !within(&settings.sqlite_allowed_folders) {
        return Err(refuse(format!(
            "{} is in a folder that is closed to data sources (sources.sqlite_folders)",
            path.display()
        )));
    }
    Ok(real)
}

/// Opens a file for reading.
pub(super) fn open(path: &Path, settings: &ConnectorSettings) -> Result<Connection> {
    if !path.exists() {
        return Err(Fault::new(Code::SourceFailed, "unable to open database file"));
    }
    let real = check(path, settings)?;
    // Without SQLITE_OPEN_URI a path cannot carry options of its own; and what was checked is opened,
    // not what a link leads to by now.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(real, flags).map_err(failed)?;
    db.busy_timeout(std::time::Duration::from_secs(settings.connect_timeout_seconds))
        .map_err(failed)?;
    for (config, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, true),
    ] {
        db.set_db_config(config, value).map_err(failed)?;
    }
    db.pragma_update(None, "query_only", true).map_err(failed)?;
    db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0).map_err(failed)?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX).map_err(failed)?;
    db.authorizer(Some(authorize)).map_err(failed)?;
    Ok(db)
}

fn authorize(context: AuthContext<'_>) -> Authorization {
    let allowed = match context.action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Recursive
        | AuthAction::Transaction { .. } => true,
        AuthAction::Function { function_name } => {
            !FUNCTIONS.iter().any(|name| function_name.eq_ignore_ascii_case(name))
        }
        AuthAction::Pragma { pragma_name, pragma_value } => {
            // A table's name is the value of `table_info`; other values would set something.
            let tells = PRAGMAS.iter().any(|name| pragma_name.eq_ignore_ascii_case(name));
            tells && (pragma_value.is_none() || pragma_name.contains('_'))
        }
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}
