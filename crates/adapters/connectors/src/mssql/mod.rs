//! SQL Server.

mod columns;
mod options;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use serde_json::Value as Json;
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bind, Bound, Dialect};
use tiberius::error::Error;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, Query, QueryItem, QueryStream};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use self::options::Options;
use self::wire::Wire;
use crate::ConnectorSettings;
use crate::batch::Columns;
use crate::http::{HttpTls, client_config};

pub(crate) const NAME: &str = "mssql";

/// Longest time to read the tables.
const TABLES: Duration = Duration::from_secs(120);

pub(crate) fn source_type() -> SourceType {
    SourceType {
        name: NAME,
        title: "Microsoft SQL Server",
        schema: options::schema(),
        dialect: Dialect::SqlServer,
        syntax: "sql",
        auto_limit: true,
        remarks: false,
        row_policy: false,
    }
}

type Connection = Client<Compat<Wire>>;

pub(crate) struct SqlServer {
    options: Options,
    tls: Arc<rustls::ClientConfig>,
    settings: Arc<ConnectorSettings>,
}

impl SqlServer {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let options = Options::read(options)?;
        settings.check_literal(&options.host)?;
        let tls = HttpTls { any_certificate: !options.verify, ..HttpTls::default() };
        let mut tls = client_config(&tls)?;
        // A resumed session would end its handshake with our words, and what follows them in the
        // clear of packets may come to the server together with these.
        tls.resumption = rustls::client::Resumption::disabled();
        Ok(Self { options, tls: Arc::new(tls), settings })
    }

    /// A connection of its own for each run: what it does ends when it is closed.
    async fn connect(&self) -> Result<Connection> {
        let seconds = self.settings.connect_timeout_seconds;
        let opened = tokio::time::timeout(Duration::from_secs(seconds), self.open());
        opened.await.unwrap_or_else(|_| {
            let detail = format!("no connection within {seconds} s (sources.connect_seconds)");
            Err(Fault::new(Code::SourceFailed, detail))
        })
    }

    async fn open(&self) -> Result<Connection> {
        let options = &self.options;
        let addresses = self.settings.resolve(&options.host, options.port).await?;
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|error| {
            let detail = format!("{}:{} cannot be reached: {error}", options.host, options.port);
            Fault::new(Code::SourceFailed, detail)
        })?;
        stream
            .set_nodelay(true)
            .map_err(|error| Fault::new(Code::SourceFailed, error.to_string()))?;
        let tls = Some(Arc::clone(&self.tls));
        let wire = wire::open(stream, &options.host, tls, options.must_encrypt).await?;
        let mut config = Config::new();
        config.host(&options.host);
        config.port(options.port);
        config.database(&options.database);
        config.application_name("tessera");
        config.encryption(EncryptionLevel::NotSupported);
        config.authentication(AuthMethod::sql_server(&options.user, options.password.expose()));
        Client::connect(config, wire.compat_write()).await.map_err(|error| failed(&error))
    }

    async fn all(&self, statement: &Bound, sink: &mut dyn BatchSink) -> Result<()> {
        if statement.statements(Dialect::SqlServer).is_empty() {
            return Err(Fault::new(Code::SourceFailed, "the query is empty"));
        }
        let mut connection = self.connect().await?;
        // Variables live as long as a batch: the text goes whole.
        let mut rows = if statement.binds.is_empty() {
            connection.simple_query(&statement.sql).await
        } else {
            let mut query = Query::new(&statement.sql);
            for bind in &statement.binds {
                match bind {
                    Bind::Integer(number) => query.bind(*number),
                    Bind::Decimal(text) | Bind::Text(text) | Bind::Untyped(text) => {
                        query.bind(text.clone());
                    }
                    Bind::Date(date) => query.bind(date.to_string()),
                    Bind::Datetime(time) => {
                        query.bind(time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string());
                    }
                }
            }
            query.query(&mut connection).await
        }
        .map_err(|error| failed(&error))?;
        self.read(&mut rows, sink).await
    }

    /// The last result that has columns counts.
    async fn read(&self, rows: &mut QueryStream<'_>, sink: &mut dyn BatchSink) -> Result<()> {
        let mut columns: Option<Columns> = None;
        while let Some(item) = rows.try_next().await.map_err(|error| failed(&error))? {
            match item {
                QueryItem::Metadata(found) => {
                    let made = columns::columns(found.columns());
                    sink.begin(made.schema()).await?;
                    columns = Some(made);
                }
                QueryItem::Row(row) => {
                    let Some(columns) = columns.as_mut() else { continue };
                    columns::push(columns, row)?;
                    if columns.is_full(self.settings.batch_rows) {
                        sink.batch(columns.take()?).await?;
                    }
                }
            }
        }
        let Some(mut columns) = columns else {
            let detail = "Query completed but it returned no data.";
            return Err(Fault::new(Code::SourceFailed, detail));
        };
        if columns.rows() > 0 {
            sink.batch(columns.take()?).await?;
        }
        Ok(())
    }
}

/// A fault with the server's words.
fn failed(error: &Error) -> Fault {
    let detail = match error {
        Error::Server(said) => said.message().to_owned(),
        other => other.to_string(),
    };
    Fault::new(Code::SourceFailed, detail)
}

#[async_trait]
impl Connector for SqlServer {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        // Dropped, it closes the connection, and the server ends what it does for that.
        in_time(time_limit_seconds, &cancel, self.all(statement, sink)).await
    }

    async fn test(&self) -> Result<()> {
        let mut connection = self.connect().await?;
        let asked = connection.simple_query("SELECT 1").await.map_err(|error| failed(&error))?;
        asked.into_results().await.map(|_| ()).map_err(|error| failed(&error))
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let sql = "SELECT table_schema, table_name, column_name, data_type \
                   FROM INFORMATION_SCHEMA.COLUMNS \
                   WHERE table_schema NOT IN ('guest', 'INFORMATION_SCHEMA', 'sys') \
                   ORDER BY table_schema, table_name, ordinal_position";
        let read = async {
            let mut connection = self.connect().await?;
            let asked = connection.simple_query(sql).await.map_err(|error| failed(&error))?;
            asked.into_first_result().await.map_err(|error| failed(&error))
        };
        let rows = tokio::time::timeout(TABLES, Box::pin(read)).await.map_err(|_| {
            let seconds = TABLES.as_secs();
            let detail = format!("reading the tables took longer than {seconds} s");
            Fault::new(Code::TimedOut, detail)
        })??;
        let mut tables: Vec<Table> = Vec::new();
        for row in rows {
            let text = |place: usize| row.try_get::<&str, _>(place).ok().flatten().unwrap_or("");
            let name = format!("{}.{}", text(0), text(1));
            let column = TableColumn { name: text(2).to_owned(), kind: text(3).to_owned() };
            Table::add_column(&mut tables, name, column);
        }
        Ok(tables)
    }
}
