//! PostgreSQL: a pool of connections with prepared statements; reads of several statements travel
//! together.

use bytes::BytesMut;
use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Transaction,
};
use futures::future::{BoxFuture, try_join_all};
use tessera_kernel::{Code, Fault, Result};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

use super::statement::{Call, Engine};
use super::value::Value;
use super::{Row, Touched, Tx, TxEngine, fault, migrate, tls};
use crate::StoreSettings;

type BoxError = Box<dyn std::error::Error + Sync + Send>;

/// A pool of connections to a server.
pub(crate) struct Postgres {
    pool: Pool,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the pool: its configuration has the password.
        f.write_str("Postgres(…)")
    }
}

impl Postgres {
    /// Connects and migrates.
    pub(super) async fn open(settings: &StoreSettings) -> Result<(Self, i64)> {
        let (mut config, connector) = tls::read(&settings.url)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(settings.connect_timeout);
        }
        if config.get_application_name().is_none() {
            config.application_name("tessera");
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match connector {
            Some(tls) => Manager::from_config(config, tls, recycling),
            None => Manager::from_config(config, tokio_postgres::NoTls, recycling),
        };
        let pool = Pool::builder(manager)
            .max_size(settings.postgres_connections.max(1))
            .wait_timeout(Some(settings.busy_timeout))
            .create_timeout(Some(settings.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Fault::internal("the pool of the metadata store", error))?;
        let mut client = pool.get().await.map_err(fault::pool)?;
        let version = migrate::postgres(&mut client).await?;
        drop(client);
        Ok((Self { pool }, version))
    }

    async fn client(&self) -> Result<Object> {
        self.pool.get().await.map_err(fault::pool)
    }

    /// Runs statements in one snapshot. All are sent at once and answered in order.
    pub(super) async fn read(&self, calls: Vec<Call>) -> Result<Vec<Vec<Row>>> {
        let client = self.client().await?;
        if let [call] = calls.as_slice() {
            return Ok(vec![client_rows(&client, call).await?]);
        }
        let mut prepared = Vec::with_capacity(calls.len());
        for call in &calls {
            let statement = client.prepare_cached(&call.text(Engine::Postgres)).await;
            prepared.push(statement.map_err(fault::postgres)?);
        }
        let queries = calls.iter().zip(&prepared).map(|(call, statement)| async {
            client
                .query(statement, &params(call))
                .await
                .map_err(fault::postgres)?
                .iter()
                .map(row)
                .collect()
        });
        // The futures are polled first in this order, and each sends what it has to when polled. If
        // one fails, COMMIT undoes; there was nothing to undo.
        let (begun, answers, ended) = futures::join!(
            client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            try_join_all(queries),
            client.batch_execute("COMMIT"),
        );
        begun.map_err(fault::postgres)?;
        let answers = answers?;
        ended.map_err(fault::postgres)?;
        Ok(answers)
    }

    /// Runs one statement in a transaction of its own.
    pub(super) async fn rows(&self, call: &Call) -> Result<Vec<Row>> {
        client_rows(&self.client().await?, call).await
    }

    /// Runs one statement in a transaction of its own.
    pub(super) async fn execute(&self, call: &Call) -> Result<u64> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&call.text(Engine::Postgres)).await;
        let statement = statement.map_err(fault::postgres)?;
        client.execute(&statement, &params(call)).await.map_err(fault::postgres)
    }

    /// Runs a transaction. Dropped before its end, it is undone.
    pub(super) async fn write<T, F>(&self, touched: Touched, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(Tx<'a>) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(fault::postgres)?;
        let tx = Tx { engine: TxEngine::Postgres(&transaction), touched: &touched };
        match work(tx).await {
            Ok(value) => {
                transaction.commit().await.map_err(fault::postgres)?;
                Ok(value)
            }
            Err(fault) => {
                transaction.rollback().await.map_err(fault::postgres)?;
                Err(fault)
            }
        }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

async fn client_rows(client: &Object, call: &Call) -> Result<Vec<Row>> {
    let statement = client.prepare_cached(&call.text(Engine::Postgres)).await;
    let statement = statement.map_err(fault::postgres)?;
    let found = client.query(&statement, &params(call)).await.map_err(fault::postgres)?;
    found.iter().map(row).collect()
}

/// Runs a statement in a transaction and takes all its rows.
pub(super) async fn transaction_rows(
    transaction: &Transaction<'_>,
    call: &Call,
) -> Result<Vec<Row>> {
    let statement = transaction.prepare_cached(&call.text(Engine::Postgres)).await;
    let statement = statement.map_err(fault::postgres)?;
    let found = transaction.query(&statement, &params(call)).await.map_err(fault::postgres)?;
    found.iter().map(row).collect()
}

/// Runs a statement in a transaction that gives no rows.
pub(super) async fn transaction_execute(transaction: &Transaction<'_>, call: &Call) -> Result<u64> {
    let statement = transaction.prepare_cached(&call.text(Engine::Postgres)).await;
    let statement = statement.map_err(fault::postgres)?;
    transaction.execute(&statement, &params(call)).await.map_err(fault::postgres)
}

fn params(call: &Call) -> Vec<&(dyn ToSql + Sync)> {
    call.params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn row(found: &tokio_postgres::Row) -> Result<Row> {
    let values: std::result::Result<Vec<Value>, _> =
        (0..found.len()).map(|column| found.try_get(column)).collect();
    values.map(Row::new).map_err(fault::postgres)
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, BoxError> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Self::Real(number), &Type::FLOAT8) => number.to_sql(kind, out),
            (Self::Text(text), &Type::TEXT) => text.to_sql(kind, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (value, kind) => Err(format!("{} was bound as {kind}", value.kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> std::result::Result<Self, BoxError> {
        Ok(match *kind {
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Int(i64::from(i32::from_sql(kind, raw)?)),
            Type::BOOL => Self::Int(i64::from(bool::from_sql(kind, raw)?)),
            Type::FLOAT8 => Self::Real(f64::from_sql(kind, raw)?),
            Type::TEXT => Self::Text(String::from_sql(kind, raw)?),
            Type::BYTEA => Self::Blob(Vec::from_sql(kind, raw)?),
            _ => return Err(format!("a column of type {kind} is not read").into()),
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, BoxError> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A fault for a statement of a migration.
pub(super) fn migration_fault(error: tokio_postgres::Error) -> Fault {
    Fault::new(Code::Internal, "the schema of the metadata server could not be brought up to date")
        .with_source(error)
}
