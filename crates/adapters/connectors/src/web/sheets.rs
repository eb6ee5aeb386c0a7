//! CSV and Excel documents: a YAML text with `url`, `user-agent` and how to read what is there.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use tessera_bi::SourceType;
use tessera_bi::ports::{BatchSink, CancelSignal};
use tessera_formats::read::{CsvOptions, ExcelOptions, Sheet, read_csv, read_excel};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Dialect, Document as Kind};

use super::documents::Document;
use super::{checked, joined, pour, yaml};
use crate::ConnectorSettings;
use crate::http::{Http, HttpLimits, HttpRequest, HttpTls};

pub(crate) const CSV: &str = "csv";
pub(crate) const EXCEL: &str = "excel";

pub(crate) fn csv_type() -> SourceType {
    source_type(CSV, "CSV")
}

pub(crate) fn excel_type() -> SourceType {
    source_type(EXCEL, "Excel")
}

fn source_type(name: &'static str, title: &'static str) -> SourceType {
    SourceType {
        name,
        title,
        schema: json!({ "type": "object", "properties": {} }),
        dialect: Dialect::Document(Kind::Yaml),
        syntax: "yaml",
        auto_limit: false,
        remarks: false,
        row_policy: false,
    }
}

/// Documents of one kind.
pub(crate) struct Sheets {
    is_csv: bool,
    http: Http,
    settings: Arc<ConnectorSettings>,
}

impl Sheets {
    pub(crate) fn new(is_csv: bool, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let http = Http::new(Arc::clone(&settings), &HttpTls::default())?;
        Ok(Self { is_csv, http, settings })
    }
}

#[async_trait]
impl Document for Sheets {
    async fn read(
        &self,
        bound: &Bound,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let mut members = match yaml::parse(&bound.sql)? {
            Json::Object(members) => members,
            _ => return Err(failed("", "Query should be a YAML object with 'url'.")),
        };
        let Some(Json::String(written)) = members.shift_remove("url") else {
            return Err(failed("", "Query must include 'url' option."));
        };
        let shown = bound.filled_text(&written);
        let Json::Object(mut members) = bound.filled(Json::Object(members))? else {
            return Err(failed(&shown, "Query should be a YAML object with 'url'."));
        };
        let url = joined(bound, &written, None)?;
        // Whoever writes the query writes the address too.
        let mut request = HttpRequest::get(url).public_only();
        if let Some(agent) = members.shift_remove("user-agent") {
            request = request.header("user-agent", agent.as_str().unwrap_or_default())?;
        }
        let wanted = Wanted::read(self.is_csv, &members).map_err(|fault| explain(&shown, fault))?;
        let limits = HttpLimits::document(&self.settings, run_seconds);
        let answer = self.http.fetch(request, &limits, cancel).await;
        let body = answer.and_then(checked).map_err(|fault| explain(&shown, fault))?.body;
        let batch_rows = self.settings.batch_rows;
        let poured = pour(sink, move |target| match wanted {
            Wanted::Csv(options) => read_csv(&body, &options, batch_rows, target),
            Wanted::Excel(options) => read_excel(&body, &options, batch_rows, target),
        });
        poured.await.map_err(|fault| explain(&shown, fault))
    }
}

/// How to read what is there.
enum Wanted {
    Csv(CsvOptions),
    Excel(ExcelOptions),
}

impl Wanted {
    fn read(is_csv: bool, members: &Map<String, Json>) -> Result<Self> {
        let mut csv = CsvOptions::default();
        let mut excel = ExcelOptions::default();
        for (name, value) in members {
            match name.as_str() {
                "header" => {
                    let (header, skipped) = match value {
                        Json::Null => (false, 0),
                        Json::String(word) if word == "infer" => (true, 0),
                        value => (true, count(name, value)?),
                    };
                    (csv.header, excel.header) = (header, header);
                    csv.skip_rows += skipped;
                    excel.skip_rows += u32::try_from(skipped).unwrap_or(u32::MAX);
                }
                "names" => {
                    let names = texts(name, value)?;
                    // Names instead of a header, unless the text says that there is one.
                    let header = members.contains_key("header");
                    (csv.header, excel.header) = (header, header);
                    (csv.names, excel.names) = (names.clone(), names);
                }
                "usecols" => {
                    let names = texts(name, value)?;
                    (csv.columns, excel.columns) = (names.clone(), names);
                }
                "skiprows" => {
                    let rows = count(name, value)?;
                    csv.skip_rows += rows;
                    excel.skip_rows += u32::try_from(rows).unwrap_or(u32::MAX);
                }
                "nrows" => {
                    let rows = Some(u64::try_from(count(name, value)?).unwrap_or(u64::MAX));
                    (csv.rows_max, excel.rows_max) = (rows, rows);
                }
                "sheet_name" if !is_csv => {
                    excel.sheet = match value {
                        Json::String(text) => Sheet::Name(text.clone()),
                        value => Sheet::Place(count(name, value)?),
                    }
                }
                "sep" | "delimiter" if is_csv => csv.delimiter = sign(name, value)?,
                "quotechar" if is_csv => csv.quote = sign(name, value)?,
                "escapechar" if is_csv => csv.escape = Some(sign(name, value)?),
                "comment" if is_csv => csv.comment = Some(sign(name, value)?),
                "decimal" if is_csv => csv.decimal = char::from(sign(name, value)?),
                "thousands" if is_csv => csv.thousands = Some(char::from(sign(name, value)?)),
                "na_values" if is_csv => csv.nulls = texts(name, value)?,
                "keep_default_na" if is_csv => csv.usual_nulls = value != &Json::Bool(false),
                "parse_dates" if is_csv => csv.date_columns = texts(name, value)?,
                "encoding" if is_csv => csv.encoding = texts(name, value)?.into_iter().next(),
                "dtype" if is_csv => csv.text_columns = text_columns(value)?,
                other => return Err(unknown(other)),
            }
        }
        Ok(if is_csv { Self::Csv(csv) } else { Self::Excel(excel) })
    }
}

fn text_columns(value: &Json) -> Result<Vec<String>> {
    let columns = value.as_object().ok_or_else(|| unknown("dtype of all columns"))?;
    columns
        .iter()
        .map(|(column, kind)| match kind.as_str() {
            Some("str" | "string" | "object") => Ok(column.clone()),
            _ => Err(unknown("dtype other than str")),
        })
        .collect()
}

fn texts(name: &str, value: &Json) -> Result<Vec<String>> {
    let one = |value: &Json| match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        _ => Err(Fault::new(Code::SourceFailed, format!("{name} must be a list of texts"))),
    };
    match value {
        Json::Array(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

fn count(name: &str, value: &Json) -> Result<usize> {
    let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| Fault::new(Code::SourceFailed, format!("{name} must be a whole number")))
}

fn sign(name: &str, value: &Json) -> Result<u8> {
    match value.as_str() {
        Some("\\t") => Ok(b'\t'),
        Some(text) if text.len() == 1 => Ok(text.as_bytes()[0]),
        _ => {
            let detail = format!("{name} must be one ASCII character");
            Err(Fault::new(Code::SourceFailed, detail))
        }
    }
}

fn unknown(name: &str) -> Fault {
    Fault::new(Code::SourceFailed, format!("the option {name} is not supported"))
}

fn failed(url: &str, detail: &str) -> Fault {
    Fault::new(Code::SourceFailed, format!("Error reading {url}. {detail}"))
}

/// Names the document in what went wrong with it.
fn explain(url: &str, fault: Fault) -> Fault {
    if fault.code() == Code::SourceFailed { failed(url, fault.detail()) } else { fault }
}
