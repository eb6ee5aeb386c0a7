//! Uploaded files as tables: each is read once, kept as Parquet in a folder of its data source, and
//! asked with SQL. Nothing is started before the first question.

mod columns;
mod connector;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use tessera_kernel::ids::Uid;
use tessera_kernel::{Fault, Result};

pub use connector::{FILES_SOURCE, files_source_type};

use crate::engine::{About, Engine, EngineLimits, LazyEngine};

/// What the operator decides about uploaded files.
#[derive(Debug, Clone)]
pub struct UploadSettings {
    /// Bytes of all tables of this server; beyond, nothing more is taken.
    pub storage_bytes_max: u64,
    /// Memory for one question, in bytes.
    pub query_memory_bytes: usize,
    /// Longest value that a function or an aggregate of a question makes, in bytes.
    pub query_value_bytes_max: usize,
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self {
            storage_bytes_max: 5 << 30,
            query_memory_bytes: 256 << 20,
            query_value_bytes_max: 16 << 20,
        }
    }
}

/// Uploaded files in a local folder.
#[derive(Clone)]
pub struct Uploads {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    settings: UploadSettings,
    engine: LazyEngine,
}

impl Uploads {
    /// Files inside a data folder, which is only written to with the first upload.
    #[must_use]
    pub fn local(data: &std::path::Path, settings: UploadSettings) -> Self {
        let root = data.join("files");
        let limits = EngineLimits {
            memory_bytes: settings.query_memory_bytes,
            value_bytes_max: settings.query_value_bytes_max,
        };
        let engine = LazyEngine::new(ABOUT, limits);
        Self { inner: Arc::new(Inner { root, settings, engine }) }
    }

    /// The connector of one data source.
    #[must_use]
    pub fn source(&self, uid: Uid) -> impl tessera_bi::ports::Connector + use<> {
        connector::FileTables::new(self.clone(), uid)
    }

    fn engine(&self) -> Result<&Engine> {
        self.inner.engine.get()
    }
}

const ABOUT: About = About { files: "uploaded files", memory_setting: "files.query_memory_bytes" };

fn failed(what: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    ABOUT.failed(what, error)
}
