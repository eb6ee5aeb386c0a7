//! What stands in a path for an object: a number, a `uid`, or `self`.

use std::future::Future;

use tessera_access::Caller;
use tessera_kernel::ids::{
    AlertId, DashboardId, DestinationId, QueryId, ResultId, SubscriptionId, Uid, UserId,
};
use tessera_kernel::{Code, Fault, Result};

use crate::call::Call;

/// Stands for the caller, or for the object that the caller's key opens.
const SELF: &str = "self";
/// Stands in front of the slug of a dashboard.
const SLUG: &str = "slug:";

impl Call {
    /// An object that the core finds by its number only.
    pub(crate) fn number<T: From<i64>>(&self, position: usize, kind: &str) -> Result<T> {
        let text = self.segment(position);
        text.parse().map(|number: i64| T::from(number)).map_err(|_| {
            Fault::new(Code::NotFound, format!("there is no such {kind}; use its integer id"))
        })
    }

    /// A user: a number, or `self`.
    pub(crate) async fn user_id(&self) -> Result<UserId> {
        if self.segment(0) != SELF {
            return self.number(0, "user");
        }
        self.own_id().await
    }

    /// The caller, who must be a user.
    pub(crate) async fn own_id(&self) -> Result<UserId> {
        let user = self.known_caller().await?.user().map(|user| user.id);
        user.ok_or_else(|| Fault::new(Code::OutOfScope, "the key is not that of a user"))
    }

    /// A query: a number, a `uid`, or `self` with the key of a query.
    pub(crate) async fn query_id(&self, position: usize) -> Result<QueryId> {
        let text = self.segment(position);
        if text == SELF {
            return match self.known_caller().await? {
                Caller::Query(principal) => Ok(principal.query),
                _ => Err(Fault::new(Code::OutOfScope, "the key is not that of a query")),
            };
        }
        self.resolve(text, "query", |uid| self.bi().queries.resolve(uid)).await
    }

    /// A dashboard: a number, a `uid`, `slug:` and a slug, or `self` with the key of a dashboard.
    pub(crate) async fn dashboard_id(&self) -> Result<DashboardId> {
        let text = self.segment(0);
        if text == SELF {
            return match self.known_caller().await? {
                Caller::Dashboard(principal) => Ok(principal.dashboard),
                _ => Err(Fault::new(Code::OutOfScope, "the key is not that of a dashboard")),
            };
        }
        if let Some(slug) = text.strip_prefix(SLUG) {
            let caller = self.known_caller().await?;
            return hide(caller, self.bi().dashboards.resolve_slug(slug).await);
        }
        self.resolve(text, "dashboard", |uid| self.bi().dashboards.resolve(uid)).await
    }

    /// A result: a number, or a `uid`.
    pub(crate) async fn result_id(&self, text: &str) -> Result<ResultId> {
        self.resolve(text, "result", |uid| self.bi().results.resolve(uid)).await
    }

    /// An alert: a number, or a `uid`.
    pub(crate) async fn alert_id(&self) -> Result<AlertId> {
        self.resolve(self.segment(0), "alert", |uid| self.bi().alerts.resolve(uid)).await
    }

    /// A subscription: a number, or a `uid`.
    pub(crate) async fn subscription_id(&self) -> Result<SubscriptionId> {
        let find = |uid| self.bi().alerts.resolve_subscription(uid);
        self.resolve(self.segment(1), "subscription", find).await
    }

    /// A destination: a number, or a `uid`.
    pub(crate) async fn destination_id(&self) -> Result<DestinationId> {
        let find = |uid| self.bi().destinations.resolve(uid);
        self.resolve(self.segment(0), "destination", find).await
    }

    async fn resolve<T, F>(&self, text: &str, kind: &str, find: impl FnOnce(Uid) -> F) -> Result<T>
    where
        T: From<i64>,
        F: Future<Output = Result<T>>,
    {
        if let Ok(number) = text.parse::<i64>() {
            return Ok(T::from(number));
        }
        let caller = self.known_caller().await?;
        let uid = text.parse().map_err(|_| Fault::not_found(kind))?;
        hide(caller, find(uid).await)
    }

    /// Nobody learns what exists without a credential.
    async fn known_caller(&self) -> Result<&Caller> {
        match self.caller().await? {
            Caller::Anonymous => Err(Fault::new(Code::Unauthenticated, "sign in or send a key")),
            caller => Ok(caller),
        }
    }
}

/// The holder of one object's key does not learn which others exist.
fn hide<T>(caller: &Caller, found: Result<T>) -> Result<T> {
    match found {
        Err(fault) if fault.code() == Code::NotFound && caller.user().is_none() => {
            Err(Fault::new(Code::OutOfScope, "the key does not open this"))
        }
        other => other,
    }
}
