//! Running saved queries and any other text.

use std::time::Duration;

use axum::response::Response;
use tessera_access::{Action, Caller, FormatStatement, RunQuery, RunStatement};
use tessera_bi::{QueryResult, RunAnswer, RunRequest};
use tessera_kernel::Result;
use tessera_kernel::ids::SourceId;

use super::jobs;
use super::queries::anonymous;
use crate::call::Call;
use crate::map;
use crate::map::{parameters, results};
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::jobs::{FormattedStatement, NewRun, NewStatementRun, Run, Statement};

const ABOUT: &str = "`200` with a stored result that is fresh enough, or with the one just made \
if it was waited for; else `202` with the job. A run that fails while it is waited for is the \
problem that it failed with.";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Post,
            "/v1/queries/{id}/runs",
            Action::QueriesRun,
            "run_query",
            "Run a saved query",
            query,
        )
        .about(ABOUT)
        .reads::<NewRun>()
        .creates()
        .gives::<Run>(200)
        .gives::<Run>(202),
        Route::new(
            Verb::Post,
            "/v1/statements/runs",
            Action::StatementsRun,
            "run_statement",
            "Run any text on a data source",
            statement,
        )
        .about(ABOUT)
        .reads::<NewStatementRun>()
        .creates()
        .gives::<Run>(200)
        .gives::<Run>(202),
        Route::new(
            Verb::Post,
            "/v1/statements/format",
            Action::StatementsFormat,
            "format_statement",
            "Format a text",
            format,
        )
        .reads::<Statement>()
        .gives::<FormattedStatement>(200),
    ]
}

async fn query(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(RunQuery { query }).await?;
    let body: NewRun = call.json()?;
    let request = RunRequest {
        parameters: body.parameters,
        freshness: map::jobs::freshness(body.max_age_seconds),
        auto_limit: body.auto_limit,
    };
    let answer = call.bi().jobs.run_query(&grant, &request).await?;
    finish(&call, answer, call.wait(body.wait_ms)?).await
}

async fn statement(call: Call) -> Result<Response> {
    if matches!(call.caller().await?, Caller::Anonymous) {
        return Err(anonymous());
    }
    let body: NewStatementRun = call.json()?;
    let grant = call.permit(RunStatement { source: SourceId(body.source_id) }).await?;
    let options = parameters::join(&body.parameter_definitions, None)?;
    let request = RunRequest {
        parameters: body.parameters,
        freshness: map::jobs::freshness(body.max_age_seconds),
        auto_limit: body.auto_limit,
    };
    let answer = call.bi().jobs.run_statement(&grant, &body.text, &options, &request).await?;
    finish(&call, answer, call.wait(body.wait_ms)?).await
}

/// The result, or the job where it is not waited for to its end.
async fn finish(call: &Call, answer: RunAnswer, wait: Duration) -> Result<Response> {
    let job = match answer {
        RunAnswer::Result(result) => return done(&result),
        RunAnswer::Job(job) => jobs::wait_for(call, &job, wait).await?,
    };
    // The holder of a key may run with values, and may not read what was stored for others.
    let result = jobs::readable_result(call, &job).await?;
    if let Some(result) = &result {
        return done(result);
    }
    let view = Run { result: None, job: Some(map::jobs::view(&job, None)) };
    if job.state.is_final() {
        return reply::ok(&view);
    }
    reply::accepted(&map::jobs::location(&job), &view)
}

fn done(result: &QueryResult) -> Result<Response> {
    reply::ok(&Run { result: Some(results::view(result)), job: None })
}

async fn format(call: Call) -> Result<Response> {
    call.permit(FormatStatement {}).await?;
    let body: Statement = call.json()?;
    let text = map::statements::formatted(&body.text);
    reply::ok(&FormattedStatement { text })
}
