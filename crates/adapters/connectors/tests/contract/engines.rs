//! The engines under test, and what a test does with them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use tessera_bi::Source;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector, Connectors};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_formats::{Options, cell};
use tessera_kernel::ids::{SourceId, Uid};
use tessera_kernel::{COLUMN_KIND, Code, Result};
use tessera_sqltext::{Bound, Context, Dialect, Parameter, Template, parse_parameters};
use tessera_testkit::mariadb::MariaDb;
use tessera_testkit::postgres::Postgres;
use tokio::sync::Notify;

/// A database under test.
pub struct Engine {
    pub name: &'static str,
    pub dialect: Dialect,
    pub connectors: AllConnectors,
    pub options: Json,
    pub _folder: tempfile::TempDir,
}

/// PostgreSQL with a database of its own.
pub fn postgres(setup: &str) -> Engine {
    let server = Postgres::shared();
    let database = server.create_database("connectors").expect("a database");
    server.sql(&database, setup).expect("set up");
    Engine {
        name: "pg",
        dialect: Dialect::Postgres,
        connectors: AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() }),
        options: json!({
            "host": "127.0.0.1", "port": server.port(), "user": server.user(),
            "password": server.password(), "dbname": database,
        }),
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

/// A type that speaks PostgreSQL's protocol, on the same real server.
pub fn postgres_as(name: &'static str, setup: &str) -> Engine {
    Engine { name, ..postgres(setup) }
}

/// MariaDB with a database of its own.
pub fn mariadb(setup: &str) -> Engine {
    let server = MariaDb::shared();
    let database = server.create_database("connectors").expect("a database");
    server.sql(&database, setup).expect("set up");
    Engine {
        name: "mysql",
        dialect: Dialect::MySql,
        connectors: AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() }),
        options: json!({
            "host": "127.0.0.1", "port": server.port(), "user": server.user(),
            "passwd": server.password(), "db": database,
        }),
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

/// A SQLite file of its own.
pub fn sqlite(setup: &str) -> Engine {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.sqlite");
    let db = rusqlite::Connection::open(&path).expect("opens");
    db.execute_batch(setup).expect("set up");
    Engine {
        name: "sqlite",
        dialect: Dialect::Sqlite,
        connectors: AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() }),
        options: json!({ "dbpath": path.to_str() }),
        _folder: folder,
    }
}

/// A type whose texts are documents, and which may ask this machine.
pub fn document(name: &'static str, options: Json) -> Engine {
    let settings =
        ConnectorSettings { batch_rows: 100, url_private_networks: true, ..Default::default() };
    let connectors = AllConnectors::new(settings);
    let dialect = connectors.dialect(name).expect("a known type");
    let _folder = tempfile::tempdir().expect("a folder");
    Engine { name, dialect, connectors, options, _folder }
}

