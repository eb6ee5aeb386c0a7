//! Stored results on their way out: as files, or inside an envelope, in constant memory.

use arrow_schema::Schema;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chrono::Datelike as _;
use http::{HeaderValue, header};
use serde_json::{Value as Json, json};
use tessera_access::OrganizationSettings;
use tessera_bi::QueryResult;
use tessera_formats::{
    DateStyle, Encoder, Format, Options, Style, encoder, json_rows, unique_names,
};
use tessera_httpkit::download;
use tessera_kernel::{Fault, Result};

use super::time;
use crate::{RedashState, quirks, ranges};

/// What stands around the rows of a JSON answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// All that is known of the result.
    Full,
    /// Rows and time only, for holders of a query's or dashboard's key.
    DataOnly,
}

/// What is asked for.
pub(crate) struct Delivery<'a> {
    pub(crate) result: &'a QueryResult,
    pub(crate) format: Format,
    pub(crate) envelope: Envelope,
    /// What the file is named after; `None` for an answer that is no file.
    pub(crate) stem: Option<&'a str>,
    /// Whether the address always gives the same rows.
    pub(crate) is_immutable: bool,
}

/// The answer: from memory if it was encoded lately, else encoded while it is sent.
pub(crate) async fn deliver(state: &RedashState, delivery: Delivery<'_>) -> Result<Response> {
    let body = body(state, &delivery).await?;
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let media = HeaderValue::from_static(delivery.format.media_type());
    headers.insert(header::CONTENT_TYPE, media);
    if let Some(stem) = delivery.stem {
        let day = delivery.result.retrieved_at.date_naive();
        let day = format!("{:04}_{:02}_{:02}", day.year(), day.month(), day.day());
        let (ascii, name) = quirks::file_names(stem, &day, delivery.format.extension());
        let disposition = download::content_disposition(&ascii, &name);
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    if delivery.is_immutable {
        let cache = HeaderValue::from_static("private,max-age=31557600");
        headers.insert(header::CACHE_CONTROL, cache);
        // What is kept for one caller is not for the next one in the same browser.
        let callers = HeaderValue::from_static("authorization, cookie, x-api-key");
        headers.append(header::VARY, callers);
    }
    Ok(response)
}

async fn body(state: &RedashState, delivery: &Delivery<'_>) -> Result<Body> {
    let results = &state.bi.results;
    let options = options(state.kit.access.organization.settings().await?.as_ref());
    let variant = variant(delivery, &options);
    if let Some(bytes) = results.encoded(delivery.result, &variant) {
        state.kit.sending.offer(&bytes);
        return Ok(Body::from(bytes));
    }
    let reader = ranges::spaced(results.open(delivery.result).await?);
    let (rows, before, after): (Box<dyn Encoder>, _, _) = match delivery.format {
        Format::Json => {
            let (before, after) = frame(delivery.result, delivery.envelope, &reader.schema)?;
            (json_rows(reader.schema, &options), before, after)
        }
        format => (encoder(format, reader.schema, &options)?, Vec::new(), Vec::new()),
    };
    let (keeper, result) = (results.clone(), delivery.result.clone());
    let keep = download::Keep {
        bytes_max: results.encoded_bytes_max(&result),
        keep: Box::new(move |bytes: Bytes| keeper.keep_encoded(&result, &variant, bytes)),
    };
    Ok(download::stream(reader.batches, rows, before, after, Some(keep)))
}

/// Values as clients of this dialect read them.
fn options(organization: &OrganizationSettings) -> Options {
    Options {
        style: Style::Floating,
        dates: if organization.iso_dates_in_files {
            DateStyle::Iso
        } else {
            DateStyle::Pattern {
                date: organization.date_format.clone(),
                datetime: organization.datetime_format(),
            }
        },
        // Spreadsheet programs get typed cells in XLSX; a CSV file is data for programs.
        escape_formulas: false,
        sheet_name: "result".to_owned(),
    }
}

/// Everything that the bytes depend on beside the result.
fn variant(delivery: &Delivery<'_>, options: &Options) -> String {
    let Options { style, dates, escape_formulas, sheet_name } = options;
    format!(
        "redash {:?} {:?} {style:?} {dates:?} {escape_formulas} {sheet_name}",
        delivery.format, delivery.envelope
    )
}

/// What stands before and after the rows.
fn frame(result: &QueryResult, envelope: Envelope, schema: &Schema) -> Result<(Vec<u8>, Vec<u8>)> {
    let text = |value: &Json| {
        serde_json::to_string(value)
            .map_err(|error| Fault::internal("an envelope cannot be written as JSON", error))
    };
    let columns = text(&columns(schema))?;
    let retrieved_at = text(&json!(time(result.retrieved_at)))?;
    let (head, tail) = match envelope {
        Envelope::DataOnly => (String::new(), String::new()),
        Envelope::Full => (
            format!(
                "\"id\":{},\"query_hash\":{},\"query\":{},",
                result.id,
                text(&json!(result.query_hash))?,
                text(&json!(result.display_text))?
            ),
            format!(
                "\"data_source_id\":{},\"runtime\":{},",
                result.source,
                text(&json!(result.runtime_seconds))?
            ),
        ),
    };
    let before = format!("{{\"query_result\":{{{head}\"data\":{{\"columns\":{columns},\"rows\":[");
    let after = format!("]}},{tail}\"retrieved_at\":{retrieved_at}}}}}");
    Ok((before.into_bytes(), after.into_bytes()))
}

fn columns(schema: &Schema) -> Json {
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let unique = unique_names(&names);
    let column = |(field, name): (&std::sync::Arc<arrow_schema::Field>, String)| {
        let kind = quirks::column_type(field);
        json!({ "name": name, "friendly_name": name, "type": kind })
    };
    schema.fields().iter().zip(unique).map(column).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow_schema::{DataType, Field};
    use tessera_kernel::ids::{ResultId, SourceId, Uid};
    use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE};

    use super::*;

    fn framed(envelope: Envelope) -> Json {
        let result = QueryResult {
            id: ResultId(2),
            uid: Uid::nil(),
            source: SourceId(1),
            cache_key: [0; 32],
            template_digest: [0; 32],
            has_parameters: false,
            display_text: "select 1 as \"one\"".to_owned(),
            query_hash: "c76f782428bd11b1c0b745d5137d5623".to_owned(),
            runtime_seconds: 0.5,
            retrieved_at: "2026-11-21T09:16:57.855Z".parse().unwrap(),
            rows: 1,
            bytes: 1,
            viewer: None,
            inputs: Vec::new(),
        };
        let metadata = HashMap::from([
            (COLUMN_KIND.to_owned(), "integer".to_owned()),
            (COLUMN_SOURCE_TYPE.to_owned(), "pg:int4".to_owned()),
        ]);
        let field = Field::new("one", DataType::Int64, true).with_metadata(metadata);
        let schema = Schema::new(vec![field.clone(), field]);
        let (mut text, after) = frame(&result, envelope, &schema).unwrap();
        text.extend(b"{\"one\":1,\"one1\":1}");
        text.extend(after);
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn the_envelope_is_the_recorded_one() {
        let data = json!({
            "columns": [
                { "name": "one", "friendly_name": "one", "type": "integer" },
                { "name": "one1", "friendly_name": "one1", "type": "integer" }
            ],
            "rows": [{ "one": 1, "one1": 1 }]
        });
        assert_eq!(
            framed(Envelope::Full),
            json!({ "query_result": {
                "id": 2, "query_hash": "c76f782428bd11b1c0b745d5137d5623",
                "query": "select 1 as \"one\"", "data": data, "data_source_id": 1, "runtime": 0.5,
                "retrieved_at": "2026-11-21T09:16:57.855Z"
            }})
        );
    }

    #[test]
    fn holders_of_keys_get_rows_and_time_only() {
        let keys: Vec<String> = framed(Envelope::DataOnly)["query_result"]
            .as_object()
            .map(|fields| fields.keys().cloned().collect())
            .unwrap_or_default();
        assert_eq!(keys, ["data", "retrieved_at"]);
    }
}
