//! The options of a data source: their schema, and reading them.

use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result, Secret};

use crate::text_option;

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
    pub(super) fn read(options: &Json) -> Result<Self> {
        for name in ["server", "user", "password", "db"] {
            if options.get(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
                return Err(Fault::invalid(format!("options.{name}"), "must be a text"));
            }
        }
        let port = match options.get("port") {
            None | Some(Json::Null) => 1433,
            Some(port) => port
                .as_u64()
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| *port > 0)
                .ok_or_else(|| {
                    Fault::invalid("options.port", "must be a whole number from 1 to 65535")
                })?,
        };
        let is = |name| options.get(name).and_then(Json::as_bool).unwrap_or(false);
        let password = options.get("password").and_then(Json::as_str).unwrap_or_default();
        Ok(Self {
            host: text_option(options, "server").unwrap_or("127.0.0.1").to_owned(),
            port,
            user: text_option(options, "user").unwrap_or_default().to_owned(),
            password: Secret::new(password.to_owned()),
            database: text_option(options, "db")
                .ok_or_else(|| Fault::invalid("options.db", "is required"))?
                .to_owned(),
            must_encrypt: is("use_ssl") || is("verify_ssl"),
            verify: is("verify_ssl"),
        })
    }
}
