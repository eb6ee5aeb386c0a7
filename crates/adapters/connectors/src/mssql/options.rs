//! The options of a data source: their schema, and reading them.

use serde_json::{Value as Json, json};
use tessera_kernel::{Result, Secret};

use crate::options;

/// What the options look like.
pub(super) fn schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "user": { "type": "string" },
            "password": { "type": "string" },
            "server": { "type": "string", "default": "127.0.0.1" },
            "port": { "type": "number", "default": 1433 },
            "tds_version": { "type": "string", "default": "7.0", "title": "TDS Version" },
            "charset": { "type": "string", "default": "UTF-8", "title": "Character Set" },
            "db": { "type": "string", "title": "Database Name" },
            "use_ssl": { "type": "boolean", "default": false, "title": "Use SSL" },
            "verify_ssl": {
                "type": "boolean", "default": false, "title": "Verify SSL certificate",
            },
        },
        "required": ["db"],
        "secret": ["password"],
        "extra_options": ["verify_ssl", "use_ssl"],
    })
}

/// Where and as whom to connect.
pub(super) struct Options {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) database: String,
    /// Whether the connection has to be encrypted; it is if the server can.
    pub(super) must_encrypt: bool,
    /// Whether the server's certificate has to be good.
    pub(super) verify: bool,
}

impl Options {
    pub(super) fn read(given: &Json) -> Result<Self> {
        options::only_texts(given, &["server", "user", "password", "db"])?;
        let password = options::password(given, "password");
        Ok(Self {
            host: options::text(given, "server").unwrap_or("127.0.0.1").to_owned(),
            port: options::port(given, 1433)?,
            user: options::text(given, "user").unwrap_or_default().to_owned(),
            password: password.unwrap_or_else(|| Secret::new(String::new())),
            database: options::needed(given, "db")?,
            must_encrypt: options::is_on(given, "use_ssl") || options::is_on(given, "verify_ssl"),
            verify: options::is_on(given, "verify_ssl"),
        })
    }
}
