//! PostgreSQL and what speaks its protocol.

mod binds;
mod columns;
mod connect;
mod decode;
mod dsn;
mod errors;
mod family;
mod iam;
mod network;
mod options;
mod run;
mod tables;
mod tls;
mod values;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_bi::Table;
use tessera_bi::ended::{TIME_LIMIT, cancelled, too_long};
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bound;

use self::connect::{Pool, Pooled};
pub(crate) use self::family::Family;
use self::iam::Iam;
use self::options::Options;
use self::run::Run;
use crate::ConnectorSettings;

/// How much later than the server we see ourselves that a run takes too long: a text can take the
/// server's limit away, and the server may be out of reach.
const BACKSTOP: Duration = Duration::from_secs(2);

/// Longest time to read the tables.
const TABLES: Duration = Duration::from_secs(120);

pub(crate) struct Postgres {
    pool: Pool,
    family: Family,
    batch_rows: usize,
}

impl Postgres {
    pub(crate) fn new(
        family: Family,
        options: &Json,
        settings: Arc<ConnectorSettings>,
    ) -> Result<Self> {
        let given = options;
        let options = Options::read(given, family)?;
        settings.check_literal(&options.host)?;
        let batch_rows = settings.batch_rows;
        let iam = match family {
            Family::RedshiftIam => Some(Iam::read(given, Arc::clone(&settings))?),
            _ => None,
        };
        Ok(Self { pool: Pool::new(options, iam, settings)?, family, batch_rows })
    }

    /// Gives a connection back, or, if the server may still be at work for it, stops that.
    async fn settle(&self, pooled: Pooled, ran: &Result<()>) {
        match ran {
            Ok(()) => self.pool.give_back(pooled).await,
            // The server ended the statement itself.
            Err(fault) if fault.code() == Code::SourceFailed => self.pool.give_back(pooled).await,
            Err(_) => pooled.stop().await,
        }
    }
}

#[async_trait]
impl Connector for Postgres {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let limit = Duration::from_secs(time_limit_seconds);
        let pooled = tokio::select! {
            pooled = self.pool.take(limit) => pooled?,
            () = cancel.cancelled() => return Err(cancelled()),
        };
        let ran = {
            let run = Run::new(pooled.client(), limit, self.batch_rows);
            tokio::select! {
                ran = run.all(statement, sink) => ran,
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
        let pooled = self.pool.take(TABLES).await?;
        let read = tokio::time::timeout(TABLES, tables::read(pooled.client(), self.family)).await;
        if let Ok(tables) = read {
            self.pool.give_back(pooled).await;
            return tables;
        }
        pooled.stop().await;
        let seconds = TABLES.as_secs();
        Err(Fault::new(Code::TimedOut, format!("reading the tables took longer than {seconds} s")))
    }
}
