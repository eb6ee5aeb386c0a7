//! Snippets.

use axum::extract::Path;
use tessera_access::{CreateSnippet, EditSnippet, ReadSnippets};
use tessera_bi::{NewSnippet, SnippetChange};
use tessera_kernel::Code;

use crate::credential::Call;
use crate::errors::{Worded, not_owner};
use crate::map::{id, text_field, text_if};
use crate::wire::{self, Answer, SnippetOut};

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ReadSnippets {}).await?;
    let found = call.state.bi.snippets.list(&grant).await?;
    wire::json(&found.iter().map(SnippetOut::new).collect::<Vec<_>>())
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateSnippet {}).await?;
    let body = call.object()?;
    let new = NewSnippet {
        trigger: text_field(&body, "trigger")?,
        description: text_field(&body, "description")?,
        text: text_field(&body, "snippet")?,
    };
    let created = call.state.bi.snippets.create(&grant, new).await?;
    wire::json(&SnippetOut::new(&created))
}

pub(crate) async fn get(Path(snippet): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadSnippets {}).await?;
    let found = call.state.bi.snippets.get(&grant, id(&snippet)?).await?;
    wire::json(&SnippetOut::new(&found))
}

pub(crate) async fn update(Path(snippet): Path<String>, call: Call) -> Answer {
    let act = EditSnippet { snippet: id(&snippet)? };
    let grant = call.permit(act).await.worded(Code::Forbidden, not_owner)?;
    let body = call.object()?;
    let change = SnippetChange {
        trigger: text_if(&body, "trigger")?,
        description: text_if(&body, "description")?,
        text: text_if(&body, "snippet")?,
    };
    let updated = call.state.bi.snippets.update(&grant, change).await?;
    wire::json(&SnippetOut::new(&updated))
}

pub(crate) async fn delete(Path(snippet): Path<String>, call: Call) -> Answer {
    let act = EditSnippet { snippet: id(&snippet)? };
    let grant = call.permit(act).await.worded(Code::Forbidden, not_owner)?;
    call.state.bi.snippets.delete(&grant).await?;
    wire::null()
}
