//! PostgreSQL.

mod binds;
mod columns;
mod connect;
mod decode;
mod errors;
mod tables;
mod tls;
mod values;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use serde_json::{Value as Json, json};
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect, StatementClass, classify};
use tokio_postgres::{Client, Statement};

use self::binds::Text;
use self::columns::Columns;
use self::connect::{Options, Pool, Pooled};
use self::errors::failed;
use crate::ConnectorSettings;

pub(crate) const NAME: &str = "pg";

pub(crate) fn source_type() -> SourceType {
    let modes = [
        ("disable", "Disable"),
        ("allow", "Allow"),
        ("prefer", "Prefer"),
        ("require", "Require"),
        ("verify-ca", "Verify CA"),
        ("verify-full", "Verify Full"),
    ];
    let modes: Vec<Json> =
        modes.iter().map(|(value, name)| json!({ "value": value, "name": name })).collect();
    SourceType {
        name: NAME,
        title: "PostgreSQL",
        schema: json!({
            "type": "object",
            "properties": {
                "user": { "type": "string" },
                "password": { "type": "string" },
                "host": { "type": "string", "default": "127.0.0.1" },
                "port": { "type": "number", "default": 5432 },
                "dbname": { "type": "string", "title": "Database Name" },
                "sslmode": {
                    "type": "string", "title": "SSL Mode", "default": "prefer",
                    "extendedEnum": modes,
                },
                "sslrootcertFile": { "type": "string", "title": "SSL Root Certificate" },
            },
            "order": ["host", "port", "user", "password"],
            "required": ["dbname"],
            "secret": ["password", "sslrootcertFile"],
            "extra_options": ["sslmode", "sslrootcertFile"],
        }),
        dialect: Dialect::Postgres,
        syntax: "sql",
        auto_limit: true,
    }
}

pub(crate) struct Postgres {
    pool: Pool,
    batch_rows: usize,
}

impl Postgres {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let options = Options::read(options)?;
        settings.check_literal(&options.host)?;
        let batch_rows = settings.batch_rows;
        Ok(Self { pool: Pool::new(options, settings)?, batch_rows })
    }

    async fn execute(
        &self,
        client: &Client,
        statements: &[Bound],
        limit: Duration,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let timeout = format!("SET statement_timeout = {}", limit.as_millis());
        client.batch_execute(&timeout).await.map_err(|error| failed(&error, "", 0))?;
        let Some((last, before)) = statements.split_last() else {
            return Err(Fault::new(Code::SourceFailed, "can't execute an empty query"));
        };
        for bound in before {
            let prepared = prepare(client, bound).await?;
            let binds = bound.binds.iter().map(Text);
            client
                .execute_raw(&prepared, binds)
                .await
                .map_err(|error| failed(&error, &bound.sql, limit.as_secs()))?;
        }
        self.read(client, last, limit, sink).await
    }

    async fn read(
        &self,
        client: &Client,
        bound: &Bound,
        limit: Duration,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let prepared = prepare(client, bound).await?;
        let (prepared, names) = match Columns::unreadable(&prepared) {
            None => {
                let names = names(&prepared);
                (prepared, names)
            }
            Some(_) => as_text(client, bound, &prepared).await?,
        };
        if prepared.columns().is_empty() {
            // It may change something; then that is done, and there is nothing to show.
            let binds = bound.binds.iter().map(Text);
            client
                .execute_raw(&prepared, binds)
                .await
                .map_err(|error| failed(&error, &bound.sql, limit.as_secs()))?;
            return Err(Fault::new(Code::SourceFailed, "Query completed but it returned no data."));
        }
        let mut columns = Columns::new(&prepared, &names)?;
        let binds = bound.binds.iter().map(Text);
        let fail = |error: tokio_postgres::Error| failed(&error, &bound.sql, limit.as_secs());
        let rows = client.query_raw(&prepared, binds).await.map_err(fail)?;
        let mut rows = std::pin::pin!(rows);
        let mut begun = false;
        loop {
            let row = rows.try_next().await.map_err(fail)?;
            if !begun {
                // Only now is it sure that the statement runs at all.
                sink.begin(columns.schema()).await?;
                begun = true;
            }
            match row {
                Some(row) => columns.push(&row)?,
                None => break,
            }
            if columns.rows() >= self.batch_rows {
                sink.batch(columns.take()?).await?;
            }
        }
        if columns.rows() > 0 {
            sink.batch(columns.take()?).await?;
        }
        Ok(())
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
        let statements = statement.statements(Dialect::Postgres);
        let limit = Duration::from_secs(time_limit_seconds);
        let pooled = tokio::select! {
            pooled = self.pool.take() => pooled?,
            () = cancel.cancelled() => return Err(cancelled()),
        };
        let ran = {
            let running = self.execute(pooled.client(), &statements, limit, sink);
            tokio::select! {
                ran = running => Some(ran),
                () = cancel.cancelled() => None,
            }
        };
        match ran {
            Some(Ok(())) => {
                self.pool.give_back(pooled).await;
                Ok(())
            }
            Some(Err(fault)) => {
                // Rows may still be on their way: the connection is not used again.
                stop(pooled).await;
                Err(fault)
            }
            None => {
                stop(pooled).await;
                Err(cancelled())
            }
        }
    }

    async fn test(&self) -> Result<()> {
        let pooled = self.pool.take().await?;
        pooled.client().batch_execute("SELECT 1").await.map_err(|error| failed(&error, "", 0))?;
        self.pool.give_back(pooled).await;
        Ok(())
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let pooled = self.pool.take().await?;
        let tables = tables::read(pooled.client()).await?;
        self.pool.give_back(pooled).await;
        Ok(tables)
    }
}

