//! Runs the statements of a text, one after the other, and streams the rows of the last one that
//! gives any.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use tessera_bi::ended::{TIME_LIMIT, too_long};
use tessera_bi::ports::BatchSink;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect, StatementClass, classify};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use super::binds::Text;
use super::columns::Columns;
use super::connect::now;
use super::errors::{self, Spoken, failed};

/// One run on one connection.
pub(super) struct Run<'a> {
    client: &'a Client,
    limit: Duration,
    begun: Instant,
    batch_rows: usize,
}

/// A statement, and where it stands in the text that the caller knows.
struct Part<'a> {
    bound: Bound,
    /// The whole text and how many characters of it are before the statement, if it was found there.
    whole: Option<(&'a str, i64)>,
}

impl Part<'_> {
    fn spoken(&self) -> Spoken<'_> {
        match self.whole {
            Some((text, before)) => Spoken { text, before },
            None => Spoken { text: &self.bound.sql, before: 0 },
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(client: &'a Client, limit: Duration, batch_rows: usize) -> Self {
        Self { client, limit, begun: now(), batch_rows }
    }

    pub(super) async fn all(&self, text: &Bound, sink: &mut dyn BatchSink) -> Result<()> {
        let parts = parts(text);
        if parts.is_empty() {
            return Err(Fault::new(Code::SourceFailed, "can't execute an empty query"));
        }
        // Rows of statements before this one are not looked at, because it gives rows for sure.
        let reading = parts
            .iter()
            .rposition(|part| classify(&part.bound.sql, Dialect::Postgres) == StatementClass::Read);
        let mut given = false;
        for (place, part) in parts.iter().enumerate() {
            let prepared = self.prepare(&part.bound).await;
            let prepared = prepared.map_err(|error| self.fault(&error, part.spoken()))?;
            let passed_over = reading.is_some_and(|reading| place < reading);
            if passed_over || prepared.columns().is_empty() {
                let binds = part.bound.binds.iter().map(Text);
                let ran = self.client.execute_raw(&prepared, binds).await;
                ran.map_err(|error| self.fault(&error, part.spoken()))?;
            } else {
                self.read(part, prepared, sink).await?;
                given = true;
            }
        }
        if given {
            return Ok(());
        }
        Err(Fault::new(Code::SourceFailed, "Query completed but it returned no data."))
    }

    /// Streams the rows of one statement.
    async fn read(
        &self,
        part: &Part<'_>,
        prepared: Statement,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let known = names(&prepared);
        let (prepared, spoken) = match Columns::unreadable(&prepared) {
            None => (prepared, part.spoken()),
            Some(place) => self.as_text(part, &prepared, &known[place]).await?,
        };
        let mut columns = Columns::new(&prepared, &known)?;
        let binds = part.bound.binds.iter().map(Text);
        let rows = self.client.query_raw(&prepared, binds).await;
        let rows = rows.map_err(|error| self.fault(&error, spoken))?;
        let mut rows = std::pin::pin!(rows);
        let mut begun = false;
        loop {
            let row = rows.try_next().await.map_err(|error| self.fault(&error, spoken))?;
            if !begun {
                // Only now is it sure that the statement runs at all.
                sink.begin(columns.schema()).await?;
                begun = true;
            }
            match row {
                Some(row) => columns.push(&row)?,
                None => break,
            }
            if columns.is_full(self.batch_rows) {
                sink.batch(columns.take()?).await?;
            }
        }
        if columns.rows() > 0 {
            sink.batch(columns.take()?).await?;
        }
        Ok(())
    }

    /// Prepares a statement; the server tells the types of its values. Where it cannot, because a
    /// function takes any type, the value is a text.
    async fn prepare(&self, bound: &Bound) -> Result<Statement, tokio_postgres::Error> {
        let mut types = Vec::new();
        loop {
            let error = match self.client.prepare_typed(&bound.sql, &types).await {
                Ok(prepared) => return Ok(prepared),
                Err(error) => error,
            };
            let number = errors::undetermined(&error).filter(|number| {
                (1..=bound.binds.len()).contains(number)
                    && types.get(number - 1).is_none_or(|kind| *kind != Type::TEXT)
            });
            let Some(number) = number else { return Err(error) };
            if types.len() < number {
                types.resize(number, Type::UNKNOWN);
            }
            types[number - 1] = Type::TEXT;
        }
    }

    /// The same statement, with the columns of types that only the server can read turned into text
    /// by the server. `at_fault` is the name and the type of the first of them.
    async fn as_text<'p>(
        &self,
        part: &'p Part<'_>,
        prepared: &Statement,
        at_fault: &(String, String),
    ) -> Result<(Statement, Spoken<'p>)> {
        let refuse = || {
            let (name, kind) = at_fault;
            let detail = format!(
                "the column {name:?} has the type {kind}, which cannot be read; cast it to text"
            );
            Fault::new(Code::Unsupported, detail)
        };
        if classify(&part.bound.sql, Dialect::Postgres) != StatementClass::Read {
            return Err(refuse());
        }
        let places = prepared.columns().iter().enumerate();
        let list: Vec<String> = places
            .map(|(place, column)| {
                let cast = if Columns::reads(column.type_()) { "" } else { "::text" };
                format!("c{place}{cast}")
            })
            .collect();
        let aliases: Vec<String> = (0..list.len()).map(|place| format!("c{place}")).collect();
        let head = format!("SELECT {} FROM (\n", list.join(", "));
        let sql = format!("{head}{}\n) AS t({})", part.bound.sql, aliases.join(", "));
        let wrapped = Bound { sql, ..part.bound.clone() };
        let prepared = self.prepare(&wrapped).await.map_err(|_| refuse())?;
        // The server's positions count the head too.
        let mut spoken = part.spoken();
        spoken.before -= i64::try_from(head.chars().count()).unwrap_or(i64::MAX);
        Ok((prepared, spoken))
    }

    /// A fault for what the server said. That it stopped because of the time is seen by the clock:
    /// its words depend on its language.
    fn fault(&self, error: &tokio_postgres::Error, spoken: Spoken<'_>) -> Fault {
        if error.code() == Some(&SqlState::QUERY_CANCELED) && self.begun.elapsed() >= self.limit {
            return too_long(self.limit.as_secs(), TIME_LIMIT);
        }
        failed(error, Some(spoken))
    }
}

fn parts(text: &Bound) -> Vec<Part<'_>> {
    let whole = text.sql.as_str();
    let mut rest = whole;
    let mut parts = Vec::new();
    for bound in text.statements(Dialect::Postgres) {
        // One whose placeholders got other numbers is not found, and speaks for itself.
        let found = rest.find(&bound.sql).map(|at| {
            let start = whole.len() - rest.len() + at;
            rest = &whole[start + bound.sql.len()..];
            (whole, i64::try_from(whole[..start].chars().count()).unwrap_or(i64::MAX))
        });
        parts.push(Part { bound, whole: found });
    }
    parts
}

fn names(prepared: &Statement) -> Vec<(String, String)> {
    let names = prepared.columns().iter();
    names.map(|column| (column.name().to_owned(), column.type_().name().to_owned())).collect()
}
