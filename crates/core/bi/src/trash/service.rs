//! What can be done with archived objects.

use std::sync::Arc;

use tessera_access::{
    AuditEntry, Authorized, Changes, DeleteDashboard, DeleteQuery, RequestContext, UpdateDashboard,
    UpdateQuery,
};
use tessera_kernel::ids::{DashboardId, QueryId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result};

use super::TrashWeight;
use crate::search::{Found, ObjectKind, SearchFilter, SearchRight};
use crate::service::Parts;
use crate::{
    DashboardChange, DashboardDetail, Dashboards, Json, Queries, QueryChange, QueryDetail,
};

/// No more objects are deleted in one round of upkeep.
const ROUND_MAX: u64 = 200;

/// The trash.
#[derive(Clone)]
pub struct Trash {
    parts: Arc<Parts>,
}

impl Trash {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// A page of what is archived, newest first. What the caller may not see is left out.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(&self, rights: &[SearchRight<'_>], page: PageRequest) -> Result<Page<Found>> {
        let kinds = rights.iter().map(|right| right.visible()).collect::<Result<Vec<_>>>()?;
        let filter = SearchFilter { kinds, archived: true, terms: Vec::new() };
        self.parts.repos.search(&filter, page).await
    }

    /// Brings a query back. Its schedule, alerts and the widgets that showed it went with it.
    ///
    /// # Errors
    /// `Invalid` if it is not archived.
    pub async fn restore_query(&self, grant: &Authorized<UpdateQuery>) -> Result<QueryDetail> {
        self.archived_query(grant.act().query).await?;
        let change = QueryChange { is_archived: Some(false), ..QueryChange::default() };
        Queries::new(Arc::clone(&self.parts)).update(grant, change, None).await
    }

    /// Brings a dashboard back with its widgets. It has no public link any more.
    ///
    /// # Errors
    /// `Invalid` if it is not archived.
    pub async fn restore_dashboard(
        &self,
        grant: &Authorized<UpdateDashboard>,
    ) -> Result<DashboardDetail> {
        self.archived_dashboard(grant.act().dashboard).await?;
        let change = DashboardChange { is_archived: Some(false), ..DashboardChange::default() };
        Dashboards::new(Arc::clone(&self.parts)).update(grant, change).await
    }

    /// What would go with an archived query.
    ///
    /// # Errors
    /// `Invalid` if it is not archived.
    pub async fn weigh_query(&self, grant: &Authorized<DeleteQuery>) -> Result<TrashWeight> {
        let id = grant.act().query;
        self.archived_query(id).await?;
        self.parts.repos.weigh(ObjectKind::Query, id.0).await
    }

    /// What would go with an archived dashboard.
    ///
    /// # Errors
    /// `Invalid` if it is not archived.
    pub async fn weigh_dashboard(
        &self,
        grant: &Authorized<DeleteDashboard>,
    ) -> Result<TrashWeight> {
        let id = grant.act().dashboard;
        self.archived_dashboard(id).await?;
        self.parts.repos.weigh(ObjectKind::Dashboard, id.0).await
    }

    /// Deletes an archived query for good, with all that belongs to it.
    ///
    /// # Errors
    /// `Invalid` if it is not archived.
    pub async fn delete_query(&self, grant: &Authorized<DeleteQuery>) -> Result<TrashWeight> {
        let weight = self.weigh_query(grant).await?;
        let name = self.archived_query(grant.act().query).await?;
        let noted = Changes::new().field("deleted", name, Json::Null);
        self.parts.gate.audit().record_changes(grant, noted).await?;
        self.erase(ObjectKind::Query, grant.act().query.0).await?;
        Ok(weight)
    }

    /// Deletes an archived dashboard for good, with its widgets.
    ///
    /// # Errors
    /// `Invalid` if it is not archived.
    pub async fn delete_dashboard(
        &self,
        grant: &Authorized<DeleteDashboard>,
    ) -> Result<TrashWeight> {
        let weight = self.weigh_dashboard(grant).await?;
        let name = self.archived_dashboard(grant.act().dashboard).await?;
        let noted = Changes::new().field("deleted", name, Json::Null);
        self.parts.gate.audit().record_changes(grant, noted).await?;
        self.erase(ObjectKind::Dashboard, grant.act().dashboard.0).await?;
        Ok(weight)
    }

    /// Deletes what has been archived, unchanged, for as long as the settings say, if they do.
    /// Returns how many objects went. For upkeep.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn clean_up(&self) -> Result<u64> {
        let days = self.parts.settings.trash_retention_days;
        if days == 0 {
            return Ok(0);
        }
        let before = self.parts.clock.now() - chrono::TimeDelta::days(i64::from(days));
        let expired = self.parts.repos.expired_trash(before, ROUND_MAX).await?;
        for (kind, id) in &expired {
            let entry = AuditEntry {
                actor: "upkeep".to_owned(),
                action: "trash.delete",
                object: format!("{}:{id}", kind.as_str()),
                detail: serde_json::json!({ "retention_days": days }),
            };
            self.parts.gate.audit().record(&RequestContext::default(), entry).await?;
            self.erase(*kind, *id).await?;
        }
        Ok(expired.len() as u64)
    }

    async fn erase(&self, kind: ObjectKind, id: i64) -> Result<()> {
        for uid in self.parts.repos.erase(kind, id).await? {
            self.parts.files.delete(uid).await?;
        }
        self.parts.gate.forget_keys();
        Ok(())
    }

    /// The name of an archived query.
    async fn archived_query(&self, id: QueryId) -> Result<String> {
        let query = self.parts.repos.query(id).await?;
        let query = query.ok_or_else(|| Fault::not_found("query"))?;
        if query.is_archived { Ok(query.name) } else { Err(not_archived("query")) }
    }

    /// The name of an archived dashboard.
    async fn archived_dashboard(&self, id: DashboardId) -> Result<String> {
        let listing = self.parts.repos.dashboard(id, None).await?;
        let dashboard = listing.ok_or_else(|| Fault::not_found("dashboard"))?.dashboard;
        if dashboard.is_archived { Ok(dashboard.name) } else { Err(not_archived("dashboard")) }
    }
}

fn not_archived(kind: &str) -> Fault {
    Fault::new(Code::Invalid, format!("the {kind} is not in the trash; archive it first"))
}