/// Tells the server to stop whatever the connection is doing, and drops it.
async fn stop(pooled: Pooled) {
    if let Err(error) = pooled.cancel().await {
        tracing::warn!(%error, "a statement could not be cancelled; its connection is closed");
    }
}

/// Prepares a statement; the server tells the types of its values. Where it cannot, because a
/// function takes any type, the value is a text.
async fn prepare(client: &Client, bound: &Bound) -> Result<Statement> {
    let mut types = Vec::new();
    loop {
        let error = match client.prepare_typed(&bound.sql, &types).await {
            Ok(prepared) => return Ok(prepared),
            Err(error) => error,
        };
        match errors::undetermined(&error) {
            Some(number) if number <= bound.binds.len() => {
                if types.len() < number {
                    types.resize(number, tokio_postgres::types::Type::UNKNOWN);
                }
                if types[number - 1] == tokio_postgres::types::Type::TEXT {
                    return Err(failed(&error, &bound.sql, 0));
                }
                types[number - 1] = tokio_postgres::types::Type::TEXT;
            }
            _ => return Err(failed(&error, &bound.sql, 0)),
        }
    }
}

fn names(prepared: &Statement) -> Vec<(String, String)> {
    prepared
        .columns()
        .iter()
        .map(|column| (column.name().to_owned(), column.type_().name().to_owned()))
        .collect()
}

/// The same statement with the columns of types that only the server can read turned into text by
/// the server. Returns names and types of the columns as they were.
async fn as_text(
    client: &Client,
    bound: &Bound,
    prepared: &Statement,
) -> Result<(Statement, Vec<(String, String)>)> {
    let known = names(prepared);
    let refuse = || {
        let (name, kind) = &known[Columns::unreadable(prepared).unwrap_or(0)];
        Fault::new(
            Code::Unsupported,
            format!(
                "the column {name:?} has the type {kind}, which cannot be read; cast it to text"
            ),
        )
    };
    if classify(&bound.sql, Dialect::Postgres) != StatementClass::Read {
        return Err(refuse());
    }
    let list: Vec<String> = prepared
        .columns()
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let cast = if Columns::reads(column.type_()) { "" } else { "::text" };
            format!("c{place}{cast}")
        })
        .collect();
    let aliases: Vec<String> = (0..list.len()).map(|place| format!("c{place}")).collect();
    let wrapped = Bound {
        sql: format!(
            "SELECT {} FROM (\n{}\n) AS t({})",
            list.join(", "),
            bound.sql,
            aliases.join(", ")
        ),
        ..bound.clone()
    };
    let prepared = prepare(client, &wrapped).await.map_err(|_| refuse())?;
    Ok((prepared, known))
}

fn cancelled() -> Fault {
    Fault::new(Code::Cancelled, "the query was cancelled")
}
