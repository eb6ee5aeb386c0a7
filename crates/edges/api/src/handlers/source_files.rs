//! Files that data sources are made of.

use axum::response::Response;
use tessera_access::{Action, ChangeSourceFiles, ReadSourceSettings};
use tessera_bi::FileUpload;
use tessera_kernel::ids::SourceId;
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::map;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::sources::SourceFile;

const FILE_NAME: Param = Param::new(
    "file_name",
    "string",
    "The name of the file. Its ending says what it is: `.csv`, `.tsv`, `.json` (a list of objects), \
     `.ndjson`, `.jsonl`, `.parquet`, `.xlsx` or `.xls`.",
);
const SHEET: Param =
    Param::new("sheet", "string", "The sheet of a workbook; the first one by default.");

pub(crate) fn routes() -> Vec<Route> {
    let one = "/v1/sources/{id}/files/{sub_id}";
    vec![
        Route::new(
            Verb::Get,
            "/v1/sources/{id}/files",
            Action::SourcesReadSettings,
            "list_source_files",
            "List the files of a data source",
            list,
        )
        .about("Of one of the type `files`: a table for each file.")
        .lists::<SourceFile>(),
        Route::new(
            Verb::Put,
            one,
            Action::SourcesFiles,
            "upload_source_file",
            "Upload a file",
            upload,
        )
        .about(
            "The body is the file itself. It is read once and kept as a table; one of the same name \
             is replaced. Results that were read before are not reused.",
        )
        .params(&[FILE_NAME, SHEET])
        .uploads()
        .gives::<SourceFile>(200),
        Route::new(
            Verb::Delete,
            one,
            Action::SourcesFiles,
            "delete_source_file",
            "Remove a file",
            delete,
        )
        .empty(),
    ]
}

fn source_id(call: &Call) -> Result<SourceId> {
    call.number(0, "data source")
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSourceSettings { source: source_id(&call)? }).await?;
    let files = call.bi().sources.files(&grant).await?;
    reply::ok(&call.paging()?.cut(files.into_iter().map(map::sources::file).collect()))
}

async fn upload(call: Call) -> Result<Response> {
    let grant = call.permit(ChangeSourceFiles { source: source_id(&call)? }).await?;
    let file_name = call.text("file_name").ok_or_else(|| {
        Fault::invalid("file_name", "is required: its ending says what the file is")
    })?;
    let upload = FileUpload {
        file_name: file_name.to_owned(),
        table: call.segment(1).to_owned(),
        sheet: call.text("sheet").map(str::to_owned),
    };
    let bytes = call.file().await?;
    let file = call.bi().sources.add_file(&grant, upload, bytes).await?;
    reply::ok(&map::sources::file(file))
}

async fn delete(call: Call) -> Result<Response> {
    let grant = call.permit(ChangeSourceFiles { source: source_id(&call)? }).await?;
    call.bi().sources.remove_file(&grant, call.segment(1)).await?;
    reply::no_content()
}
