//! Snowflake, over its SQL API.

mod ask;
mod columns;
mod options;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect};

use self::ask::{Asker, Ended};
use self::columns::Wide;
use self::options::Options;
use crate::ConnectorSettings;
use crate::http::{Http, HttpTls};
use crate::never::Never;

/// The name of the type.
pub(crate) const NAME: &str = "snowflake";

/// How much later than the server we see ourselves that a run takes too long.
const BACKSTOP: Duration = Duration::from_secs(2);

/// Longest time to read the tables.
const TABLES: Duration = Duration::from_secs(120);

const COLUMNS_OF_TABLES: &str = "SELECT table_schema, table_name, column_name, data_type \
     FROM information_schema.columns WHERE table_schema <> 'INFORMATION_SCHEMA' \
     ORDER BY table_schema, table_name, ordinal_position";

pub(crate) fn source_type() -> SourceType {
    SourceType {
        name: NAME,
        title: "Snowflake",
        schema: options::schema(),
        dialect: Dialect::Snowflake,
        syntax: "sql",
        auto_limit: true,
        remarks: true,
        row_policy: false,
    }
}

pub(crate) struct Snowflake {
    http: Http,
    options: Options,
    batch_rows: usize,
}

impl Snowflake {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let options = Options::read(options)?;
        settings.check_literal(options.url.host_str().unwrap_or_default())?;
        let batch_rows = settings.batch_rows;
        Ok(Self { http: Http::new(settings, &HttpTls::default())?, options, batch_rows })
    }

    fn asker<'a>(&'a self, cancel: &'a Arc<dyn CancelSignal>, limit: Duration) -> Asker<'a> {
        let until = tokio::time::Instant::now() + limit.saturating_add(BACKSTOP);
        Asker { http: &self.http, options: &self.options, cancel, limit, until }
    }

    /// Reads all partitions into the sink; `false` if a value did not fit its column, and they have
    /// to be read anew.
    async fn read(
        &self,
        asker: &Asker<'_>,
        ended: &Ended,
        wide: &mut Wide,
        sink: &mut dyn BatchSink,
    ) -> Result<bool> {
        let meta = &ended.result_set_meta_data;
        let mut columns = columns::columns(&meta.row_type, self.options.lower_case, wide);
        sink.begin(columns.schema()).await?;
        for number in 0..meta.partitions() {
            for row in asker.partition(ended, number).await? {
                if !columns::push(&mut columns, row, wide)? {
                    return Ok(false);
                }
                if columns.is_full(self.batch_rows) {
                    sink.batch(columns.take()?).await?;
                }
            }
        }
        if columns.rows() > 0 {
            sink.batch(columns.take()?).await?;
        }
        Ok(true)
    }
}

#[async_trait]
impl Connector for Snowflake {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let asker = self.asker(&cancel, Duration::from_secs(time_limit_seconds));
        let parts = statement.statements(Dialect::Snowflake);
        let [only] = parts.as_slice() else {
            let detail = match parts.is_empty() {
                true => "the query is empty",
                false => "the server runs one statement at a time; write only one",
            };
            return Err(Fault::new(Code::SourceFailed, detail));
        };
        let ended = asker.run(&only.sql, &only.binds).await?;
        let mut wide = Wide::default();
        // It ends: a column that was read anew as text holds everything.
        while !self.read(&asker, &ended, &mut wide, sink).await? {}
        Ok(())
    }

    async fn test(&self) -> Result<()> {
        let never = Never::signal();
        self.asker(&never, TABLES).run("SELECT 1", &[]).await.map(|_| ())
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let never = Never::signal();
        let asker = self.asker(&never, TABLES);
        let ended = asker.run(COLUMNS_OF_TABLES, &[]).await?;
        let mut tables: Vec<Table> = Vec::new();
        for number in 0..ended.result_set_meta_data.partitions() {
            for row in asker.partition(&ended, number).await? {
                let text = |place: usize| row.get(place).cloned().flatten().unwrap_or_default();
                let name = format!("{}.{}", text(0), text(1));
                let column = TableColumn { name: text(2), kind: text(3) };
                Table::add_column(&mut tables, name, column);
            }
        }
        Ok(tables)
    }
}
