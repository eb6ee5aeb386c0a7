//! Queries with their visualizations, schedules, tags, keys and editors.

use anyhow::Result;
use serde_json::Value;
use tessera_access::Object;
use tessera_bi::{ImportedQuery, ImportedVisualization, NewVisualization, Numbered};
use tessera_kernel::ids::{QueryId, SourceId, UserId};

use super::json::{flag, id, key, list, number, person, text, text_or_none, texts, time};
use super::{Earlier, Import};
use crate::compose::explain;

const QUERIES: Numbered = Numbered::Queries;
const VISUALIZATIONS: Numbered = Numbered::Visualizations;

impl Import<'_> {
    pub(super) async fn queries(&mut self) -> Result<()> {
        let mut there = self.peer.all("/api/queries").await?;
        there.extend(self.peer.all("/api/queries/archive").await?);
        there.sort_by_key(id);
        there.dedup_by_key(|query| id(query));
        self.report.found(QUERIES.as_str(), there.len());
        let mut parametrized = Vec::new();
        for listed in there {
            let (old, name) = (id(&listed), text(&listed, "name"));
            let Some(query) = self.peer.find(&format!("/api/queries/{old}")).await? else {
                self.report.skipped(QUERIES.as_str(), old, &name, "it cannot be read");
                continue;
            };
            let made = match self.earlier(QUERIES, old, &listed) {
                // A visualization that was made since is still taken over.
                Earlier::Done => {
                    self.visualizations(old, &query).await?;
                    continue;
                }
                Earlier::Begun(here) => {
                    self.report.before(QUERIES, old, false);
                    Ok(QueryId(here))
                }
                Earlier::Nothing => self.query(old, &query).await,
            };
            match made {
                Ok(here) => {
                    self.numbers.insert((QUERIES, old), here.0);
                    self.visualizations(old, &query).await?;
                    self.editors("queries", old, Object::Query(here)).await?;
                    if has_dropdowns(&query) {
                        parametrized.push((old, here, query, listed));
                    } else {
                        self.note(QUERIES, old, here.0, &listed).await?;
                    }
                }
                Err(fault) => {
                    let why = format!("{:#}", explain(fault));
                    self.report.skipped(QUERIES.as_str(), old, &name, why);
                }
            }
        }
        for (old, here, query, listed) in parametrized {
            self.dropdowns(here, &query["options"]).await?;
            self.note(QUERIES, old, here.0, &listed).await?;
        }
        Ok(())
    }

    async fn query(&mut self, old: i64, there: &Value) -> tessera_kernel::Result<QueryId> {
        let new = self.to_query(there);
        if new.source.is_none() && number(there, "data_source_id").is_some() {
            let name = &new.name;
            self.report.note(format!("query {old} ({name}) lost its data source"));
        }
        let here = match self.dry_run {
            true => QueryId(old),
            false => self.core.bi.imports.query(&self.grant, &self.begun(old), new).await?,
        };
        self.report.created(QUERIES, old, here.0);
        Ok(here)
    }

    fn to_query(&self, there: &Value) -> ImportedQuery {
        let now = self.core.clock.now();
        let source = number(there, "data_source_id");
        let schedule = Some(there["schedule"].clone()).filter(Value::is_object);
        let editor = person(there, "last_modified_by");
        ImportedQuery {
            name: text(there, "name"),
            description: text_or_none(there, "description"),
            text: text(there, "query"),
            options: there["options"].clone(),
            schedule,
            tags: texts(there, "tags"),
            is_draft: flag(there, "is_draft"),
            is_archived: flag(there, "is_archived"),
            source: source.and_then(|old| self.here(Numbered::Sources, old)).map(SourceId),
            owner: self.owner(person(there, "user")),
            modified_by: editor.map(|editor| self.owner(Some(editor))),
            key: key(there),
            created_at: time(there, "created_at", now),
            updated_at: time(there, "updated_at", now),
        }
    }

    async fn visualizations(&mut self, old: i64, query: &Value) -> Result<()> {
        let Some(here) = self.here(QUERIES, old) else { return Ok(()) };
        let now = self.core.clock.now();
        let mut shown: Vec<&Value> = list(query, "visualizations").iter().collect();
        shown.sort_by_key(|visualization| id(visualization));
        self.report.found(VISUALIZATIONS.as_str(), shown.len());
        for visualization in shown {
            let old = id(visualization);
            if self.is_done(VISUALIZATIONS, old, visualization) {
                continue;
            }
            let new = ImportedVisualization {
                query: QueryId(here),
                content: NewVisualization {
                    kind: text(visualization, "type"),
                    name: text(visualization, "name"),
                    description: visualization["description"].as_str().map(str::to_owned),
                    options: visualization["options"].clone(),
                },
                created_at: time(visualization, "created_at", now),
                updated_at: time(visualization, "updated_at", now),
            };
            let here = match self.dry_run {
                true => old,
                false => {
                    let mark = self.whole(old, visualization);
                    let made = self.core.bi.imports.visualization(&self.grant, &mark, new).await;
                    made.map_err(explain)?.0
                }
            };
            self.report.created(VISUALIZATIONS, old, here);
            self.note(VISUALIZATIONS, old, here, visualization).await?;
        }
        Ok(())
    }

    /// Parameters that take their values from other queries name those by their numbers.
    async fn dropdowns(&mut self, here: QueryId, options: &Value) -> Result<()> {
        let mut mapped = options.clone();
        let parameters = mapped["parameters"].as_array_mut().into_iter().flatten();
        for parameter in parameters {
            if let Some(new) = number(parameter, "queryId").and_then(|old| self.here(QUERIES, old))
            {
                parameter["queryId"] = new.into();
            }
        }
        if self.dry_run || mapped == *options {
            return Ok(());
        }
        let imports = &self.core.bi.imports;
        imports.query_options(&self.grant, here, &mapped).await.map_err(explain)
    }

    /// Those who were granted editing.
    pub(super) async fn editors(&mut self, kind: &str, old: i64, here: Object) -> Result<()> {
        if self.dry_run {
            return Ok(());
        }
        let Some(there) = self.peer.find(&format!("/api/{kind}/{old}/acl")).await? else {
            return Ok(());
        };
        for user in list(&there, "modify") {
            if let Some(user) = self.here(Numbered::Users, id(user)) {
                let imports = &self.core.bi.imports;
                imports.editor(&self.grant, here, UserId(user)).await.map_err(explain)?;
            }
        }
        Ok(())
    }
}

/// Whether a parameter takes its values from another query.
fn has_dropdowns(query: &Value) -> bool {
    list(&query["options"], "parameters").iter().any(|one| number(one, "queryId").is_some())
}
