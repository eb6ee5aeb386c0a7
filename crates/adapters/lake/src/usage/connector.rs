//! Records of requests as an ordinary data source, in which everybody sees rows of their own.

use std::sync::Arc;

use arrow_schema::{DataType, Schema};
use async_trait::async_trait;
use futures::StreamExt as _;
use serde_json::json;
use tessera_access::Viewer;
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect};

use super::{UsageFiles, columns};
use crate::pour::pour;

/// The name of the type.
pub const USAGE_SOURCE: &str = "usage";

/// The type of data source that records of requests are.
#[must_use]
pub fn usage_source_type() -> SourceType {
    SourceType {
        name: USAGE_SOURCE,
        title: "Tessera usage",
        schema: json!({ "type": "object", "properties": {} }),
        dialect: Dialect::Postgres,
        syntax: "sql",
        auto_limit: true,
        remarks: false,
        row_policy: true,
    }
}

/// The records for one viewer.
struct Seen {
    files: UsageFiles,
    viewer: Viewer,
}

impl Seen {
    async fn rows(&self, statements: Vec<Bound>, sink: &mut dyn BatchSink) -> Result<()> {
        let (files, viewer) = (self.files.clone(), self.viewer);
        let poured = pour(self.files.engine()?, sink, |outlet, stop| async move {
            let tables = files.tables(viewer, None, &stop).await?;
            let (schema, mut rows) = tables.ask(&statements).await?;
            let mut listening = outlet.begin(schema).await;
            while listening && let Some(batch) = rows.next().await {
                listening = outlet.batch(batch?).await;
            }
            Ok(())
        });
        poured.await
    }
}

#[async_trait]
impl Connector for Seen {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let statements = statement.statements(Dialect::Postgres);
        in_time(time_limit_seconds, &cancel, self.rows(statements, sink)).await
    }

    fn seen_by(&self, viewer: Viewer) -> Option<Arc<dyn Connector>> {
        Some(Arc::new(Self { files: self.files.clone(), viewer }))
    }

    async fn test(&self) -> Result<()> {
        self.files.ask(self.viewer, None, |_| async { Ok(()) }).await
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        Ok(vec![table("key_events", &columns::EVENTS), table("key_hours", &columns::HOURS)])
    }
}

#[async_trait]
impl Connector for UsageFiles {
    /// Without a viewer there are no rows to see.
    async fn run(
        &self,
        _statement: &Bound,
        _time_limit_seconds: u64,
        _cancel: Arc<dyn CancelSignal>,
        _sink: &mut dyn BatchSink,
    ) -> Result<()> {
        Err(Fault::new(Code::Internal, "usage records are asked for without a viewer"))
    }

    fn seen_by(&self, viewer: Viewer) -> Option<Arc<dyn Connector>> {
        Some(Arc::new(Seen { files: self.clone(), viewer }))
    }

    async fn test(&self) -> Result<()> {
        self.ask(Viewer::Everything, None, |_| async { Ok(()) }).await
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        Ok(vec![table("key_events", &columns::EVENTS), table("key_hours", &columns::HOURS)])
    }
}

fn table(name: &str, schema: &Schema) -> Table {
    let column = |field: &Arc<arrow_schema::Field>| TableColumn {
        name: field.name().clone(),
        kind: match field.data_type() {
            DataType::Timestamp(..) => "timestamp with time zone",
            DataType::Int32 => "integer",
            DataType::Int64 => "bigint",
            DataType::Float64 => "double precision",
            _ => "text",
        }
        .to_owned(),
    };
    Table { name: name.to_owned(), columns: schema.fields().iter().map(column).collect() }
}
