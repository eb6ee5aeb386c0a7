//! Google Sheets: the text names a spreadsheet and a sheet of it, whose first row names the columns.

mod query;
mod values;

use std::sync::Arc;

use async_trait::async_trait;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect, Document};

use self::query::{Query, Sheet};
use crate::ConnectorSettings;
use crate::google::{Google, KEY_FILE, Span, key_option, now, said};
use crate::http::{HttpAnswer, HttpLimits, HttpRequest};
use crate::never::Never;
use crate::web::{component, no_tables, pour};

pub(crate) const NAME: &str = "google_spreadsheets";

/// What the account's token is for.
const SCOPES: &str = "https://www.googleapis.com/auth/spreadsheets.readonly";

pub(crate) fn source_type() -> SourceType {
    SourceType {
        name: NAME,
        title: "Google Sheets",
        schema: json!({
            "type": "object",
            "properties": { KEY_FILE: key_option() },
            "required": [],
            "secret": [KEY_FILE],
        }),
        dialect: Dialect::Document(Document::Address),
        syntax: "custom",
        auto_limit: false,
        remarks: false,
        row_policy: false,
    }
}

pub(crate) struct Spreadsheets {
    google: Google,
    settings: Arc<ConnectorSettings>,
}

/// A spreadsheet as it describes itself.
#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    sheets: Vec<DescribedSheet>,
}

#[derive(Deserialize)]
struct DescribedSheet {
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(default)]
    title: String,
}

impl Spreadsheets {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        Ok(Self { google: Google::new(options, SCOPES, Arc::clone(&settings))?, settings })
    }

    async fn read(
        &self,
        bound: &Bound,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let query = Query::read(bound)?;
        let HttpLimits { time: limit, time_setting: setting, .. } =
            HttpLimits::document(&self.settings, run_seconds);
        let bytes = self.settings.http_answer_bytes_max;
        let span = Span { limit, setting, until: now() + limit, bytes };
        let path = format!("/v4/spreadsheets/{}", component(&query.id));
        let described = format!("{path}?fields=sheets.properties.title");
        let described = self.ask(&query, &described, &span, cancel).await?;
        let described: Described = serde_json::from_slice(&described.body).map_err(|error| {
            failed(format!("the answer does not describe a spreadsheet: {error}"))
        })?;
        let title = chosen(&described, &query.sheet)?;
        // A name between quotes is the whole sheet, whatever it looks like.
        let range = component(&format!("'{}'", title.replace('\'', "''")));
        let values = format!(
            "{path}/values/{range}?majorDimension=ROWS&valueRenderOption=FORMATTED_VALUE\
             &prettyPrint=false"
        );
        let answer = self.ask(&query, &values, &span, cancel).await?;
        let batch_rows = self.settings.batch_rows;
        pour(sink, move |target| values::read(&answer.body, batch_rows, target)).await
    }

    async fn ask(
        &self,
        query: &Query,
        path: &str,
        span: &Span,
        cancel: &Arc<dyn CancelSignal>,
    ) -> Result<HttpAnswer> {
        let request = HttpRequest::get(self.google.address("sheets", path)?);
        let answer = self.google.ask(request, span, cancel).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let (id, email) = (&query.id, self.google.email());
        Err(failed(match answer.status {
            StatusCode::NOT_FOUND => format!(
                "the spreadsheet {id} was not found: check its identifier, and share it with {email}"
            ),
            StatusCode::FORBIDDEN => {
                format!("{} (is the spreadsheet shared with {email}?)", said(&answer))
            }
            _ => said(&answer),
        }))
    }
}

/// The name of the sheet that is wanted.
fn chosen<'d>(described: &'d Described, sheet: &Sheet) -> Result<&'d str> {
    let mut titles = described.sheets.iter().map(|sheet| sheet.properties.title.as_str());
    let count = described.sheets.len();
    match sheet {
        Sheet::Place(place) => titles.nth(*place).ok_or_else(|| {
            failed(format!(
                "there is no sheet {place}: the spreadsheet has {count}, and the first one is 0"
            ))
        }),
        Sheet::Title(wanted) => titles.find(|title| title == wanted).ok_or_else(|| {
            failed(format!("the spreadsheet has no sheet that is called {wanted:?}"))
        }),
    }
}

fn failed(detail: String) -> Fault {
    Fault::new(Code::SourceFailed, detail)
}

#[async_trait]
impl Connector for Spreadsheets {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let reading = self.read(statement, time_limit_seconds, &cancel, sink);
        in_time(time_limit_seconds, &cancel, reading).await
    }

    /// The account is known to Google; which spreadsheets it may read, each of them says.
    async fn test(&self) -> Result<()> {
        self.google.prove(&Never::signal()).await
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        Err(no_tables())
    }
}
