//! The search over objects of all kinds.

use axum::response::Response;
use tessera_access::{
    Action, Authorized, ListAlerts, ListDashboards, ListQueries, ReadSnippets, RunSearch,
};
use tessera_bi as core;
use tessera_bi::{ObjectKind, SearchRight};
use tessera_kernel::{Code, Fault, Result};

use crate::call::Call;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::search::{Highlight, HighlightPart, SearchHit};

const KIND: Param = Param::new(
    "kind",
    "string",
    "Only objects of this kind: `query`, `dashboard`, `alert` or `snippet`; sent several times, of \
     each of them.",
)
.repeated();

const TEXT: Param = Param::new(
    "q",
    "string",
    "What to look for: words, each the beginning of a word in name, description or text; \
     `\"words in a row\"`; and `name:`, `description:`, `query:` or `id:` in front of either. All of \
     it must be found.",
);

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Get,
            "/v1/search",
            Action::SearchRun,
            "search",
            "Search queries, dashboards and the rest",
            find,
        )
        .about(
            "Best matches first: words in the name, then in the description, then in the text. Of \
             each kind it finds what the caller may list.",
        )
        .params(&[TEXT, KIND])
        .lists::<SearchHit>(),
    ]
}

/// The rights to list the kinds that a request asks for.
pub(super) struct Rights {
    queries: Option<Authorized<ListQueries>>,
    dashboards: Option<Authorized<ListDashboards>>,
    alerts: Option<Authorized<ListAlerts>>,
    snippets: Option<Authorized<ReadSnippets>>,
}

impl Rights {
    /// Asks the gate about each of these kinds, or those that the request names; one that the caller
    /// may not list is left out.
    pub(super) async fn of(call: &Call, kinds: &[ObjectKind]) -> Result<Self> {
        let wanted = call.texts("kind");
        for word in &wanted {
            if !ObjectKind::parse(word).is_some_and(|kind| kinds.contains(&kind)) {
                let known: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
                let detail = format!("send one of: {}", known.join(", "));
                return Err(Fault::invalid("kind", detail));
            }
        }
        let wants = |kind: ObjectKind| {
            kinds.contains(&kind)
                && (wanted.is_empty() || wanted.iter().any(|word| word == kind.as_str()))
        };
        let queries = match wants(ObjectKind::Query) {
            true => allowed(call.permit(ListQueries {}).await)?,
            false => None,
        };
        let dashboards = match wants(ObjectKind::Dashboard) {
            true => allowed(call.permit(ListDashboards {}).await)?,
            false => None,
        };
        let alerts = match wants(ObjectKind::Alert) {
            true => allowed(call.permit(ListAlerts {}).await)?,
            false => None,
        };
        let snippets = match wants(ObjectKind::Snippet) {
            true => allowed(call.permit(ReadSnippets {}).await)?,
            false => None,
        };
        Ok(Self { queries, dashboards, alerts, snippets })
    }

    /// Them all.
    pub(super) fn all(&self) -> Vec<SearchRight<'_>> {
        let queries = self.queries.as_ref().map(SearchRight::Queries);
        let dashboards = self.dashboards.as_ref().map(SearchRight::Dashboards);
        let alerts = self.alerts.as_ref().map(SearchRight::Alerts);
        let snippets = self.snippets.as_ref().map(SearchRight::Snippets);
        [queries, dashboards, alerts, snippets].into_iter().flatten().collect()
    }
}

fn allowed<T>(right: Result<T>) -> Result<Option<T>> {
    match right {
        Ok(right) => Ok(Some(right)),
        Err(fault) if matches!(fault.code(), Code::Forbidden | Code::OutOfScope) => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn find(call: Call) -> Result<Response> {
    call.permit(RunSearch {}).await?;
    let rights = Rights::of(&call, &ObjectKind::ALL).await?;
    let paging = call.paging()?;
    let text = call.text("q").unwrap_or_default();
    let page = call.bi().search.find(&rights.all(), text, paging.request).await?;
    reply::ok(&paging.view(page.map(hit)))
}

fn hit(hit: core::SearchHit) -> SearchHit {
    let core::Found { kind, id, uid, name, description, owner, owner_name, .. } = hit.found;
    SearchHit {
        kind: kind.as_str(),
        id,
        uid,
        name,
        description,
        owner_id: owner.0,
        owner_name,
        is_draft: hit.found.is_draft,
        updated_at: hit.found.updated_at,
        highlights: hit.highlights.into_iter().map(highlight).collect(),
    }
}

fn highlight(highlight: core::Highlight) -> Highlight {
    let part =
        |part: core::HighlightPart| HighlightPart { text: part.text, is_match: part.is_match };
    Highlight { field: highlight.field, parts: highlight.parts.into_iter().map(part).collect() }
}
