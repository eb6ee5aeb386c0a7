//! Uploaded files as a data source: a table for each file, for reading only.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::config::Dialect as SqlDialect;
use datafusion::prelude::ParquetReadOptions;
use futures::StreamExt as _;
use serde_json::json;
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector, SourceFiles};
use tessera_bi::{NewFile, SourceFile, SourceType, Table};
use tessera_kernel::Result;
use tessera_kernel::ids::Uid;
use tessera_sqltext::{Bound, Dialect};

use super::{Uploads, columns, failed, store};
use crate::blocking;
use crate::engine::{Stop, Tables};
use crate::pour::pour;

/// The name of the type.
pub const FILES_SOURCE: &str = "files";

/// The type of data source that uploaded files are.
#[must_use]
pub fn files_source_type() -> SourceType {
    SourceType {
        name: FILES_SOURCE,
        title: "Files",
        schema: json!({ "type": "object", "properties": {} }),
        dialect: Dialect::Postgres,
        syntax: "sql",
        auto_limit: true,
        remarks: false,
        row_policy: false,
    }
}

/// The files of one data source.
#[derive(Clone)]
pub(super) struct FileTables {
    uploads: Uploads,
    folder: PathBuf,
}

impl FileTables {
    pub(super) fn new(uploads: Uploads, source: Uid) -> Self {
        let folder = uploads.inner.root.join(source.to_string());
        Self { uploads, folder }
    }

    async fn stored(&self) -> Result<Vec<store::Stored>> {
        let folder = self.folder.clone();
        blocking(move || store::list(&folder)).await
    }

    /// The tables that statements may name, ready to be asked.
    async fn open(&self, statements: &[Bound], stop: &Stop) -> Result<Tables> {
        let texts: Vec<String> =
            statements.iter().map(|statement| statement.sql.to_lowercase()).collect();
        let mut stored = self.stored().await?;
        stored.retain(|one| texts.iter().any(|text| text.contains(&one.file.table)));
        let engine = self.uploads.engine()?;
        let context = engine.context(SqlDialect::PostgreSQL, stop);
        for one in stored {
            let path = one.path.display().to_string();
            let options = ParquetReadOptions::new().schema(&one.schema);
            let registered = context.register_parquet(one.file.table, path, options).await;
            registered.map_err(|error| failed("open a table", error))?;
        }
        Ok(Tables::over(context, engine.about()))
    }

    async fn rows(&self, statements: Vec<Bound>, sink: &mut dyn BatchSink) -> Result<()> {
        let asked = self.clone();
        let poured = pour(self.uploads.engine()?, sink, |outlet, stop| async move {
            let tables = asked.open(&statements, &stop).await?;
            let (schema, mut rows) = tables.ask(&statements).await?;
            let schema = columns::told(&schema);
            let mut listening = outlet.begin(Arc::clone(&schema)).await;
            while listening && let Some(batch) = rows.next().await {
                let batch = columns::as_told(&schema, &batch?)?;
                listening = outlet.batch(batch).await;
            }
            Ok(())
        });
        poured.await
    }
}

#[async_trait]
impl Connector for FileTables {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let statements = statement.statements(Dialect::Postgres);
        in_time(time_limit_seconds, &cancel, self.rows(statements, sink)).await
    }

    fn files(&self) -> Option<Arc<dyn SourceFiles>> {
        Some(Arc::new(self.clone()))
    }

    async fn test(&self) -> Result<()> {
        self.stored().await.map(drop)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let table = |one: store::Stored| Table { name: one.file.table, columns: one.file.columns };
        Ok(self.stored().await?.into_iter().map(table).collect())
    }
}

#[async_trait]
impl SourceFiles for FileTables {
    async fn list(&self) -> Result<Vec<SourceFile>> {
        Ok(self.stored().await?.into_iter().map(|one| one.file).collect())
    }

    async fn add(&self, new: NewFile) -> Result<SourceFile> {
        let (folder, root) = (self.folder.clone(), self.uploads.inner.root.clone());
        let most = self.uploads.inner.settings.storage_bytes_max;
        blocking(move || store::add(&folder, &new, most.saturating_sub(store::total(&root)?))).await
    }

    async fn remove(&self, table: &str) -> Result<bool> {
        let (folder, table) = (self.folder.clone(), table.to_owned());
        blocking(move || store::remove(&folder, &table)).await
    }

    async fn remove_all(&self) -> Result<()> {
        let folder = self.folder.clone();
        blocking(move || store::remove_all(&folder)).await
    }
}
