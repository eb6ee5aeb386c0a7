//! Sign-ins that are under way: short-lived, one-use, and stored as digests so that any node can go
//! on with them.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tessera_kernel::ids::UserId;
use tessera_kernel::{Clock, Fault, Random, Result, Secret, Timestamp};

use crate::keys::hex;
use crate::ports::Repos;
use crate::{Gate, Sealer};

/// What a sign-in waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingKind {
    /// For the browser to come back from an identity provider.
    Provider,
    /// For a code of the second factor.
    Code,
    /// For the first code of a second factor that has yet to be set up.
    Enrolment,
}

impl PendingKind {
    /// The stable spelling, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Code => "code",
            Self::Enrolment => "enrolment",
        }
    }
}

impl std::str::FromStr for PendingKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Provider, Self::Code, Self::Enrolment];
        all.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A sign-in under way, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Keyed digest of its token.
    pub digest: [u8; 32],
    /// What it waits for.
    pub kind: PendingKind,
    /// Whose it is, if that is known yet.
    pub user: Option<UserId>,
    /// What has to be remembered, sealed.
    pub sealed: Vec<u8>,
    /// How many codes were tried.
    pub attempts: i64,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Keeps what is under way.
#[derive(Clone)]
pub(super) struct PendingBook {
    pub(super) repos: Arc<dyn Repos>,
    pub(super) gate: Gate,
    pub(super) sealer: Sealer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

/// What a sealed payload is bound to.
fn context(digest: &[u8; 32]) -> String {
    format!("signin:{}", hex(digest))
}

impl PendingBook {
    /// Notes a sign-in; gives the token to go on with, and its end.
    pub(super) async fn open<T: Serialize + Sync>(
        &self,
        kind: PendingKind,
        user: Option<UserId>,
        payload: &T,
    ) -> Result<(Secret, Timestamp)> {
        let token = Secret::new(self.random.alphanumeric(43));
        let (_, digest) = self.gate.peppers().digest(token.expose());
        let text = serde_json::to_string(payload)
            .map_err(|error| Fault::internal("a sign-in cannot be written down", error))?;
        let sealed = self.sealer.seal(&Secret::new(text), &context(&digest))?;
        let seconds = self.gate.settings().signin.pending_seconds;
        let expires_at = self.clock.now() + chrono::TimeDelta::seconds(seconds);
        let pending = Pending { digest, kind, user, sealed, attempts: 0, expires_at };
        self.repos.insert_pending(&pending).await?;
        Ok((token, expires_at))
    }

    /// Finds one that has not ended.
    pub(super) async fn find(&self, token: &Secret) -> Result<Option<Pending>> {
        for digest in self.gate.peppers().digests(token.expose()) {
            if let Some(pending) = self.repos.pending(&digest).await? {
                return Ok(Some(pending).filter(|pending| pending.expires_at > self.clock.now()));
            }
        }
        Ok(None)
    }

    /// Uses it up; `false` if somebody else was faster.
    pub(super) async fn take(&self, pending: &Pending) -> Result<bool> {
        self.repos.take_pending(&pending.digest).await
    }

    /// Reads what was remembered.
    pub(super) fn read<T: DeserializeOwned>(&self, pending: &Pending) -> Result<T> {
        let text = self.sealer.open(&pending.sealed, &context(&pending.digest))?;
        serde_json::from_str(text.expose())
            .map_err(|error| Fault::internal("a stored sign-in cannot be read", error))
    }
}
