//! Runs statements on a thread that may wait, and sends the rows of the last one that gives some.

use std::collections::BTreeSet;

use adbc_core::{Connection as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedStatement};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::SchemaRef;
use tessera_bi::ended::cancelled;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bound;
use tokio::sync::mpsc;

use super::columns::{Columns, Read};
use super::errors::{broken, failed, is_interrupted};
use super::guard::Statement;
use super::pieces::Pieces;
use super::stop::Stop;
use super::values;

/// What the reading thread sends.
pub(super) enum Part {
    Begin(SchemaRef),
    Batch(RecordBatch),
}

pub(super) struct Reader {
    pub connection: ManagedConnection,
    pub sender: mpsc::Sender<Part>,
    pub batch_rows: usize,
    pub stop: Stop,
}

/// Rows that come while they are read. They need the statement that they belong to.
struct Rows {
    reader: Box<dyn RecordBatchReader + Send>,
    _statement: ManagedStatement,
}

/// Runs a statement.
fn execute(connection: &mut ManagedConnection, bound: &Bound) -> Result<Rows> {
    let mut statement = connection.new_statement().map_err(failed)?;
    statement.set_sql_query(&bound.sql).map_err(failed)?;
    if !bound.binds.is_empty() {
        let row = values::row(&bound.binds)
            .map_err(|error| Fault::internal("values do not make a row", error))?;
        statement.bind(row).map_err(failed)?;
    }
    let reader = statement.execute().map_err(failed)?;
    Ok(Rows { reader, _statement: statement })
}

/// All rows of a question of our own.
pub(super) fn rows(connection: &mut ManagedConnection, sql: &str) -> Result<Vec<RecordBatch>> {
    let bound = Bound { sql: sql.to_owned(), binds: Vec::new(), display: String::new() };
    let rows = execute(connection, &bound)?;
    rows.reader.collect::<std::result::Result<_, _>>().map_err(broken)
}

/// How a reading of a statement ended.
enum Pass {
    Done,
    /// This column has to be wider than it was thought.
    Wide(usize),
    /// Something failed, and DuckDB told another thread of it.
    Interrupted(Fault),
}

/// How often a statement is run to learn why it fails. Several threads read, what fails in one of them
/// interrupts the others, and now and then that is all that is told.
const RUNS_MAX: usize = 4;

impl Reader {
    pub(super) fn run(mut self, statements: &[Statement]) -> Result<()> {
        let Some(last) = statements.iter().rposition(|statement| statement.reads) else {
            let detail = "Query completed but it returned no data.";
            return Err(Fault::new(Code::SourceFailed, detail));
        };
        for (place, statement) in statements.iter().enumerate() {
            if place == last {
                self.read_whole(&statement.bound)?;
                continue;
            }
            self.go_on()?;
            let rows = execute(&mut self.connection, &statement.bound)?;
            for batch in rows.reader {
                batch.map_err(broken)?;
                self.go_on()?;
            }
        }
        Ok(())
    }

    /// Sends the rows of a statement, anew if it must.
    fn read_whole(&mut self, bound: &Bound) -> Result<()> {
        let mut wide = BTreeSet::new();
        let mut runs = 0;
        loop {
            match self.read(bound, &wide)? {
                Pass::Done => return Ok(()),
                Pass::Wide(column) => {
                    wide.insert(column);
                }
                Pass::Interrupted(fault) => {
                    runs += 1;
                    if runs >= RUNS_MAX {
                        return Err(fault);
                    }
                }
            }
        }
    }

    /// Sends the rows of a statement.
    fn read(&mut self, bound: &Bound, wide: &BTreeSet<usize>) -> Result<Pass> {
        self.go_on()?;
        let rows = match execute(&mut self.connection, bound) {
            Ok(rows) => rows,
            Err(fault) => return self.failed(fault),
        };
        let columns = Columns::new(&rows.reader.schema(), wide);
        let mut pieces = Pieces::new(columns.schema(), self.batch_rows);
        self.send(Part::Begin(columns.schema()))?;
        for batch in rows.reader {
            let batch = match batch.map_err(broken) {
                Ok(batch) => batch,
                Err(fault) => return self.failed(fault),
            };
            self.go_on()?;
            match columns.read(&batch)? {
                Read::Rows(batch) => pieces.push(&batch, |whole| self.send(Part::Batch(whole)))?,
                Read::Wide(column) => return Ok(Pass::Wide(column)),
            }
        }
        if let Some(rest) = pieces.take()? {
            self.send(Part::Batch(rest))?;
        }
        Ok(Pass::Done)
    }

    /// Whether a failure says why.
    fn failed(&self, fault: Fault) -> Result<Pass> {
        self.go_on()?;
        if is_interrupted(&fault) { Ok(Pass::Interrupted(fault)) } else { Err(fault) }
    }

    fn go_on(&self) -> Result<()> {
        if self.stop.is_asked() { Err(cancelled()) } else { Ok(()) }
    }

    fn send(&self, part: Part) -> Result<()> {
        self.sender.blocking_send(part).map_err(|_| cancelled())
    }
}
