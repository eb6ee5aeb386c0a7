//! The SQL engine over the files: two tables with the rows of one viewer, for reading only.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::common::config::Dialect;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext, col, lit};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tessera_access::Viewer;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bind, Bound};
use tokio::task::JoinHandle;

use super::columns::{EVENTS, HOURS};
use super::failed;
use super::files::Found;

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Parts of a question that are worked on at the same time: requests need processors as well.
const PARTITIONS: usize = 2;

/// Threads for texts of others: requests need processors as well.
const THREADS: usize = 2;

/// Stack of each of them, in bytes: the engine follows what is nested, from reading a text to
/// freeing its plan, and the longest text needs a tenth of this. Memory is taken as it is used.
const STACK_BYTES: usize = 256 << 20;

/// Most words and signs of a text.
pub(crate) const TOKENS_MAX: usize = 4000;

/// Records and the sums of past days, as one table.
const HOURS_SQL: &str = "
    SELECT
        hour, key_id, owner_id, creator_id, actor, dialect, action, decision, reason,
        sum(requests) AS requests, sum(rows) AS rows, sum(bytes) AS bytes,
        sum(duration_ms) AS duration_ms, max(duration_ms_max) AS duration_ms_max
    FROM (
        SELECT
            hour, key_id, owner_id, creator_id, actor, dialect, action, decision, reason, requests,
            rows, bytes, duration_ms, duration_ms_max
        FROM hours
        UNION ALL
        SELECT
            date_trunc('hour', at) AS hour, key_id, owner_id, creator_id, actor, dialect, action,
            decision, reason, CAST(1 AS bigint) AS requests, rows, bytes, duration_ms,
            duration_ms AS duration_ms_max
        FROM unsummed
    )
    GROUP BY hour, key_id, owner_id, creator_id, actor, dialect, action, decision, reason";

/// What all questions share.
pub(crate) struct Engine {
    runtime: Arc<RuntimeEnv>,
    /// `None` only while this is dropped.
    threads: Option<tokio::runtime::Runtime>,
}

/// An engine that is made when it is first needed: it has threads and memory of its own.
pub(crate) struct LazyEngine {
    memory_bytes: usize,
    made: OnceLock<Engine>,
}

impl LazyEngine {
    /// With so much memory for all questions together, in bytes.
    pub(crate) const fn new(memory_bytes: usize) -> Self {
        Self { memory_bytes, made: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> Result<&Engine> {
        if let Some(engine) = self.made.get() {
            return Ok(engine);
        }
        let made = Engine::new(self.memory_bytes)?;
        // Of two that are made at once, one goes.
        Ok(self.made.get_or_init(|| made))
    }
}

/// Work on the threads of the engine; stopped when dropped.
pub(crate) struct Working<T>(JoinHandle<Result<T>>);

impl<T> Working<T> {
    /// What came of it.
    pub(crate) async fn done(mut self) -> Result<T> {
        match (&mut self.0).await {
            Ok(done) => done,
            Err(error) => Err(failed("finish a question", error)),
        }
    }
}

impl<T> Drop for Working<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            // Never waits: this may be an asynchronous place.
            threads.shutdown_background();
        }
    }
}

/// The tables, ready to be asked.
pub(crate) struct Tables {
    context: SessionContext,
}

/// The rows of an answer.
pub(crate) type Rows = BoxStream<'static, Result<RecordBatch>>;

