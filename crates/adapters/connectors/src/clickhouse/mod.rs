//! ClickHouse, over HTTP.

mod ask;
mod columns;
mod decode;
mod options;
mod types;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table, TableColumn};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect, StatementClass, classify};
use uuid::Uuid;

use self::ask::Asker;
use self::columns::{Columns, Pause};
use self::decode::Reader;
use self::options::Options;
use crate::ConnectorSettings;
use crate::http::{Http, HttpStream, HttpTls};
use crate::never::Never;

pub(crate) const NAME: &str = "clickhouse";

/// Longest time to read the tables.
const TABLES: Duration = Duration::from_secs(120);

/// What marks the server's words within rows that broke off.
const EXCEPTION: &str = "DB::Exception";

/// How much of what came last is kept to look for them, in bytes.
const TAIL_BYTES: usize = 8 * 1024;

pub(crate) fn source_type() -> SourceType {
    SourceType {
        name: NAME,
        title: "ClickHouse",
        schema: options::schema(),
        dialect: Dialect::ClickHouse,
        syntax: "sql",
        auto_limit: true,
        remarks: true,
        row_policy: false,
    }
}

pub(crate) struct ClickHouse {
    http: Http,
    options: Options,
    batch_rows: usize,
}

impl ClickHouse {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let options = Options::read(options)?;
        settings.check_literal(options.url.host_str().unwrap_or_default())?;
        let batch_rows = settings.batch_rows;
        let tls = HttpTls { any_certificate: !options.verify, ..HttpTls::default() };
        Ok(Self { http: Http::new(settings, &tls)?, options, batch_rows })
    }

    fn asker<'a>(&'a self, cancel: &'a Arc<dyn CancelSignal>, limit: Duration) -> Asker<'a> {
        Asker { http: &self.http, options: &self.options, cancel, limit, session: None }
    }

    /// Runs one statement; its rows go into the sink if they are wanted. Tells whether there were
    /// columns.
    async fn one(
        &self,
        asker: &Asker<'_>,
        part: &Bound,
        wanted: bool,
        sink: &mut dyn BatchSink,
    ) -> Result<bool> {
        let mut wide = Vec::new();
        loop {
            let id = Uuid::new_v4().to_string();
            let read = async {
                let answer = asker.rows(&part.sql, &part.binds, &id).await?;
                self.read(asker, answer, &wide, wanted, sink).await
            };
            match read.await {
                Ok(Ended::Rows) => return Ok(true),
                Ok(Ended::Nothing) => return Ok(false),
                Ok(Ended::Wide(place)) => {
                    wide.push(place);
                    asker.kill(&id).await;
                }
                Err(fault) => {
                    if fault.code() != Code::SourceFailed {
                        asker.kill(&id).await;
                    }
                    return Err(fault);
                }
            }
        }
    }

    async fn read(
        &self,
        asker: &Asker<'_>,
        mut answer: HttpStream,
        wide: &[usize],
        wanted: bool,
        sink: &mut dyn BatchSink,
    ) -> Result<Ended> {
        let mut bytes: Vec<u8> = Vec::new();
        // The server's words may look like a value: they are looked for in what came last.
        let mut tail: Vec<u8> = Vec::new();
        let mut columns: Option<Columns> = None;
        loop {
            let chunk = match answer.next().await {
                Ok(chunk) => chunk,
                Err(fault) if fault.code() == Code::SourceFailed => {
                    return Err(asker.failed(&exception(&tail).unwrap_or(fault.detail().into())));
                }
                Err(fault) => return Err(asker.late(fault)),
            };
            let ended = chunk.is_none();
            let chunk = chunk.unwrap_or_default();
            bytes.extend_from_slice(&chunk);
            tail.extend_from_slice(&chunk);
            tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
            if ended && bytes.is_empty() && columns.is_none() {
                return Ok(Ended::Nothing);
            }
            if wanted {
                let mut reader = Reader::new(&bytes);
                let read = self.rows(&mut reader, &mut columns, wide, sink).await;
                let at = reader.at;
                match read {
                    Ok(Some(place)) => return Ok(Ended::Wide(place)),
                    Ok(None) => {}
                    Err(fault) => {
                        return Err(exception(&tail).map_or(fault, |said| asker.failed(&said)));
                    }
                }
                bytes.drain(..at);
            } else if !ended {
                // Its rows are nobody's.
                let keep = bytes.len().min(1);
                bytes.truncate(keep);
            }
            if ended {
                break;
            }
        }
        if !wanted {
            return Ok(Ended::Rows);
        }
        let Some(mut columns) = columns.filter(|columns| columns.is_whole() && bytes.is_empty())
        else {
            let detail = "the answer is not in the form that was asked for; leave FORMAT out";
            return Err(asker.failed(&exception(&tail).unwrap_or(detail.into())));
        };
        if columns.rows() > 0 {
            sink.batch(columns.take()?).await?;
        }
        Ok(Ended::Rows)
    }

    /// Reads what is there; the column whose number does not fit, if there is one.
    async fn rows(
        &self,
        reader: &mut Reader<'_>,
        columns: &mut Option<Columns>,
        wide: &[usize],
        sink: &mut dyn BatchSink,
    ) -> Result<Option<usize>> {
        if columns.is_none() {
            let Some(head) = Columns::head(reader, wide)? else {
                reader.at = 0;
                return Ok(None);
            };
            sink.begin(head.schema()).await?;
            *columns = Some(head);
        }
        let Some(columns) = columns else { return Ok(None) };
        loop {
            match columns.read(reader, self.batch_rows)? {
                Pause::Full => sink.batch(columns.take()?).await?,
                Pause::Hungry => return Ok(None),
                Pause::Wide(place) => return Ok(Some(place)),
            }
        }
    }

    /// The answer to a question of our own, as text.
    async fn answer(&self, sql: &str) -> Result<String> {
        let never = Never::signal();
        let asker = self.asker(&never, TABLES);
        let mut answer = asker.rows(sql, &[], &Uuid::new_v4().to_string()).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// How reading an answer ended.
enum Ended {
    Rows,
    Nothing,
    /// A number of this column does not fit.
    Wide(usize),
}

/// The server's words, where they stand at the end of what it sent.
fn exception(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let at = text.find(EXCEPTION)?;
    let begin = text[..at].rfind("Code: ").unwrap_or(at);
    Some(text[begin..].lines().next().unwrap_or_default().trim().to_owned())
}

#[async_trait]
impl Connector for ClickHouse {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let parts = statement.statements(Dialect::ClickHouse);
        if parts.is_empty() {
            return Err(Fault::new(Code::SourceFailed, "the query is empty"));
        }
        let mut asker = self.asker(&cancel, Duration::from_secs(time_limit_seconds));
        if parts.len() > 1 {
            asker.session = Some(Uuid::new_v4().to_string());
        }
        let reading = parts
            .iter()
            .rposition(|part| classify(&part.sql, Dialect::ClickHouse) == StatementClass::Read);
        let mut given = false;
        for (place, part) in parts.iter().enumerate() {
            let wanted = reading.is_none_or(|reading| place >= reading);
            given |= self.one(&asker, part, wanted, sink).await?;
        }
        if given {
            return Ok(());
        }
        Err(Fault::new(Code::SourceFailed, "Query completed but it returned no data."))
    }

    async fn test(&self) -> Result<()> {
        self.answer("SELECT 1 FORMAT TabSeparated").await.map(|_| ())
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let sql = "SELECT database, table, name, type FROM system.columns \
                   WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') \
                   ORDER BY database, table, position FORMAT JSONCompactEachRow";
        let text = self.answer(sql).await?;
        let mut tables: Vec<Table> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let row: [String; 4] = serde_json::from_str(line).map_err(|_| {
                Fault::new(Code::SourceFailed, format!("no list of columns: {line}"))
            })?;
            let [database, table, name, kind] = row;
            let full = format!("{database}.{table}");
            let column = TableColumn { name, kind };
            Table::add_column(&mut tables, full, column);
        }
        Ok(tables)
    }
}
