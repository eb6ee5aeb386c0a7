//! Favourites of whose key it is, snippets, destinations and alerts.

use anyhow::Result;
use serde_json::Value;
use tessera_access::Object;
use tessera_bi::{ImportedAlert, ImportedDestination, ImportedSnippet, NewSnippet, Numbered};
use tessera_kernel::ids::{DashboardId, DestinationId, QueryId, UserId};

use super::Import;
use super::json::{id, number, person, text, time};
use super::sources::without_secrets;
use crate::compose::explain;

const SNIPPETS: Numbered = Numbered::Snippets;
const DESTINATIONS: Numbered = Numbered::Destinations;
const ALERTS: Numbered = Numbered::Alerts;

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

    pub(super) async fn snippets(&mut self) -> Result<()> {
        for there in self.rest_of(SNIPPETS, "/api/query_snippets").await? {
            let (old, now) = (id(&there), self.core.clock.now());
            let new = ImportedSnippet {
                content: NewSnippet {
                    trigger: text(&there, "trigger"),
                    description: text(&there, "description"),
                    text: text(&there, "snippet"),
                },
                owner: self.owner(person(&there, "user")),
                created_at: time(&there, "created_at", now),
                updated_at: time(&there, "updated_at", now),
            };
            if self.is_done(SNIPPETS, old, &there) {
                continue;
            }
            let name = new.content.trigger.clone();
            let made = match self.dry_run {
                true => Ok(old),
                false => {
                    let (imports, mark) = (&self.core.bi.imports, self.whole(old, &there));
                    imports.snippet(&self.grant, &mark, new).await.map(|id| id.0)
                }
            };
            self.made(SNIPPETS, &there, &name, made).await?;
        }
        Ok(())
    }

    pub(super) async fn destinations(&mut self) -> Result<()> {
        for listed in self.rest_of(DESTINATIONS, "/api/destinations").await? {
            let old = id(&listed);
            if self.is_done(DESTINATIONS, old, &listed) {
                continue;
            }
            let whole = self.peer.find(&format!("/api/destinations/{old}")).await?;
            let there = whole.unwrap_or_else(|| listed.clone());
            let (options, secrets) = without_secrets(&there["options"]);
            let name = text(&there, "name");
            let new = ImportedDestination {
                name: name.clone(),
                kind: text(&there, "type"),
                options,
                created_at: self.core.clock.now(),
            };
            let made = match self.dry_run {
                true => Ok(old),
                false => {
                    let (imports, mark) = (&self.core.bi.imports, self.whole(old, &listed));
                    imports.destination(&self.grant, &mark, new).await.map(|id| id.0)
                }
            };
            if made.is_ok() && !secrets.is_empty() {
                self.report.note(format!("destination {name} needs its secrets: {secrets:?}"));
            }
            self.made(DESTINATIONS, &listed, &name, made).await?;
        }
        Ok(())
    }

    pub(super) async fn alerts(&mut self) -> Result<()> {
        for there in self.rest_of(ALERTS, "/api/alerts").await? {
            let (old, name) = (id(&there), text(&there, "name"));
            if self.is_done(ALERTS, old, &there) {
                continue;
            }
            let query = person(&there, "query");
            let Some(query) = query.and_then(|query| self.here(Numbered::Queries, query)) else {
                self.report.skipped(ALERTS.as_str(), old, &name, "its query is not here");
                continue;
            };
            let now = self.core.clock.now();
            let new = ImportedAlert {
                name: name.clone(),
                query: QueryId(query),
                owner: self.owner(person(&there, "user")),
                options: there["options"].clone(),
                rearm: there["rearm"].as_i64(),
                subscriptions: self.subscriptions(old).await?,
                created_at: time(&there, "created_at", now),
                updated_at: time(&there, "updated_at", now),
            };
            let made = match self.dry_run {
                true => Ok(old),
                false => {
                    let (imports, mark) = (&self.core.bi.imports, self.whole(old, &there));
                    imports.alert(&self.grant, &mark, new).await.map(|id| id.0)
                }
            };
            self.made(ALERTS, &there, &name, made).await?;
        }
        Ok(())
    }

    /// Who is told of an alert; a destination that is not here is left out.
    async fn subscriptions(&mut self, alert: i64) -> Result<Vec<(UserId, Option<DestinationId>)>> {
        let there = self.peer.find(&format!("/api/alerts/{alert}/subscriptions")).await?;
        let mut all = Vec::new();
        for one in there.unwrap_or_default().as_array().into_iter().flatten() {
            let user = self.owner(person(one, "user"));
            match number(&one["destination"], "id") {
                None => all.push((user, None)),
                Some(old) => match self.here(DESTINATIONS, old) {
                    Some(here) => all.push((user, Some(DestinationId(here)))),
                    None => {
                        self.report.note(format!("alert {alert}: destination {old} is not here"))
                    }
                },
            }
        }
        Ok(all)
    }

    /// Reports and remembers what was made, or why it was not.
    async fn made(
        &mut self,
        kind: Numbered,
        there: &Value,
        name: &str,
        made: tessera_kernel::Result<i64>,
    ) -> Result<()> {
        match made {
            Ok(here) => {
                self.report.created(kind, id(there), here);
                self.note(kind, id(there), here, there).await
            }
            Err(fault) => {
                let why = format!("{:#}", explain(fault));
                self.report.skipped(kind.as_str(), id(there), name, why);
                Ok(())
            }
        }
    }

    async fn rest_of(&mut self, kind: Numbered, path: &str) -> Result<Vec<Value>> {
        let there = self.peer.find(path).await?;
        let mut there: Vec<Value> =
            there.and_then(|there| there.as_array().cloned()).unwrap_or_default();
        there.sort_by_key(id);
        self.report.found(kind.as_str(), there.len());
        Ok(there)
    }
}
