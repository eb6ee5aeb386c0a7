//! The other server, over its HTTP API.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tessera_identity::{Outbound, OutboundSettings};
use tessera_kernel::Secret;

use crate::compose::explain;

/// How many objects are asked for at once: the most that there are in a page.
const PAGE_SIZE: usize = 250;
/// Largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// Longest time for one answer.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The other server.
pub(crate) struct Peer {
    origin: String,
    key: Secret,
    outbound: Outbound,
}

impl Peer {
    /// A server at an address, asked with an API key.
    pub(crate) fn new(url: &str, key: Secret) -> Result<Self> {
        let origin = url.trim().trim_end_matches('/').to_owned();
        ensure!(
            origin.starts_with("http://") || origin.starts_with("https://"),
            "--url must begin with http:// or https://"
        );
        // The operator names the address at this machine: no network is closed to it.
        let outbound = Outbound::new(OutboundSettings {
            denied_networks: Vec::new(),
            allowed_networks: Vec::new(),
            allow_http: true,
            timeout: TIMEOUT,
            answer_bytes_max: ANSWER_BYTES_MAX,
            extra_authorities: None,
        })
        .map_err(explain)?;
        Ok(Self { origin, key, outbound })
    }

    /// The address, as records of imports name it.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Who the key belongs to. Fails if it is not that of an administrator.
    pub(super) async fn check(&self) -> Result<Value> {
        let session = self.get("/api/session").await?;
        let permissions = session["user"]["permissions"].as_array();
        let is_admin = permissions
            .is_some_and(|words| words.iter().any(|word| word.as_str() == Some("admin")));
        ensure!(is_admin, "the API key must be that of an administrator of {}", self.origin);
        Ok(session)
    }

    /// Reads an object or a list.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        match self.ask(path).await? {
            (200, answer) => Ok(answer),
            (status, answer) => {
                let message = answer["message"].as_str().unwrap_or_default();
                bail!("{}{path} answered {status} {message}", self.origin)
            }
        }
    }

    /// The same; `None` where the server refuses or does not know it.
    pub(super) async fn find(&self, path: &str) -> Result<Option<Value>> {
        match self.ask(path).await? {
            (200, answer) => Ok(Some(answer)),
            (400..500, _) => Ok(None),
            (status, _) => bail!("{}{path} answered {status}", self.origin),
        }
    }

    async fn ask(&self, path: &str) -> Result<(u16, Value)> {
        let url = format!("{}{path}", self.origin);
        let answer = self.outbound.read_json_with_key(&url, &self.key, "the other server").await;
        answer.map_err(explain).with_context(|| format!("reading {url}"))
    }

    /// All objects of a list with pages, by number.
    pub(super) async fn all(&self, path: &str) -> Result<Vec<Value>> {
        let mut found: Vec<Value> = Vec::new();
        for page in 1.. {
            let joint = if path.contains('?') { '&' } else { '?' };
            let answer =
                self.get(&format!("{path}{joint}page={page}&page_size={PAGE_SIZE}")).await?;
            let Some(results) = answer["results"].as_array() else {
                bail!("{}{path} gave no list", self.origin)
            };
            found.extend(results.iter().cloned());
            let count = answer["count"].as_u64().unwrap_or(0);
            if results.len() < PAGE_SIZE || found.len() as u64 >= count {
                break;
            }
        }
        found.sort_by_key(super::json::id);
        found.dedup_by_key(|object| super::json::id(object));
        Ok(found)
    }
}
