//! What can be searched, and where its fields are.

use tessera_access::Visible;
use tessera_bi::SearchField;

use crate::db::id_list;
use crate::filter::Filter;

/// A kind of objects to search: its alias in statements, and what conditions on it look like.
pub(crate) struct Target {
    /// The alias of its table.
    pub(super) alias: &'static str,
    /// The name of its `{match …}`.
    pub(super) matching: &'static str,
    /// The condition that a field fits a `LIKE` pattern in lower case.
    pub(super) like: fn(SearchField, &str) -> Option<String>,
}

/// Queries, as `q`.
pub(crate) const QUERIES: Target = Target { alias: "q", matching: "match", like: query_like };

/// Dashboards, as `d`.
pub(crate) const DASHBOARDS: Target =
    Target { alias: "d", matching: "match_dashboards", like: dashboard_like };

/// Alerts, as `a`, each with its query as `q`.
pub(crate) const ALERTS: Target = Target { alias: "a", matching: "match_alerts", like: alert_like };

/// Snippets, as `s`.
pub(crate) const SNIPPETS: Target =
    Target { alias: "s", matching: "match_snippets", like: snippet_like };

/// The texts of an alert that are looked through: its own subject and body.
pub(super) const ALERT_TEXT: &str = "(COALESCE({json a.options custom_subject}, '') || ' ' \
    || COALESCE({json a.options custom_body}, {json a.options template}, ''))";

fn query_like(field: SearchField, pattern: &str) -> Option<String> {
    Some(match field {
        SearchField::Name => format!("q.name_key LIKE {pattern} ESCAPE '\\'"),
        SearchField::Description => {
            format!("LOWER(COALESCE(q.description, '')) LIKE {pattern} ESCAPE '\\'")
        }
        SearchField::Text => format!("LOWER(q.text) LIKE {pattern} ESCAPE '\\'"),
        SearchField::Id => return None,
    })
}

fn dashboard_like(field: SearchField, pattern: &str) -> Option<String> {
    Some(match field {
        SearchField::Name => format!("d.name_key LIKE {pattern} ESCAPE '\\'"),
        SearchField::Text => format!(
            "EXISTS (SELECT 1 FROM widgets t WHERE t.dashboard_id = d.id \
             AND t.visualization_id IS NULL AND LOWER(t.text) LIKE {pattern} ESCAPE '\\')"
        ),
        SearchField::Description | SearchField::Id => return None,
    })
}

fn alert_like(field: SearchField, pattern: &str) -> Option<String> {
    Some(match field {
        SearchField::Name => format!("LOWER(a.name) LIKE {pattern} ESCAPE '\\'"),
        SearchField::Text => format!("LOWER({ALERT_TEXT}) LIKE {pattern} ESCAPE '\\'"),
        SearchField::Description | SearchField::Id => return None,
    })
}

fn snippet_like(field: SearchField, pattern: &str) -> Option<String> {
    Some(match field {
        SearchField::Name => format!("LOWER(s.trigger) LIKE {pattern} ESCAPE '\\'"),
        SearchField::Description => format!("LOWER(s.description) LIKE {pattern} ESCAPE '\\'"),
        SearchField::Text => format!("LOWER(s.text) LIKE {pattern} ESCAPE '\\'"),
        SearchField::Id => return None,
    })
}

/// Only queries that the caller may see; `user` is the parameter with its number.
pub(crate) fn visible_queries(listed: &mut Filter, caller: &Visible, user: &str) {
    if caller.everything {
        return;
    }
    let sources = listed.bind(id_list(caller.sources.iter().map(|source| source.0)));
    listed.and(format!("(q.owner_id = {user} OR q.source_id IN {{ids {sources}}})"));
}

/// Only the caller's own dashboards, and those of which a widget can be seen: a text, or a query on
/// one of its data sources.
pub(crate) fn visible_dashboards(listed: &mut Filter, caller: &Visible, user: &str) {
    if caller.everything {
        return;
    }
    let sources = listed.bind(id_list(caller.sources.iter().map(|source| source.0)));
    listed.and(format!(
        "(d.owner_id = {user} \
         OR EXISTS (SELECT 1 FROM widgets w \
            LEFT JOIN visualizations v ON v.id = w.visualization_id \
            LEFT JOIN queries q ON q.id = v.query_id \
            WHERE w.dashboard_id = d.id \
            AND (w.visualization_id IS NULL OR q.source_id IN {{ids {sources}}})))"
    ));
}

/// Only alerts on queries of the caller's data sources; one's own are seen as long as the query's
/// data source is, or is gone.
pub(crate) fn visible_alerts(listed: &mut Filter, caller: &Visible, user: &str) {
    if caller.everything {
        return;
    }
    let sources = listed.bind(id_list(caller.sources.iter().map(|source| source.0)));
    listed.and(format!(
        "(q.source_id IN {{ids {sources}}} OR (q.source_id IS NULL AND a.owner_id = {user}))"
    ));
}
