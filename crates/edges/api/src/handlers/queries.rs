//! Saved queries.

use axum::response::Response;
use tessera_access::{
    Action, ArchiveQuery, Caller, CreateQuery, FavoriteQuery, ForkQuery, ListQueries, ReadQuery,
    RegenerateQueryKey, UpdateQuery, Visible,
};
use tessera_bi::{QueryDetail, QueryFilter, QueryOrder, QueryScope};
use tessera_kernel::ids::{QueryId, SourceId, UserId};
use tessera_kernel::{Code, Result};

use crate::call::Call;
use crate::map;
use crate::map::parameters;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::keys::KeyText;
use crate::wire::parameters::DropdownOption;
use crate::wire::queries::{NewQuery, Query, QueryChange};

const SCOPES: [(&str, QueryScope); 4] = [
    ("all", QueryScope::All),
    ("archived", QueryScope::Archived),
    ("mine", QueryScope::Mine),
    ("favorites", QueryScope::Favorites),
];

const ORDERS: [(&str, QueryOrder); 9] = [
    ("name", QueryOrder::Name),
    ("created_at", QueryOrder::CreatedAt),
    ("updated_at", QueryOrder::UpdatedAt),
    ("schedule", QueryOrder::Schedule),
    ("runtime", QueryOrder::Runtime),
    ("executed_at", QueryOrder::ExecutedAt),
    ("created_by", QueryOrder::CreatedBy),
    ("starred_at", QueryOrder::StarredAt),
    ("rank", QueryOrder::Rank),
];

const FILTERS: [Param; 4] = [
    Param::new(
        "q",
        "string",
        "Only queries with all of this: words in name, description or text, `\"words in a row\"`, and \
     `name:`, `description:`, `query:` or `id:` in front of either.",
    ),
    Param::new(
        "tag",
        "string",
        "Only queries with this tag; sent several times, with all of them.",
    )
    .repeated(),
    Param::new("scope", "string", "`all`, `archived`, `mine` or `favorites`."),
    Param::new(
        "order",
        "string",
        "`name`, `created_at`, `updated_at`, `schedule`, `runtime`, `executed_at`, `created_by`, \
         `starred_at`, `rank`; a minus reverses. By default `-created_at`, and `rank` with `q`.",
    ),
];

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/queries", "/v1/queries/{id}");
    let (favorite, key) = ("/v1/queries/{id}/favorite", "/v1/queries/{id}/key");
    let mark = Action::QueriesFavorite;
    vec![
        Route::new(Verb::Get, all, Action::QueriesList, "list_queries", "List queries", list)
            .params(&FILTERS)
            .lists::<Query>(),
        Route::new(Verb::Post, all, Action::QueriesCreate, "create_query", "Save a query", create)
            .reads::<NewQuery>()
            .creates()
            .gives::<Query>(201),
        Route::new(Verb::Get, one, Action::QueriesRead, "read_query", "Read a query", get)
            .gives::<Query>(200),
        Route::new(
            Verb::Patch,
            one,
            Action::QueriesUpdate,
            "update_query",
            "Change a query",
            update,
        )
        .about(
            "Another present version is the problem `conflict`. A new `source_id` also needs \
                    `queries.create` there.",
        )
        .reads::<QueryChange>()
        .versioned()
        .gives::<Query>(200),
        Route::new(
            Verb::Delete,
            one,
            Action::QueriesArchive,
            "archive_query",
            "Archive a query",
            archive,
        )
        .about("It leaves the lists and its widgets go; `PATCH` with `is_archived` brings it back.")
        .empty(),
        Route::new(
            Verb::Post,
            "/v1/queries/{id}/fork",
            Action::QueriesFork,
            "fork_query",
            "Copy a query",
            fork,
        )
        .creates()
        .gives::<Query>(201),
        Route::new(Verb::Put, favorite, mark, "mark_query", "Mark a query as favorite", favor)
            .empty(),
        Route::new(Verb::Delete, favorite, mark, "unmark_query", "Unmark a query", unfavor).empty(),
        Route::new(
            Verb::Get,
            key,
            Action::QueriesRead,
            "read_query_key",
            "Show the key that opens this query only",
            read_key,
        )
        .gives::<KeyText>(200),
        Route::new(
            Verb::Post,
            key,
            Action::QueriesRegenerateKey,
            "regenerate_query_key",
            "Replace the key of a query",
            regenerate_key,
        )
        .about("The old one stops working at once.")
        .creates()
        .gives::<KeyText>(200),
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/dropdown",
            Action::QueriesRead,
            "read_query_dropdown",
            "The values this query offers to choose from",
            dropdown,
        )
        .lists::<DropdownOption>(),
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/dropdowns/{sub_id}",
            Action::QueriesRead,
            "read_parameter_dropdown",
            "The values another query offers to this one's parameters",
            parameter_dropdown,
        )
        .lists::<DropdownOption>(),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListQueries {}).await?;
    let paging = call.paging()?;
    let search: Vec<String> =
        call.text("q").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let first =
        if search.is_empty() { (QueryOrder::CreatedAt, true) } else { (QueryOrder::Rank, false) };
    let (order, descending) = call.order(&ORDERS, first)?;
    let filter = QueryFilter {
        visible: nothing(),
        scope: call.choice("scope", &SCOPES, QueryScope::All)?,
        search,
        tags: call.texts("tag"),
        order,
        descending,
    };
    let page = call.bi().queries.list(&grant, filter, paging.request).await?;
    let view = |listing| map::queries::listing(listing, grant.caller());
    let items = page.items.iter().map(view).collect::<Result<Vec<_>>>()?;
    reply::ok(&paging.view(tessera_kernel::Page { items, total: page.total }))
}

