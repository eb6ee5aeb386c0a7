//! Pages of what was found: one statement over all kinds, then the texts of the page's objects.

use tessera_access::Visible;
use tessera_bi::{ObjectKind, SearchFilter};
use tessera_kernel::PageRequest;

use super::conditions::Wanted;
use super::target::{
    ALERT_TEXT, ALERTS, DASHBOARDS, QUERIES, SNIPPETS, Target, visible_alerts, visible_dashboards,
    visible_queries,
};
use crate::db::{Call, Engine, id_list};
use crate::filter::Filter;

/// How much is read of a text to show where the words are, in characters.
const TEXT_CHARACTERS: u32 = 20_000;

/// A statement that counts what was found, and one that reads the kinds and numbers of a page.
pub(super) fn calls(engine: Engine, filter: &SearchFilter, page: PageRequest) -> [Call; 2] {
    let wanted = Wanted::of(&filter.terms);
    let mut listed = Filter::default();
    let branches: Vec<String> = filter
        .kinds
        .iter()
        .map(|(kind, caller)| branch(&mut listed, engine, *kind, caller, filter.archived, &wanted))
        .collect();
    let all = branches.join(" UNION ALL ");
    let count = listed.call(format!("SELECT COUNT(*) FROM ({all}) found"));
    let limit = listed.page(page);
    let rows = listed.call(format!(
        "SELECT found.kind, found.id FROM ({all}) found \
         ORDER BY found.tier, found.changed_at DESC, found.kind DESC, found.id DESC {limit}"
    ));
    [count, rows]
}

fn branch(
    listed: &mut Filter,
    engine: Engine,
    kind: ObjectKind,
    caller: &Visible,
    archived: bool,
    wanted: &Wanted,
) -> String {
    let mut own = std::mem::take(listed).fresh();
    let (table, target): (&str, &Target) = match kind {
        ObjectKind::Query => ("queries q", &QUERIES),
        ObjectKind::Dashboard => ("dashboards d", &DASHBOARDS),
        ObjectKind::Alert => ("alerts a JOIN queries q ON q.id = a.query_id", &ALERTS),
        ObjectKind::Snippet => ("snippets s", &SNIPPETS),
    };
    let alias = target.alias;
    let drafts_count = match kind {
        ObjectKind::Query => archived,
        ObjectKind::Dashboard => true,
        ObjectKind::Alert | ObjectKind::Snippet => false,
    };
    // A parameter that nothing uses has no type.
    let asks = drafts_count || !(caller.everything || kind == ObjectKind::Snippet);
    let user = if asks { own.bind(caller.user) } else { String::new() };
    match kind {
        ObjectKind::Query => visible_queries(&mut own, caller, &user),
        ObjectKind::Dashboard => visible_dashboards(&mut own, caller, &user),
        ObjectKind::Alert => visible_alerts(&mut own, caller, &user),
        // Whoever may list snippets sees all of them.
        ObjectKind::Snippet => {}
    }
    if ObjectKind::ARCHIVED.contains(&kind) {
        own.and(format!("{alias}.is_archived = {}", i64::from(archived)));
    }
    if drafts_count {
        // As in the lists: others' drafts are in that of queries only.
        own.and(format!("({alias}.is_draft = 0 OR {alias}.owner_id = {user})"));
    }
    wanted.add_to(&mut own, engine, target);
    let tier = wanted.tier(&mut own, engine, target).unwrap_or_else(|| "0".to_owned());
    let conditions = own.text();
    let text = format!(
        "SELECT '{}' AS kind, {alias}.id AS id, {tier} AS tier, {alias}.updated_at AS changed_at \
         FROM {table} WHERE {conditions}",
        kind.as_str()
    );
    *listed = own.fresh();
    text
}

/// A statement that reads what is shown of these objects.
pub(super) fn shown(kind: ObjectKind, ids: Vec<i64>) -> Call {
    let mut listed = Filter::default();
    let ids = listed.bind(id_list(ids));
    listed.call(match kind {
        ObjectKind::Query => format!(
            "SELECT q.id, q.uid, q.name, q.description, \
             SUBSTR(q.text, 1, {TEXT_CHARACTERS}), q.owner_id, u.name, q.is_draft, \
             q.version, q.updated_at \
             FROM queries q JOIN users u ON u.id = q.owner_id WHERE q.id IN {{ids {ids}}}"
        ),
        ObjectKind::Dashboard => format!(
            "SELECT d.id, d.uid, d.name, CAST(NULL AS TEXT), \
             SUBSTR(COALESCE((SELECT string_agg(w.text, ' ' ORDER BY w.id) FROM widgets w \
                WHERE w.dashboard_id = d.id AND w.visualization_id IS NULL), ''), 1, \
                {TEXT_CHARACTERS}), \
             d.owner_id, u.name, d.is_draft, d.version, d.updated_at \
             FROM dashboards d JOIN users u ON u.id = d.owner_id WHERE d.id IN {{ids {ids}}}"
        ),
        ObjectKind::Alert => format!(
            "SELECT a.id, a.uid, a.name, CAST(NULL AS TEXT), \
             SUBSTR({ALERT_TEXT}, 1, {TEXT_CHARACTERS}), a.owner_id, u.name, \
             CAST(0 AS BIGINT), a.version, a.updated_at \
             FROM alerts a JOIN users u ON u.id = a.owner_id WHERE a.id IN {{ids {ids}}}"
        ),
        ObjectKind::Snippet => format!(
            "SELECT s.id, s.uid, s.trigger, NULLIF(s.description, ''), \
             SUBSTR(s.text, 1, {TEXT_CHARACTERS}), s.owner_id, u.name, \
             CAST(0 AS BIGINT), CAST(1 AS BIGINT), s.updated_at \
             FROM snippets s JOIN users u ON u.id = s.owner_id WHERE s.id IN {{ids {ids}}}"
        ),
    })
}
