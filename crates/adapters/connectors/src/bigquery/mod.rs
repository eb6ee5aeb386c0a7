//! BigQuery, over its REST interface.

mod ask;
mod binds;
mod columns;
mod nested;
mod options;
mod tables;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_bi::ended::TIME_LIMIT;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table};
use tessera_formats::read::json_elements;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect};

use self::ask::{Asker, Job};
use self::columns::{Columns, columns, malformed, push};
use self::options::Options;
use crate::ConnectorSettings;
use crate::google::{Google, Row, Span, now};
use crate::never::Never;

pub(crate) const NAME: &str = "bigquery";

/// What the account's token is for: tables may be kept in Google Drive.
const SCOPES: &str =
    "https://www.googleapis.com/auth/bigquery https://www.googleapis.com/auth/drive";

/// How much later than the server we see ourselves that a run takes too long.
const BACKSTOP: Duration = Duration::from_secs(2);

/// Longest time to read the tables.
const TABLES: Duration = Duration::from_secs(120);

/// Largest page that is read, in bytes; the server makes them of about 20 MiB at most.
const PAGE_BYTES_MAX: u64 = 256 << 20;

pub(crate) fn source_type() -> SourceType {
    SourceType {
        name: NAME,
        title: "BigQuery",
        schema: options::schema(),
        dialect: Dialect::BigQuery,
        syntax: "sql",
        auto_limit: true,
        // The server remembers results by their text.
        remarks: false,
        row_policy: false,
    }
}

pub(crate) struct BigQuery {
    google: Google,
    options: Options,
    batch_rows: usize,
}

impl BigQuery {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let batch_rows = settings.batch_rows;
        let read = Options::read(options)?;
        Ok(Self { google: Google::new(options, SCOPES, settings)?, options: read, batch_rows })
    }

    fn asker<'a>(&'a self, cancel: &'a Arc<dyn CancelSignal>, limit: Duration) -> Asker<'a> {
        let until = now() + limit.saturating_add(BACKSTOP);
        let span = Span { limit, setting: TIME_LIMIT, until, bytes: PAGE_BYTES_MAX };
        let (google, options) = (&self.google, &self.options);
        let standard = options.standard;
        Asker { google, options, cancel, span, standard, billed_bytes_max: None }
    }

    /// Refuses a text that would read more than the data source allows; where that cannot be told
    /// before, the server is told the limit.
    async fn check_size(
        &self,
        asker: &mut Asker<'_>,
        statement: &Bound,
        is_script: bool,
    ) -> Result<()> {
        let Some(most) = self.options.scan_megabytes_max else { return Ok(()) };
        let bytes = asker.estimate(statement).await?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let megabytes = bytes as f64 / 1e6;
        if megabytes <= most {
            // Of several statements, and of those that run others, not all are estimated.
            if is_script || bytes == 0 {
                asker.billed_bytes_max = format!("{:.0}", most * 1e6).parse().ok();
            }
            return Ok(());
        }
        let detail = format!(
            "the query would read {megabytes:.3} MB, and the data source allows {most} MB \
             (totalMBytesProcessedLimit)"
        );
        Err(Fault::new(Code::SourceFailed, detail))
    }

    /// Reads the rows of a job into the sink. Tells whether there were columns.
    async fn read(
        &self,
        asker: &Asker<'_>,
        statement: &Bound,
        job: &mut Job,
        sink: &mut dyn BatchSink,
    ) -> Result<bool> {
        asker.begin(statement, job).await?;
        let mut made: Option<Columns> = None;
        let mut token: Option<String> = None;
        loop {
            let sheet = asker.page(job, token.as_deref()).await?;
            let page = sheet.read()?;
            if made.is_none() {
                let fields = page.schema.map(|schema| schema.fields).unwrap_or_default();
                // What only writes has none.
                if fields.is_empty() {
                    return Ok(false);
                }
                let columns = columns(&fields);
                sink.begin(columns.schema()).await?;
                made = Some(columns);
            }
            let Some(columns) = made.as_mut() else { return Ok(false) };
            for row in json_elements(page.rows.map_or("[]", |rows| rows.get()))? {
                let row: Row<'_> = serde_json::from_str(row).map_err(|_| malformed("a row"))?;
                push(columns, &row)?;
                if columns.is_full(self.batch_rows) {
                    sink.batch(columns.take()?).await?;
                }
            }
            token = page.page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        if let Some(mut columns) = made.filter(|columns| columns.rows() > 0) {
            sink.batch(columns.take()?).await?;
        }
        Ok(true)
    }

    /// Runs a text, and ends it in the server too if it ends here before.
    async fn one(
        &self,
        asker: &Asker<'_>,
        statement: &Bound,
        location: Option<&str>,
        sink: &mut dyn BatchSink,
    ) -> Result<bool> {
        let mut job = Job::new(location);
        let ran = self.read(asker, statement, &mut job, sink).await;
        if ran.is_err() && !job.done {
            asker.stop(&job).await;
        }
        ran
    }
}

/// Whether a text says itself that it is in GoogleSQL.
fn says_standard(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default().trim();
    first.eq_ignore_ascii_case("#standardSQL")
}

fn question(sql: &str) -> Bound {
    Bound { sql: sql.to_owned(), binds: Vec::new(), display: String::new() }
}

#[async_trait]
impl Connector for BigQuery {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        // Several statements are one script of the server, in one job.
        let parts = statement.statements(Dialect::BigQuery).len();
        if parts == 0 {
            return Err(Fault::new(Code::SourceFailed, "the query is empty"));
        }
        if !statement.binds.is_empty() && !self.options.standard && !says_standard(&statement.sql) {
            let detail = "legacy SQL takes no values: switch useStandardSql on in the data source, \
                          or begin the query with the line #standardSQL";
            return Err(Fault::new(Code::UnbindableParameter, detail));
        }
        let mut asker = self.asker(&cancel, Duration::from_secs(time_limit_seconds));
        self.check_size(&mut asker, statement, parts > 1).await?;
        if self.one(&asker, statement, self.options.location.as_deref(), sink).await? {
            return Ok(());
        }
        Err(Fault::new(Code::SourceFailed, "Query completed but it returned no data."))
    }

    async fn test(&self) -> Result<()> {
        let never = Never::signal();
        let asker = self.asker(&never, TABLES);
        let location = self.options.location.as_deref();
        self.one(&asker, &question("SELECT 1"), location, &mut tables::Rows::default())
            .await
            .map(drop)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        if !self.options.load_schema {
            return Ok(Vec::new());
        }
        self.list().await
    }
}
