//! Views of stored results: pages, filters, groups and pivots, and statistics of columns.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use tessera_access::{Action, ReadResult};
use tessera_bi::views::{View, ViewRows};
use tessera_bi::{QueryResult, record_export};
use tessera_formats::{Format, Options, encoder, json_rows};
use tessera_httpkit::download;
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::map::{results, views};
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::views as wire;

/// Rows of a page, if nothing is said.
const PAGE_ROWS: u64 = 100;

const FORMAT: Param = Param::new(
    "format",
    "string",
    "A file instead of a page: `json`, `ndjson`, `csv`, `tsv`, `xlsx`, `arrow` or `parquet`. Without \
     a limit it has all rows.",
);

const MEMBERS: [Param; 7] = [
    Param::new(
        "filter",
        "string",
        "`column:op:value`, such as `amount:gte:10`; sent several times, all hold. Several values \
         of `in`, `not_in` and `between` have commas between them.",
    )
    .repeated(),
    Param::new("search", "string", "Only rows with this text in a column, in any case."),
    Param::new("column", "string", "A column to show; sent several times. By default all.")
        .repeated(),
    Param::new("sort", "string", "A column to sort by; a minus in front reverses.").repeated(),
    Param::new("distinct", "boolean", "Whether equal rows are shown once."),
    Param::new("offset", "integer", "How many rows to pass over."),
    Param::new("limit", "integer", "Most rows; a page has 100 by default."),
];

const ABOUT: &str = "The rows are made where they are stored: filter and search, then groups or \
columns, then order, then the page. Who may read the result may ask, and what the answer has counts \
for the caps and limits of the key. `next_offset` is null on the last page.";

pub(crate) fn routes() -> Vec<Route> {
    let path = "/v1/results/{id}/view";
    let files = || Format::ALL.map(Format::media_type).to_vec();
    vec![
        Route::new(
            Verb::Get,
            path,
            Action::ResultsRead,
            "view_result",
            "A page of a stored result: filtered, searched, sorted",
            by_members,
        )
        .about(ABOUT)
        .params(&MEMBERS)
        .params(&[FORMAT])
        .file(files())
        .gives::<wire::ViewPage>(200),
        Route::new(
            Verb::Post,
            path,
            Action::ResultsRead,
            "make_view_of_result",
            "A page of a stored result: filtered, searched, grouped, pivoted, sorted",
            by_body,
        )
        .about(ABOUT)
        .params(&[FORMAT])
        .reads::<wire::View>()
        .file(files())
        .gives::<wire::ViewPage>(200),
        Route::new(
            Verb::Get,
            "/v1/results/{id}/statistics",
            Action::ResultsRead,
            "read_result_statistics",
            "What is known of the columns of a stored result",
            statistics,
        )
        .about("For each column: values, missing ones, different ones, the least and the greatest.")
        .gives::<wire::ResultStatistics>(200),
    ]
}

async fn found(call: &Call) -> Result<QueryResult> {
    let result = call.result_id(call.segment(0)).await?;
    let grant = call.permit(ReadResult { result }).await?;
    call.bi().results.get(&grant).await
}

async fn by_members(call: Call) -> Result<Response> {
    let result = found(&call).await?;
    let view = views::of_members(&call)?;
    answer(&call, &result, view).await
}

async fn by_body(call: Call) -> Result<Response> {
    let result = found(&call).await?;
    let view = views::view(call.json()?)?;
    answer(&call, &result, view).await
}

async fn statistics(call: Call) -> Result<Response> {
    let result = found(&call).await?;
    call.bi().results.check_delivery(call.caller().await?, &result, Format::Json.extension())?;
    let columns = call.bi().results.statistics(&result).await?;
    let columns = columns.into_iter().map(|column| wire::ColumnStatistics {
        name: column.name,
        r#type: column.kind,
        count: column.count,
        nulls: column.nulls,
        distinct: column.distinct,
        min: column.min,
        max: column.max,
    });
    reply::ok(&wire::ResultStatistics { rows: result.rows, columns: columns.collect() })
}

async fn answer(call: &Call, result: &QueryResult, mut view: View) -> Result<Response> {
    let format = match call.text("format") {
        None => None,
        Some(word) => Some(Format::from_extension(word).ok_or_else(|| {
            let known = Format::ALL.map(Format::extension).join(", ");
            Fault::invalid("format", format!("send one of {known}"))
        })?),
    };
    if format.is_none() {
        view.limit = view.limit.or(Some(PAGE_ROWS));
    }
    let word = format.unwrap_or(Format::Json).extension();
    let caller = call.caller().await?;
    let rows = call.bi().results.view(caller, result, &view, word).await?;
    call.info.ledger.note(|entry| entry.format = Some(word));
    call.info.ledger.give_rows(rows.rows);
    let given = QueryResult { rows: rows.rows, ..result.clone() };
    record_export(&call.access().audit, &call.context(), caller, &given, word).await?;
    match format {
        Some(format) => file(rows, format),
        None => page(rows, &view),
    }
}

fn page(rows: ViewRows, view: &View) -> Result<Response> {
    let limit = view.limit.unwrap_or(PAGE_ROWS);
    let page = wire::ViewPage {
        columns: results::columns(&rows.schema),
        offset: view.offset,
        limit,
        next_offset: rows.more.then(|| view.offset.saturating_add(rows.rows)),
        rows: Vec::new(),
    };
    let frame = serde_json::to_string(&page)
        .map_err(|error| Fault::internal("an answer cannot be written as JSON", error))?;
    // The rows are written into the place of the empty list, which is the last member.
    let before = frame.strip_suffix("]}").unwrap_or(&frame).as_bytes().to_vec();
    let encoder = json_rows(rows.schema, &Options::default());
    let body = download::stream(rows.batches, encoder, before, b"]}".to_vec(), None);
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

fn file(rows: ViewRows, format: Format) -> Result<Response> {
    let encoder = encoder(format, rows.schema, &Options::default())?;
    let body = download::stream(rows.batches, encoder, Vec::new(), Vec::new(), None);
    let name = format!("view.{}", format.extension());
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CONTENT_DISPOSITION, download::content_disposition(&name, &name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}
