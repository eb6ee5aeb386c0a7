//! Versions of queries: what ran when, and which one is approved for others.

use tessera_access::terms::QueryVersion;
use tessera_access::{AccessLevel, ApproveQuery, Authorized, Caller, ReadQueryHistory};
use tessera_kernel::ids::{QueryId, SourceId, UserId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use super::{Queries, Query};
use crate::Json;
use crate::service::Parts;

/// What a query was as of a version: all that decides what runs.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryText {
    /// The query.
    pub query: QueryId,
    /// The version with which it came to be so.
    pub version: i64,
    /// Its name then.
    pub name: String,
    /// The text.
    pub text: String,
    /// Options, parameters included.
    pub options: Json,
    /// Where it runs; `None` once that data source was deleted.
    pub source: Option<SourceId>,
    /// Who made it so.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

/// A page of versions, and which one is approved.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryVersions {
    /// Newest first.
    pub page: Page<QueryText>,
    /// The number of the approved one.
    pub approved: Option<i64>,
}

impl Queries {
    /// Approves a version, the present one if none is named: keys for `@approved` run it from now
    /// on. Takes the owner with full access to the data source, or an administrator.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` for a version that is not recorded.
    pub async fn approve(
        &self,
        grant: &Authorized<ApproveQuery>,
        version: Option<i64>,
    ) -> Result<i64> {
        let query = self.require(grant.act().query).await?;
        self.check_approver(grant, &query)?;
        let version = version.unwrap_or(query.version);
        let text = self.parts.version(&query, version).await?;
        if text.source != query.source {
            let detail = "ran on another data source than the query does now";
            return Err(Fault::invalid("version", detail));
        }
        self.parts.repos.set_approved_version(query.id, Some(version)).await?;
        Ok(version)
    }

    /// Takes the approval back: keys for `@approved` run nothing until there is another one.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn unapprove(&self, grant: &Authorized<ApproveQuery>) -> Result<()> {
        let query = self.require(grant.act().query).await?;
        self.check_approver(grant, &query)?;
        self.parts.repos.set_approved_version(query.id, None).await
    }

    /// The versions of a query that changed what runs.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn versions(
        &self,
        grant: &Authorized<ReadQueryHistory>,
        page: PageRequest,
    ) -> Result<QueryVersions> {
        let id = grant.act().query;
        let approved = self.parts.repos.approved_version(id).await?;
        Ok(QueryVersions { page: self.parts.repos.query_versions(id, page).await?, approved })
    }

    /// What a query was as of a version.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn version(
        &self,
        grant: &Authorized<ReadQueryHistory>,
        version: i64,
    ) -> Result<QueryText> {
        let found = self.parts.repos.query_version(grant.act().query, version).await?;
        found.ok_or_else(|| Fault::not_found("version"))
    }

    fn check_approver(&self, grant: &Authorized<ApproveQuery>, query: &Query) -> Result<()> {
        let user = grant.user()?;
        let full = query.source.is_some_and(|id| user.level(id) == Some(AccessLevel::Full));
        if user.is_admin() || full {
            return Ok(());
        }
        let detail = "approving takes full access to the query's data source";
        Err(Fault::new(Code::Forbidden, detail).with_reason("scope_missing"))
    }
}

impl Parts {
    /// A version of a query.
    ///
    /// # Errors
    /// `Invalid` if it is not recorded.
    pub(crate) async fn version(&self, query: &Query, version: i64) -> Result<QueryText> {
        let found = self.repos.query_version(query.id, version).await?;
        found.ok_or_else(|| {
            let detail = format!("version {version} of the query is not recorded");
            Fault::invalid("version", detail)
        })
    }

    /// The number of the version that a selector means; `None` for the latest.
    ///
    /// # Errors
    /// `Invalid` without an approved one.
    pub(crate) async fn version_number(
        &self,
        query: &Query,
        version: Option<QueryVersion>,
    ) -> Result<Option<i64>> {
        match version {
            None => Ok(None),
            Some(QueryVersion::Number(number)) => Ok(Some(number)),
            Some(QueryVersion::Approved) => {
                let approved = self.repos.approved_version(query.id).await?;
                let missing = || Fault::invalid("version", "the query has no approved version");
                approved.ok_or_else(missing).map(Some)
            }
        }
    }

    /// A query as the caller's key gives it: in the version that the key names, or as it is.
    ///
    /// # Errors
    /// `OutOfScope` if there is no such version: an unapproved text is never run in its place.
    pub(crate) async fn as_given(&self, caller: &Caller, query: Query) -> Result<Query> {
        let Some(key) = caller.key() else { return Ok(query) };
        let closed = |fault: Fault| match fault.code() {
            Code::Invalid => {
                Fault::new(Code::OutOfScope, fault.detail().to_owned()).with_reason("object_denied")
            }
            _ => fault,
        };
        let named = key.run_version(query.id)?;
        let Some(number) = self.version_number(&query, named).await.map_err(closed)? else {
            return Ok(query);
        };
        let text = self.version(&query, number).await.map_err(closed)?;
        if text.source != query.source
            && let Some(user) = caller.user()
            && text.source.is_none_or(|source| user.level(source).is_none())
        {
            let detail = "the data source of this version is closed to the key's owner";
            return Err(Fault::new(Code::Forbidden, detail).with_reason("object_denied"));
        }
        let QueryText { text, options, source, .. } = text;
        Ok(Query { text, options, source, ..query })
    }
}
