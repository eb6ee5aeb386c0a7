//! The options of a data source: their schema, and reading them.

use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result, Secret};
use url::Url;

use crate::text_option;

/// What the options look like.
pub(super) fn schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "url": { "type": "string", "default": "http://127.0.0.1:8123" },
            "user": { "type": "string", "default": "default" },
            "password": { "type": "string" },
            "dbname": { "type": "string", "title": "Database Name" },
            "timeout": { "type": "number", "title": "Request Timeout", "default": 30 },
            "verify": { "type": "boolean", "title": "Verify SSL certificate", "default": true },
        },
        "order": ["url", "user", "password", "dbname"],
        "required": ["dbname"],
        "extra_options": ["timeout", "verify"],
        "secret": ["password"],
    })
}

/// Where and as whom to ask.
pub(super) struct Options {
    pub(super) url: Url,
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) database: String,
    /// Whether the server's certificate has to be good.
    pub(super) verify: bool,
}

impl Options {
    pub(super) fn read(options: &Json) -> Result<Self> {
        for name in ["url", "user", "password", "dbname"] {
            if options.get(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
                return Err(Fault::invalid(format!("options.{name}"), "must be a text"));
            }
        }
        let url = text_option(options, "url").unwrap_or("http://127.0.0.1:8123");
        let url = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            .ok_or_else(|| {
                let detail = "must be of the form http://host:8123 or https://host:8443";
                Fault::invalid("options.url", detail)
            })?;
        let password = options.get("password").and_then(Json::as_str).unwrap_or_default();
        Ok(Self {
            url,
            user: text_option(options, "user").unwrap_or("default").to_owned(),
            password: Secret::new(password.to_owned()),
            database: text_option(options, "dbname")
                .ok_or_else(|| Fault::invalid("options.dbname", "is required"))?
                .to_owned(),
            verify: options.get("verify").and_then(Json::as_bool).unwrap_or(true),
        })
    }
}
