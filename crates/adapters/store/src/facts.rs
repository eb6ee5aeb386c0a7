//! What the rules need to know of an object: one statement for each kind.

use async_trait::async_trait;
use tessera_access::Object;
use tessera_access::ports::{Facts, FactsRepo};
use tessera_kernel::ids::{DashboardId, QueryId, SourceId, UserId};
use tessera_kernel::{Code, Fault, Result};

use crate::Store;
use crate::db::{Call, Row, call};
use crate::results::{read_inputs, read_viewer};
use crate::users::{attributes, numbers};

fn call_for(object: Object) -> Option<Call> {
    Some(match object {
        Object::None => return None,
        Object::User(id) => call!("facts_user", id),
        Object::Group(id) => call!("facts_group", id),
        Object::Key(id) => call!("facts_key", id),
        Object::Source(id) => call!("facts_source", id),
        Object::Query(id) => call!("facts_query", id),
        Object::Result(id) => call!("facts_result", id),
        Object::Job(uid) => call!("facts_job", uid),
        Object::Visualization(id) => call!("facts_visualization", id),
        Object::Dashboard(id) => call!("facts_dashboard", id),
        Object::Widget(id) => call!("facts_widget", id),
        Object::Workspace(id) => call!("facts_workspace", id),
        Object::Alert(id) => call!("facts_alert", id),
        Object::Subscription(id) => call!("facts_subscription", id),
        Object::Destination(id) => call!("facts_destination", id),
        Object::Snippet(id) => call!("facts_snippet", id),
    })
}

fn read_facts(object: Object, mut row: Row, rest: impl Iterator<Item = Row>) -> Result<Facts> {
    let mut facts = Facts::default();
    match object {
        Object::None => {}
        Object::User(_) | Object::Key(_) | Object::Snippet(_) => facts.owner = row.take()?,
        Object::Group(_) => {
            row.take::<i64>()?;
            facts.members = numbers(row.take()?)?;
        }
        Object::Workspace(_) | Object::Destination(_) => {}
        Object::Alert(_) | Object::Subscription(_) => {
            facts.owner = row.take()?;
            facts.query = row.take()?;
            facts.source = row.take()?;
            facts.detached = facts.source.is_none();
        }
        Object::Source(_) => facts.source = row.take()?,
        Object::Result(_) => {
            for mut row in std::iter::once(row).chain(rest) {
                facts.source = row.take()?;
                facts.has_values = row.take()?;
                if let Some(text) = row.take::<Option<String>>()? {
                    facts.attributes = attributes(text)?;
                }
                facts.viewer = read_viewer(row.take()?)?;
                facts.inputs = read_inputs(row.take()?)?;
                facts.result_of.extend(row.take::<Option<QueryId>>()?);
                let run_as: Option<QueryId> = row.take()?;
                facts.query = facts.query.or(run_as);
                facts.participants.extend(row.take::<Option<String>>()?);
            }
        }
        Object::Query(_) | Object::Visualization(_) => {
            facts.query = row.take()?;
            facts.owner = row.take()?;
            facts.source = row.take()?;
            facts.detached = facts.source.is_none();
            facts.editors = numbers(row.take()?)?;
        }
        Object::Job(_) => {
            facts.source = row.take::<Option<SourceId>>()?;
            facts.query = row.take::<Option<QueryId>>()?;
            facts.participants.extend(row.take::<Option<String>>()?);
            for mut row in rest {
                let _: (Option<SourceId>, Option<QueryId>) = (row.take()?, row.take()?);
                facts.participants.extend(row.take::<Option<String>>()?);
            }
        }
        Object::Dashboard(_) => {
            facts.dashboard = row.take()?;
            facts.owner = row.take()?;
            facts.editors = numbers(row.take()?)?;
        }
        Object::Widget(_) => {
            facts.dashboard = row.take()?;
            facts.owner = row.take()?;
            facts.editors = numbers(row.take()?)?;
            facts.query = row.take()?;
            facts.source = row.take()?;
            facts.detached = facts.query.is_some() && facts.source.is_none();
        }
    }
    Ok(facts)
}

/// What editing can be granted of.
enum Edited {
    Query(QueryId),
    Dashboard(DashboardId),
}

fn edited(object: Object) -> Result<Edited> {
    match object {
        Object::Query(id) => Ok(Edited::Query(id)),
        Object::Dashboard(id) => Ok(Edited::Dashboard(id)),
        _ => {
            let detail = "editing is granted of queries and dashboards only";
            Err(Fault::new(Code::Unsupported, detail))
        }
    }
}

#[async_trait]
impl FactsRepo for Store {
    async fn facts(&self, object: Object) -> Result<Option<Facts>> {
        let Some(call) = call_for(object) else { return Ok(None) };
        let facts = self.db.recent([call], |[rows]| {
            let mut rows = rows.into_iter();
            rows.next().map(|row| read_facts(object, row, rows)).transpose()
        });
        facts.await
    }

    async fn editors(&self, object: Object) -> Result<Vec<UserId>> {
        let call = match edited(object)? {
            Edited::Query(id) => call!("query_editor_list", id),
            Edited::Dashboard(id) => call!("dashboard_editor_list", id),
        };
        self.db.rows(call).await?.into_iter().map(|mut row| row.take()).collect()
    }

    async fn grant_editor(&self, object: Object, user: UserId) -> Result<()> {
        let call = match edited(object)? {
            Edited::Query(id) => call!("query_editor_insert", id, user),
            Edited::Dashboard(id) => call!("dashboard_editor_insert", id, user),
        };
        self.db.execute(call).await.map(drop)
    }

    async fn revoke_editor(&self, object: Object, user: UserId) -> Result<()> {
        let call = match edited(object)? {
            Edited::Query(id) => call!("query_editor_delete", id, user),
            Edited::Dashboard(id) => call!("dashboard_editor_delete", id, user),
        };
        self.db.execute(call).await.map(drop)
    }

    async fn dashboard_queries(&self, dashboard: DashboardId) -> Result<Vec<QueryId>> {
        let rows = self.db.rows(call!("dashboard_query_list", dashboard)).await?;
        rows.into_iter().map(|mut row| row.take()).collect()
    }
}
