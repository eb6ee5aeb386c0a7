//! Data sources.

use axum::extract::Path;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;
use tessera_access::{
    CreateSource, DeleteSource, ListSourceTypes, ListSources, PauseSource, ReadSchema, ReadSource,
    ReadSourceSettings, TestSource, UpdateSource,
};
use tessera_bi::{NewSource, SchemaAnswer, SourceChange};
use tessera_kernel::{Code, Fault};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, missing_field, sentence};
use crate::map::{id, text_field, text_if, without_masks};
use crate::wire::{self, Answer, SourceOut};

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListSources {}).await?;
    let views = call.state.bi.sources.list(&grant).await?;
    let out = views.iter().map(|view| SourceOut::brief(view).with_level(view.level));
    wire::json(&out.collect::<Vec<_>>())
}

pub(crate) async fn types(call: Call) -> Answer {
    let grant = call.permit(ListSourceTypes {}).await?;
    let types = call.state.bi.sources.types(&grant);
    wire::json(&types.iter().map(wire::source_type).collect::<Vec<_>>())
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateSource {}).await?;
    let body = call.object()?;
    let new = NewSource {
        name: text_field(&body, "name")?,
        kind: text_field(&body, "type")?,
        options: body.get("options").cloned().ok_or_else(|| missing_field("options"))?,
    };
    let created = call.state.bi.sources.create(&grant, new).await;
    let settings = created.worded(Code::Invalid, bad_options)?;
    wire::json(&SourceOut::full(&settings))
}

pub(crate) async fn get(Path(source): Path<String>, call: Call) -> Answer {
    let source = id(&source)?;
    let grant = call.permit(ReadSource { source }).await?;
    let sources = &call.state.bi.sources;
    let view = sources.get(&grant).await?;
    match call.permit_if(ReadSourceSettings { source }).await? {
        Some(grant) => {
            let settings = sources.settings(&grant).await?;
            wire::json(&SourceOut::full(&settings).with_level(view.level))
        }
        None => wire::json(&SourceOut::brief(&view).with_level(view.level)),
    }
}

pub(crate) async fn update(Path(source): Path<String>, call: Call) -> Answer {
    let source = id(&source)?;
    let grant = call.permit(UpdateSource { source }).await?;
    let body = call.object()?;
    if let Some(kind) = text_if(&body, "type")? {
        let read = call.permit(ReadSource { source }).await?;
        if call.state.bi.sources.get(&read).await?.source.kind != kind {
            let detail = "type: cannot be changed; make another data source";
            return Err(Fault::new(Code::Malformed, detail).into());
        }
    }
    let change = SourceChange {
        name: text_if(&body, "name")?,
        options: body
            .get("options")
            .filter(|options| !options.is_null())
            .cloned()
            .map(without_masks),
    };
    let updated = call.state.bi.sources.update(&grant, change).await;
    let settings = updated.worded(Code::Invalid, bad_options)?;
    wire::json(&SourceOut::full(&settings))
}

pub(crate) async fn delete(Path(source): Path<String>, call: Call) -> Answer {
    let grant = call.permit(DeleteSource { source: id(&source)? }).await?;
    call.state.bi.sources.delete(&grant).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(crate) async fn test(Path(source): Path<String>, call: Call) -> Answer {
    let grant = call.permit(TestSource { source: id(&source)? }).await?;
    match call.state.bi.sources.test(&grant).await {
        Ok(()) => wire::json(&json!({ "message": "success", "ok": true })),
        Err(fault) if matches!(fault.code(), Code::NotFound | Code::Internal) => Err(fault.into()),
        Err(fault) => wire::json(&json!({ "message": fault.detail(), "ok": false })),
    }
}

pub(crate) async fn schema(Path(source): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadSchema { source: id(&source)? }).await?;
    let refresh = call.param("refresh").is_some();
    match call.state.bi.sources.tables(&grant, refresh).await? {
        SchemaAnswer::Tables(tables) => wire::json(&json!({ "schema": tables })),
        SchemaAnswer::Job(job) => wire::json(&wire::job(&job)),
    }
}

pub(crate) async fn pause(Path(source): Path<String>, call: Call) -> Answer {
    let grant = call.permit(PauseSource { source: id(&source)? }).await?;
    let in_body = text_if(&call.lenient(), "reason")?;
    let reason = in_body.or_else(|| call.param("reason").map(str::to_owned));
    let view = call.state.bi.sources.set_paused(&grant, true, reason).await?;
    wire::json(&SourceOut::brief(&view))
}

pub(crate) async fn resume(Path(source): Path<String>, call: Call) -> Answer {
    let grant = call.permit(PauseSource { source: id(&source)? }).await?;
    let view = call.state.bi.sources.set_paused(&grant, false, None).await?;
    wire::json(&SourceOut::brief(&view))
}

/// Bad settings are a request that cannot be read; `detail` names the field.
fn bad_options(fault: &Fault) -> Refusal {
    Refusal::from(Fault::new(Code::Malformed, sentence(fault).trim_end_matches('.')))
}
