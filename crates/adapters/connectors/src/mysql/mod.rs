//! MySQL, MariaDB and what speaks their protocol.

mod columns;
mod connect;
mod errors;
mod options;
mod run;
mod tables;
mod values;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_bi::ended::{TIME_LIMIT, cancelled, too_long};
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect};

use self::connect::{Pool, Pooled};
use self::options::Options;
use self::run::Run;
use crate::ConnectorSettings;

/// How much later than the server we see ourselves that a run takes too long: a text can take the
/// server's limit away, and the server may be out of reach.
const BACKSTOP: Duration = Duration::from_secs(2);

/// Longest time to read the tables.
const TABLES: Duration = Duration::from_secs(120);

/// The types of data sources that speak this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    MySql,
    /// With fewer options.
    Rds,
    /// SingleStore: without settings for a session.
    MemSql,
}

impl Family {
    pub(crate) const ALL: [Self; 3] = [Self::MySql, Self::Rds, Self::MemSql];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::Rds => "rds_mysql",
            Self::MemSql => "memsql",
        }
    }

    pub(crate) fn source_type(self) -> SourceType {
        SourceType {
            name: self.name(),
            title: match self {
                Self::MySql => "MySQL",
                Self::Rds => "MySQL (Amazon RDS)",
                Self::MemSql => "MemSQL",
            },
            schema: options::schema(self),
            dialect: Dialect::MySql,
            syntax: "sql",
            auto_limit: true,
            remarks: self != Self::MemSql,
            row_policy: false,
        }
    }
}

pub(crate) struct MySql {
    pool: Pool,
    database: Option<String>,
    batch_rows: usize,
}

impl MySql {
    pub(crate) fn new(
        family: Family,
        options: &Json,
        settings: Arc<ConnectorSettings>,
    ) -> Result<Self> {
        let options = Options::read(options, family)?;
        settings.check_literal(&options.host)?;
        let (batch_rows, database) = (settings.batch_rows, options.database.clone());
        Ok(Self { pool: Pool::new(options, family, settings), database, batch_rows })
    }

    /// Gives a connection back, or, if the server may still be at work for it, stops that.
    async fn settle(&self, pooled: Pooled, ran: &Result<()>) {
        match ran {
            Ok(()) => self.pool.give_back(pooled).await,
            // The server ended the statement itself.
            Err(fault) if fault.code() == Code::SourceFailed => self.pool.give_back(pooled).await,
            Err(_) => self.pool.stop(pooled).await,
        }
    }
}

#[async_trait]
impl Connector for MySql {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let limit = Duration::from_secs(time_limit_seconds);
        let mut pooled = tokio::select! {
            pooled = self.pool.take(limit) => pooled?,
            () = cancel.cancelled() => return Err(cancelled()),
        };
        let ran = {
            let mut run = Run::new(&mut pooled.conn, limit, self.batch_rows);
            // On the heap: the driver's state is large.
            let all = Box::pin(run.all(statement, sink));
            tokio::select! {
                ran = all => ran,
                () = cancel.cancelled() => Err(cancelled()),
                () = tokio::time::sleep(limit.saturating_add(BACKSTOP)) => {
                    Err(too_long(time_limit_seconds, TIME_LIMIT))
                }
            }
        };
        // Where the rows go, the disk may have to be waited for: meanwhile the connection is tidied.
        let end = async { if ran.is_ok() { sink.end().await } else { Ok(()) } };
        let ((), ended) = futures::join!(self.settle(pooled, &ran), end);
        ran.and(ended)
    }

    async fn test(&self) -> Result<()> {
        // The server was asked for something when it was taken.
        let pooled = self.pool.take(TABLES).await?;
        self.pool.give_back(pooled).await;
        Ok(())
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let mut pooled = self.pool.take(TABLES).await?;
        let reading = tables::read(&mut pooled.conn, self.database.as_deref());
        let read = tokio::time::timeout(TABLES, reading).await;
        if let Ok(tables) = read {
            self.pool.give_back(pooled).await;
            return tables;
        }
        self.pool.stop(pooled).await;
        let seconds = TABLES.as_secs();
        Err(Fault::new(Code::TimedOut, format!("reading the tables took longer than {seconds} s")))
    }
}
