//! SQLite: one thread writes and commits in groups, others read; nothing blocks the event loop.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tessera_kernel::{Code, Fault, Result};
use tokio::sync::oneshot;

use super::log::WriteAheadLog;
use super::statement::{Call, Engine};
use super::value::Value;
use super::{Row, Touched, Tx, TxEngine, fault, migrate};
use crate::StoreSettings;

/// The writer's connection, in a form that a transaction may carry across an await. Nobody but the
/// writer thread ever locks it.
pub(crate) type Shared = Mutex<Connection>;

/// Most transactions that share one commit.
const GROUP_MAX: usize = 256;
const STATEMENTS_CACHED: usize = 256;

/// Tells the caller how its transaction ended, once the group's commit is known.
type Answer = Box<dyn FnOnce(&Result<(), String>) + Send>;

/// A transaction; without a connection, the group that it was to run in did not begin.
type Work = Box<dyn FnOnce(Option<&Shared>) -> Answer + Send>;

/// Whether a transaction is answered only once it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    Full,
    Relaxed,
}

enum WriteJob {
    Run(Work, Durability),
    Stop,
}

enum ReadJob {
    Run(Vec<Call>, oneshot::Sender<Result<Vec<Vec<Row>>>>),
    Stop,
}

/// An open file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writes: Sender<WriteJob>,
    reads: crossbeam_channel::Sender<ReadJob>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    readers: usize,
    log: WriteAheadLog,
}

impl Sqlite {
    /// Opens a file, or makes it, and migrates it.
    pub(super) async fn open(path: PathBuf, settings: &StoreSettings) -> Result<(Self, i64)> {
        let settings = settings.clone();
        tokio::task::spawn_blocking(move || Self::open_blocking(&path, &settings))
            .await
            .map_err(|error| Fault::internal("opening the metadata file failed", error))?
    }

    fn open_blocking(path: &Path, settings: &StoreSettings) -> Result<(Self, i64)> {
        migrate::create_private(path)?;
        let mut connection = connect(path, settings, OpenFlags::SQLITE_OPEN_CREATE)?;
        let version = migrate::sqlite(&mut connection, path)?;
        let (writes, write_jobs) = channel();
        // One that several may take from, so that a read wakes one thread and not the next one too.
        let (reads, read_jobs) = crossbeam_channel::unbounded();
        let readers = settings.sqlite_readers.max(1);
        let mut threads = vec![spawn("store-writer", move || write_loop(connection, &write_jobs))?];
        for _ in 0..readers {
            let connection = connect(path, settings, OpenFlags::empty())?;
            let jobs = read_jobs.clone();
            threads.push(spawn("store-reader", move || read_loop(&connection, &jobs))?);
        }
        let log = WriteAheadLog::open(path)?;
        Ok((Self { writes, reads, threads: Mutex::new(threads), readers, log }, version))
    }

    /// Runs statements one after the other in one snapshot.
    pub(super) async fn read(&self, calls: Vec<Call>) -> Result<Vec<Vec<Row>>> {
        let (reply, answer) = oneshot::channel();
        self.reads.send(ReadJob::Run(calls, reply)).map_err(|_| fault::closed())?;
        answer.await.map_err(|_| fault::closed())?
    }

    /// Runs a transaction on the writer thread; it is on disk when this returns.
    pub(super) async fn write<T, F>(&self, touched: Touched, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Tx<'a>) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        self.run(touched, work, Durability::Full).await
    }

    /// Runs a transaction on the writer thread; the next durable one takes it to disk with it.
    pub(super) async fn write_relaxed<T, F>(&self, touched: Touched, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Tx<'a>) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        self.run(touched, work, Durability::Relaxed).await
    }

    /// Returns once every transaction answered so far is on disk.
    pub(super) async fn settle(&self) -> Result<()> {
        self.log.sync().await
    }

    async fn run<T, F>(&self, touched: Touched, work: F, durability: Durability) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Tx<'a>) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = move |connection: Option<&Shared>| -> Answer {
            let done = connection.map(|connection| in_savepoint(connection, &touched, work));
            Box::new(move |committed: &Result<(), String>| {
                drop(touched);
                let done = match (done, committed) {
                    (Some(Err(fault)), _) => Err(fault),
                    (_, Err(detail)) => Err(Fault::new(Code::Unavailable, detail.clone())),
                    (Some(done), Ok(())) => done,
                    (None, Ok(())) => Err(fault::closed()),
                };
                // Nobody listens if the caller went away; the transaction stands all the same.
                drop(reply.send(done));
            })
        };
        self.writes.send(WriteJob::Run(Box::new(job), durability)).map_err(|_| fault::closed())?;
        answer.await.map_err(|_| fault::closed())?
    }

    /// Ends the threads once they did what was asked before.
    pub(super) async fn close(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        self.stop();
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().map(JoinHandle::join).filter(Result::is_err).count()
        });
        if !matches!(joined.await, Ok(0)) {
            tracing::error!("a thread of the metadata store ended badly");
        }
    }

    fn stop(&self) {
        // A closed channel means that the thread has ended already.
        drop(self.writes.send(WriteJob::Stop));
        for _ in 0..self.readers {
            drop(self.reads.send(ReadJob::Stop));
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|error| Fault::internal("a thread of the metadata store did not start", error))
}

