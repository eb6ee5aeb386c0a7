//! What a data source's settings say: which file, and which extensions.

use std::path::PathBuf;

use serde_json::Value as Json;
use tessera_kernel::{Fault, Result};

use crate::options::{needed, only_texts, text};
use crate::{ConnectorSettings, sqlite};

/// The path of a database that is in memory only.
pub(super) const MEMORY: &str = ":memory:";

/// The settings of a data source.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// `None` for a database in memory, which every run has for itself.
    pub path: Option<PathBuf>,
    /// In their order; each is one that the operator allows.
    pub extensions: Vec<String>,
}

impl Options {
    pub(super) fn read(options: &Json, settings: &ConnectorSettings) -> Result<Self> {
        only_texts(options, &["dbpath", "extensions"])?;
        let path = needed(options, "dbpath")?;
        let path = (path != MEMORY).then(|| PathBuf::from(path));
        if let Some(path) = path.as_ref().filter(|path| path.exists()) {
            sqlite::check_file(path, settings)?;
        }
        let mut extensions = Vec::new();
        for name in text(options, "extensions").unwrap_or_default().split(',') {
            let name = name.trim().to_ascii_lowercase();
            if name.is_empty() || extensions.contains(&name) {
                continue;
            }
            if !settings.duckdb_extensions.contains(&name) || !is_name(&name) {
                let detail = format!(
                    "the extension {name:?} is not one that this server loads: the operator lists \
                     those in sources.duckdb_extensions"
                );
                return Err(Fault::invalid("options.extensions", detail));
            }
            extensions.push(name);
        }
        Ok(Self { path, extensions })
    }
}

/// Whether it is a plain name, which is no path and nothing of another repository.
fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_listed_extensions_are_taken() {
        let settings = ConnectorSettings {
            duckdb_extensions: vec!["json".to_owned(), "/tmp/x".to_owned()],
            ..ConnectorSettings::default()
        };
        let read = |extensions: &str| {
            Options::read(&json!({ "dbpath": MEMORY, "extensions": extensions }), &settings)
        };
        assert_eq!(read(" JSON,,json ").expect("listed").extensions, ["json"]);
        assert!(read("").expect("none").path.is_none());
        for odd in ["httpfs", "community.json", "/tmp/x", "json httpfs"] {
            let fault = read(odd).expect_err(odd);
            assert_eq!(fault.field(), Some("options.extensions"));
        }
        let fault = Options::read(&json!({}), &settings).expect_err("no path");
        assert_eq!(fault.field(), Some("options.dbpath"));
    }
}
