//! Stored results: what they are, and their rows as files.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tessera_access::{Action, ReadQuery, ReadResult, RunQuery};
use tessera_bi::{Query, QueryResult, record_export};
use tessera_formats::{Format, Options, Style, encoder};
use tessera_httpkit::download::{self, Keep};
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::map::results;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::results::ResultDetail;

const ESCAPE: Param = Param::new(
    "escape_formulas",
    "boolean",
    "In CSV and TSV, put an apostrophe in front of texts that a spreadsheet would take for \
     formulas.",
);

const VALUES: Param = Param::new(
    "p_*",
    "string",
    "With a key that pins parameters: a value for one that it leaves free, such as \
     `p_from=2026-01-01`.",
);

/// The latest result of a query, one path for each format.
const LATEST: [(&str, &str, Format); 7] = [
    ("/v1/queries/{id}/result.json", "read_latest_result_json", Format::Json),
    ("/v1/queries/{id}/result.ndjson", "read_latest_result_ndjson", Format::Ndjson),
    ("/v1/queries/{id}/result.csv", "read_latest_result_csv", Format::Csv),
    ("/v1/queries/{id}/result.tsv", "read_latest_result_tsv", Format::Tsv),
    ("/v1/queries/{id}/result.xlsx", "read_latest_result_xlsx", Format::Xlsx),
    ("/v1/queries/{id}/result.arrow", "read_latest_result_arrow", Format::Arrow),
    ("/v1/queries/{id}/result.parquet", "read_latest_result_parquet", Format::Parquet),
];

const LATEST_ABOUT: &str = "That of a run without values. With a key that pins parameters, the \
query is run with them instead, unless a result of the same run is young enough \
(`keys.pinned_max_age_seconds`, or the key's `max_age_floor`).";

const ABOUT: &str = "Without a format it is what is known of the result and its columns. With one \
(`.json`, `.ndjson`, `.csv`, `.tsv`, `.xlsx`, `.arrow`, `.parquet`) it is the rows, streamed. \
Nothing is lost: decimals keep all digits, times their microseconds, and JSON has NaN and \
infinities as texts. The entity tag never changes: `If-None-Match` is answered with `304`.";

pub(crate) fn routes() -> Vec<Route> {
    let files = || Format::ALL.map(Format::media_type).to_vec();
    let latest = LATEST.into_iter().map(|(path, operation, format)| {
        let summary = "Rows of the latest result of a query";
        let handler = move |call| latest_file(call, format);
        Route::new(Verb::Get, path, Action::QueriesRead, operation, summary, handler)
            .params(&[ESCAPE, VALUES])
            .about(LATEST_ABOUT)
            .file(vec![format.media_type()])
    });
    let mut all = vec![
        Route::new(
            Verb::Get,
            "/v1/results/{id}",
            Action::ResultsRead,
            "read_result",
            "A stored result, or its rows as a file",
            get,
        )
        .about(ABOUT)
        .params(&[ESCAPE])
        .file(files())
        .gives::<ResultDetail>(200),
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/results/{sub_id}",
            Action::QueriesRead,
            "read_query_result",
            "A result of a query's present text, or its rows as a file",
            of_query,
        )
        .about("For the holder of the query's key; `sub_id` as in `/v1/results/{id}`.")
        .params(&[ESCAPE])
        .file(files())
        .gives::<ResultDetail>(200),
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/result",
            Action::QueriesRead,
            "read_latest_result",
            "The latest result of a query",
            latest_detail,
        )
        .about("That of a run without values. Its rows are at the same path with a format.")
        .params(&[VALUES])
        .gives::<ResultDetail>(200),
    ];
    all.extend(latest);
    all
}

async fn get(call: Call) -> Result<Response> {
    let (id, format) = split(call.segment(0))?;
    let result = call.result_id(id).await?;
    let grant = call.permit(ReadResult { result }).await?;
    let result = call.bi().results.get(&grant).await?;
    answer(&call, &result, "result", format).await
}

async fn of_query(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    let (id, format) = split(call.segment(1))?;
    let result = call.result_id(id).await?;
    let (query, result) = if call.caller().await?.sees_own_runs_only() {
        let found = call.bi().results.get(&call.permit(ReadResult { result }).await?).await?;
        (call.bi().queries.get(&grant).await?.listing.query, found)
    } else {
        call.bi().results.of_query(&grant, result).await?
    };
    answer(&call, &result, &query.name, format).await
}

