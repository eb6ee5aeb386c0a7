//! The list of dashboards and its tags: which, in which order.

use tessera_access::Visible;
use tessera_bi::{DashboardFilter, DashboardOrder, DashboardScope};
use tessera_kernel::PageRequest;

use crate::db::Call;
use crate::filter::{Filter, has_tags, missing_last};
use crate::search::visible_dashboards;
use crate::users::{like_escaped, name_key};

const JOINS: &str = "JOIN users u ON u.id = d.owner_id \
    LEFT JOIN dashboard_favorites f ON f.dashboard_id = d.id AND f.user_id = $1";

/// A statement that counts the list, and one that reads a page of it.
pub(super) fn calls(filter: &DashboardFilter, page: PageRequest) -> [Call; 2] {
    let mut listed = Filter::default();
    let user = listed.bind(filter.visible.user);
    visible_dashboards(&mut listed, &filter.visible, &user);
    listed.and("d.is_archived = 0");
    match filter.scope {
        DashboardScope::All => listed.and(format!("(d.is_draft = 0 OR d.owner_id = {user})")),
        DashboardScope::Mine => listed.and(format!("d.owner_id = {user}")),
        DashboardScope::Favorites => listed.and("f.user_id IS NOT NULL"),
    }
    if let Some(search) = &filter.search {
        let search = listed.bind(format!("%{}%", like_escaped(&name_key(search))));
        listed.and(format!("d.name_key LIKE {search} ESCAPE '\\'"));
    }
    has_tags(&mut listed, "dashboard_tags t WHERE t.dashboard_id = d.id", &filter.tags);
    let conditions = listed.text();
    let count =
        listed.call(format!("SELECT COUNT(*) FROM dashboards d {JOINS} WHERE {conditions}"));
    let order = order(filter);
    let limit = listed.page(page);
    let rows = listed.call(format!(
        "SELECT {{dashboard d}}, {{user u}}, f.created_at FROM dashboards d {JOINS} \
         WHERE {conditions} ORDER BY {order} {limit}"
    ));
    [count, rows]
}

/// A statement that counts the tags of the list of all dashboards.
pub(super) fn tags(caller: &Visible) -> Call {
    let mut listed = Filter::default();
    let user = listed.bind(caller.user);
    visible_dashboards(&mut listed, caller, &user);
    listed.and("d.is_archived = 0");
    listed.and(format!("(d.is_draft = 0 OR d.owner_id = {user})"));
    let conditions = listed.text();
    listed.call(format!(
        "SELECT t.tag, COUNT(*) FROM dashboard_tags t JOIN dashboards d ON d.id = t.dashboard_id \
         WHERE {conditions} GROUP BY t.tag ORDER BY t.tag"
    ))
}

fn order(filter: &DashboardFilter) -> String {
    let direction = if filter.descending { "DESC" } else { "ASC" };
    match filter.order {
        DashboardOrder::Name => format!("d.name_key {direction}, d.id"),
        DashboardOrder::CreatedAt => format!("d.created_at {direction}, d.id {direction}"),
        DashboardOrder::CreatedBy => format!("u.name_key {direction}, d.id"),
        DashboardOrder::StarredAt => format!("{}, d.id", missing_last("f.created_at", direction)),
    }
}
