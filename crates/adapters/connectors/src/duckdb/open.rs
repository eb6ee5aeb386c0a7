//! Opens a database so that a statement can read it and nothing else.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use adbc_core::options::{OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedDatabase};
use tessera_kernel::{Code, Fault, Result};

use super::errors::{failed, not_opened};
use super::library::driver;
use super::not_offered;
use super::options::{MEMORY, Options};
use crate::{ConnectorSettings, sqlite};

/// An open database; closed with the last run that uses it.
pub(super) struct Opened {
    database: Option<ManagedDatabase>,
    place: Arc<Place>,
}

impl Opened {
    /// A connection of its own.
    pub(super) fn connection(&self) -> Result<ManagedConnection> {
        let database = self.database.as_ref().ok_or_else(|| closed("the database is closed"))?;
        database.new_connection().map_err(failed)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        drop(self.database.take());
        self.place.lock().is_open = false;
        self.place.closed.notify_all();
    }
}

fn closed(detail: &str) -> Fault {
    Fault::new(Code::Internal, detail)
}

/// The place of a database that may be open.
#[derive(Default)]
struct Place {
    state: Mutex<State>,
    closed: Condvar,
}

#[derive(Default)]
struct State {
    opened: Weak<Opened>,
    /// Also while it is being closed.
    is_open: bool,
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file, and what is loaded beside it.
type Key = (PathBuf, Vec<String>);

/// Files that are open in this process. Each is opened once: closing a second handle would end the
/// locks of the first, which keep writers of other processes away.
static OPEN: Mutex<Option<HashMap<Key, Arc<Place>>>> = Mutex::new(None);

/// Opens a database, or takes the one that another run of the same file uses right now. Waits for one
/// that is being opened or closed, so it must not be called where nothing may wait.
pub(super) fn open(options: &Options, settings: &ConnectorSettings) -> Result<Arc<Opened>> {
    let Some(path) = &options.path else {
        let database = Some(make(None, options, settings)?);
        return Ok(Arc::new(Opened { database, place: Arc::default() }));
    };
    if !path.exists() {
        return Err(Fault::new(Code::SourceFailed, "unable to open database file"));
    }
    // What was checked is opened, not what a link leads to by now.
    let real = sqlite::check_file(path, settings)?;
    let place = {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        open.retain(|_, place| Arc::strong_count(place) > 1 || place.lock().is_open);
        Arc::clone(open.entry((real.clone(), options.extensions.clone())).or_default())
    };
    let mut state = place.lock();
    loop {
        if let Some(opened) = state.opened.upgrade() {
            return Ok(opened);
        }
        if !state.is_open {
            break;
        }
        state = place.closed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let database = Some(make(Some(&real), options, settings)?);
    let opened = Arc::new(Opened { database, place: Arc::clone(&place) });
    *state = State { opened: Arc::downgrade(&opened), is_open: true };
    Ok(opened)
}

fn make(
    path: Option<&Path>,
    options: &Options,
    settings: &ConnectorSettings,
) -> Result<ManagedDatabase> {
    let library = settings.duckdb_library.as_deref().ok_or_else(not_offered)?;
    let written = match path {
        Some(path) => path
            .to_str()
            .ok_or_else(|| Fault::invalid("options.dbpath", "must be a path in UTF-8"))?,
        None => MEMORY,
    };
    let memory = format!("{}B", settings.duckdb_memory_bytes_max);
    let threads = settings.duckdb_threads.to_string();
    let mut named = vec![
        ("path", written),
        ("memory_limit", memory.as_str()),
        ("threads", threads.as_str()),
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("allow_community_extensions", "false"),
    ];
    if path.is_some() {
        named.push(("access_mode", "READ_ONLY"));
    }
    let named = named.into_iter().map(|(name, value)| {
        (OptionDatabase::Other(name.to_owned()), OptionValue::String(value.to_owned()))
    });
    let database = driver(library)?.new_database_with_opts(named).map_err(not_opened)?;
    close_doors(&mut database.new_connection().map_err(failed)?, options, settings)?;
    Ok(database)
}

/// What no text may undo, so the last of it is that nothing can be set any more.
fn close_doors(
    connection: &mut ManagedConnection,
    options: &Options,
    settings: &ConnectorSettings,
) -> Result<()> {
    // What does not fit into memory would be written beside the file.
    set(connection, "SET temp_directory = ''")?;
    if let Some(folder) = settings.duckdb_extension_folder.as_ref().and_then(|path| path.to_str()) {
        set(connection, &format!("SET extension_directory = '{}'", folder.replace('\'', "''")))?;
    }
    for extension in &options.extensions {
        set(connection, &format!("LOAD {extension}"))?;
    }
    // Types that Arrow does not know come as they are, with a name.
    set(connection, "SET arrow_lossless_conversion = true")?;
    // The zone in which moments are written as texts; a library without calendars has only this one.
    let _has_no_zones = set(connection, "SET TimeZone = 'UTC'");
    set(connection, "SET enable_external_access = false")?;
    // The database's own file would still be open to COPY, also for writing.
    set(connection, "SET disabled_filesystems = 'LocalFileSystem'")?;
    set(connection, "SET lock_configuration = true")
}

fn set(connection: &mut ManagedConnection, text: &str) -> Result<()> {
    let mut statement = connection.new_statement().map_err(failed)?;
    statement.set_sql_query(text).map_err(failed)?;
    statement.execute_update().map(drop).map_err(failed)
}
