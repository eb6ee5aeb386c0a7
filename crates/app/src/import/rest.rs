//! Favourites of whose key it is; and what is read, counted and named in the report: snippets,
//! alerts and destinations.

use anyhow::Result;
use serde_json::Value;
use tessera_access::Object;
use tessera_bi::Numbered;
use tessera_kernel::ids::{DashboardId, QueryId};

use super::Import;
use super::json::{id, text};
use crate::compose::explain;

impl Import<'_> {
    /// The favourites of the user whose key is used; nobody sees those of others.
    pub(super) async fn favorites(&mut self) -> Result<()> {
        let session = self.peer.check().await?;
        let user = self.owner(session["user"]["id"].as_i64());
        let lists = [
            ("/api/queries/favorites", Numbered::Queries),
            ("/api/dashboards/favorites", Numbered::Dashboards),
        ];
        for (path, kind) in lists {
            let there = self.peer.all(path).await?;
            self.report.found("favorites", there.len());
            for object in there {
                let Some(here) = self.here(kind, id(&object)) else { continue };
                let object = match kind {
                    Numbered::Queries => Object::Query(QueryId(here)),
                    _ => Object::Dashboard(DashboardId(here)),
                };
                if !self.dry_run {
                    let imports = &self.core.bi.imports;
                    imports.favorite(&self.grant, object, user).await.map_err(explain)?;
                }
            }
        }
        Ok(())
    }

    /// What this program cannot take over yet is named, so that nobody misses it later.
    pub(super) async fn rest(&mut self) -> Result<()> {
        let lists = [
            ("query_snippets", "snippets", "trigger"),
            ("destinations", "destinations", "name"),
            ("alerts", "alerts", "name"),
        ];
        for (path, kind, name) in lists {
            let there = self.peer.find(&format!("/api/{path}")).await?;
            let there: Vec<Value> =
                there.and_then(|there| there.as_array().cloned()).unwrap_or_default();
            self.report.found(kind, there.len());
            for object in there {
                let why = "not taken over by this version; make it anew";
                self.report.skipped(kind, id(&object), &text(&object, name), why);
            }
        }
        Ok(())
    }
}
