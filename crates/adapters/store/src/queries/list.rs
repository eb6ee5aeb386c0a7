//! The list of queries: which, in which order.

use tessera_bi::{QueryFilter, QueryOrder, QueryScope};
use tessera_kernel::PageRequest;

use super::words::{Fields, pattern, split};
use crate::db::{Call, Engine, id_list};
use crate::filter::{Filter, has_tags, missing_last};

/// No more words are looked for.
const WORDS_MAX: usize = 32;
/// No more words that are numbers are compared with the number of a query.
const NUMBERS_MAX: usize = 3;

/// What conditions and orders may name: owner `u`, favourite `f`, latest result `r`.
const JOINS: &str = "JOIN users u ON u.id = q.owner_id \
    LEFT JOIN query_favorites f ON f.query_id = q.id AND f.user_id = $1 \
    LEFT JOIN results r ON r.id = q.latest_result";

/// A statement that counts the list, and one that reads a page of it.
pub(super) fn calls(engine: Engine, filter: &QueryFilter, page: PageRequest) -> [Call; 2] {
    let mut listed = Filter::default();
    let user = listed.bind(filter.visible.user);
    let mut words = split(&filter.search.join(" "));
    words.truncate(WORDS_MAX);
    visible(&mut listed, filter, &user);
    scope(&mut listed, filter.scope, &user);
    search(&mut listed, engine, filter, &words);
    has_tags(&mut listed, "query_tags t WHERE t.query_id = q.id", &filter.tags);
    let conditions = listed.text();
    let count = listed.call(format!("SELECT COUNT(*) FROM queries q {JOINS} WHERE {conditions}"));
    let order = order(&mut listed, engine, filter, &words);
    let limit = listed.page(page);
    // The inner statement picks the page, so that keys are looked up for that only.
    let rows = listed.call(format!(
        "SELECT {{listing q}} FROM queries q {JOINS} LEFT JOIN keys k ON k.id = {{query_key q}} \
         WHERE q.id IN (SELECT q.id FROM queries q {JOINS} WHERE {conditions} \
         ORDER BY {order} {limit}) ORDER BY {order}"
    ));
    [count, rows]
}

fn visible(listed: &mut Filter, filter: &QueryFilter, user: &str) {
    if filter.visible.everything {
        return;
    }
    let sources = listed.bind(id_list(filter.visible.sources.iter().map(|source| source.0)));
    listed.and(format!("(q.owner_id = {user} OR q.source_id IN {{ids {sources}}})"));
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

fn search(listed: &mut Filter, engine: Engine, filter: &QueryFilter, words: &[String]) {
    if words.is_empty() && !filter.search.is_empty() {
        // Something without letters and digits was asked for; nothing contains that as a word.
        listed.and("1 = 0");
    }
    let (numbers, others): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| number(word).is_some());
    // A statement stays prepared, so there must not be too many forms of it.
    let (numbers, more) = numbers.split_at(numbers.len().min(NUMBERS_MAX));
    let others: Vec<String> = others.into_iter().chain(more.iter().copied()).cloned().collect();
    if !others.is_empty() {
        let found = listed.bind(pattern(engine, &others, Fields::All));
        listed.and(format!("q.id IN {{match {found}}}"));
    }
    for word in numbers {
        let id = listed.bind(number(word));
        let found = listed.bind(pattern(engine, std::slice::from_ref(*word), Fields::All));
        listed.and(format!("(q.id = {id} OR q.id IN {{match {found}}})"));
    }
}

/// The number that a word is, written as we write it.
fn number(word: &str) -> Option<i64> {
    word.parse().ok().filter(|id: &i64| id.to_string() == word)
}

fn order(listed: &mut Filter, engine: Engine, filter: &QueryFilter, words: &[String]) -> String {
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
        QueryOrder::Rank => rank(listed, engine, words),
    }
}

/// Best first: the number itself or all words in the name, then in the description too, then in the
/// text; among equals the newest.
fn rank(listed: &mut Filter, engine: Engine, words: &[String]) -> String {
    const NEWEST: &str = "q.created_at DESC, q.id DESC";
    if words.is_empty() {
        return NEWEST.to_owned();
    }
    let id = match words {
        [word] => number(word).map(|id| listed.bind(id)),
        _ => None,
    };
    let id = id.map(|id| format!("WHEN q.id = {id} THEN 0 ")).unwrap_or_default();
    let name = listed.bind(pattern(engine, words, Fields::Name));
    let both = listed.bind(pattern(engine, words, Fields::NameAndDescription));
    format!(
        "CASE {id}WHEN q.id IN {{match {name}}} THEN 0 WHEN q.id IN {{match {both}}} THEN 1 \
         ELSE 2 END, {NEWEST}"
    )
}
