//! Running queries, and reading what runs gave.

use axum::extract::Path;
use http::StatusCode;
use serde_json::{Map, Value as Json};
use tessera_access::{Caller, ReadQuery, ReadResult, RunQuery, RunStatement};
use tessera_bi::{Freshness, QueryResult, RunAnswer, RunRequest, record_export};
use tessera_formats::Format;
use tessera_kernel::ids::{QueryId, ResultId};
use tessera_kernel::{Code, Fault, Result};

use crate::RedashState;
use crate::credential::Call;
use crate::errors::{Refusal, Worded, no_run};
use crate::map::{as_id, bool_if, freshness, from_address, id, id_field, text_field, values};
use crate::quirks;
use crate::wire::{self, Answer, Delivery, Envelope, deliver};

pub(crate) async fn run_query(Path(query): Path<String>, call: Call) -> Answer {
    let act = RunQuery { query: id(&query)? };
    let grant = call.permit(act).await.worded(Code::Forbidden, no_run)?;
    let request = request(&call, &call.lenient())?;
    let answer = call.state.bi.jobs.run_query(&grant, &request).await?;
    respond(&call, answer).await
}

pub(crate) async fn run_statement(call: Call) -> Answer {
    let body = call.lenient();
    if call.caller.user().is_none() {
        // The key of a query or dashboard opens no data source: the gate says how it is refused.
        call.permit(RunStatement { source: 0.into() }).await?;
    }
    if body.get("data_source_id").is_none_or(Json::is_null) {
        let text = "Please select data source to run this query.";
        return Err(Refusal::say_job(StatusCode::UNAUTHORIZED, text));
    }
    let act = RunStatement { source: id_field(&body, "data_source_id")? };
    let grant = call.permit(act).await.worded(Code::Forbidden, no_run)?;
    let (text, request) = (text_field(&body, "query")?, request(&call, &body)?);
    // Editors run what is not saved yet, with the number of the query that it belongs to.
    let saved = match body.get("query_id").and_then(as_id) {
        Some(id) => call.permit_if(ReadQuery { query: id.into() }).await?,
        None => None,
    };
    let hints = match saved {
        Some(saved) => Some(call.state.bi.queries.get(&saved).await?.listing.query.options),
        None => None,
    };
    let answer = call.state.bi.jobs.run_draft(&grant, &text, hints.as_ref(), &request).await?;
    respond(&call, answer).await
}

/// The old way to run: always anew, values in the address only, by users with full access only.
pub(crate) async fn refresh(Path(query): Path<String>, call: Call) -> Answer {
    let grant = call.permit(RunQuery { query: id(&query)? }).await?;
    if call.caller.user().is_none() {
        return Err(Refusal::say(StatusCode::FORBIDDEN, "Please use a user API key."));
    }
    if let Some(source) = grant.facts().source {
        call.permit(RunStatement { source }).await?;
    }
    let request = RunRequest {
        parameters: from_address(&call.query),
        freshness: Freshness::Always,
        auto_limit: None,
    };
    let answer = call.state.bi.jobs.run_query(&grant, &request).await?;
    respond(&call, answer).await
}

pub(crate) async fn latest(Path(query): Path<String>, call: Call) -> Answer {
    latest_as(&call, id(&query)?, Format::Json).await
}

pub(crate) async fn latest_file(Path((query, file)): Path<(String, String)>, call: Call) -> Answer {
    match file.strip_prefix("results.") {
        Some(extension) => latest_as(&call, id(&query)?, format(extension)?).await,
        // Some other word below a query: one of those that are only posted to.
        None if call.caller.user().is_some() => Ok(super::shell::page()),
        None => Err(Fault::new(Code::OutOfScope, "the key does not open this").into()),
    }
}

async fn latest_as(call: &Call, query: QueryId, format: Format) -> Answer {
    let grant = call.permit(ReadQuery { query }).await?;
    quirks::dashboard_key_reads_no_stored_results(&call.caller)?;
    let (query, result) = if call.caller.sees_own_runs_only() {
        let grant = call.permit(RunQuery { query }).await?;
        call.state.bi.jobs.rows(&grant, from_address(&call.query)).await?
    } else {
        call.state.bi.results.latest(&grant).await?
    };
    file(call, &result, format, &query.name, false).await
}

