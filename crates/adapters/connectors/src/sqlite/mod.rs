//! SQLite files, for reading only: no writing, no other files, no extensions.

mod columns;
mod open;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc as blocking_channel;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, Statement};
use serde_json::{Value as Json, json};
use tessera_bi::ended::{TIME_LIMIT, cancelled, too_long};
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bind, Bound, Dialect};
use tokio::sync::mpsc;

use self::columns::Columns;
use crate::batch::BYTES_MAX;
use crate::{ConnectorSettings, text_option};

pub(crate) const NAME: &str = "sqlite";

/// Batches that may wait for a slow writer.
const BATCHES_AHEAD: usize = 2;

/// How often SQLite looks whether it is to stop: virtual machine instructions.
const LOOK_EVERY: i32 = 4000;

pub(crate) fn source_type() -> SourceType {
    SourceType {
        name: NAME,
        title: "Sqlite",
        schema: json!({
            "type": "object",
            "properties": { "dbpath": { "type": "string", "title": "Database Path" } },
            "required": ["dbpath"],
        }),
        dialect: Dialect::Sqlite,
        syntax: "sql",
        auto_limit: true,
        remarks: false,
        row_policy: false,
    }
}

pub(crate) struct Sqlite {
    path: PathBuf,
    settings: Arc<ConnectorSettings>,
}

/// What the reading thread sends.
enum Part {
    Begin(SchemaRef),
    Batch(RecordBatch),
}

impl Sqlite {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let path = text_option(options, "dbpath")
            .ok_or_else(|| Fault::invalid("options.dbpath", "is required"))?;
        let path = PathBuf::from(path);
        if path.exists() {
            open::check(&path, &settings)?;
        }
        Ok(Self { path, settings })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (path, settings) = (self.path.clone(), Arc::clone(&self.settings));
        tokio::task::spawn_blocking(move || work(open::open(&path, &settings)?))
            .await
            .map_err(|error| Fault::internal("reading a SQLite file stopped", error))?
    }
}

#[async_trait]
impl Connector for Sqlite {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let statements = statement.statements(Dialect::Sqlite);
        let (sender, mut parts) = mpsc::channel(BATCHES_AHEAD);
        let batch_rows = self.settings.batch_rows;
        let (interrupts, interrupt) = blocking_channel::channel();
        let signal = Arc::clone(&cancel);
        let reading = self.with(move |db| {
            if interrupts.send(db.get_interrupt_handle()).is_err() {
                return Err(cancelled());
            }
            let reader = Reader { db, sender, batch_rows, cancel: signal, time_limit_seconds };
            reader.run(&statements)
        });
        let mut reading = std::pin::pin!(reading);
        let mut read = None;
        loop {
            tokio::select! {
                done = &mut reading, if read.is_none() => read = Some(done),
                part = parts.recv() => match part {
                    Some(Part::Begin(schema)) => sink.begin(schema).await?,
                    Some(Part::Batch(batch)) => sink.batch(batch).await?,
                    None => match read.take() {
                        Some(done) => return done,
                        None => return reading.await,
                    },
                },
                () = cancel.cancelled(), if read.is_none() => {
                    // The thread is stopped inside SQLite, also in the middle of a long step.
                    if let Ok(handle) = interrupt.try_recv() {
                        handle.interrupt();
                    }
                    // Whatever it waits for with a batch in its hands ends too.
                    parts.close();
                    while parts.recv().await.is_some() {}
                    // It notices by itself that nobody listens.
                    let _stopped = reading.await;
                    return Err(cancelled());
                }
            }
        }
    }

    async fn test(&self) -> Result<()> {
        self.with(|db| {
            db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())).map_err(failed)
        })
        .await
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        self.with(|db| {
            let mut names = db
                .prepare(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')
                     AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name",
                )
                .map_err(failed)?;
            let names: Vec<String> = names
                .query_map([], |row| row.get(0))
                .and_then(Iterator::collect)
                .map_err(failed)?;
            names.into_iter().map(|name| table(&db, name)).collect()
        })
        .await
    }
}

fn table(db: &Connection, name: String) -> Result<Table> {
    let mut columns = db
        .prepare_cached("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid")
        .map_err(failed)?;
    let columns = columns
        .query_map([&name], |row| Ok(TableColumn { name: row.get(0)?, kind: row.get(1)? }))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    Ok(Table { name, columns })
}

/// Reads rows on a thread of its own.
struct Reader {
    db: Connection,
    sender: mpsc::Sender<Part>,
    batch_rows: usize,
    cancel: Arc<dyn CancelSignal>,
    time_limit_seconds: u64,
}

