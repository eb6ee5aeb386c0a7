//! Snippets.

use axum::response::Response;
use tessera_access::{Action, CreateSnippet, EditSnippet, ReadSnippets};
use tessera_bi::SnippetListing;
use tessera_kernel::Result;

use crate::call::Call;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::common::Person;
use crate::wire::snippets::{NewSnippet, Snippet, SnippetChange};

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/snippets", "/v1/snippets/{id}");
    let (read, edit) = (Action::SnippetsRead, Action::SnippetsEdit);
    vec![
        Route::new(Verb::Get, all, read, "list_snippets", "List snippets", list)
            .about("By trigger. Everybody sees all snippets.")
            .lists::<Snippet>(),
        Route::new(
            Verb::Post,
            all,
            Action::SnippetsCreate,
            "create_snippet",
            "Create a snippet",
            create,
        )
        .reads::<NewSnippet>()
        .creates()
        .gives::<Snippet>(201),
        Route::new(Verb::Get, one, read, "get_snippet", "Read a snippet", get)
            .gives::<Snippet>(200),
        Route::new(Verb::Patch, one, edit, "update_snippet", "Change a snippet", update)
            .reads::<SnippetChange>()
            .gives::<Snippet>(200),
        Route::new(Verb::Delete, one, edit, "delete_snippet", "Delete a snippet", delete).empty(),
    ]
}

fn view(listing: &SnippetListing) -> Snippet {
    let (snippet, owner) = (&listing.snippet, &listing.owner);
    Snippet {
        id: snippet.id.0,
        uid: snippet.uid,
        trigger: snippet.trigger.clone(),
        description: snippet.description.clone(),
        text: snippet.text.clone(),
        owner: Person { id: owner.id.0, uid: owner.uid, name: owner.name.clone() },
        created_at: snippet.created_at,
        updated_at: snippet.updated_at,
    }
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSnippets {}).await?;
    let found = call.bi().snippets.list(&grant).await?;
    reply::ok(&call.paging()?.cut(found.iter().map(view).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateSnippet {}).await?;
    let body: NewSnippet = call.json()?;
    let new = tessera_bi::NewSnippet {
        trigger: body.trigger,
        description: body.description,
        text: body.text,
    };
    let made = call.bi().snippets.create(&grant, new).await?;
    reply::created(&format!("/v1/snippets/{}", made.snippet.id), &view(&made))
}

async fn get(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSnippets {}).await?;
    let snippet = call.number(0, "snippet")?;
    reply::ok(&view(&call.bi().snippets.get(&grant, snippet).await?))
}

async fn update(call: Call) -> Result<Response> {
    let grant = call.permit(EditSnippet { snippet: call.number(0, "snippet")? }).await?;
    let body: SnippetChange = call.json()?;
    let change = tessera_bi::SnippetChange {
        trigger: body.trigger,
        description: body.description,
        text: body.text,
    };
    reply::ok(&view(&call.bi().snippets.update(&grant, change).await?))
}

async fn delete(call: Call) -> Result<Response> {
    let grant = call.permit(EditSnippet { snippet: call.number(0, "snippet")? }).await?;
    call.bi().snippets.delete(&grant).await?;
    reply::no_content()
}
