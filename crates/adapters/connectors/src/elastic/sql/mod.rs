//! SQL on Elasticsearch and OpenSearch: a statement in, pages of rows out.

mod ask;
mod columns;
mod literals;
mod shapes;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_trait::async_trait;
use tessera_bi::Table;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_kernel::{Code, Result};
use tessera_sqltext::{Bound, Dialect};

use self::ask::{Asker, Page};
use self::columns::{Columns, Taken};
use super::door::{Door, failed};
use super::{tables, tasks};

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// Elasticsearch, as of 6.3.
    Elasticsearch,
    /// OpenSearch, and Open Distro before it.
    OpenSearch,
}

impl Flavour {
    const fn dialect(self) -> Dialect {
        match self {
            Self::Elasticsearch => Dialect::Elasticsearch,
            Self::OpenSearch => Dialect::OpenSearch,
        }
    }

    /// Where statements go, today or before.
    const fn path(self, older: bool) -> &'static str {
        match (self, older) {
            (Self::Elasticsearch, false) => "/_sql",
            (Self::Elasticsearch, true) => "/_xpack/sql",
            (Self::OpenSearch, false) => "/_plugins/_sql",
            (Self::OpenSearch, true) => "/_opendistro/_sql",
        }
    }
}

pub(super) struct SqlSearch {
    door: Door,
    flavour: Flavour,
    /// Whether the server only knows the address of before.
    older: AtomicBool,
}

/// How one pass over the rows ended.
enum Pass {
    Done,
    /// A value did not fit its column, which will be wider.
    Again,
}

impl SqlSearch {
    pub(super) fn new(door: Door, flavour: Flavour) -> Self {
        Self { door, flavour, older: AtomicBool::new(false) }
    }

    async fn pass(
        &self,
        asker: &Asker<'_>,
        statement: &Bound,
        wider: &mut Vec<usize>,
        sink: &mut dyn BatchSink,
    ) -> Result<Pass> {
        let mut page = asker.begin(statement).await?;
        let Some(described) = page.columns.take() else {
            return Err(failed("the answer is no page of rows: it has no columns"));
        };
        let mut columns = columns::columns(&described, &page.rows, wider)?;
        let mut cursor = page.cursor.take();
        let ended = match sink.begin(columns.schema()).await {
            Ok(()) => loop {
                match self.rows(page, &mut columns, wider, sink).await {
                    Ok(Pass::Done) => {}
                    other => break other,
                }
                let Some(at) = cursor.as_deref() else { break Ok(Pass::Done) };
                match asker.next(at).await {
                    Ok(next) => page = next,
                    Err(fault) => break Err(fault),
                }
                cursor = page.cursor.take();
            },
            Err(fault) => Err(fault),
        };
        if let Some(cursor) = cursor {
            asker.close(&cursor).await;
        }
        ended
    }

    async fn rows(
        &self,
        page: Page,
        columns: &mut Columns,
        wider: &mut [usize],
        sink: &mut dyn BatchSink,
    ) -> Result<Pass> {
        for row in page.rows {
            if let Taken::Misfit = columns::push(columns, row, wider)? {
                return Ok(Pass::Again);
            }
            if columns.is_full(self.door.settings().batch_rows) {
                sink.batch(columns.take()?).await?;
            }
        }
        // What came together goes on together: pages are limited by their bytes.
        if columns.rows() > 0 {
            sink.batch(columns.take()?).await?;
        }
        Ok(Pass::Done)
    }
}

#[async_trait]
impl Connector for SqlSearch {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let parts = statement.statements(self.flavour.dialect());
        let Some((last, before)) = parts.split_last() else {
            return Err(failed("the query is empty"));
        };
        if !before.is_empty() {
            return Err(failed("the server runs one statement at a time; write only one"));
        }
        let limit = Duration::from_secs(time_limit_seconds);
        let asker = Asker::new(&self.door, self.flavour, &self.older, &cancel, limit);
        let mut wider = Vec::new();
        let ended = loop {
            match self.pass(&asker, last, &mut wider, sink).await {
                Ok(Pass::Done) => break Ok(()),
                Ok(Pass::Again) => {}
                Err(fault) => break Err(fault),
            }
        };
        if let Err(fault) = &ended
            && matches!(fault.code(), Code::Cancelled | Code::TimedOut)
        {
            tasks::cancel(&self.door, asker.mark()).await;
        }
        ended
    }

    async fn test(&self) -> Result<()> {
        self.door.get("/_cluster/health").await.map(drop)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        tables::read(&self.door.get("/_mappings").await?.body)
    }
}