/// ClickHouse's engine with a database of its own.
pub fn clickhouse(setup: &str) -> Engine {
    let (port, database) = crate::clickhouse::door(setup);
    Engine {
        name: "clickhouse",
        dialect: Dialect::ClickHouse,
        connectors: AllConnectors::new(ConnectorSettings { batch_rows: 100, ..Default::default() }),
        options: json!({
            "url": format!("http://127.0.0.1:{port}"), "user": "default", "password": "secret",
            "dbname": database,
        }),
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

/// BigQuery's protocol in front of SQLite, with a project of its own.
pub fn bigquery(setup: &str) -> Engine {
    let (port, project) = crate::bigquery_server::project(setup);
    let google_address = Some(format!("http://127.0.0.1:{port}"));
    let settings = ConnectorSettings { batch_rows: 100, google_address, ..Default::default() };
    Engine {
        name: "bigquery",
        dialect: Dialect::BigQuery,
        connectors: AllConnectors::new(settings),
        options: json!({
            "projectId": project, "jsonKeyFile": crate::google::key_option(port),
            "useStandardSql": true, "loadSchema": true,
        }),
        _folder: tempfile::tempdir().expect("a folder"),
    }
}

/// A DuckDB file of its own.
pub fn duckdb(setup: &str) -> Engine {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.duckdb");
    crate::duckdb::make(&path, setup);
    Engine {
        name: "duckdb",
        dialect: Dialect::DuckDb,
        connectors: AllConnectors::new(crate::duckdb::settings()),
        options: json!({ "dbpath": path.to_str() }),
        _folder: folder,
    }
}

/// All of them, with the same setup.
pub fn all(setup: &str) -> Vec<Engine> {
    vec![
        postgres(setup),
        sqlite(setup),
        mariadb(setup),
        clickhouse(setup),
        bigquery(setup),
        duckdb(setup),
    ]
}

/// Those that are whole servers, which can be told to stop.
pub fn servers(setup: &str) -> Vec<Engine> {
    vec![postgres(setup), sqlite(setup), mariadb(setup), bigquery(setup), duckdb(setup)]
}

impl Engine {
    pub fn source(&self, version: i64) -> Source {
        let now = chrono::DateTime::UNIX_EPOCH;
        Source {
            id: SourceId(1),
            uid: Uid::nil(),
            name: "test".to_owned(),
            kind: self.name.to_owned(),
            options: json!({}),
            sealed_options: None,
            version,
            paused: false,
            pause_reason: None,
            created_at: now,
            updated_at: now,
        }
    }

    pub fn connector(&self) -> Arc<dyn Connector> {
        self.connectors.open(&self.source(1), &self.options).expect("opens")
    }

    /// Runs a text without parameters.
    pub async fn run(&self, text: &str) -> Result<Rows> {
        self.run_with(text, &json!([]), &json!({})).await
    }

    /// Runs a text with parameters and values for them.
    pub async fn run_with(&self, text: &str, definitions: &Json, given: &Json) -> Result<Rows> {
        let bound = self.bind(text, definitions, given)?;
        let mut sink = Sink::default();
        self.connector().run(&bound, 60, Arc::new(Stop::default()), &mut sink).await?;
        Ok(Rows(sink))
    }

    pub fn bind(&self, text: &str, definitions: &Json, given: &Json) -> Result<Bound> {
        let definitions: Vec<Parameter> = parse_parameters(definitions)?;
        let template = Template::parse(text, self.dialect)?;
        let dropdowns = HashMap::from([(1, vec!["1".to_owned(), "a'b".to_owned()])]);
        let context = Context {
            now: chrono::DateTime::UNIX_EPOCH,
            zone: chrono_tz::UTC,
            dropdowns: &dropdowns,
        };
        let empty = Map::new();
        let given = given.as_object().unwrap_or(&empty);
        let values = template.resolve(&definitions, given, &context)?;
        template.bind(&definitions, &values)
    }
}

/// Keeps everything.
#[derive(Default)]
pub struct Sink {
    schema: Option<SchemaRef>,
    batches: Vec<RecordBatch>,
    pub begun: usize,
    /// Told when the first batch is there.
    pub first: Option<Arc<Notify>>,
}

#[async_trait]
impl BatchSink for Sink {
    async fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        self.begun += 1;
        self.batches.clear();
        self.schema = Some(schema);
        Ok(())
    }

    async fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.batches.push(batch);
        if let Some(first) = &self.first {
            first.notify_one();
        }
        Ok(())
    }
}

impl Sink {
    /// The texts of a column as they are kept.
    pub fn column_text(&self, column: usize) -> Vec<Option<String>> {
        let texts = self.batches.iter().flat_map(|batch| {
            let texts = batch.column(column).as_string::<i32>().iter();
            texts.map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
        });
        texts.collect()
    }
}

/// What a run gave.
pub struct Rows(pub Sink);

impl Rows {
    pub fn schema(&self) -> &Schema {
        self.0.schema.as_ref().expect("the run named its columns")
    }

    /// The meaning of a column.
    pub fn kind(&self, column: usize) -> &str {
        &self.schema().field(column).metadata()[COLUMN_KIND]
    }

    /// All cells, row by row.
    pub fn cells(&self) -> Vec<Vec<Json>> {
        let options = Options::default();
        let rows = self.0.batches.iter().flat_map(|batch| {
            (0..batch.num_rows()).map(|row| {
                (0..batch.num_columns()).map(|column| cell(batch, column, row, &options)).collect()
            })
        });
        rows.collect()
    }

    /// The first column of all rows.
    pub fn first(&self) -> Vec<Json> {
        self.cells().into_iter().map(|mut row| row.remove(0)).collect()
    }

    /// A column of the first batch, as it is kept.
    pub fn kept(&self, column: usize) -> &ArrayRef {
        self.0.batches.first().expect("has rows").column(column)
    }

    pub fn batches(&self) -> usize {
        self.0.batches.len()
    }
}

/// A signal that a test gives.
#[derive(Default)]
pub struct Stop {
    stopped: AtomicBool,
    notify: Notify,
}

impl Stop {
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
        self.notify.notify_one();
    }
}

#[async_trait]
impl CancelSignal for Stop {
    async fn cancelled(&self) {
        while !self.is_cancelled() {
            self.notify.notified().await;
        }
    }

    fn is_cancelled(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

/// Waits for something that happens elsewhere.
pub async fn until(mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "it did not happen in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs a text, cancels it once it is seen in the server, and waits until it is seen there no more.
pub async fn cancel_once_seen(engine: &Engine, bound: &Bound, seen: impl Fn() -> bool) {
    let stop = Arc::new(Stop::default());
    let mut sink = Sink::default();
    let connector = engine.connector();
    let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
    let running = connector.run(bound, 600, signal, &mut sink);
    let stopping = async {
        until(&seen).await;
        stop.stop();
    };
    let (ended, ()) = tokio::join!(running, stopping);
    assert_eq!(ended.expect_err("cancelled").code(), Code::Cancelled);
    until(|| !seen()).await;
}