impl Engine {
    fn new(memory_bytes: usize) -> Result<Self> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(memory_bytes, 1.0)
            .with_object_list_cache_limit(0)
            .with_disk_manager_builder(
                DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
            )
            .build_arc()
            .map_err(|error| failed("make the engine", error))?;
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("usage-sql")
            .thread_stack_size(STACK_BYTES)
            .enable_time()
            .build()
            .map_err(|error| failed("start the threads", error))?;
        Ok(Self { runtime, threads: Some(threads) })
    }

    /// Begins work on the threads of the engine.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<Working<T>> {
        let threads = self.threads.as_ref();
        let threads =
            threads.ok_or_else(|| Fault::new(Code::Unavailable, "the engine has ended"))?;
        Ok(Working(threads.spawn(work)))
    }

    /// What all questions share: memory above all.
    pub(crate) fn runtime(&self) -> Arc<RuntimeEnv> {
        Arc::clone(&self.runtime)
    }

    pub(crate) fn context(&self) -> SessionContext {
        let mut config = SessionConfig::new()
            .with_batch_size(BATCH_ROWS)
            .with_target_partitions(PARTITIONS)
            .with_information_schema(false)
            .with_collect_statistics(false);
        let options = config.options_mut();
        options.sql_parser.dialect = Dialect::PostgreSQL;
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.parquet.schema_force_view_types = false;
        options.execution.parquet.pushdown_filters = true;
        SessionContext::new_with_config_rt(config, Arc::clone(&self.runtime))
    }

    /// Tables over files, with the rows of a viewer. The files themselves have no name in them.
    pub(super) async fn tables(&self, found: &Found, viewer: Viewer) -> Result<Tables> {
        let files = self.context();
        let events = read(&files, &found.events, &EVENTS).await?;
        let unsummed = read(&files, &found.unsummed, &EVENTS).await?;
        let hours = read(&files, &found.hours, &HOURS).await?;
        let context = self.context();
        let view = async {
            context.register_table("key_events", whose(events, viewer)?.into_view())?;
            files.register_table("unsummed", whose(unsummed, viewer)?.into_view())?;
            files.register_table("hours", whose(hours, viewer)?.into_view())?;
            context.register_table("key_hours", files.sql(HOURS_SQL).await?.into_view())
        };
        view.await.map_err(|error| failed("make the tables", error))?;
        Ok(Tables { context })
    }
}

async fn read(
    context: &SessionContext,
    paths: &[PathBuf],
    schema: &SchemaRef,
) -> Result<DataFrame> {
    if paths.is_empty() {
        let empty = RecordBatch::new_empty(Arc::clone(schema));
        return context.read_batch(empty).map_err(|error| failed("make an empty table", error));
    }
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let options = ParquetReadOptions::new().schema(schema);
    context.read_parquet(paths, options).await.map_err(|error| failed("open the files", error))
}

/// The row policy: an administrator sees all rows, everybody else those of keys of its own.
fn whose(rows: DataFrame, viewer: Viewer) -> std::result::Result<DataFrame, DataFusionError> {
    match viewer {
        Viewer::Everything => Ok(rows),
        Viewer::User(id) => {
            rows.filter(col("owner_id").eq(lit(id.0)).or(col("creator_id").eq(lit(id.0))))
        }
    }
}

impl Tables {
    /// Tables that somebody else registered.
    pub(crate) fn over(context: SessionContext) -> Self {
        Self { context }
    }

    /// Asks with a text of ours; values stand at `$1 …`.
    pub(super) async fn stream(&self, sql: &str, values: Vec<ScalarValue>) -> Result<Rows> {
        let frame = self.context.sql(sql).await;
        let frame = frame.and_then(|frame| frame.with_param_values(values)).map_err(refused)?;
        let rows = frame.execute_stream().await.map_err(refused)?;
        Ok(rows.map(|batch| batch.map_err(refused)).boxed())
    }

