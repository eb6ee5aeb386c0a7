//! The options of a data source: their schema, and reading them.

use serde_json::{Value as Json, json};
use tessera_kernel::{Result, Secret};

use super::dsn::Parameters;
use super::family::Family;
use super::tls::Mode;
use crate::options;

/// What the options look like.
pub(super) fn schema(family: Family) -> Json {
    match family {
        Family::Redshift => return redshift_schema(),
        Family::RedshiftIam => return redshift_iam_schema(),
        Family::Postgres | Family::Cockroach | Family::RisingWave => {}
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

fn redshift_iam_schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "rolename": { "type": "string", "title": "IAM Role Name" },
            "aws_region": { "type": "string", "title": "AWS Region" },
            "aws_access_key_id": { "type": "string", "title": "AWS Access Key ID" },
            "aws_secret_access_key": { "type": "string", "title": "AWS Secret Access Key" },
            "clusterid": { "type": "string", "title": "Redshift Cluster ID" },
            "user": { "type": "string" },
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
            "rolename", "aws_region", "aws_access_key_id", "aws_secret_access_key", "clusterid",
            "host", "port", "user", "dbname", "sslmode", "adhoc_query_group",
            "scheduled_query_group",
        ],
        "required": ["dbname", "user", "host", "port", "aws_region"],
        "secret": ["aws_secret_access_key"],
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
    /// Authorities to believe in place of the public ones, in PEM form.
    pub(super) root: Option<String>,
    /// What proves who we are, and the key to it, in PEM form.
    pub(super) client: Option<(String, Secret)>,
    pub(super) more: Parameters,
}

impl Options {
    pub(super) fn read(given: &Json, family: Family) -> Result<Self> {
        let texts = ["host", "user", "password", "dbname", "dsn", "sslmode"];
        options::only_texts(given, &texts)?;
        let usual_port = if family.is_redshift() { 5439 } else { 5432 };
        let text = |name| options::text(given, name).map(str::to_owned);
        Ok(Self {
            family,
            query_group: text("adhoc_query_group").filter(|_| family.is_redshift()),
            host: text("host").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: options::port(given, usual_port)?,
            user: text("user"),
            password: options::password(given, "password"),
            database: options::needed(given, "dbname")?,
            mode: Mode::read(options::text(given, "sslmode").unwrap_or("prefer"))?,
            root: options::pem(given, "sslrootcertFile")?,
            client: options::client(given, "sslcertFile", "sslkeyFile")?,
            more: Parameters::read(options::text(given, "dsn").unwrap_or_default())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
