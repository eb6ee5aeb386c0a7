//! The list of queries: which, in which order.

use tessera_bi::{QueryFilter, QueryOrder, QueryScope, search_terms};
use tessera_kernel::PageRequest;

use crate::db::{Call, Engine};
use crate::filter::{Filter, has_tags, missing_last};
use crate::search::{QUERIES, Wanted, visible_queries};

/// What conditions and orders may name: owner `u`, favourite `f`, latest result `r`.
const JOINS: &str = "JOIN users u ON u.id = q.owner_id \
    LEFT JOIN query_favorites f ON f.query_id = q.id AND f.user_id = $1 \
    LEFT JOIN results r ON r.id = q.latest_result";

/// A statement that counts the list, and one that reads a page of it.
pub(super) fn calls(engine: Engine, filter: &QueryFilter, page: PageRequest) -> [Call; 2] {
    let mut listed = Filter::default();
    let user = listed.bind(filter.visible.user);
    let wanted = Wanted::of(&search_terms(&filter.search.join(" ")));
    visible_queries(&mut listed, &filter.visible, &user);
    scope(&mut listed, filter.scope, &user);
    wanted.add_to(&mut listed, engine, &QUERIES);
    has_tags(&mut listed, "query_tags t WHERE t.query_id = q.id", &filter.tags);
    let conditions = listed.text();
    let count = listed.call(format!("SELECT COUNT(*) FROM queries q {JOINS} WHERE {conditions}"));
    let order = order(&mut listed, engine, filter, &wanted);
    let limit = listed.page(page);
    // The inner statement picks the page, so that keys are looked up for that only.
    let rows = listed.call(format!(
        "SELECT {{listing q}} FROM queries q {JOINS} LEFT JOIN keys k ON k.id = {{query_key q}} \
         WHERE q.id IN (SELECT q.id FROM queries q {JOINS} WHERE {conditions} \
         ORDER BY {order} {limit}) ORDER BY {order}"
    ));
    [count, rows]
}

fn scope(listed: &mut Filter, scope: QueryScope, user: &str) {
    match scope {
        QueryScope::All => listed.and("q.is_archived = 0"),
        QueryScope::Runnable => listed.and("q.is_archived = 0 AND q.source_id IS NOT NULL"),
        QueryScope::Archived => {
            listed.and("q.is_archived = 1");
            listed.and(format!("(q.is_draft = 0 OR q.owner_id = {user})"));
        }
        QueryScope::Mine => {
            listed.and("q.is_archived = 0");
            listed.and(format!("q.owner_id = {user}"));
        }
        QueryScope::Favorites => {
            listed.and("q.is_archived = 0");
            listed.and("f.user_id IS NOT NULL");
        }
    }
}

fn order(listed: &mut Filter, engine: Engine, filter: &QueryFilter, wanted: &Wanted) -> String {
    let direction = if filter.descending { "DESC" } else { "ASC" };
    let by = |column: &str| format!("{}, q.id", missing_last(column, direction));
    match filter.order {
        QueryOrder::Name => format!("q.name_key {direction}, q.id"),
        QueryOrder::CreatedAt => format!("q.created_at {direction}, q.id {direction}"),
        QueryOrder::UpdatedAt => format!("q.updated_at {direction}, q.id"),
        QueryOrder::Schedule => by("q.schedule_interval"),
        QueryOrder::Runtime => by("r.runtime_seconds"),
        QueryOrder::ExecutedAt => by("r.retrieved_at"),
        QueryOrder::CreatedBy => format!("u.name_key {direction}, q.id"),
        QueryOrder::StarredAt => by("f.created_at"),
        QueryOrder::Rank => rank(listed, engine, wanted),
    }
}

/// Best first; among equals the newest.
fn rank(listed: &mut Filter, engine: Engine, wanted: &Wanted) -> String {
    const NEWEST: &str = "q.created_at DESC, q.id DESC";
    match wanted.tier(listed, engine, &QUERIES) {
        Some(tier) => format!("{tier}, {NEWEST}"),
        None => NEWEST.to_owned(),
    }
}
