//! What an engine's errors mean.

use deadpool_postgres::PoolError;
use rusqlite::ffi;
use tessera_kernel::{Code, Fault};
use tokio_postgres::error::SqlState;

fn duplicate(field: &str) -> Fault {
    Fault::new(Code::Duplicate, format!("{field} is taken, choose another one")).with_field(field)
}

fn referred() -> Fault {
    Fault::new(Code::NotFound, "a record that this one refers to does not exist")
}

fn unavailable(detail: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::new(Code::Unavailable, detail).with_retry_after(1).with_source(source)
}

/// The store was closed, or its thread ended.
pub(super) fn closed() -> Fault {
    Fault::new(Code::Unavailable, "the metadata store is closed")
}

/// What an error of SQLite means.
pub(super) fn sqlite(error: rusqlite::Error) -> Fault {
    let rusqlite::Error::SqliteFailure(code, message) = &error else {
        return Fault::internal("a statement of the metadata store failed", error);
    };
    match code.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            // `UNIQUE constraint failed: users.email`
            let column = message.as_deref().unwrap_or_default();
            let column = column.rsplit(['.', ' ']).next().unwrap_or_default();
            return duplicate(column);
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return referred(),
        _ => {}
    }
    match code.code {
        rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked => {
            unavailable("the metadata file is locked by another process", error)
        }
        rusqlite::ErrorCode::DiskFull => {
            unavailable("the disk of the metadata file is full", error)
        }
        rusqlite::ErrorCode::CannotOpen => {
            unavailable("the metadata file cannot be opened, check its path and rights", error)
        }
        rusqlite::ErrorCode::SystemIoFailure => {
            unavailable("the metadata file cannot be read or written", error)
        }
        _ => Fault::internal("a statement of the metadata store failed", error),
    }
}

/// What an error of PostgreSQL means.
pub(super) fn postgres(error: tokio_postgres::Error) -> Fault {
    let Some(db) = error.as_db_error() else {
        return if error.is_closed() || error.code().is_none() {
            unavailable("the connection to the metadata server failed", error)
        } else {
            Fault::internal("a statement of the metadata store failed", error)
        };
    };
    match db.code() {
        &SqlState::UNIQUE_VIOLATION => {
            // `users_email_key` of table `users`
            let name = db.constraint().unwrap_or_default();
            let name = db
                .table()
                .and_then(|table| name.strip_prefix(table))
                .and_then(|rest| rest.strip_prefix('_'))
                .unwrap_or(name);
            duplicate(name.strip_suffix("_key").unwrap_or(name))
        }
        &SqlState::FOREIGN_KEY_VIOLATION => referred(),
        &SqlState::CHARACTER_NOT_IN_REPERTOIRE | &SqlState::UNTRANSLATABLE_CHARACTER => {
            Fault::new(Code::Invalid, "a text holds the character NUL, remove it")
        }
        &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::TOO_MANY_CONNECTIONS
        | &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::READ_ONLY_SQL_TRANSACTION
        | &SqlState::DISK_FULL => {
            unavailable("the metadata server cannot do this right now", error)
        }
        _ => Fault::internal("a statement of the metadata store failed", error),
    }
}

/// What it means that no connection was to be had.
pub(super) fn pool(error: PoolError) -> Fault {
    match error {
        PoolError::Backend(error) => postgres(error),
        PoolError::Timeout(_) => {
            unavailable("all connections to the metadata server are in use", error)
        }
        PoolError::Closed => closed(),
        other => unavailable("no connection to the metadata server", other),
    }
}
