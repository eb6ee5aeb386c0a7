//! The options of a data source: their schema, and reading them.

use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result, Secret};
use url::Url;

use super::Family;
use crate::options;

/// What the options look like.
pub(super) fn schema(family: Family) -> Json {
    let catalog = match family {
        Family::Trino => json!({ "type": "string" }),
        Family::Presto => json!({ "type": "string", "default": "hive" }),
    };
    let schema = match family {
        Family::Trino => json!({ "type": "string" }),
        Family::Presto => json!({ "type": "string", "default": "default" }),
    };
    json!({
        "type": "object",
        "properties": {
            "protocol": { "type": "string", "default": "http" },
            "host": { "type": "string" },
            "port": { "type": "number", "default": 8080 },
            "username": { "type": "string" },
            "password": { "type": "string" },
            "catalog": catalog,
            "schema": schema,
            "source": { "type": "string", "default": "redash" },
        },
        "order": [
            "host", "protocol", "port", "username", "password", "schema", "catalog", "source",
        ],
        "required": match family {
            Family::Trino => json!(["host", "username"]),
            Family::Presto => json!(["host"]),
        },
        "secret": ["password"],
    })
}

/// Where and as whom to ask.
pub(super) struct Options {
    /// Without a path.
    pub(super) url: Url,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) catalog: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) source: String,
}

impl Options {
    pub(super) fn read(given: &Json, family: Family) -> Result<Self> {
        let names = ["protocol", "host", "username", "password", "catalog", "schema", "source"];
        options::only_texts(given, &names)?;
        let text = |name: &str| options::text(given, name).map(str::to_owned);
        let host = options::needed(given, "host")?;
        let port = options::port(given, 8080)?;
        let protocol = text("protocol").unwrap_or_else(|| "http".to_owned());
        if !matches!(protocol.as_str(), "http" | "https") {
            return Err(Fault::invalid("options.protocol", "is http or https"));
        }
        let brackets = host.contains(':') && !host.starts_with('[');
        let host = if brackets { format!("[{host}]") } else { host };
        let url = Url::parse(&format!("{protocol}://{host}:{port}/"))
            .ok()
            .filter(|url| url.path() == "/" && url.username().is_empty())
            .ok_or_else(|| Fault::invalid("options.host", "must be the name of a host"))?;
        let password = options::password(given, "password");
        if password.is_some() && protocol != "https" {
            let detail = "must be https where there is a password: the server takes none otherwise";
            return Err(Fault::invalid("options.protocol", detail));
        }
        let default = |name: &str, value: &str| {
            text(name).or_else(|| (family == Family::Presto).then(|| value.to_owned()))
        };
        Ok(Self {
            url,
            user: match (text("username"), family) {
                (Some(user), _) => user,
                (None, Family::Presto) => "redash".to_owned(),
                (None, Family::Trino) => {
                    return Err(Fault::invalid("options.username", "is required"));
                }
            },
            password,
            catalog: default("catalog", "hive"),
            schema: default("schema", "default"),
            source: text("source").unwrap_or_else(|| "tessera".to_owned()),
        })
    }
}
