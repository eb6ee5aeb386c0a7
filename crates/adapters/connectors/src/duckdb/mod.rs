//! DuckDB files, for reading only. DuckDB's own library is loaded while the server runs, from where the
//! operator says it is; without that there is no such type.

mod cells;
mod columns;
mod errors;
mod guard;
mod library;
mod numbers;
mod open;
mod options;
mod pieces;
mod read;
mod stop;
mod tables;
mod types;
mod values;

use std::sync::Arc;
use std::time::Duration;

use adbc_core::Connection as _;
use adbc_driver_manager::ManagedConnection;
use async_trait::async_trait;
use serde_json::{Value as Json, json};
use tessera_bi::ended::{TIME_LIMIT, cancelled, too_long};
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect};
use tokio::sync::mpsc;

use self::guard::{Statement, check};
use self::options::Options;
use self::read::{Part, Reader};
use self::stop::Stop;
use crate::ConnectorSettings;

pub(crate) const NAME: &str = "duckdb";

/// Batches that may wait for a slow writer.
const BATCHES_AHEAD: usize = 2;

/// How long it takes until DuckDB is told again to stop, should it have begun a statement in between.
const STOP_AGAIN: Duration = Duration::from_millis(20);

pub(crate) fn source_type() -> SourceType {
    SourceType {
        name: NAME,
        title: "DuckDB",
        schema: json!({
            "type": "object",
            "properties": {
                "dbpath": {
                    "type": "string", "title": "Database Path", "default": options::MEMORY,
                },
                "extensions": { "type": "string", "title": "Extensions (comma separated)" },
            },
            "order": ["dbpath", "extensions"],
            "required": ["dbpath"],
        }),
        dialect: Dialect::DuckDb,
        syntax: "sql",
        auto_limit: true,
        remarks: false,
        row_policy: false,
    }
}

pub(crate) struct DuckDb {
    options: Options,
    settings: Arc<ConnectorSettings>,
}

impl DuckDb {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        Ok(Self { options: Options::read(options, &settings)?, settings })
    }

    /// Works with a connection on a thread that may wait. What is shared with other runs of the same
    /// file is closed with the last of them, so that others can write it.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(ManagedConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (options, settings) = (self.options.clone(), Arc::clone(&self.settings));
        tokio::task::spawn_blocking(move || {
            let database = open::open(&options, &settings)?;
            work(database.connection()?)
        })
        .await
        .map_err(|error| Fault::internal("reading a DuckDB file stopped", error))?
    }
}

#[async_trait]
impl Connector for DuckDb {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let statements: Vec<Statement> =
            statement.statements(Dialect::DuckDb).into_iter().map(check).collect::<Result<_>>()?;
        let (sender, mut parts) = mpsc::channel(BATCHES_AHEAD);
        let batch_rows = self.settings.batch_rows;
        let stop = Stop::default();
        // Whoever drops this run stops it too.
        let stopping = stop.on_drop();
        let reading = self.with(move |connection| {
            stop.watch(connection.get_cancel_handle());
            Reader { connection, sender, batch_rows, stop }.run(&statements)
        });
        let mut reading = std::pin::pin!(reading);
        let mut limit = std::pin::pin!(tokio::time::sleep(Duration::from_secs(time_limit_seconds)));
        let mut read = None;
        let why = loop {
            tokio::select! {
                done = &mut reading, if read.is_none() => read = Some(done),
                part = parts.recv() => match part {
                    Some(Part::Begin(schema)) => sink.begin(schema).await?,
                    Some(Part::Batch(batch)) => sink.batch(batch).await?,
                    None => return match read.take() {
                        Some(done) => done,
                        None => reading.await,
                    },
                },
                () = cancel.cancelled(), if read.is_none() => break cancelled(),
                () = &mut limit, if read.is_none() => {
                    break too_long(time_limit_seconds, TIME_LIMIT);
                }
            }
        };
        // Whatever the thread waits for with a batch in its hands ends.
        parts.close();
        while parts.recv().await.is_some() {}
        loop {
            stopping.stop();
            tokio::select! {
                _stopped = &mut reading => return Err(why),
                () = tokio::time::sleep(STOP_AGAIN) => {}
            }
        }
    }

    async fn test(&self) -> Result<()> {
        self.with(|mut connection| read::rows(&mut connection, "SELECT 1").map(drop)).await
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        self.with(|mut connection| tables::list(&mut connection)).await
    }
}

/// The type needs a setting that is not there.
pub(crate) fn not_offered() -> Fault {
    let detail = "this server has no DuckDB: the operator has to name its library in \
                  sources.duckdb_library";
    Fault::new(Code::Unsupported, detail)
}
