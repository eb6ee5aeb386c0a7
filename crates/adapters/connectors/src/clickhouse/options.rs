//! The options of a data source: their schema, and reading them.

use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result, Secret};
use url::Url;

use crate::options;

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
    pub(super) fn read(given: &Json) -> Result<Self> {
        options::only_texts(given, &["url", "user", "password", "dbname"])?;
        let url = options::text(given, "url").unwrap_or("http://127.0.0.1:8123");
        let url = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            .ok_or_else(|| {
                let detail = "must be of the form http://host:8123 or https://host:8443";
                Fault::invalid("options.url", detail)
            })?;
        Ok(Self {
            url,
            user: options::text(given, "user").unwrap_or("default").to_owned(),
            password: options::password(given, "password")
                .unwrap_or_else(|| Secret::new(String::new())),
            database: options::needed(given, "dbname")?,
            verify: given.get("verify").and_then(Json::as_bool).unwrap_or(true),
        })
    }
}
