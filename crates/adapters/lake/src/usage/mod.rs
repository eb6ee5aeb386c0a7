//! Records of requests as Parquet files, and SQL over them.
//!
//! `usage/events/<day>` has the records, `usage/hours/<day>` their sums per hour once the day is
//! over. Small files are joined, so that a question opens few of them. A file is written under
//! another name and renamed when it is whole; one that was joined into another stays for an hour,
//! for questions that began before.

mod columns;
mod compact;
mod connector;
mod files;
mod read;
mod tables;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tessera_access::ports::UsageLog;
use tessera_access::{Observed, Period, Refusal, UsageEvent, UsageHour, Viewer};
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Fault, Result, Timestamp};

pub use connector::{USAGE_SOURCE, usage_source_type};

use self::write::Writer;
use crate::blocking;
use crate::engine::{About, Engine, EngineLimits, LazyEngine, Stop, Tables};

/// What the operator decides about records of requests.
#[derive(Debug, Clone)]
pub struct UsageFileSettings {
    /// How long records are kept, in days.
    pub events_days: u32,
    /// How long sums per hour are kept, in days.
    pub hours_days: u32,
    /// Bytes of all records; beyond, the oldest go.
    pub storage_bytes_max: u64,
    /// Memory for one question, in bytes.
    pub query_memory_bytes: usize,
    /// Longest value that a function or an aggregate of a question makes, in bytes.
    pub query_value_bytes_max: usize,
}

impl Default for UsageFileSettings {
    fn default() -> Self {
        Self {
            events_days: 90,
            hours_days: 730,
            storage_bytes_max: 5 << 30,
            query_memory_bytes: 256 << 20,
            query_value_bytes_max: 16 << 20,
        }
    }
}

/// Records of requests in a local folder.
#[derive(Clone)]
pub struct UsageFiles {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    settings: UsageFileSettings,
    engine: LazyEngine,
    /// Made when the first record is written: who only reads needs no number of its own.
    writer: Mutex<Option<Writer>>,
}

impl UsageFiles {
    /// Records inside a data folder.
    ///
    /// # Errors
    /// If the folders cannot be made.
    pub fn local(data: &std::path::Path, settings: UsageFileSettings) -> Result<Self> {
        let root = data.join("usage");
        for folder in [files::EVENTS, files::HOURS] {
            std::fs::create_dir_all(root.join(folder))
                .map_err(|error| failed("make the folder", error))?;
        }
        let limits = EngineLimits {
            memory_bytes: settings.query_memory_bytes,
            value_bytes_max: settings.query_value_bytes_max,
        };
        let engine = LazyEngine::new(ABOUT, limits);
        let writer = Mutex::default();
        Ok(Self { inner: Arc::new(Inner { root, settings, engine, writer }) })
    }

    /// The tables with the rows of a viewer, for a question on the threads of the engine.
    async fn tables(&self, viewer: Viewer, period: Option<Period>, stop: &Stop) -> Result<Tables> {
        let root = self.inner.root.clone();
        let found = blocking(move || files::Found::look(&root, period)).await?;
        tables::open(self.engine()?, &found, viewer, stop).await
    }

    /// Asks the tables something, on the threads of the engine.
    async fn ask<T: Send + 'static, F>(
        &self,
        viewer: Viewer,
        period: Option<Period>,
        question: impl FnOnce(Tables) -> F + Send + 'static,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let files = self.clone();
        let working = self.engine()?.begin(|stop| async move {
            question(files.tables(viewer, period, &stop).await?).await
        });
        working?.done().await
    }

    /// The SQL engine.
    fn engine(&self) -> Result<&Engine> {
        self.inner.engine.get()
    }

    /// Does file work with the writer, which is made if there is none.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let mut writer = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let writer = match writer.as_mut() {
                Some(writer) => writer,
                None => writer.insert(Writer::begin(&inner.root)?),
            };
            work(writer)
        })
        .await
    }
}

#[async_trait]
impl UsageLog for UsageFiles {
    async fn append(&self, events: Arc<Vec<UsageEvent>>) -> Result<()> {
        self.write(move |writer| {
            let mut days: BTreeMap<chrono::NaiveDate, Vec<&UsageEvent>> = BTreeMap::new();
            for event in &*events {
                days.entry(event.at.date_naive()).or_default().push(event);
            }
            days.iter().try_for_each(|(day, events)| writer.append(*day, &columns::events(events)?))
        })
        .await
    }

    async fn hours(&self, key: KeyId, period: Period) -> Result<Vec<UsageHour>> {
        let question = move |tables| async move { read::hours(&tables, key, period).await };
        self.ask(Viewer::Everything, Some(period), question).await
    }

    async fn refusals(&self, key: KeyId, period: Period, limit: u64) -> Result<Vec<Refusal>> {
        let question =
            move |tables| async move { read::refusals(&tables, key, period, limit).await };
        self.ask(Viewer::Everything, Some(period), question).await
    }

    async fn observed(&self, key: KeyId, period: Period) -> Result<Observed> {
        let question = move |tables| async move { read::observed(&tables, key, period).await };
        self.ask(Viewer::Everything, Some(period), question).await
    }

    async fn upkeep(&self, now: Timestamp) -> Result<()> {
        let number = self.write(|writer| Ok(writer.number)).await?;
        compact::run(self, number, now).await
    }
}

const ABOUT: About = About { files: "usage records", memory_setting: "usage.query_memory_bytes" };

fn failed(what: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    ABOUT.failed(what, error)
}
