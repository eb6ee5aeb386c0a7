//! Trino and Presto, over HTTP.

mod ask;
mod columns;
mod literals;
mod options;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect};

use self::ask::{Asker, Page};
use self::columns::Columns;
use self::options::Options;
use crate::ConnectorSettings;
use crate::http::{Http, HttpTls};
use crate::never::Never;

/// How much later than the server we see ourselves that a run takes too long.
const BACKSTOP: Duration = Duration::from_secs(2);

/// Longest time to read the tables.
const TABLES: Duration = Duration::from_secs(120);

/// The two products, whose headers have different names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Trino,
    Presto,
}

impl Family {
    pub(crate) const ALL: [Self; 2] = [Self::Trino, Self::Presto];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trino => "trino",
            Self::Presto => "presto",
        }
    }

    pub(crate) fn source_type(self) -> SourceType {
        SourceType {
            name: self.name(),
            title: if self == Self::Trino { "Trino" } else { "Presto" },
            schema: options::schema(self),
            dialect: Dialect::Trino,
            syntax: "sql",
            auto_limit: false,
            remarks: true,
            row_policy: false,
        }
    }
}

pub(crate) struct Trino {
    http: Http,
    options: Options,
    family: Family,
    batch_rows: usize,
}

impl Trino {
    pub(crate) fn new(
        family: Family,
        options: &Json,
        settings: Arc<ConnectorSettings>,
    ) -> Result<Self> {
        let options = Options::read(options, family)?;
        settings.check_literal(options.url.host_str().unwrap_or_default())?;
        let batch_rows = settings.batch_rows;
        Ok(Self { http: Http::new(settings, &HttpTls::default())?, options, family, batch_rows })
    }

    fn asker<'a>(&'a self, cancel: &'a Arc<dyn CancelSignal>, limit: Duration) -> Asker<'a> {
        let until = tokio::time::Instant::now() + limit.saturating_add(BACKSTOP);
        let (http, options, family) = (&self.http, &self.options, self.family);
        Asker { http, options, family, cancel, limit, until }
    }

    /// Reads the pages of one statement into the sink.
    async fn read(
        &self,
        asker: &Asker<'_>,
        statement: &Bound,
        sink: &mut dyn BatchSink,
    ) -> Result<bool> {
        let mut page = asker.begin(&statement.sql, &statement.binds).await?;
        let mut columns: Option<Columns> = None;
        loop {
            let address = page.next_uri.take();
            let next = async {
                self.rows(page, &mut columns, sink).await?;
                match &address {
                    Some(address) => asker.next(address).await.map(Some),
                    None => Ok(None),
                }
            };
            match next.await {
                Ok(Some(next)) => page = next,
                Ok(None) => break,
                Err(fault) => {
                    if let Some(address) = &address {
                        asker.stop(address).await;
                    }
                    return Err(fault);
                }
            }
        }
        let Some(mut columns) = columns else { return Ok(false) };
        if columns.rows() > 0 {
            sink.batch(columns.take()?).await?;
        }
        Ok(true)
    }

    async fn rows(
        &self,
        page: Page,
        columns: &mut Option<Columns>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        if columns.is_none()
            && let Some(described) = &page.columns
        {
            let made = columns::columns(described);
            sink.begin(made.schema()).await?;
            *columns = Some(made);
        }
        for row in page.data.unwrap_or_default() {
            let Some(columns) = columns.as_mut() else {
                let detail = "the server sent rows without columns";
                return Err(Fault::new(Code::SourceFailed, detail));
            };
            columns::push(columns, row)?;
            if columns.rows() >= self.batch_rows {
                sink.batch(columns.take()?).await?;
            }
        }
        // What came together goes on together: pages are limited by their bytes.
        match columns.as_mut().filter(|columns| columns.rows() > 0) {
            Some(columns) => sink.batch(columns.take()?).await,
            None => Ok(()),
        }
    }

    /// All rows of a question of our own.
    async fn ask(&self, sql: &str) -> Result<Vec<Vec<Json>>> {
        let never = Never::signal();
        let asker = self.asker(&never, TABLES);
        let mut page = asker.begin(sql, &[]).await?;
        let mut rows = Vec::new();
        loop {
            rows.append(&mut page.data.take().unwrap_or_default());
            match page.next_uri.take() {
                Some(address) => page = asker.next(&address).await?,
                None => return Ok(rows),
            }
        }
    }
}

#[async_trait]
impl Connector for Trino {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let asker = self.asker(&cancel, Duration::from_secs(time_limit_seconds));
        let parts = statement.statements(Dialect::Trino);
        let Some((last, before)) = parts.split_last() else {
            return Err(Fault::new(Code::SourceFailed, "the query is empty"));
        };
        if !before.is_empty() {
            let detail = "the server runs one statement at a time; write only one";
            return Err(Fault::new(Code::SourceFailed, detail));
        }
        if self.read(&asker, last, sink).await? {
            return Ok(());
        }
        Err(Fault::new(Code::SourceFailed, "Query completed but it returned no data."))
    }

    async fn test(&self) -> Result<()> {
        self.ask("SELECT 1").await.map(|_| ())
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let catalogs = match &self.options.catalog {
            Some(catalog) => vec![catalog.clone()],
            None => {
                let rows = self.ask("SHOW CATALOGS").await?;
                let names = rows.iter().filter_map(|row| row.first()?.as_str());
                names.filter(|name| *name != "system").map(str::to_owned).collect()
            }
        };
        let mut tables: Vec<Table> = Vec::new();
        for catalog in catalogs {
            let sql = format!(
                "SELECT table_schema, table_name, column_name, data_type \
                 FROM \"{}\".information_schema.columns \
                 WHERE table_schema NOT IN ('pg_catalog', 'information_schema') \
                 ORDER BY table_schema, table_name, ordinal_position",
                catalog.replace('"', "\"\"")
            );
            for row in self.ask(&sql).await? {
                let text = |place: usize| row.get(place).and_then(Json::as_str).unwrap_or_default();
                let name = match &self.options.catalog {
                    Some(_) => format!("{}.{}", text(0), text(1)),
                    None => format!("{catalog}.{}.{}", text(0), text(1)),
                };
                let column = TableColumn { name: text(2).to_owned(), kind: text(3).to_owned() };
                Table::add_column(&mut tables, name, column);
            }
        }
        Ok(tables)
    }
}
