//! DuckDB's library, behind the interface that all ADBC drivers have. It is loaded with the first data
//! source that needs it, and stays: code that may have begun threads cannot be taken away safely.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use adbc_core::options::AdbcVersion;
use adbc_driver_manager::ManagedDriver;
use tessera_kernel::{Code, Fault, Result};

/// The function of the library that every ADBC driver begins with.
const ENTRY: &[u8] = b"duckdb_adbc_init";

static LOADED: Mutex<Vec<(PathBuf, ManagedDriver)>> = Mutex::new(Vec::new());

/// The library at a path.
///
/// # Errors
/// `SourceFailed` if it is not there, or is no such library.
pub(super) fn driver(path: &Path) -> Result<ManagedDriver> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, driver)) = loaded.iter().find(|(known, _)| known == path) {
        return Ok(driver.clone());
    }
    let driver = ManagedDriver::load_dynamic_from_filename(path, Some(ENTRY), AdbcVersion::V110)
        .map_err(|error| {
            let detail = format!(
                "DuckDB's library (sources.duckdb_library, {}) cannot be loaded: {}",
                path.display(),
                error.message
            );
            Fault::new(Code::SourceFailed, detail)
        })?;
    loaded.push((path.to_owned(), driver.clone()));
    Ok(driver)
}
