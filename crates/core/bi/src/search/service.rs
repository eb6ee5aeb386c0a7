//! Finding objects of all kinds at once.

use std::sync::Arc;

use tessera_access::{Authorized, ListAlerts, ListDashboards, ListQueries, ReadSnippets, Visible};
use tessera_kernel::{Fault, Page, PageRequest, Result};

use super::highlight::highlights;
use super::{Found, Highlight, ObjectKind, SearchFilter, search_terms};
use crate::service::Parts;

const TEXT_CHARACTERS_MAX: usize = 1000;

/// The right to list one kind of objects; the search finds nothing of other kinds.
#[derive(Debug, Clone, Copy)]
pub enum SearchRight<'a> {
    /// Queries.
    Queries(&'a Authorized<ListQueries>),
    /// Dashboards.
    Dashboards(&'a Authorized<ListDashboards>),
    /// Alerts.
    Alerts(&'a Authorized<ListAlerts>),
    /// Snippets.
    Snippets(&'a Authorized<ReadSnippets>),
}

impl SearchRight<'_> {
    pub(crate) fn visible(self) -> Result<(ObjectKind, Visible)> {
        match self {
            Self::Queries(grant) => Ok((ObjectKind::Query, grant.visible()?)),
            Self::Dashboards(grant) => Ok((ObjectKind::Dashboard, grant.visible()?)),
            Self::Alerts(grant) => Ok((ObjectKind::Alert, grant.visible()?)),
            Self::Snippets(grant) => Ok((ObjectKind::Snippet, grant.visible()?)),
        }
    }
}

/// Something that was found, and where in it.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchHit {
    /// What.
    pub found: Found,
    /// The fields in which it was found; none where only the number fits.
    pub highlights: Vec<Highlight>,
}

/// The search over all kinds of objects.
#[derive(Clone)]
pub struct Search {
    parts: Arc<Parts>,
}

impl Search {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// A page of what has all terms of `text` and is not archived, best matches first. What the
    /// caller may not see is left out.
    ///
    /// # Errors
    /// `Invalid` for a text without anything to look for, or a too long one.
    pub async fn find(
        &self,
        rights: &[SearchRight<'_>],
        text: &str,
        page: PageRequest,
    ) -> Result<Page<SearchHit>> {
        if text.chars().count() > TEXT_CHARACTERS_MAX {
            let detail = format!("must have at most {TEXT_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("q", detail));
        }
        let terms = search_terms(text);
        if terms.is_empty() {
            return Err(Fault::invalid("q", "send at least one word to look for"));
        }
        let kinds = rights.iter().map(|right| right.visible()).collect::<Result<Vec<_>>>()?;
        let filter = SearchFilter { kinds, archived: false, terms };
        let found = self.parts.repos.search(&filter, page).await?;
        Ok(found.map(|found| {
            let highlights = highlights(&found, &filter.terms);
            SearchHit { found, highlights }
        }))
    }
}
