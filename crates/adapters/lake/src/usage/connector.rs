//! Records of requests as an ordinary data source, in which everybody sees rows of their own.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};
use async_trait::async_trait;
use futures::StreamExt as _;
use serde_json::json;
use tessera_access::Viewer;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect};
use tokio::sync::mpsc;

use super::{UsageFiles, columns};

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
        row_policy: true,
    }
}

/// Batches that may wait for a slow writer.
const BATCHES_AHEAD: usize = 2;

/// What the threads of the engine send.
enum Part {
    Begin(SchemaRef),
    Batch(RecordBatch),
}

/// The records for one viewer.
struct Seen {
    files: UsageFiles,
    viewer: Viewer,
}

impl Seen {
    async fn rows(&self, statements: Vec<Bound>, sink: &mut dyn BatchSink) -> Result<()> {
        let (sender, mut parts) = mpsc::channel(BATCHES_AHEAD);
        let (files, viewer) = (self.files.clone(), self.viewer);
        let working = self.files.engine()?.begin(async move {
            let tables = files.tables(viewer, None).await?;
            let (schema, mut rows) = tables.ask(&statements).await?;
            let mut listening = sender.send(Part::Begin(schema)).await.is_ok();
            while listening && let Some(batch) = rows.next().await {
                listening = sender.send(Part::Batch(batch?)).await.is_ok();
            }
            Ok(())
        })?;
        while let Some(part) = parts.recv().await {
            match part {
                Part::Begin(schema) => sink.begin(schema).await?,
                Part::Batch(batch) if batch.num_rows() > 0 => sink.batch(batch).await?,
                Part::Batch(_) => {}
            }
        }
        working.done().await
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
        let limit = Duration::from_secs(time_limit_seconds);
        // Dropped, the work on the threads of the engine stops.
        tokio::select! {
            () = cancel.cancelled() => {
                Err(Fault::new(Code::Cancelled, "the query was cancelled"))
            }
            ran = tokio::time::timeout(limit, self.rows(statements, sink)) => match ran {
                Ok(ran) => ran,
                Err(_) => Err(Fault::new(Code::TimedOut, format!(
                    "the query ran longer than {time_limit_seconds} s (runs.time_limit_seconds)"
                ))),
            }
        }
    }

    fn seen_by(&self, viewer: Viewer) -> Option<Arc<dyn Connector>> {
        Some(Arc::new(Self { files: self.files.clone(), viewer }))
    }

    async fn test(&self) -> Result<()> {
        self.files.tables(self.viewer, None).await.map(drop)
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
        self.tables(Viewer::Everything, None).await.map(drop)
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
