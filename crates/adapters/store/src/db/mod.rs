//! The one seam between the statements and the two engines.
//!
//! [`Db`] reads and writes; [`Tx`] is one write transaction. Closures of [`Db::write`] are async and
//! written once: PostgreSQL runs them here, SQLite on its writer thread, where nothing ever waits.

mod fault;
mod log;
mod migrate;
mod postgres;
mod recent;
mod row;
mod sqlite;
mod statement;
mod tables;
mod tls;
mod value;

use std::sync::Arc;

use futures::future::BoxFuture;
use tessera_kernel::{Code, Fault, Result};

pub(crate) use row::Row;
pub(crate) use statement::{Call, Statement, call, call_each, sql};
pub(crate) use value::{Value, id_list, text_list};

pub use statement::Engine;

use crate::StoreSettings;
use recent::{Recent, Touched};

/// The two engines.
#[derive(Debug)]
enum Driver {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// An engine that is open and migrated.
#[derive(Debug)]
pub(crate) struct Db {
    driver: Driver,
    recent: Arc<Recent>,
}

impl Db {
    /// Connects and migrates. Gives the version of the schema as well.
    pub(crate) async fn open(settings: &StoreSettings) -> Result<(Self, i64)> {
        let url = settings.url.as_str();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let (db, version) = postgres::Postgres::open(settings).await?;
            return Ok((Self::over(Driver::Postgres(db)), version));
        }
        let path = url.strip_prefix("sqlite://").unwrap_or(url);
        if path.is_empty() || path.contains("://") {
            return Err(Fault::invalid(
                "metadata",
                "give a path, sqlite:///path or postgres://user@host/database",
            ));
        }
        let (db, version) = sqlite::Sqlite::open(path.into(), settings).await?;
        Ok((Self::over(Driver::Sqlite(db)), version))
    }

    fn over(driver: Driver) -> Self {
        Self { driver, recent: Arc::new(Recent::new()) }
    }

    pub(crate) fn engine(&self) -> Engine {
        match self.driver {
            Driver::Sqlite(_) => Engine::Sqlite,
            Driver::Postgres(_) => Engine::Postgres,
        }
    }

    /// Reads with several statements that see the same moment, in one round trip.
    pub(crate) async fn batch<const N: usize>(&self, calls: [Call; N]) -> Result<[Vec<Row>; N]> {
        all(self.read(calls.into()).await?)
    }

    /// As [`batch`](Self::batch), for what is asked again and again: what was made of the rows is
    /// remembered until this process writes to a table that they are from, and for a second at the
    /// most.
    pub(crate) async fn recent<T, const N: usize>(
        &self,
        calls: [Call; N],
        make: impl FnOnce([Vec<Row>; N]) -> Result<T>,
    ) -> Result<T>
    where
        T: Clone + Send + Sync + 'static,
    {
        if let Some(made) = self.recent.get(&calls) {
            return Ok(made);
        }
        let writes = self.recent.writes(&calls);
        let answers = self.read(calls.to_vec()).await?;
        let bytes = answers.iter().flatten().map(Row::bytes).sum();
        let made = make(all(answers)?)?;
        self.recent.keep(&calls, writes, bytes, &made);
        Ok(made)
    }

    /// As [`recent`](Self::recent), for at most one row.
    pub(crate) async fn row_recent<T>(
        &self,
        call: Call,
        make: impl FnOnce(&mut Row) -> Result<T>,
    ) -> Result<Option<T>>
    where
        T: Clone + Send + Sync + 'static,
    {
        self.recent([call], |[rows]| rows.into_iter().next().as_mut().map(make).transpose()).await
    }

    async fn read(&self, calls: Vec<Call>) -> Result<Vec<Vec<Row>>> {
        match &self.driver {
            Driver::Sqlite(db) => db.read(calls).await,
            Driver::Postgres(db) => db.read(calls).await,
        }
    }

    /// Reads rows.
    pub(crate) async fn rows(&self, call: Call) -> Result<Vec<Row>> {
        let [rows] = self.batch([call]).await?;
        Ok(rows)
    }

    /// Reads at most one row.
    pub(crate) async fn row(&self, call: Call) -> Result<Option<Row>> {
        Ok(self.rows(call).await?.into_iter().next())
    }

    /// Writes with one statement that gives rows back.
    pub(crate) async fn write_rows(&self, call: Call) -> Result<Vec<Row>> {
        match &self.driver {
            Driver::Sqlite(_) => {
                self.write(move |tx| Box::pin(async move { tx.rows(call).await })).await
            }
            Driver::Postgres(db) => {
                let touched = self.touched();
                touched.note(&call);
                db.rows(&call).await
            }
        }
    }