/// The service fills in what the caller may see.
pub(crate) fn nothing() -> Visible {
    Visible { everything: false, user: UserId(0), sources: Vec::new() }
}

async fn create(call: Call) -> Result<Response> {
    let body: NewQuery = match call.caller().await? {
        // Nobody learns the shape of a body without a credential.
        Caller::Anonymous => return Err(anonymous()),
        _ => call.json()?,
    };
    let grant = call.permit(CreateQuery { source: SourceId(body.source_id) }).await?;
    let new = tessera_bi::NewQuery {
        name: body.name,
        description: body.description,
        text: body.text,
        options: parameters::join(&body.parameter_definitions, body.options)?,
        schedule: body.schedule,
        tags: body.tags,
    };
    let detail = call.bi().queries.create(&grant, new).await?;
    answer_created(&detail, grant.caller())
}

pub(crate) fn anonymous() -> tessera_kernel::Fault {
    tessera_kernel::Fault::new(Code::Unauthenticated, "sign in or send a key")
}

async fn get(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    answer(&call.bi().queries.get(&grant).await?, grant.caller())
}

async fn update(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(UpdateQuery { query }).await?;
    let body: QueryChange = call.json()?;
    let mut version = call.expected_version(body.version)?;
    let options = options(&call, query, &body, &mut version).await?;
    let destination = match body.source_id {
        Some(source) => moved(&call, source, grant.facts().source).await?,
        None => None,
    };
    let change = tessera_bi::QueryChange {
        expected_version: version,
        name: body.name,
        description: body.description,
        text: body.text,
        options,
        schedule: body.schedule,
        tags: body.tags,
        is_draft: body.is_draft,
        is_archived: body.is_archived,
    };
    let detail = call.bi().queries.update(&grant, change, destination.as_ref()).await?;
    answer(&detail, grant.caller())
}

/// Options and definitions are one in the core: the half that was not sent is read, and the change
/// then rests on the version that was read.
async fn options(
    call: &Call,
    query: QueryId,
    body: &QueryChange,
    version: &mut Option<i64>,
) -> Result<Option<serde_json::Value>> {
    let (definitions, rest) = match (&body.parameter_definitions, &body.options) {
        (None, None) => return Ok(None),
        (Some(definitions), Some(rest)) => {
            return parameters::join(definitions, Some(rest.clone())).map(Some);
        }
        halves => halves,
    };
    let grant = call.permit(ReadQuery { query }).await?;
    let present = call.bi().queries.get(&grant).await?.listing.query;
    version.get_or_insert(present.version);
    let (kept, kept_rest) = parameters::split(&present.options)?;
    let rest = rest.clone().unwrap_or(kept_rest);
    parameters::join(definitions.as_deref().unwrap_or(&kept), Some(rest)).map(Some)
}

/// The right to move a query; none is needed where it is already.
async fn moved(
    call: &Call,
    source: i64,
    present: Option<SourceId>,
) -> Result<Option<tessera_access::Authorized<CreateQuery>>> {
    let source = SourceId(source);
    if present == Some(source) {
        return Ok(None);
    }
    call.permit(CreateQuery { source }).await.map(Some)
}

async fn archive(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ArchiveQuery { query }).await?;
    call.bi().queries.archive(&grant).await?;
    reply::no_content()
}

async fn fork(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ForkQuery { query }).await?;
    let detail = call.bi().queries.fork(&grant).await?;
    answer_created(&detail, grant.caller())
}

async fn favor(call: Call) -> Result<Response> {
    set_favorite(call, true).await
}

async fn unfavor(call: Call) -> Result<Response> {
    set_favorite(call, false).await
}

async fn set_favorite(call: Call, marked: bool) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(FavoriteQuery { query }).await?;
    call.bi().queries.set_favorite(&grant, marked).await?;
    reply::no_content()
}

async fn read_key(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    answer_key(&call, &call.bi().queries.get(&grant).await?)
}

async fn regenerate_key(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(RegenerateQueryKey { query }).await?;
    answer_key(&call, &call.bi().queries.regenerate_key(&grant).await?)
}

fn answer_key(call: &Call, detail: &QueryDetail) -> Result<Response> {
    let missing = || tessera_kernel::Fault::not_found("key");
    let secret = call.bi().queries.key(&detail.listing)?.ok_or_else(missing)?;
    reply::ok(&KeyText { secret: secret.expose().to_owned() })
}

async fn dropdown(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    let options = call.bi().results.dropdown(&grant).await?;
    reply::ok(&call.paging()?.cut(parameters::dropdown(options)))
}

async fn parameter_dropdown(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    let other = call.query_id(1).await?;
    // Without a right of its own the other query must be named by this one's parameters.
    let right = match call.permit(ReadQuery { query: other }).await {
        Ok(right) => Some(right),
        Err(fault) if matches!(fault.code(), Code::Forbidden | Code::OutOfScope) => None,
        Err(fault) => return Err(fault),
    };
    let options = call.bi().queries.dropdown(&grant, other, right.as_ref()).await?;
    reply::ok(&call.paging()?.cut(parameters::dropdown(options)))
}

fn answer(detail: &QueryDetail, caller: &Caller) -> Result<Response> {
    let version = detail.listing.query.version;
    reply::with_version(reply::ok(&map::queries::detail(detail, caller)?), version)
}

fn answer_created(detail: &QueryDetail, caller: &Caller) -> Result<Response> {
    let query = &detail.listing.query;
    let view = map::queries::detail(detail, caller)?;
    let location = format!("/v1/queries/{}", query.id);
    reply::with_version(reply::created(&location, &view), query.version)
}
