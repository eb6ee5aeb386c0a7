//! The SQL engine over our own files: threads and memory that all questions share, and work on them
//! that ends when nobody wants it any more.

mod allowance;
mod functions;
mod grows;
mod join_texts;
mod stop;
mod tables;
mod texts;

use std::sync::{Arc, OnceLock};

use datafusion::common::config::Dialect;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use tessera_kernel::{Code, Fault, Result};
use tokio::task::JoinHandle;

use self::allowance::Allowance;
pub(crate) use self::stop::Stop;
pub(crate) use self::tables::{Rows, Tables};
pub(crate) use self::texts::{check_count, fill, only_questions};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Parts of a question that are worked on at the same time: requests need processors as well.
const PARTITIONS: usize = 2;

/// Threads for texts of others: requests need processors as well.
const THREADS: usize = 2;

/// Stack of each of them, in bytes: the engine follows what is nested, from reading a text to
/// freeing its plan, and the longest text needs a tenth of this. Memory is taken as it is used.
const STACK_BYTES: usize = 256 << 20;

/// Whose files an engine reads, for what it says of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// What they are, such as `uploaded files`.
    pub(crate) files: &'static str,
    /// The setting of the memory that all questions have together.
    pub(crate) memory_setting: &'static str,
}

/// The setting of the longest value that functions and aggregates make, for all files.
const VALUE_SETTING: &str = "results.query_value_bytes_max";

/// How much a question may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EngineLimits {
    /// Memory for all questions together, in bytes.
    pub(crate) memory_bytes: usize,
    /// Longest value that a function or an aggregate makes, in bytes.
    pub(crate) value_bytes_max: usize,
}

impl About {
    /// A fault of the files or of the engine, without what it says of folders.
    pub(crate) fn failed(
        self,
        what: &str,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Fault {
        Fault::internal(format!("cannot {what} of {}", self.files), error)
    }

    /// What the engine says of a question. What it says of files is for the log.
    pub(crate) fn refused(self, error: DataFusionError) -> Fault {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Fault::new(
                Code::TooLarge,
                format!(
                    "the query needs more memory than it may have ({}); aggregate, or read fewer \
                     rows or columns",
                    self.memory_setting
                ),
            ),
            DataFusionError::IoError(_)
            | DataFusionError::ObjectStore(_)
            | DataFusionError::ParquetError(_) => self.failed("read the files", error),
            root => Fault::new(Code::SourceFailed, root.strip_backtrace()),
        }
    }
}

/// What all questions share.
pub(crate) struct Engine {
    about: About,
    value_bytes_max: usize,
    /// Most bytes of a batch between two steps: what is kept is counted as a whole, and these are
    /// not counted otherwise.
    batch_bytes_max: usize,
    runtime: Arc<RuntimeEnv>,
    /// `None` only while this is dropped.
    threads: Option<tokio::runtime::Runtime>,
}

/// An engine that is made when it is first needed: it has threads and memory of its own.
pub(crate) struct LazyEngine {
    about: About,
    limits: EngineLimits,
    made: OnceLock<Engine>,
}

impl LazyEngine {
    /// With so much for its questions.
    pub(crate) const fn new(about: About, limits: EngineLimits) -> Self {
        Self { about, limits, made: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> Result<&Engine> {
        if let Some(engine) = self.made.get() {
            return Ok(engine);
        }
        let made = Engine::new(self.about, self.limits)?;
        // Of two that are made at once, one goes.
        Ok(self.made.get_or_init(|| made))
    }
}

/// Work on the threads of the engine; dropped, it ends soon, whatever it is doing.
pub(crate) struct Working<T> {
    about: About,
    handle: JoinHandle<Result<T>>,
    stop: Stop,
}

impl<T> Working<T> {
    /// What came of it.
    pub(crate) async fn done(mut self) -> Result<T> {
        match (&mut self.handle).await {
            Ok(done) => done,
            Err(error) => Err(self.about.failed("finish a question", error)),
        }
    }
}

impl<T> Drop for Working<T> {
    fn drop(&mut self) {
        self.stop.set();
        self.handle.abort();
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

impl Engine {
    fn new(about: About, limits: EngineLimits) -> Result<Self> {
        let EngineLimits { memory_bytes, value_bytes_max } = limits;
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(memory_bytes, 1.0)
            .with_object_list_cache_limit(0)
            .with_disk_manager_builder(
                DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
            )
            .build_arc()
            .map_err(|error| about.failed("make the engine", error))?;
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("lake-sql")
            .thread_stack_size(STACK_BYTES)
            .enable_time()
            .build()
            .map_err(|error| about.failed("start the threads", error))?;
        // Room for one that was counted, at the size it has grown to in memory.
        let batch_bytes_max = memory_bytes.saturating_mul(2);
        Ok(Self { about, value_bytes_max, batch_bytes_max, runtime, threads: Some(threads) })
    }

    /// What this engine says of questions and files.
    pub(crate) const fn about(&self) -> About {
        self.about
    }

    /// Begins work on the threads of the engine, with the sign that ends its questions.
    pub(crate) fn begin<T: Send + 'static, F>(
        &self,
        work: impl FnOnce(Stop) -> F,
    ) -> Result<Working<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let threads = self.threads.as_ref();
        let threads =
            threads.ok_or_else(|| Fault::new(Code::Unavailable, "the engine has ended"))?;
        let stop = Stop::default();
        let handle = threads.spawn(work(stop.clone()));
        Ok(Working { about: self.about, handle, stop })
    }

    /// A place for tables, without any; its questions end with some work.
    pub(crate) fn context(&self, dialect: Dialect, stop: &Stop) -> SessionContext {
        let mut config = SessionConfig::new()
            .with_batch_size(BATCH_ROWS)
            .with_target_partitions(PARTITIONS)
            .with_information_schema(false)
            .with_collect_statistics(false);
        let options = config.options_mut();
        // SQLite finds names without regard to case, which no spelling of all of them would.
        options.sql_parser.enable_ident_normalization = dialect != Dialect::SQLite;
        options.sql_parser.dialect = dialect;
        options.sql_parser.map_string_types_to_utf8view = false;
        // What comes in order is merged, not sorted again.
        options.optimizer.prefer_existing_sort = true;
        options.execution.parquet.schema_force_view_types = false;
        options.execution.parquet.pushdown_filters = true;
        let allowance = Allowance::new(self.value_bytes_max, VALUE_SETTING);
        let rule = stop::AskBeforeWork::new(stop.clone(), self.batch_bytes_max, allowance.clone());
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&self.runtime))
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(rule))
            .build();
        let context = SessionContext::new_with_state(state);
        functions::limit(&context, &allowance);
        context
    }
}
