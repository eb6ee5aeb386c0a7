//! Runs the statements of a text, one after the other, and streams the rows of the last one that
//! gives any.

use std::time::{Duration, Instant};

use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{Conn, Error, Params, QueryResult, Statement, Value};
use mysql_common::named_params::ParsedNamedParams;
use tessera_bi::ended::{TIME_LIMIT, too_long};
use tessera_bi::ports::BatchSink;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bind, Bound, Dialect, StatementClass, classify};

use super::columns::{self, Pass, Wide};
use super::connect::now;
use super::errors::{failed, is_not_prepared, is_too_long};

/// One run on one connection.
pub(super) struct Run<'a> {
    conn: &'a mut Conn,
    limit: Duration,
    begun: Instant,
    batch_rows: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(conn: &'a mut Conn, limit: Duration, batch_rows: usize) -> Self {
        Self { conn, limit, begun: now(), batch_rows }
    }

    pub(super) async fn all(&mut self, text: &Bound, sink: &mut dyn BatchSink) -> Result<()> {
        let parts = text.statements(Dialect::MySql);
        if parts.is_empty() {
            return Err(Fault::new(Code::SourceFailed, "Query was empty"));
        }
        // Rows of statements before this one are not looked at, because it gives rows for sure.
        let reading = parts
            .iter()
            .rposition(|part| classify(&part.sql, Dialect::MySql) == StatementClass::Read);
        let mut given = false;
        for (place, part) in parts.iter().enumerate() {
            let passed_over = reading.is_some_and(|reading| place < reading);
            given |= self.one(part, !passed_over, sink).await?;
        }
        if given {
            return Ok(());
        }
        Err(Fault::new(Code::SourceFailed, "No data was returned."))
    }

    /// Runs one statement; tells whether it gave columns.
    async fn one(&mut self, part: &Bound, wanted: bool, sink: &mut dyn BatchSink) -> Result<bool> {
        let (limit, begun, batch_rows) = (self.limit, self.begun, self.batch_rows);
        let fault = |error: Error| {
            // Its own words depend on the version; that it was the time, on the clock.
            let late = is_too_long(&error) && begun.elapsed() >= limit;
            if late { too_long(limit.as_secs(), TIME_LIMIT) } else { failed(&error) }
        };
        let mut wide = Wide::default();
        loop {
            let prepared = self.prepare(part, &fault).await?;
            let pass = match prepared {
                Some(prepared) => {
                    let values: Vec<Value> = part.binds.iter().map(value).collect();
                    let params =
                        if values.is_empty() { Params::Empty } else { Params::Positional(values) };
                    let rows = self.conn.exec_iter(&prepared, params).await.map_err(fault)?;
                    let target = Target { wide: &mut wide, wanted, batch_rows };
                    let pass = target.read(rows, sink, &fault).await?;
                    self.conn.close(prepared).await.map_err(fault)?;
                    pass
                }
                None => {
                    let rows = self.conn.query_iter(part.sql.as_str()).await.map_err(fault)?;
                    let target = Target { wide: &mut wide, wanted, batch_rows };
                    target.read(rows, sink, &fault).await?
                }
            };
            match pass {
                Pass::Again => {}
                Pass::Done => return Ok(true),
                Pass::Nothing => return Ok(false),
            }
        }
    }
}

impl Run<'_> {
    /// Prepares a statement; `None` for one that is to be sent as a text, which has no values.
    async fn prepare(
        &mut self,
        part: &Bound,
        fault: &(impl Fn(Error) -> Fault + Sync),
    ) -> Result<Option<Statement>> {
        let refuse = |detail| Err(Fault::new(Code::SourceFailed, detail));
        let bare = part.binds.is_empty();
        // The driver has names for parameters, and may see them where there are none.
        let misread = ParsedNamedParams::parse(part.sql.as_bytes())
            .map_or(true, |parsed| !parsed.params().is_empty());
        if misread && !bare {
            return refuse(
                "a colon is taken for a name; write blanks around operators and literals",
            );
        }
        if misread {
            return Ok(None);
        }
        match self.conn.prep(part.sql.as_str()).await {
            Ok(prepared) if usize::from(prepared.num_params()) == part.binds.len() => {
                Ok(Some(prepared))
            }
            Ok(_) => refuse("the server counts other placeholders than there are values"),
            Err(error) if bare && is_not_prepared(&error) => Ok(None),
            Err(error) => Err(fault(error)),
        }
    }
}

/// Where the rows of one result go.
struct Target<'c> {
    /// Columns that were too narrow in an earlier pass.
    wide: &'c mut Wide,
    /// Whether anybody looks at them.
    wanted: bool,
    batch_rows: usize,
}

impl Target<'_> {
    /// Streams the rows of one result into the sink.
    async fn read<P: Protocol>(
        self,
        mut rows: QueryResult<'_, '_, P>,
        sink: &mut dyn BatchSink,
        fault: &(impl Fn(Error) -> Fault + Sync),
    ) -> Result<Pass> {
        if rows.columns_ref().is_empty() || !self.wanted {
            let gives = !rows.columns_ref().is_empty();
            rows.drop_result().await.map_err(fault)?;
            return Ok(if gives { Pass::Done } else { Pass::Nothing });
        }
        let mut columns = columns::columns(rows.columns_ref(), self.wide);
        let mut row = rows.next().await.map_err(fault)?;
        // Only now is it sure that the statement runs at all.
        sink.begin(columns.schema()).await?;
        while let Some(read) = row {
            if !columns::push(&mut columns, read.unwrap(), self.wide)? {
                // What is left is read to its end, to keep the connection.
                rows.drop_result().await.map_err(fault)?;
                return Ok(Pass::Again);
            }
            if columns.is_full(self.batch_rows) {
                sink.batch(columns.take()?).await?;
            }
            row = rows.next().await.map_err(fault)?;
        }
        if columns.rows() > 0 {
            sink.batch(columns.take()?).await?;
        }
        rows.drop_result().await.map_err(fault)?;
        Ok(Pass::Done)
    }
}

/// A value as the server takes it.
fn value(bind: &Bind) -> Value {
    let text = match bind {
        Bind::Integer(number) => return Value::Int(*number),
        Bind::Decimal(text) | Bind::Text(text) | Bind::Untyped(text) => text.clone(),
        Bind::Date(date) => date.to_string(),
        Bind::Datetime(time) => time.format("%Y-%m-%d %H:%M:%S%.f").to_string(),
    };
    Value::Bytes(text.into_bytes())
}
