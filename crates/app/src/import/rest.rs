//! Favourites of whose key it is; and what is read whole, with the numbers of here, but has nothing to
//! be made of in this version: snippets, destinations and alerts.

use anyhow::Result;
use serde_json::{Value, json};
use tessera_access::Object;
use tessera_bi::Numbered;
use tessera_kernel::ids::{DashboardId, QueryId};

use super::Import;
use super::json::{id, number, person, text};
use super::sources::without_secrets;
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

    /// What nothing is made of yet stands in the report as a whole, so that nothing is lost.
    pub(super) async fn rest(&mut self) -> Result<()> {
        for snippet in self.rest_of("snippets", "/api/query_snippets").await? {
            let shown = json!({
                "id": id(&snippet),
                "trigger": text(&snippet, "trigger"),
                "description": text(&snippet, "description"),
                "snippet": text(&snippet, "snippet"),
                "owner_id": self.owner(person(&snippet, "user")),
            });
            self.report.left("snippets", id(&snippet), &text(&snippet, "trigger"), shown);
        }
        for listed in self.rest_of("destinations", "/api/destinations").await? {
            let old = id(&listed);
            let whole = self.peer.find(&format!("/api/destinations/{old}")).await?;
            let destination = whole.unwrap_or(listed);
            let (options, secrets) = without_secrets(&destination["options"]);
            let shown = json!({
                "id": old,
                "name": text(&destination, "name"),
                "type": text(&destination, "type"),
                "options": options,
                "missing_secrets": secrets,
            });
            self.report.left("destinations", old, &text(&destination, "name"), shown);
        }
        for alert in self.rest_of("alerts", "/api/alerts").await? {
            let shown = self.alert(&alert).await?;
            self.report.left("alerts", id(&alert), &text(&alert, "name"), shown);
        }
        Ok(())
    }

    async fn rest_of(&mut self, kind: &str, path: &str) -> Result<Vec<Value>> {
        let there = self.peer.find(path).await?;
        let mut there: Vec<Value> =
            there.and_then(|there| there.as_array().cloned()).unwrap_or_default();
        there.sort_by_key(id);
        self.report.found(kind, there.len());
        Ok(there)
    }

    /// An alert with its subscriptions; query and people have the numbers of here.
    async fn alert(&self, there: &Value) -> Result<Value> {
        let old = id(there);
        let query = person(there, "query").and_then(|query| self.here(Numbered::Queries, query));
        let path = format!("/api/alerts/{old}/subscriptions");
        let subscriptions = self.peer.find(&path).await?.unwrap_or_default();
        let subscriptions: Vec<Value> = subscriptions
            .as_array()
            .into_iter()
            .flatten()
            .map(|subscription| {
                json!({
                    "user_id": self.owner(person(subscription, "user")),
                    "destination_id_there": number(&subscription["destination"], "id"),
                })
            })
            .collect();
        Ok(json!({
            "id": old,
            "name": text(there, "name"),
            "query_id": query,
            "options": there["options"],
            "rearm": there["rearm"],
            "owner_id": self.owner(person(there, "user")),
            "subscriptions": subscriptions,
        }))
    }
}