async fn latest(call: &Call) -> Result<(Query, QueryResult)> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    if call.caller().await?.sees_own_runs_only() {
        let grant = call.permit(RunQuery { query }).await?;
        return call.bi().jobs.rows(&grant, call.values()).await;
    }
    if let Some((name, _)) = call.values().iter().next() {
        let detail = "only a key that pins parameters takes values here; run the query with them";
        return Err(Fault::invalid(format!("p_{name}"), detail));
    }
    call.bi().results.latest(&grant).await
}

async fn latest_detail(call: Call) -> Result<Response> {
    let (query, result) = latest(&call).await?;
    answer(&call, &result, &query.name, None).await
}

async fn latest_file(call: Call, format: Format) -> Result<Response> {
    let (query, result) = latest(&call).await?;
    answer(&call, &result, &query.name, Some(format)).await
}

/// An identifier and, after the last dot, a format.
fn split(segment: &str) -> Result<(&str, Option<Format>)> {
    let Some((id, extension)) = segment.rsplit_once('.') else { return Ok((segment, None)) };
    match Format::from_extension(extension) {
        Some(format) => Ok((id, Some(format))),
        None => {
            let known = Format::ALL.map(Format::extension).join(", ");
            let detail = format!("there is no format {extension:?}; use one of {known}");
            Err(Fault::invalid("id", detail))
        }
    }
}

async fn answer(
    call: &Call,
    result: &QueryResult,
    name: &str,
    format: Option<Format>,
) -> Result<Response> {
    let Some(format) = format else {
        let columns = results::columns(&call.bi().results.open(result).await?.schema);
        return reply::ok(&ResultDetail { result: results::view(result), columns });
    };
    call.bi().results.check_delivery(call.caller().await?, result, format.extension())?;
    call.info.ledger.note(|entry| {
        entry.rows = result.rows;
        entry.format = Some(format.extension());
    });
    let escape_formulas = call.flag("escape_formulas")?;
    let variant = format!("v1.{}{}", format.extension(), if escape_formulas { ".e" } else { "" });
    let tag = format!("\"{}.{variant}\"", result.uid);
    if is_known(&call.parts.headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let (audit, caller) = (&call.access().audit, call.caller().await?);
    record_export(audit, &call.context(), caller, result, format.extension()).await?;
    let body = rows(call, result, format, escape_formulas, variant).await?;
    Ok(file(body, name, format, &tag))
}

fn file(body: Body, name: &str, format: Format, tag: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CONTENT_DISPOSITION, disposition(name, format));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The rows: from memory if they were asked for before, else encoded while they are sent.
async fn rows(
    call: &Call,
    result: &QueryResult,
    format: Format,
    escape_formulas: bool,
    variant: String,
) -> Result<Body> {
    call.info.ledger.give_rows(result.rows);
    let results = &call.bi().results;
    if let Some(bytes) = results.encoded(result, &variant) {
        call.state.kit.sending.offer(&bytes);
        return Ok(Body::from(bytes));
    }
    let options = Options { style: Style::Exact, escape_formulas, ..Options::default() };
    let reader = results.open(result).await?;
    let encoder = encoder(format, reader.schema, &options)?;
    let (kept, of) = (results.clone(), result.clone());
    let keep = Keep {
        bytes_max: results.encoded_bytes_max(result),
        keep: Box::new(move |bytes| kept.keep_encoded(&of, &variant, bytes)),
    };
    Ok(download::stream(reader.batches, encoder, Vec::new(), Vec::new(), Some(keep)))
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

fn disposition(name: &str, format: Format) -> HeaderValue {
    let safe: String = name
        .chars()
        .map(|letter| if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '_' })
        .collect();
    let ascii: String =
        safe.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect();
    let extension = format.extension();
    download::content_disposition(&format!("{ascii}.{extension}"), &format!("{safe}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_stands_after_the_last_dot() {
        let (id, format) = split("0190.csv").expect("good");
        assert_eq!((id, format), ("0190", Some(Format::Csv)));
        assert_eq!(split("0190").expect("good"), ("0190", None));
        assert_eq!(split("0190.exe").expect_err("no format").field(), Some("id"));
    }

    #[test]
    fn there_is_a_path_for_the_latest_result_in_every_format() {
        assert_eq!(LATEST.map(|(_, _, format)| format), Format::ALL);
        for (path, _, format) in LATEST {
            assert!(path.ends_with(&format!(".{}", format.extension())), "{path}");
        }
    }

    #[test]
    fn an_entity_tag_is_found_among_several() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        assert!(is_known(&headers, "\"b\""));
        assert!(!is_known(&headers, "\"c\""));
    }

    #[test]
    fn a_file_is_named_after_its_query() {
        let value = disposition("Größe / Tag", Format::Csv);
        let text = value.to_str().expect("text");
        assert!(text.starts_with("attachment; filename=Gr__e___Tag.csv"), "{text}");
    }
}
