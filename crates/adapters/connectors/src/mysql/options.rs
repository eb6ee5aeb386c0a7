//! The options of a data source: their schema, and reading them.

use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result, Secret};

use super::Family;
use crate::options;

/// What the options look like.
pub(super) fn schema(family: Family) -> Json {
    let modes = [
        ("disabled", "Disabled"),
        ("preferred", "Preferred"),
        ("required", "Required"),
        ("verify-ca", "Verify CA"),
        ("verify-identity", "Verify Identity"),
    ];
    let modes: Vec<Json> =
        modes.iter().map(|(value, name)| json!({ "value": value, "name": name })).collect();
    match family {
        Family::MySql => json!({
            "type": "object",
            "properties": {
                "host": { "type": "string", "default": "127.0.0.1" },
                "user": { "type": "string" },
                "passwd": { "type": "string", "title": "Password" },
                "db": { "type": "string", "title": "Database name" },
                "port": { "type": "number", "default": 3306 },
                "connect_timeout": {
                    "type": "number", "default": 60, "title": "Connection Timeout",
                },
                "charset": { "type": "string", "default": "utf8" },
                "use_unicode": { "type": "boolean", "default": true },
                "autocommit": { "type": "boolean", "default": false },
                "ssl_mode": {
                    "type": "string", "title": "SSL Mode", "default": "preferred",
                    "extendedEnum": modes,
                },
                "use_ssl": { "type": "boolean", "title": "Use SSL" },
                "ssl_cacert": { "type": "string", "title": "SSL CA Certificate" },
                "ssl_cert": { "type": "string", "title": "SSL Client Certificate" },
                "ssl_key": { "type": "string", "title": "SSL Client Key" },
            },
            "order": [
                "host", "port", "user", "passwd", "db", "connect_timeout", "charset",
                "use_unicode", "autocommit",
            ],
            "required": ["db"],
            "secret": ["passwd", "ssl_key"],
            "extra_options": ["ssl_mode", "ssl_cacert", "ssl_cert", "ssl_key"],
        }),
        Family::Rds => json!({
            "type": "object",
            "properties": {
                "host": { "type": "string" },
                "user": { "type": "string" },
                "passwd": { "type": "string", "title": "Password" },
                "db": { "type": "string", "title": "Database name" },
                "port": { "type": "number", "default": 3306 },
                "use_ssl": { "type": "boolean", "title": "Use SSL" },
                "ssl_cacert": { "type": "string", "title": "SSL CA Certificate" },
            },
            "order": ["host", "port", "user", "passwd", "db"],
            "required": ["db", "user", "passwd", "host"],
            "secret": ["passwd"],
            "extra_options": ["ssl_cacert"],
        }),
        Family::MemSql => json!({
            "type": "object",
            "properties": {
                "host": { "type": "string" },
                "port": { "type": "number", "default": 3306 },
                "user": { "type": "string" },
                "password": { "type": "string" },
                "db": { "type": "string", "title": "Database name" },
            },
            "required": ["host", "port"],
            "secret": ["password"],
        }),
    }
}

/// How far a server is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// No encryption.
    Disabled,
    /// Encryption if the server offers it; nothing is proved.
    Preferred,
    /// Encryption; nothing is proved.
    Required,
    /// Encryption with a certificate of a known authority.
    VerifyCa,
    /// The same, and it must be for this host.
    VerifyIdentity,
}

impl Mode {
    fn read(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "disabled" => Ok(Self::Disabled),
            "preferred" => Ok(Self::Preferred),
            "required" => Ok(Self::Required),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-identity" => Ok(Self::VerifyIdentity),
            _ => Err(Fault::invalid(
                "options.ssl_mode",
                "is one of disabled, preferred, required, verify-ca and verify-identity",
            )),
        }
    }
}

/// Where and as whom to connect.
pub(super) struct Options {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) database: Option<String>,
    pub(super) mode: Mode,
    /// Authority to believe in place of the public ones, in PEM form.
    pub(super) root: Option<String>,
    /// What proves who we are, and the key to it, in PEM form.
    pub(super) client: Option<(String, Secret)>,
    /// Longest time to connect, in seconds; the operator's limit counts as well.
    pub(super) connect_seconds: Option<u64>,
}

impl Options {
    pub(super) fn read(given: &Json, family: Family) -> Result<Self> {
        let secret = if family == Family::MemSql { "password" } else { "passwd" };
        options::only_texts(given, &["host", "user", secret, "db", "ssl_mode"])?;
        let text = |name| options::text(given, name).map(str::to_owned);
        let root = options::pem(given, "ssl_cacert")?;
        let use_ssl = options::is_on(given, "use_ssl");
        let mode = match options::text(given, "ssl_mode") {
            Some(mode) => Mode::read(mode)?,
            None if !use_ssl && root.is_none() => Mode::Preferred,
            None if root.is_some() => Mode::VerifyIdentity,
            None => Mode::Required,
        };
        // The older switch asks for encryption, whatever the newer one prefers.
        let mode = if use_ssl && mode == Mode::Preferred { Mode::Required } else { mode };
        Ok(Self {
            host: text("host").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: options::port(given, 3306)?,
            user: text("user"),
            password: options::password(given, secret),
            database: match family {
                Family::MemSql => text("db"),
                Family::MySql | Family::Rds => Some(options::needed(given, "db")?),
            },
            mode,
            root,
            client: options::client(given, "ssl_cert", "ssl_key")?,
            connect_seconds: given.get("connect_timeout").and_then(Json::as_u64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_as_strict_as_asked_for() {
        let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
        for (options, expected) in [
            (json!({ "db": "x" }), Mode::Preferred),
            (json!({ "db": "x", "use_ssl": true }), Mode::Required),
            (json!({ "db": "x", "use_ssl": true, "ssl_mode": "preferred" }), Mode::Required),
            (json!({ "db": "x", "ssl_mode": "VERIFY_CA" }), Mode::VerifyCa),
            (json!({ "db": "x", "ssl_cacert": pem }), Mode::VerifyIdentity),
            (json!({ "db": "x", "ssl_mode": "disabled", "use_ssl": true }), Mode::Disabled),
        ] {
            let read = Options::read(&options, Family::MySql).expect("is read");
            assert_eq!(read.mode, expected, "{options}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (options, field) in [
            (json!({}), "options.db"),
            (json!({ "db": 5 }), "options.db"),
            (json!({ "db": "x", "port": 54.5 }), "options.port"),
            (json!({ "db": "x", "ssl_cacert": "/etc/ssl/ca.pem" }), "options.ssl_cacert"),
            (json!({ "db": "x", "ssl_mode": "maybe" }), "options.ssl_mode"),
        ] {
            let fault = Options::read(&options, Family::MySql).err().expect("refused");
            assert_eq!(fault.field(), Some(field));
        }
    }
}
