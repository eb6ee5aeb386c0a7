//! Keys of one query with values and ranges for its parameters.

use axum::response::Response;
use tessera_access::terms::QueryVersion;
use tessera_access::{Action, PinQuery, ReadQuery};
use tessera_kernel::Result;
use tessera_kernel::ids::QueryId;

use crate::call::Call;
use crate::map::{self, pins};
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::keys::Key;
use crate::wire::parameters::QueryTakes;
use crate::wire::pins::{CreatedBoundKey, KeyUrls, NewPinnedKey};

const VERSION: [Param; 1] =
    [Param::new("version", "string", "`latest` (the default), `approved`, or a number.")];

const ABOUT: &str = "One call makes a link for an outsider: the key fixes parameters of the query, \
leaves others free within ranges, and caps what it gives. The addresses in the answer are those \
that every client of a query's key knows. `DELETE /v1/keys/{id}` revokes it.";

pub(crate) fn routes() -> Vec<Route> {
    let path = "/v1/queries/{id}/keys";
    let action = Action::QueriesPin;
    vec![
        Route::new(Verb::Get, path, action, "list_query_keys", "List keys of a query", list)
            .about("All that have terms, for who may change the query; else one's own.")
            .lists::<Key>(),
        Route::new(Verb::Post, path, action, "pin_query", "Make a key of a query", create)
            .about(ABOUT)
            .reads::<NewPinnedKey>()
            .creates()
            .gives::<CreatedBoundKey>(201),
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/parameters",
            Action::QueriesRead,
            "read_query_parameters",
            "Read what a query takes",
            takes,
        )
        .about("The parameters and attributes that the text of a version uses, to pin them.")
        .params(&VERSION)
        .gives::<QueryTakes>(200),
    ]
}

async fn takes(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    let version: Option<QueryVersion> = pins::version_named(call.text("version"))?;
    let takes = call.bi().queries.takes(&grant, version).await?;
    reply::ok(&map::parameters::takes(takes))
}

async fn list(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(PinQuery { query }).await?;
    let keys = call.access().keys.of_query(&grant).await?;
    let now = call.access().keys.now();
    reply::ok(&call.paging()?.cut(keys.iter().map(|key| map::keys::key(key, now)).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(PinQuery { query }).await?;
    let body: NewPinnedKey = call.json()?;
    let minted = call.bi().queries.pin(&grant, pins::new_key(body)?).await?;
    let signing = call.access().keys.signing_secret(&minted.key)?;
    let urls = urls(&call, query, minted.secret.expose()).await?;
    let view = pins::created(&minted, signing.as_ref(), Some(urls), call.access().keys.now());
    reply::created(&format!("/v1/keys/{}", minted.key.id), &view)
}

async fn urls(call: &Call, query: QueryId, key: &str) -> Result<KeyUrls> {
    let grant = call.permit(ReadQuery { query }).await?;
    let detail = call.bi().queries.get(&grant).await?;
    let base = &call.info.base_url;
    let rows = |format: &str| format!("{base}/api/queries/{query}/results.{format}?api_key={key}");
    let embed = detail.visualizations.first().map(|visualization| {
        format!("{base}/embed/query/{query}/visualization/{}?api_key={key}", visualization.id)
    });
    Ok(KeyUrls { csv: rows("csv"), json: rows("json"), embed })
}