impl Reader {
    fn run(self, statements: &[Bound]) -> Result<()> {
        let begun = begin();
        let limit = Duration::from_secs(self.time_limit_seconds);
        let signal = Arc::clone(&self.cancel);
        self.db
            .progress_handler(
                LOOK_EVERY,
                Some(move || signal.is_cancelled() || begun.elapsed() > limit),
            )
            .map_err(failed)?;
        // One snapshot, so that reading twice reads the same.
        let ran = self.db.execute_batch("BEGIN").map_err(failed).and_then(|()| {
            let mut reading = None;
            for (place, statement) in statements.iter().enumerate() {
                if self.prepare(statement)?.column_count() > 0 {
                    reading = Some(place);
                }
            }
            let mut columns = Columns::default();
            for (place, statement) in statements.iter().enumerate() {
                if Some(place) == reading {
                    while self.read(statement, &mut columns)? == Pass::Again {}
                } else {
                    let mut statement = self.prepare(statement)?;
                    let mut rows = statement.raw_query();
                    while rows.next().map_err(failed)?.is_some() {}
                }
            }
            if reading.is_none() {
                let detail = "Query completed but it returned no data.";
                return Err(Fault::new(Code::SourceFailed, detail));
            }
            Ok(())
        });
        match ran {
            Err(_) if self.cancel.is_cancelled() => Err(cancelled()),
            Err(fault) if fault.code() == Code::SourceFailed && begun.elapsed() > limit => {
                Err(too_long(self.time_limit_seconds, TIME_LIMIT))
            }
            other => other,
        }
    }

    fn prepare(&self, bound: &Bound) -> Result<Statement<'_>> {
        let mut statement = self.db.prepare(&bound.sql).map_err(failed)?;
        for (place, bind) in bound.binds.iter().enumerate() {
            statement.raw_bind_parameter(place + 1, cell(bind)).map_err(failed)?;
        }
        Ok(statement)
    }

    /// Reads the rows of one statement.
    fn read(&self, bound: &Bound, columns: &mut Columns) -> Result<Pass> {
        let mut statement = self.prepare(bound)?;
        columns.declare(&statement);
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let mut begun = false;
        let mut batch: Vec<Vec<Cell>> = vec![Vec::new(); width];
        let mut bytes = 0;
        loop {
            let row = rows.next().map_err(failed)?;
            let ended = row.is_none();
            if let Some(row) = row {
                for (column, cells) in batch.iter_mut().enumerate() {
                    let cell: Cell = row.get(column).map_err(failed)?;
                    bytes += size(&cell);
                    cells.push(cell);
                }
            }
            if !ended && batch[0].len() < self.batch_rows && bytes < BYTES_MAX {
                continue;
            }
            bytes = 0;
            if begun {
                if columns.widen(&batch) {
                    return Ok(Pass::Again);
                }
            } else {
                begun = true;
                columns.settle(&batch);
                self.send(Part::Begin(columns.schema()))?;
            }
            if !batch[0].is_empty() {
                self.send(Part::Batch(columns.batch(&mut batch)?))?;
            }
            if ended {
                return Ok(Pass::Done);
            }
        }
    }

    fn send(&self, part: Part) -> Result<()> {
        self.sender.blocking_send(part).map_err(|_| cancelled())
    }
}

#[derive(PartialEq, Eq)]
enum Pass {
    Done,
    /// A value did not fit its column, whose type is wider now.
    Again,
}

/// About how many bytes a cell takes.
fn size(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) => text.len(),
        Cell::Blob(bytes) => bytes.len(),
        Cell::Null | Cell::Integer(_) | Cell::Real(_) => size_of::<Cell>(),
    }
}

fn cell(bind: &Bind) -> Cell {
    match bind {
        Bind::Integer(number) => Cell::Integer(*number),
        Bind::Decimal(text) => text.parse().map_or_else(|_| Cell::Text(text.clone()), Cell::Real),
        Bind::Text(text) | Bind::Untyped(text) => Cell::Text(text.clone()),
        Bind::Date(date) => Cell::Text(date.to_string()),
        Bind::Datetime(time) => Cell::Text(time.format("%Y-%m-%d %H:%M:%S%.f").to_string()),
    }
}

fn failed(error: rusqlite::Error) -> Fault {
    let detail = match &error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    Fault::new(Code::SourceFailed, detail)
}

#[expect(clippy::disallowed_methods, reason = "how long a run takes is not domain time")]
fn begin() -> Instant {
    Instant::now()
}
