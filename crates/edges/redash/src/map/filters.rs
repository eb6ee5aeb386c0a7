//! What to list and in which order.

use tessera_access::{UserFilter, UserOrder, Visible};
use tessera_bi::{DashboardFilter, DashboardOrder, DashboardScope};
use tessera_bi::{QueryFilter, QueryOrder, QueryScope};

use super::{is_true, param};

type Pairs<'a> = &'a [(String, String)];

/// The order asked for, and whether backwards.
fn order<T: Copy>(pairs: Pairs<'_>, known: &[(&str, T)]) -> Option<(T, bool)> {
    let text = param(pairs, "order")?;
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    known.iter().find(|(known, _)| *known == name).map(|(_, order)| (*order, descending))
}

fn tags(pairs: Pairs<'_>) -> Vec<String> {
    pairs.iter().filter(|(name, _)| name == "tags").map(|(_, tag)| tag.clone()).collect()
}

fn search(pairs: Pairs<'_>) -> Option<&str> {
    param(pairs, "q").map(str::trim).filter(|text| !text.is_empty())
}

/// For queries: the newest first, or the best match of a search.
pub(crate) fn query_filter(pairs: Pairs<'_>, scope: QueryScope, visible: Visible) -> QueryFilter {
    let words: Vec<String> =
        search(pairs).into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect();
    let usual = match (words.is_empty(), scope) {
        (false, _) => (QueryOrder::Rank, false),
        (true, QueryScope::Favorites) => (QueryOrder::StarredAt, true),
        (true, _) => (QueryOrder::CreatedAt, true),
    };
    let known = [
        ("name", QueryOrder::Name),
        ("lowercase_name", QueryOrder::Name),
        ("created_at", QueryOrder::CreatedAt),
        ("updated_at", QueryOrder::UpdatedAt),
        ("schedule", QueryOrder::Schedule),
        ("runtime", QueryOrder::Runtime),
        ("executed_at", QueryOrder::ExecutedAt),
        ("created_by", QueryOrder::CreatedBy),
        ("starred_at", QueryOrder::StarredAt),
    ];
    let (order, descending) = order(pairs, &known).unwrap_or(usual);
    QueryFilter { visible, scope, search: words, tags: tags(pairs), order, descending }
}

/// For dashboards: the newest first.
pub(crate) fn dashboard_filter(
    pairs: Pairs<'_>,
    scope: DashboardScope,
    visible: Visible,
) -> DashboardFilter {
    let known = [
        ("name", DashboardOrder::Name),
        ("created_at", DashboardOrder::CreatedAt),
        ("created_by", DashboardOrder::CreatedBy),
        ("starred_at", DashboardOrder::StarredAt),
    ];
    let usual = match scope {
        DashboardScope::Favorites => DashboardOrder::StarredAt,
        DashboardScope::All | DashboardScope::Mine => DashboardOrder::CreatedAt,
    };
    let (order, descending) = order(pairs, &known).unwrap_or((usual, true));
    let search = search(pairs).map(str::to_owned);
    DashboardFilter { visible, scope, search, tags: tags(pairs), order, descending }
}

/// For users.
pub(crate) fn user_filter(pairs: Pairs<'_>) -> UserFilter {
    UserFilter {
        disabled: param(pairs, "disabled").is_some_and(is_true),
        pending: param(pairs, "pending").map(is_true),
        search: search(pairs).map(str::to_owned),
        ..UserFilter::default()
    }
}

/// For users: the newest first.
pub(crate) fn user_order(pairs: Pairs<'_>) -> (UserOrder, bool) {
    let known = [
        ("name", UserOrder::Name),
        ("created_at", UserOrder::CreatedAt),
        ("active_at", UserOrder::ActiveAt),
    ];
    order(pairs, &known).unwrap_or((UserOrder::CreatedAt, true))
}

#[cfg(test)]
mod tests {
    use tessera_kernel::ids::UserId;

    use super::*;

    fn filter(query: &str) -> QueryFilter {
        let visible = Visible { everything: true, user: UserId(1), sources: Vec::new() };
        query_filter(&super::super::pairs(Some(query)), QueryScope::All, visible)
    }

    #[test]
    fn an_unknown_order_falls_back_to_the_newest_first() {
        for query in ["", "order=bogus"] {
            let found = filter(query);
            assert_eq!((found.order, found.descending), (QueryOrder::CreatedAt, true));
        }
        let found = filter("order=-executed_at");
        assert_eq!((found.order, found.descending), (QueryOrder::ExecutedAt, true));
        assert_eq!(filter("order=name").order, QueryOrder::Name);
    }

    #[test]
    fn a_search_is_ranked_unless_an_order_is_asked_for() {
        assert_eq!(filter("q=a%20b").search, ["a", "b"]);
        assert_eq!(filter("q=a").order, QueryOrder::Rank);
        assert_eq!(filter("q=a&order=name").order, QueryOrder::Name);
        assert_eq!(filter("tags=a&tags=b").tags, ["a", "b"]);
    }
}
