//! The options of a data source: their schema, and reading them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tessera_kernel::{Clock as _, Fault, Result, Secret, SystemClock};
use url::Url;

use crate::options;
use crate::rs256::Rs256;

/// How long a token of ours is good for, in seconds. Snowflake takes an hour at most.
const TOKEN_SECONDS: i64 = 3000;

/// What the options look like.
pub(super) fn schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "account": { "type": "string" },
            "user": { "type": "string" },
            "password": { "type": "string", "title": "Programmatic Access Token" },
            "private_key_File": { "type": "string", "title": "Private Key" },
            "private_key_pwd": { "type": "string", "title": "Private Key Password" },
            "warehouse": { "type": "string" },
            "database": { "type": "string" },
            "region": { "type": "string", "default": "us-west" },
            "lower_case_columns": {
                "type": "boolean", "title": "Lower Case Column Names in Results", "default": false,
            },
            "host": { "type": "string" },
            "port": { "type": "number" },
            "protocol": { "type": "string" },
        },
        "order": [
            "account", "user", "password", "private_key_File", "private_key_pwd", "warehouse",
            "database", "region", "host",
        ],
        "required": ["user", "account", "database", "warehouse"],
        "secret": ["password", "private_key_File", "private_key_pwd"],
        "extra_options": ["host", "port", "protocol"],
    })
}

/// How we prove who we are.
enum Proof {
    /// Tokens that we sign, and whose they say that they are.
    Key { key: Box<Rs256>, issuer: String },
    /// A token that Snowflake made.
    Token(Secret),
}

/// Where and as whom to ask.
pub(super) struct Options {
    /// Without a path.
    pub(super) url: Url,
    pub(super) warehouse: String,
    pub(super) database: String,
    pub(super) lower_case: bool,
    /// `ACCOUNT.USER`
    subject: String,
    proof: Proof,
}

impl Options {
    pub(super) fn read(given: &Json) -> Result<Self> {
        let names = [
            "account",
            "user",
            "password",
            "private_key_File",
            "private_key_pwd",
            "warehouse",
            "database",
            "region",
            "host",
            "protocol",
        ];
        options::only_texts(given, &names)?;
        let account = options::needed(given, "account")?;
        let user = options::needed(given, "user")?;
        // Tokens name the account without the region that an old name may have behind it.
        let named = account.split('.').next().unwrap_or_default();
        let subject = format!("{}.{}", named.to_uppercase(), user.to_uppercase());
        let proof = match options::pem(given, "private_key_File")? {
            Some(pem) => {
                let password = options::password(given, "private_key_pwd");
                let key = Rs256::read(&pem, password.as_ref(), "private_key_File")?;
                let print = STANDARD.encode(Sha256::digest(key.public_key()));
                let issuer = format!("{subject}.SHA256:{print}");
                Proof::Key { key: Box::new(key), issuer }
            }
            None => Proof::Token(options::password(given, "password").ok_or_else(|| {
                let detail = "is required, or a programmatic access token in password";
                Fault::invalid("options.private_key_File", detail)
            })?),
        };
        Ok(Self {
            url: url(given, &account)?,
            warehouse: name(&options::needed(given, "warehouse")?),
            database: name(&options::needed(given, "database")?),
            lower_case: options::is_on(given, "lower_case_columns"),
            subject,
            proof,
        })
    }

    /// What proves who asks, and of which kind it is.
    pub(super) fn proof(&self) -> Result<(Secret, &'static str)> {
        match &self.proof {
            Proof::Token(token) => {
                Ok((Secret::new(token.expose().to_owned()), "PROGRAMMATIC_ACCESS_TOKEN"))
            }
            Proof::Key { key, issuer } => {
                let now = SystemClock.now().timestamp();
                let claims = json!({
                    "iss": issuer,
                    "sub": self.subject,
                    "iat": now,
                    "exp": now + TOKEN_SECONDS,
                });
                let token = key.token(&claims, None)?;
                Ok((token, "KEYPAIR_JWT"))
            }
        }
    }
}

/// The host of the account, unless another one is named: that of a private link, or a proxy.
fn url(given: &Json, account: &str) -> Result<Url> {
    let protocol = options::text(given, "protocol").unwrap_or("https");
    if !matches!(protocol, "http" | "https") {
        return Err(Fault::invalid("options.protocol", "is http or https"));
    }
    let port = options::port(given, if protocol == "https" { 443 } else { 80 })?;
    let (field, host) = match options::text(given, "host") {
        Some(host) => ("options.host", host.to_owned()),
        None => {
            let region = options::text(given, "region").filter(|region| *region != "us-west");
            let region = region.map(|region| format!(".{region}")).unwrap_or_default();
            // Names of hosts have no underscores.
            let account = account.replace('_', "-");
            ("options.account", format!("{account}{region}.snowflakecomputing.com"))
        }
    };
    Url::parse(&format!("{protocol}://{host}:{port}/"))
        .ok()
        .filter(|url| {
            url.path() == "/"
                && url.username().is_empty()
                && url.port_or_known_default() == Some(port)
        })
        .ok_or_else(|| Fault::invalid(field, "must make the name of a host"))
}

/// A name as the server keeps it: in capitals, unless it is in quotes.
fn name(written: &str) -> String {
    match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => written.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &Json) -> Result<Options> {
        let mut given = json!({
            "account": "my_org-acc", "user": "ada", "password": "t", "warehouse": "small",
            "database": "\"Sales\"",
        });
        given.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("one"));
        Options::read(&given)
    }

    #[test]
    fn accounts_lead_to_their_hosts() {
        for (more, host) in [
            (json!({}), "https://my-org-acc.snowflakecomputing.com/"),
            (json!({ "region": "us-west" }), "https://my-org-acc.snowflakecomputing.com/"),
            (
                json!({ "account": "xy1", "region": "eu-central-1" }),
                "https://xy1.eu-central-1.snowflakecomputing.com/",
            ),
            (json!({ "host": "flake.internal", "port": 8443 }), "https://flake.internal:8443/"),
        ] {
            assert_eq!(read(&more).expect("is read").url.as_str(), host);
        }
        for (more, field) in [
            (json!({ "account": "evil.example/" }), "options.account"),
            (json!({ "account": "a@evil" }), "options.account"),
            (json!({ "host": "h/x" }), "options.host"),
            (json!({ "protocol": "ftp" }), "options.protocol"),
            (json!({ "password": "" }), "options.private_key_File"),
            (json!({ "private_key_File": "nothing" }), "options.private_key_File"),
            (json!({ "database": 5 }), "options.database"),
        ] {
            assert_eq!(read(&more).err().expect("is refused").field(), Some(field), "{more}");
        }
    }

    #[test]
    fn names_are_kept_as_the_server_keeps_them() {
        let found = read(&json!({ "account": "xy1.eu-central-1" })).expect("is read");
        assert_eq!((found.warehouse.as_str(), found.database.as_str()), ("SMALL", "Sales"));
        assert_eq!(found.subject, "XY1.ADA");
    }
}