    /// As [`write_rows`](Self::write_rows), for what may be forgotten when the machine loses power,
    /// because it is found out again: which node has a job. Nobody waits for the disk.
    pub(crate) async fn write_rows_relaxed(&self, call: Call) -> Result<Vec<Row>> {
        match &self.driver {
            Driver::Sqlite(_) => {
                self.write_relaxed(move |tx| Box::pin(async move { tx.rows(call).await })).await
            }
            Driver::Postgres(_) => self.write_rows(call).await,
        }
    }

    /// Writes with one statement. Gives the number of rows concerned.
    pub(crate) async fn execute(&self, call: Call) -> Result<u64> {
        match &self.driver {
            Driver::Sqlite(_) => {
                self.write(move |tx| Box::pin(async move { tx.execute(call).await })).await
            }
            Driver::Postgres(db) => {
                let touched = self.touched();
                touched.note(&call);
                db.execute(&call).await
            }
        }
    }

    /// As [`execute`](Self::execute), without waiting for the disk: for what is of use only beside
    /// something that is written later and waits.
    pub(crate) async fn execute_relaxed(&self, call: Call) -> Result<u64> {
        match &self.driver {
            Driver::Sqlite(_) => {
                self.write_relaxed(move |tx| Box::pin(async move { tx.execute(call).await })).await
            }
            Driver::Postgres(_) => self.execute(call).await,
        }
    }

    /// Writes with several statements, all or none. A fault undoes all of them.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Tx<'a>) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        match &self.driver {
            Driver::Sqlite(db) => db.write(self.touched(), work).await,
            Driver::Postgres(db) => db.write(self.touched(), work).await,
        }
    }

    /// As [`write`](Self::write), but on disk only after [`settle`](Self::settle) or a later write.
    pub(crate) async fn write_relaxed<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Tx<'a>) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        match &self.driver {
            Driver::Sqlite(db) => db.write_relaxed(self.touched(), work).await,
            Driver::Postgres(db) => db.write(self.touched(), work).await,
        }
    }

    fn touched(&self) -> Touched {
        Touched::nothing_yet(&self.recent)
    }

    /// Returns once what was written so far is on disk. PostgreSQL's writes always are.
    pub(crate) async fn settle(&self) -> Result<()> {
        match &self.driver {
            Driver::Sqlite(db) => db.settle().await,
            Driver::Postgres(_) => Ok(()),
        }
    }

    /// Lets running work end, and ends.
    pub(crate) async fn close(&self) {
        match &self.driver {
            Driver::Sqlite(db) => db.close().await,
            Driver::Postgres(db) => db.close(),
        }
    }
}

fn all<const N: usize>(answers: Vec<Vec<Row>>) -> Result<[Vec<Row>; N]> {
    answers.try_into().map_err(|_| Fault::new(Code::Internal, "an answer of a read is missing"))
}

/// A write transaction.
#[derive(Clone, Copy)]
pub(crate) struct Tx<'a> {
    engine: TxEngine<'a>,
    touched: &'a Touched,
}

#[derive(Clone, Copy)]
enum TxEngine<'a> {
    Sqlite(&'a sqlite::Shared),
    Postgres(&'a deadpool_postgres::Transaction<'a>),
}

impl Tx<'_> {
    pub(crate) async fn rows(self, call: Call) -> Result<Vec<Row>> {
        self.touched.note(&call);
        match self.engine {
            TxEngine::Sqlite(connection) => sqlite::rows(&connection.lock(), &call),
            TxEngine::Postgres(transaction) => postgres::transaction_rows(transaction, &call).await,
        }
    }

    pub(crate) async fn row(self, call: Call) -> Result<Option<Row>> {
        Ok(self.rows(call).await?.into_iter().next())
    }

    /// Runs a statement that gives exactly one row, such as `INSERT … RETURNING id`.
    pub(crate) async fn one(self, call: Call) -> Result<Row> {
        let row = self.row(call).await?;
        row.ok_or_else(|| Fault::new(Code::Internal, "a statement gave no row back"))
    }

    pub(crate) async fn execute(self, call: Call) -> Result<u64> {
        self.touched.note(&call);
        match self.engine {
            TxEngine::Sqlite(connection) => sqlite::execute(&connection.lock(), &call),
            TxEngine::Postgres(transaction) => {
                postgres::transaction_execute(transaction, &call).await
            }
        }
    }

    /// Runs a statement that must concern a record; `what` names it if it does not exist.
    pub(crate) async fn change(self, what: &str, call: Call) -> Result<()> {
        if self.execute(call).await? == 0 { Err(Fault::not_found(what)) } else { Ok(()) }
    }
}
