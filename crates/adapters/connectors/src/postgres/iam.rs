//! Names and passwords for a short time, which Redshift gives to those whom AWS knows.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;
use tessera_kernel::{Clock as _, Fault, Result, Secret, SystemClock};
use uuid::Uuid;

use crate::aws::{self, Aws, Keys};
use crate::{ConnectorSettings, options};

/// How long before its end a password is not used any more, in seconds.
const MARGIN_SECONDS: i64 = 60;

/// Whom AWS knows, and what they may have.
pub(super) struct Iam {
    aws: Aws,
    keys: Keys,
    role: Option<String>,
    user: String,
    database: String,
    cluster: String,
    last: Mutex<Option<Login>>,
}

/// A name and a password.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Secret,
    until: DateTime<Utc>,
}

impl Iam {
    pub(super) fn read(given: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let names = ["rolename", "aws_region", "clusterid"];
        options::only_texts(given, &names)?;
        let id = options::text(given, "aws_access_key_id").map(str::to_owned);
        let secret = options::password(given, "aws_secret_access_key");
        let (Some(id), Some(secret)) = (id, secret) else {
            let detail = "is required with aws_secret_access_key: this server does not ask the \
                          machine that it runs on for keys";
            return Err(Fault::invalid("options.aws_access_key_id", detail));
        };
        Ok(Self {
            aws: Aws::new(options::needed(given, "aws_region")?, settings)?,
            keys: Keys { id, secret, token: None },
            role: options::text(given, "rolename").map(str::to_owned),
            user: options::needed(given, "user")?,
            database: options::needed(given, "dbname")?,
            cluster: options::needed(given, "clusterid")?,
            last: Mutex::default(),
        })
    }

    /// The last one while it is good, else a new one.
    pub(super) async fn login(&self) -> Result<Login> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let soon = SystemClock.now() + TimeDelta::seconds(MARGIN_SECONDS);
        if let Some(last) = last.filter(|last| last.until > soon) {
            return Ok(last);
        }
        let login = self.ask().await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(login.clone());
        Ok(login)
    }

    async fn ask(&self) -> Result<Login> {
        let assumed = match &self.role {
            Some(role) => {
                let session = format!("tessera_{}", Uuid::new_v4().simple());
                Some(aws::assume(&self.aws, role, &session, &self.keys).await?)
            }
            None => None,
        };
        let fields = [
            ("Action", "GetClusterCredentials"),
            ("Version", "2012-12-01"),
            ("DbUser", self.user.as_str()),
            ("DbName", self.database.as_str()),
            ("ClusterIdentifier", self.cluster.as_str()),
        ];
        let keys = assumed.as_ref().unwrap_or(&self.keys);
        let answer = self.aws.ask("redshift", &fields, keys).await?;
        let until = aws::needed(&answer, "Expiration")?.parse();
        Ok(Login {
            user: aws::needed(&answer, "DbUser")?,
            password: Secret::new(aws::needed(&answer, "DbPassword")?),
            // One that cannot be read is not kept.
            until: until.unwrap_or(DateTime::UNIX_EPOCH),
        })
    }
}
