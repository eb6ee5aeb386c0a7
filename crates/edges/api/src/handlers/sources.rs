//! Data sources: settings, tests, pauses and tables.

use axum::response::Response;
use tessera_access::{
    Action, CreateSource, DeleteSource, ListSourceTypes, ListSources, PauseSource, ReadSchema,
    ReadSource, ReadSourceSettings, TestSource, UpdateSource,
};
use tessera_bi::SchemaAnswer;
use tessera_kernel::Result;
use tessera_kernel::ids::SourceId;

use super::jobs;
use crate::call::Call;
use crate::map;
use crate::map::sources::{settings, view};
use crate::reply;
use crate::routes::{Param, Route, Verb, WAIT};
use crate::wire::sources::{
    NewSource, Pause, Source, SourceChange, SourceSchema, SourceSettings, SourceTest, SourceType,
};

const REFRESH: Param =
    Param::new("refresh", "boolean", "Read the tables anew instead of as last read.");

pub(crate) fn routes() -> Vec<Route> {
    let (all, one, pause) = ("/v1/sources", "/v1/sources/{id}", "/v1/sources/{id}/pause");
    vec![
        Route::new(
            Verb::Get,
            "/v1/source-types",
            Action::SourcesTypes,
            "list_source_types",
            "List the types of data sources",
            types,
        )
        .lists::<SourceType>(),
        Route::new(Verb::Get, all, Action::SourcesList, "list_sources", "List data sources", list)
            .about("Those that the caller reaches.")
            .lists::<Source>(),
        Route::new(
            Verb::Post,
            all,
            Action::SourcesCreate,
            "create_source",
            "Connect a data source",
            create,
        )
        .about("The default group reaches it in full; change that at `/v1/groups/{id}/sources`.")
        .reads::<NewSource>()
        .creates()
        .gives::<SourceSettings>(201),
        Route::new(Verb::Get, one, Action::SourcesRead, "read_source", "Read a data source", get)
            .gives::<Source>(200),
        Route::new(
            Verb::Patch,
            one,
            Action::SourcesUpdate,
            "update_source",
            "Change a data source",
            update,
        )
        .reads::<SourceChange>()
        .gives::<SourceSettings>(200),
        Route::new(
            Verb::Delete,
            one,
            Action::SourcesDelete,
            "delete_source",
            "Delete a data source",
            delete,
        )
        .about("Its stored results go; its queries stay and cannot run.")
        .empty(),
        Route::new(
            Verb::Get,
            "/v1/sources/{id}/settings",
            Action::SourcesReadSettings,
            "read_source_settings",
            "Read the settings of a data source",
            read_settings,
        )
        .gives::<SourceSettings>(200),
        Route::new(
            Verb::Post,
            "/v1/sources/{id}/test",
            Action::SourcesTest,
            "test_source",
            "Try to connect",
            test,
        )
        .about("A failure is the problem `source_failed` with the words of the database.")
        .gives::<SourceTest>(200),
        Route::new(
            Verb::Put,
            pause,
            Action::SourcesPause,
            "pause_source",
            "Refuse runs",
            pause_runs,
        )
        .reads::<Pause>()
        .gives::<Source>(200),
        Route::new(
            Verb::Delete,
            pause,
            Action::SourcesPause,
            "resume_source",
            "Allow runs again",
            resume_runs,
        )
        .gives::<Source>(200),
        Route::new(
            Verb::Get,
            "/v1/sources/{id}/schema",
            Action::SourcesSchema,
            "read_source_schema",
            "Read tables and columns",
            schema,
        )
        .about("As last read; else `202` with the job that reads them, or wait for it.")
        .params(&[REFRESH, WAIT])
        .gives::<SourceSchema>(200)
        .gives::<SourceSchema>(202),
    ]
}

fn source_id(call: &Call) -> Result<SourceId> {
    call.number(0, "data source")
}

async fn types(call: Call) -> Result<Response> {
    let grant = call.permit(ListSourceTypes {}).await?;
    let types = call.bi().sources.types(&grant);
    reply::ok(&call.paging()?.cut(types.into_iter().map(map::sources::source_type).collect()))
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListSources {}).await?;
    let sources = call.bi().sources.list(&grant).await?;
    reply::ok(&call.paging()?.cut(sources.iter().map(view).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateSource {}).await?;
    let body: NewSource = call.json()?;
    let new = tessera_bi::NewSource { name: body.name, kind: body.r#type, options: body.options };
    let source = call.bi().sources.create(&grant, new).await?;
    reply::created(&format!("/v1/sources/{}", source.view.source.id), &settings(&source))
}

async fn get(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSource { source: source_id(&call)? }).await?;
    reply::ok(&view(&call.bi().sources.get(&grant).await?))
}

async fn read_settings(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSourceSettings { source: source_id(&call)? }).await?;
    reply::ok(&settings(&call.bi().sources.settings(&grant).await?))
}

async fn update(call: Call) -> Result<Response> {
    let grant = call.permit(UpdateSource { source: source_id(&call)? }).await?;
    let body: SourceChange = call.json()?;
    let change = tessera_bi::SourceChange { name: body.name, options: body.options };
    reply::ok(&settings(&call.bi().sources.update(&grant, change).await?))
}

async fn delete(call: Call) -> Result<Response> {
    let grant = call.permit(DeleteSource { source: source_id(&call)? }).await?;
    call.bi().sources.delete(&grant).await?;
    reply::no_content()
}

async fn test(call: Call) -> Result<Response> {
    let grant = call.permit(TestSource { source: source_id(&call)? }).await?;
    call.bi().sources.test(&grant).await?;
    reply::ok(&SourceTest { ok: true })
}

async fn pause_runs(call: Call) -> Result<Response> {
    let grant = call.permit(PauseSource { source: source_id(&call)? }).await?;
    let body: Pause = call.json()?;
    reply::ok(&view(&call.bi().sources.set_paused(&grant, true, body.reason).await?))
}

async fn resume_runs(call: Call) -> Result<Response> {
    let grant = call.permit(PauseSource { source: source_id(&call)? }).await?;
    reply::ok(&view(&call.bi().sources.set_paused(&grant, false, None).await?))
}

async fn schema(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSchema { source: source_id(&call)? }).await?;
    let mut answer = call.bi().sources.tables(&grant, call.flag("refresh")?).await?;
    if let SchemaAnswer::Job(job) = &answer {
        let job = jobs::wait_for(&call, job, call.wait(None)?).await?;
        answer = if job.state.is_final() {
            call.bi().sources.tables(&grant, false).await?
        } else {
            SchemaAnswer::Job(Box::new(job))
        };
    }
    match answer {
        SchemaAnswer::Tables(tables) => {
            let tables = tables.into_iter().map(map::sources::table).collect();
            reply::ok(&SourceSchema { tables: Some(tables), job: None })
        }
        SchemaAnswer::Job(job) => {
            let view = SourceSchema { tables: None, job: Some(map::jobs::view(&job, None)) };
            reply::accepted(&map::jobs::location(&job), &view)
        }
    }
}
