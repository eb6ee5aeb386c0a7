//! Full-text search over objects of all kinds, and the index it reads.

mod conditions;
mod index;
mod list;
mod target;
mod words;

use std::collections::HashMap;

use tessera_bi::{Found, ObjectKind, SearchFilter};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result};

pub(crate) use conditions::Wanted;
pub(crate) use index::save_dashboard;
pub(crate) use target::{QUERIES, visible_alerts, visible_dashboards, visible_queries};
pub(crate) use words::{Texts, save_alert, save_query, save_snippet};

use crate::Store;
use crate::db::Row;
use crate::users::total;

impl Store {
    /// See [`ObjectRepo::search`](tessera_bi::ports::ObjectRepo::search).
    pub(crate) async fn found(
        &self,
        filter: &SearchFilter,
        page: PageRequest,
    ) -> Result<Page<Found>> {
        let mut filter = filter.clone();
        if filter.archived {
            filter.kinds.retain(|(kind, _)| ObjectKind::ARCHIVED.contains(kind));
        }
        if filter.kinds.is_empty() {
            return Ok(Page { items: Vec::new(), total: 0 });
        }
        let [count, rows] = self.db.batch(list::calls(self.engine(), &filter, page)).await?;
        let mut order: Vec<(ObjectKind, i64)> = Vec::with_capacity(rows.len());
        for mut row in rows {
            order.push((kind(&row.take::<String>()?)?, row.take()?));
        }
        let mut shown: HashMap<(ObjectKind, i64), Found> = HashMap::new();
        for kind in ObjectKind::ALL {
            let ids: Vec<i64> =
                order.iter().filter(|(other, _)| *other == kind).map(|(_, id)| *id).collect();
            if ids.is_empty() {
                continue;
            }
            for mut row in self.db.rows(list::shown(kind, ids)).await? {
                let found = read(&mut row, kind)?;
                shown.insert((kind, found.id), found);
            }
        }
        // What was deleted in between is left out.
        let items = order.into_iter().filter_map(|key| shown.remove(&key)).collect();
        Ok(Page { items, total: total(count)? })
    }
}

/// Reads the word for a kind of objects.
pub(crate) fn kind(word: &str) -> Result<ObjectKind> {
    let unknown = || Fault::new(Code::Internal, format!("{word} is no kind of objects"));
    ObjectKind::parse(word).ok_or_else(unknown)
}

fn read(row: &mut Row, kind: ObjectKind) -> Result<Found> {
    Ok(Found {
        kind,
        id: row.take()?,
        uid: row.take()?,
        name: row.take()?,
        description: row.take()?,
        text: row.take()?,
        owner: row.take()?,
        owner_name: row.take()?,
        is_draft: row.take()?,
        version: row.take()?,
        updated_at: row.take()?,
    })
}
