//! The options of a data source: their schema, and reading them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result, Secret};

use super::dsn::Parameters;
use super::family::Family;
use super::tls::{Certificates, Mode};
use crate::text_option;

/// What the options look like.
pub(super) fn schema(family: Family) -> Json {
    if family == Family::Redshift {
        return redshift_schema();
    }
    let modes = [
        ("disable", "Disable"),
        ("allow", "Allow"),
        ("prefer", "Prefer"),
        ("require", "Require"),
        ("verify-ca", "Verify CA"),
        ("verify-full", "Verify Full"),
    ];
    let modes: Vec<Json> =
        modes.iter().map(|(value, name)| json!({ "value": value, "name": name })).collect();
    json!({
        "type": "object",
        "properties": {
            "user": { "type": "string" },
            "password": { "type": "string" },
            "host": { "type": "string", "default": "127.0.0.1" },
            "port": { "type": "number", "default": 5432 },
            "dbname": { "type": "string", "title": "Database Name" },
            "dsn": {
                "type": "string", "default": "application_name=redash", "title": "Parameters",
            },
            "sslmode": {
                "type": "string", "title": "SSL Mode", "default": "prefer",
                "extendedEnum": modes,
            },
            "sslrootcertFile": { "type": "string", "title": "SSL Root Certificate" },
            "sslcertFile": { "type": "string", "title": "SSL Client Certificate" },
            "sslkeyFile": { "type": "string", "title": "SSL Client Key" },
        },
        "order": ["host", "port", "user", "password"],
        "required": ["dbname"],
        "secret": ["password", "sslrootcertFile", "sslcertFile", "sslkeyFile"],
        "extra_options": ["sslmode", "sslrootcertFile", "sslcertFile", "sslkeyFile"],
    })
}

fn redshift_schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "user": { "type": "string" },
            "password": { "type": "string" },
            "host": { "type": "string" },
            "port": { "type": "number" },
            "dbname": { "type": "string", "title": "Database Name" },
            "sslmode": { "type": "string", "title": "SSL Mode", "default": "prefer" },
            "adhoc_query_group": {
                "type": "string", "title": "Query Group for Adhoc Queries", "default": "default",
            },
            "scheduled_query_group": {
                "type": "string", "title": "Query Group for Scheduled Queries",
                "default": "default",
            },
        },
        "order": [
            "host", "port", "user", "password", "dbname", "sslmode", "adhoc_query_group",
            "scheduled_query_group",
        ],
        "required": ["dbname", "user", "password", "host", "port"],
        "secret": ["password"],
    })
}

/// Where and as whom to connect.
pub(super) struct Options {
    pub(super) family: Family,
    /// The queue of Redshift that queries go to.
    pub(super) query_group: Option<String>,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: String,
    pub(super) mode: Mode,
    pub(super) certificates: Certificates,
    pub(super) more: Parameters,
}

impl Options {
    pub(super) fn read(options: &Json, family: Family) -> Result<Self> {
        for name in ["host", "user", "password", "dbname", "dsn", "sslmode"] {
            if options.get(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
                return Err(Fault::invalid(format!("options.{name}"), "must be a text"));
            }
        }
        let port = match options.get("port") {
            None | Some(Json::Null) => match family {
                Family::Redshift => 5439,
                _ => 5432,
            },
            Some(port) => port
                .as_u64()
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| *port > 0)
                .ok_or_else(|| {
                    Fault::invalid("options.port", "must be a whole number from 1 to 65535")
                })?,
        };
        let text = |name| text_option(options, name).map(str::to_owned);
        // Blanks may be a part of a password.
        let password =
            options.get("password").and_then(Json::as_str).filter(|text| !text.is_empty());
        let query_group = text("adhoc_query_group").filter(|_| family == Family::Redshift);
        Ok(Self {
            family,
            query_group,
            host: text("host").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port,
            user: text("user"),
            password: password.map(|text| Secret::new(text.to_owned())),
            database: text("dbname")
                .ok_or_else(|| Fault::invalid("options.dbname", "is required"))?,
            mode: Mode::read(text_option(options, "sslmode").unwrap_or("prefer"))?,
            certificates: Certificates {
                root: pem(options, "sslrootcertFile")?,
                client: pem(options, "sslcertFile")?,
                key: pem(options, "sslkeyFile")?.map(Secret::new),
            },
            more: Parameters::read(text_option(options, "dsn").unwrap_or_default())?,
        })
    }
}

/// A file in PEM form; a form in a browser sends it in Base64.
fn pem(options: &Json, name: &str) -> Result<Option<String>> {
    const BEGINNING: &str = "-----BEGIN ";
    let Some(text) = text_option(options, name) else { return Ok(None) };
    if text.contains(BEGINNING) {
        return Ok(Some(text.to_owned()));
    }
    let letters: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    STANDARD
        .decode(letters)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| text.contains(BEGINNING))
        .map(Some)
        .ok_or_else(|| {
            Fault::invalid(format!("options.{name}"), "must be in PEM form, or that in Base64")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_come_in_base64() {
        let text = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
        for form in [text.to_owned(), STANDARD.encode(text)] {
            let found = pem(&json!({ "f": form }), "f").expect("is read").expect("is there");
            assert_eq!(found.trim(), text.trim());
        }
        let fault = pem(&json!({ "f": "AA==" }), "f").expect_err("no PEM");
        assert_eq!(fault.field(), Some("options.f"));
    }

    #[test]
    fn what_is_not_a_text_is_refused() {
        let fault =
            Options::read(&json!({ "dbname": 5 }), Family::Postgres).err().expect("refused");
        assert_eq!(fault.field(), Some("options.dbname"));
        let odd = json!({ "dbname": "x", "port": 54.5 });
        let fault = Options::read(&odd, Family::Postgres).err().expect("refused");
        assert_eq!(fault.field(), Some("options.port"));
    }
}