pub(crate) async fn of_query(Path((query, name)): Path<(String, String)>, call: Call) -> Answer {
    let grant = call.permit(ReadQuery { query: id(&query)? }).await?;
    quirks::dashboard_key_reads_no_stored_results(&call.caller)?;
    let (result, format) = file_name(&name)?;
    let bi = &call.state.bi;
    let by_right = call.caller.user().is_some() || call.caller.sees_own_runs_only();
    let (query, result) = if by_right {
        let found = bi.results.get(&call.permit(ReadResult { result }).await?).await?;
        (bi.queries.get(&grant).await?.listing.query, found)
    } else {
        bi.results.of_query(&grant, result).await?
    };
    file(&call, &result, format, &query.name, true).await
}

pub(crate) async fn by_id(Path(name): Path<String>, call: Call) -> Answer {
    quirks::dashboard_key_reads_no_stored_results(&call.caller)?;
    quirks::query_key_reads_results_below_its_query(&call.caller)?;
    let (result, format) = file_name(&name)?;
    let grant = call.permit(ReadResult { result }).await?;
    let result = call.state.bi.results.get(&grant).await?;
    file(&call, &result, format, &result.id.to_string(), true).await
}

fn request(call: &Call, body: &Map<String, Json>) -> Result<RunRequest> {
    Ok(RunRequest {
        parameters: values(body, &call.query)?,
        freshness: freshness(body)?,
        auto_limit: bool_if(body, "apply_auto_limit")?,
    })
}

async fn respond(call: &Call, answer: RunAnswer) -> Answer {
    match answer {
        RunAnswer::Job(job) => wire::json(&wire::job(&job)),
        RunAnswer::Result(result) => {
            let format = Format::Json;
            call.state.bi.results.check_delivery(&call.caller, &result, format.extension())?;
            call.info.ledger.give_rows(result.rows);
            let delivery = Delivery {
                result: &result,
                format,
                envelope: envelope(&call.caller),
                stem: None,
                is_immutable: false,
            };
            Ok(deliver(noted(call, &result, format), delivery).await?)
        }
    }
}

async fn file(
    call: &Call,
    result: &QueryResult,
    format: Format,
    stem: &str,
    is_immutable: bool,
) -> Answer {
    call.state.bi.results.check_delivery(&call.caller, result, format.extension())?;
    call.info.ledger.give_rows(result.rows);
    let envelope = envelope(&call.caller);
    let delivery = Delivery { result, format, envelope, stem: Some(stem), is_immutable };
    let (audit, context) = (&call.state.kit.access.audit, call.state.kit.context(&call.info));
    record_export(audit, &context, &call.caller, result, format.extension()).await?;
    Ok(deliver(noted(call, result, format), delivery).await?)
}

/// Notes what is given in the record of the request.
fn noted<'a>(call: &'a Call, result: &QueryResult, format: Format) -> &'a RedashState {
    call.info.ledger.note(|entry| {
        entry.rows = result.rows;
        entry.format = Some(format.extension());
    });
    &call.state
}

fn envelope(caller: &Caller) -> Envelope {
    match caller {
        Caller::User { .. } => Envelope::Full,
        Caller::Query(_) | Caller::Dashboard(_) | Caller::Workspace(_) | Caller::Anonymous => {
            Envelope::DataOnly
        }
    }
}

/// `7` or `7.csv`.
fn file_name(name: &str) -> Result<(ResultId, Format)> {
    match name.split_once('.') {
        Some((result, extension)) => Ok((id(result)?, format(extension)?)),
        None => Ok((id(name)?, Format::Json)),
    }
}

fn format(extension: &str) -> Result<Format> {
    Format::from_extension(extension).ok_or_else(|| Fault::not_found("file type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_named_by_number_and_file_type() {
        assert_eq!(file_name("7").ok(), Some((ResultId(7), Format::Json)));
        assert_eq!(file_name("7.csv").ok(), Some((ResultId(7), Format::Csv)));
        for bad in ["7.xml", "x.csv", "", ".csv", "7.csv.gz"] {
            assert_eq!(file_name(bad).map_err(|fault| fault.code()), Err(Code::NotFound), "{bad}");
        }
    }
}