    /// Asks with a text of somebody else's: one or more questions, the last of which is answered.
    /// Nothing but questions is accepted, and of tables only the two.
    pub(crate) async fn ask(&self, statements: &[Bound]) -> Result<(SchemaRef, Rows)> {
        let mut last = None;
        for bound in statements {
            last = Some(self.question(bound)?);
        }
        let none = || Fault::new(Code::SourceFailed, "Query completed but it returned no data.");
        let statement = last.ok_or_else(none)?;
        let plan = self.context.state().statement_to_plan(statement).await.map_err(refused)?;
        SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)
            .map_err(refused)?;
        let frame = self.context.execute_logical_plan(plan).await.map_err(refused)?;
        let rows = frame.execute_stream().await.map_err(refused)?;
        let schema = rows.schema();
        Ok((schema, rows.map(|batch| batch.map_err(refused)).boxed()))
    }

    /// Reads one question and puts its values in: as nodes of the tree, never as text.
    fn question(&self, bound: &Bound) -> Result<Statement> {
        check_size(&bound.sql)?;
        let statement = self
            .context
            .state()
            .sql_to_statement(&bound.sql, &Dialect::PostgreSQL)
            .map_err(refused)?;
        let Statement::Statement(mut inner) = statement else { return Err(only_questions()) };
        if !matches!(*inner, ast::Statement::Query(_)) {
            return Err(only_questions());
        }
        let filled = ast::visit_expressions_mut(&mut inner, |expression| {
            let ast::Expr::Value(value) = expression else {
                return std::ops::ControlFlow::Continue(());
            };
            let ast::Value::Placeholder(name) = &value.value else {
                return std::ops::ControlFlow::Continue(());
            };
            let place = name.strip_prefix('$').and_then(|place| place.parse::<usize>().ok());
            match place.and_then(|place| bound.binds.get(place.checked_sub(1)?)) {
                Some(bind) => {
                    *expression = literal(bind);
                    std::ops::ControlFlow::Continue(())
                }
                None => std::ops::ControlFlow::Break(name.clone()),
            }
        });
        match filled {
            std::ops::ControlFlow::Continue(()) => Ok(Statement::Statement(inner)),
            std::ops::ControlFlow::Break(name) => {
                Err(Fault::new(Code::SourceFailed, format!("there is no value for {name}")))
            }
        }
    }
}

/// A value as a node.
pub(crate) fn literal(bind: &Bind) -> ast::Expr {
    let text = |text: &str| ast::Expr::value(ast::Value::SingleQuotedString(text.to_owned()));
    let typed = |value: &str, data_type| ast::Expr::Cast {
        kind: ast::CastKind::Cast,
        expr: Box::new(text(value)),
        data_type,
        array: false,
        format: None,
    };
    let number = |number: &str| {
        let plain = |digits: &str| ast::Expr::value(ast::Value::Number(digits.to_owned(), false));
        match number.strip_prefix('-') {
            None => plain(number),
            Some(digits) => ast::Expr::Nested(Box::new(ast::Expr::UnaryOp {
                op: ast::UnaryOperator::Minus,
                expr: Box::new(plain(digits)),
            })),
        }
    };
    match bind {
        Bind::Integer(value) => number(&value.to_string()),
        Bind::Decimal(value) => number(value),
        Bind::Text(value) | Bind::Untyped(value) => text(value),
        Bind::Date(value) => typed(&value.to_string(), ast::DataType::Date),
        Bind::Datetime(value) => typed(
            &value.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            ast::DataType::Timestamp(None, ast::TimezoneInfo::None),
        ),
    }
}

fn check_size(sql: &str) -> Result<()> {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql)
        .tokenize()
        .map_err(|error| Fault::new(Code::SourceFailed, error.to_string()))?;
    let count = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).count();
    if count > TOKENS_MAX {
        let detail = format!("the text has more than {TOKENS_MAX} words and signs");
        return Err(Fault::new(Code::SourceFailed, detail));
    }
    Ok(())
}

pub(crate) fn only_questions() -> Fault {
    Fault::new(Code::SourceFailed, "only SELECT can be run here: the tables are for reading")
}

/// What the engine says of a question. What it says of files is for the log.
fn refused(error: DataFusionError) -> Fault {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => Fault::new(
            Code::TooLarge,
            "the query needs more memory than it may have (usage.query_memory_bytes); aggregate or \
             ask for a shorter time",
        ),
        DataFusionError::IoError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::ParquetError(_) => failed("read the files", error),
        root => Fault::new(Code::SourceFailed, root.strip_backtrace()),
    }
}