/// Opens a connection: for writing if the file may be made, else for reading only.
fn connect(path: &Path, settings: &StoreSettings, create: OpenFlags) -> Result<Connection> {
    let mode = if create.is_empty() {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | create
    };
    let open = || -> rusqlite::Result<Connection> {
        let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(settings.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        if !create.is_empty() {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
        }
        connection.pragma_update(None, "cache_size", -8192)?;
        connection.pragma_update(None, "mmap_size", 64 << 20)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    };
    open().map_err(fault::sqlite)
}

/// Takes what is waiting, runs each in its own savepoint, commits once, and answers all.
fn write_loop(connection: Connection, jobs: &Receiver<WriteJob>) {
    let shared = Shared::new(connection);
    let mut stop = false;
    let mut level = Durability::Full;
    let mut left = None;
    while !stop {
        let Some(first) = left.take().or_else(|| jobs.recv().ok()) else { break };
        let group = match first {
            WriteJob::Run(_, durability) => durability,
            WriteJob::Stop => level,
        };
        // It cannot be changed inside of a transaction.
        let set = if group == level { Ok(()) } else { set_durability(&shared, group) };
        if set.is_ok() {
            level = group;
        }
        let mut next = Some(first);
        let mut answers: Vec<Answer> = Vec::new();
        let begun = set.and_then(|()| statement(&shared, "BEGIN IMMEDIATE"));
        while let Some(job) = next.take() {
            match job {
                // The disk is waited for in a group of its own.
                WriteJob::Run(_, Durability::Full) if group == Durability::Relaxed => {
                    left = Some(job);
                    break;
                }
                WriteJob::Stop => stop = true,
                WriteJob::Run(run, _) => {
                    // A full disk may have undone the whole group already.
                    let open = begun.is_ok() && !shared.lock().is_autocommit();
                    answers.push(run(open.then_some(&shared)));
                }
            }
            if !stop && answers.len() < GROUP_MAX {
                next = jobs.try_recv().ok();
            }
        }
        let ended = begun.and_then(|()| commit(&shared)).map_err(|fault| {
            tracing::error!(error = %fault, "a write to the metadata store failed");
            fault.detail().to_owned()
        });
        for answer in answers {
            answer(&ended);
        }
    }
}

fn set_durability(shared: &Shared, durability: Durability) -> Result<()> {
    let value = match durability {
        Durability::Full => "FULL",
        Durability::Relaxed => "NORMAL",
    };
    shared.lock().pragma_update(None, "synchronous", value).map_err(fault::sqlite)
}

fn commit(shared: &Shared) -> Result<()> {
    statement(shared, "COMMIT").inspect_err(|_| {
        if let Err(fault) = statement(shared, "ROLLBACK") {
            tracing::error!(error = %fault, "a failed write was not undone");
        }
    })
}

fn statement(shared: &Shared, text: &str) -> Result<()> {
    let connection = shared.lock();
    let mut statement = connection.prepare_cached(text).map_err(fault::sqlite)?;
    statement.execute(()).map(drop).map_err(fault::sqlite)
}

/// Runs one transaction of a group so that its failure undoes nothing but itself.
fn in_savepoint<T, F>(shared: &Shared, touched: &Touched, work: F) -> Result<T>
where
    F: for<'a> FnOnce(Tx<'a>) -> BoxFuture<'a, Result<T>>,
{
    statement(shared, "SAVEPOINT job")?;
    let run = std::panic::AssertUnwindSafe(|| {
        // On this thread every statement is done when it returns, so nothing is ever pending.
        work(Tx { engine: TxEngine::Sqlite(shared), touched }).now_or_never().unwrap_or_else(|| {
            Err(Fault::new(Code::Internal, "a transaction waited for something outside of it"))
        })
    });
    let done = std::panic::catch_unwind(run)
        .unwrap_or_else(|_| Err(Fault::new(Code::Internal, "a transaction panicked")));
    match done {
        Ok(value) => statement(shared, "RELEASE job").map(|()| value),
        Err(fault) => {
            statement(shared, "ROLLBACK TO job")?;
            statement(shared, "RELEASE job")?;
            Err(fault)
        }
    }
}

fn read_loop(connection: &Connection, jobs: &crossbeam_channel::Receiver<ReadJob>) {
    while let Ok(ReadJob::Run(calls, reply)) = jobs.recv() {
        // Nobody listens if the caller went away.
        drop(reply.send(read_all(connection, &calls)));
    }
}

fn read_all(connection: &Connection, calls: &[Call]) -> Result<Vec<Vec<Row>>> {
    if let [call] = calls {
        return Ok(vec![rows(connection, call)?]);
    }
    // Deferred: the snapshot is that of the first statement.
    let snapshot = connection.unchecked_transaction().map_err(fault::sqlite)?;
    let answers = calls.iter().map(|call| rows(&snapshot, call)).collect::<Result<_>>()?;
    snapshot.commit().map_err(fault::sqlite)?;
    Ok(answers)
}

/// Runs a statement and takes all its rows.
pub(super) fn rows(connection: &Connection, call: &Call) -> Result<Vec<Row>> {
    let read = || -> rusqlite::Result<Vec<Row>> {
        let mut statement = connection.prepare_cached(&call.text(Engine::Sqlite))?;
        let width = statement.column_count();
        let mut cursor = statement.query(params_from_iter(&call.params))?;
        let mut rows = Vec::new();
        while let Some(row) = cursor.next()? {
            let values: rusqlite::Result<Vec<Value>> =
                (0..width).map(|column| value(row.get_ref(column)?)).collect();
            rows.push(Row::new(values?));
        }
        Ok(rows)
    };
    read().map_err(fault::sqlite)
}

/// Runs a statement that gives no rows.
pub(super) fn execute(connection: &Connection, call: &Call) -> Result<u64> {
    let run = || -> rusqlite::Result<usize> {
        let mut statement = connection.prepare_cached(&call.text(Engine::Sqlite))?;
        statement.execute(params_from_iter(&call.params))
    };
    run().map(|count| count as u64).map_err(fault::sqlite)
}

fn value(found: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(_) => Value::Text(found.as_str()?.to_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
