//! Results of queries as tables of an ordinary data source: SQL over the stored files.
//!
//! Which results a text may read is decided before it comes here: [`Connector::over`] is given the
//! tables, and there are no others. The texts are those of SQLite, as people write them for such
//! data sources; [`dialect`] says what is turned into what.

mod columns;
mod dialect;
mod functions;
mod table;
mod views;

use std::sync::Arc;

use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::common::config::Dialect as SqlDialect;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use serde_json::json;
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector, ResultTable};
use tessera_bi::{RESULTS_SOURCE, SCHEMA_UNSUPPORTED, SourceType, Table};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect, result_references};

pub(crate) use self::table::{Form, ResultFile};
use crate::Lake;
use crate::engine::{About, Engine, EngineLimits, LazyEngine, Rows, Stop, Tables};
use crate::pour::pour;

/// The type of data source that results of queries are.
#[must_use]
pub fn results_source_type() -> SourceType {
    SourceType {
        name: RESULTS_SOURCE,
        title: "Query Results",
        schema: json!({ "type": "object", "properties": {} }),
        dialect: Dialect::Sqlite,
        syntax: "sql",
        auto_limit: false,
        remarks: false,
        row_policy: false,
    }
}

/// The SQL engine over result files, which is made when it is first needed.
#[derive(Clone)]
pub struct ResultEngine {
    lake: Lake,
    engine: Arc<LazyEngine>,
}

impl ResultEngine {
    /// Over the files of a lake, with so much memory for all questions together, and so much for a
    /// value that a function or an aggregate makes; in bytes.
    #[must_use]
    pub fn new(lake: Lake, memory_bytes: usize, value_bytes_max: usize) -> Self {
        let limits = EngineLimits { memory_bytes, value_bytes_max };
        Self { lake, engine: Arc::new(LazyEngine::new(ABOUT, limits)) }
    }

    pub(crate) fn lake(&self) -> &Lake {
        &self.lake
    }

    pub(crate) fn engine(&self) -> Result<&Engine> {
        self.engine.get()
    }

    /// A place for tables, without any; its questions end with some work.
    pub(crate) fn context(&self, stop: &Stop) -> Result<SessionContext> {
        Ok(self.engine()?.context(SqlDialect::SQLite, stop))
    }
}

/// Stored results as tables.
pub struct ResultJoins {
    engine: ResultEngine,
    tables: Vec<ResultTable>,
}

impl ResultJoins {
    /// Over no results yet.
    #[must_use]
    pub fn new(engine: ResultEngine) -> Self {
        Self { engine, tables: Vec::new() }
    }

    async fn rows(&self, statements: Vec<Bound>, sink: &mut dyn BatchSink) -> Result<()> {
        let (engine, tables) = (self.engine.clone(), self.tables.clone());
        let poured = pour(self.engine.engine()?, sink, |outlet, stop| async move {
            let (schema, mut rows) = ask(&engine, &tables, &statements, &stop).await?;
            let shown = columns::Shown::new(&schema)?;
            let mut listening = outlet.begin(shown.schema()).await;
            while listening && let Some(batch) = rows.next().await {
                let batch = shown.batch(&batch?)?;
                listening = outlet.batch(batch).await;
            }
            Ok(())
        });
        poured.await
    }
}

/// Plans and begins the last of the questions; on the threads of the engine.
async fn ask(
    engine: &ResultEngine,
    tables: &[ResultTable],
    statements: &[Bound],
    stop: &Stop,
) -> Result<(SchemaRef, Rows)> {
    let context = engine.context(stop)?;
    let mut known = dialect::Known::default();
    for table in tables {
        let file = ResultFile::open(engine.lake(), table.file, Form::Sqlite).await?;
        known.table(&table.name, &file);
        context.register_table(table.name.as_str(), Arc::new(file)).map_err(refused)?;
    }
    let tables = Tables::over(context, ABOUT);
    tables.ask_read(statements, |bound| dialect::question(bound, &known)).await
}

#[async_trait]
impl Connector for ResultJoins {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        // The names of tables with values in them become plain ones; values stay values.
        let sql = result_references(statement, Dialect::Sqlite)?.sql;
        let statements = Bound { sql, ..statement.clone() }.statements(Dialect::Sqlite);
        in_time(time_limit_seconds, &cancel, self.rows(statements, sink)).await
    }

    fn over(&self, tables: Vec<ResultTable>) -> Option<Arc<dyn Connector>> {
        Some(Arc::new(Self { engine: self.engine.clone(), tables }))
    }

    async fn test(&self) -> Result<()> {
        self.engine.engine().map(drop)
    }

    /// What tables there are depends on who asks, and changes with every query.
    async fn tables(&self) -> Result<Vec<Table>> {
        Err(Fault::new(Code::Unsupported, SCHEMA_UNSUPPORTED))
    }
}

const ABOUT: About = About { files: "results", memory_setting: "results.query_memory_bytes" };

/// What the engine says of a question.
pub(crate) fn refused(error: DataFusionError) -> Fault {
    ABOUT.refused(error)
}
