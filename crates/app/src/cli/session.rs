//! Commands act with the rights of an administrator, through the same gate as everybody else.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tessera_access::{
    Act, Action, AuditEntry, Authorized, Caller, RequestContext, User, UserFilter, UserOrder,
};
use tessera_kernel::PageRequest;

use crate::compose::{self, Core, explain};
use crate::config::Config;

/// The services, and in whose name a command acts.
pub(super) struct Session {
    pub(super) core: Core,
    caller: Caller,
}

impl Session {
    /// Opens the store and finds the first administrator.
    pub(super) async fn open(config: &Config) -> Result<Self> {
        let core = compose::core(config, None).await?;
        if core.access.setup.is_needed().await.map_err(explain)? {
            bail!(
                "the server has no users yet; start it and do the setup, or use `tessera users create --admin`"
            );
        }
        let caller = Self::administrator(&core).await?;
        Ok(Self { core, caller })
    }

    async fn administrator(core: &Core) -> Result<Caller> {
        let page = PageRequest { number: 1, size: u64::from(u32::MAX) };
        let users = core
            .access
            .users
            .all_for_operator(&UserFilter::default(), UserOrder::CreatedAt, page)
            .await
            .map_err(explain)?;
        for user in users.items {
            let principal = core.access.gate.principal(user.id).await.map_err(explain)?;
            if let Some(principal) = principal.filter(|principal| principal.is_admin()) {
                return Ok(Caller::User { user: principal, key: None });
            }
        }
        bail!("there is no administrator; make one: tessera users create --admin …")
    }

    /// The same in the name of another administrator.
    pub(super) async fn acting_as(mut self, email: Option<&str>) -> Result<Self> {
        if let Some(email) = email {
            let user = self.user(email).await?;
            let found = self.core.access.gate.principal(user.id).await.map_err(explain)?;
            let found = found.filter(|user| user.is_admin());
            let user = found.with_context(|| format!("{email} is no administrator"))?;
            self.caller = Caller::User { user, key: None };
        }
        Ok(self)
    }

    /// In whose name it acts.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The right to do one thing.
    pub(super) async fn permit<A: Act>(&self, act: A) -> Result<Authorized<A>> {
        self.core.access.gate.permit(&self.caller, &context(), act).await.map_err(explain)
    }

    /// Writes down what the operator is about to do without asking the gate.
    pub(super) async fn record(&self, action: Action, object: String, detail: Value) -> Result<()> {
        let action = action.as_str();
        self.note(AuditEntry { actor: "cli".to_owned(), action, object, detail }).await
    }

    /// Writes an entry into the audit log.
    pub(super) async fn note(&self, entry: AuditEntry) -> Result<()> {
        self.core.access.audit.record(&context(), entry).await.map_err(explain)
    }

    /// The user with an address.
    pub(super) async fn user(&self, email: &str) -> Result<User> {
        self.core
            .access
            .users
            .by_email(email)
            .await
            .map_err(explain)?
            .with_context(|| format!("there is no user {email}"))
    }
}

fn context() -> RequestContext {
    RequestContext { request_id: Some("command line".to_owned()), ..RequestContext::default() }
}
