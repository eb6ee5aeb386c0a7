//! What groups may do with databases.

use axum::extract::Path;
use serde_json::json;
use tessera_access::{AdministerGroups, Group, GroupAccess, ListSources, OverviewGroups};
use tessera_kernel::ids::{GroupId, SourceId};
use tessera_kernel::{Code, Fault};

use crate::credential::Call;
use crate::errors::Refusal;
use crate::map::{self, id, is_true};
use crate::wire::graph::{GraphOut, revision};
use crate::wire::{self, Answer};

/// What there is.
struct Known {
    groups: Vec<Group>,
    sources: Vec<SourceId>,
    access: GroupAccess,
}

async fn known(call: &Call) -> Result<Known, Refusal> {
    let grant = call.permit(OverviewGroups {}).await?;
    let groups = &call.state.kit.access.groups;
    let sources = call.state.bi.sources.list(&call.permit(ListSources {}).await?).await?;
    Ok(Known {
        groups: groups.overview(&grant).await?.into_iter().map(|(group, _)| group).collect(),
        sources: sources.iter().map(|view| view.source.id).collect(),
        access: groups.access(&grant).await?,
    })
}

pub(crate) async fn get(call: Call) -> Answer {
    let known = known(&call).await?;
    wire::json(&GraphOut::new(&known.groups, &known.sources, &known.access))
}

pub(crate) async fn of_database(Path(source): Path<String>, call: Call) -> Answer {
    let mut known = known(&call).await?;
    let wanted: SourceId = id(&source)?;
    known.sources.retain(|source| *source == wanted);
    if known.sources.is_empty() {
        return Err(Fault::not_found("data source").into());
    }
    wire::json(&GraphOut::new(&known.groups, &known.sources, &known.access))
}

pub(crate) async fn of_group(Path(group): Path<String>, call: Call) -> Answer {
    let mut known = known(&call).await?;
    let wanted: GroupId = id(&group)?;
    known.groups.retain(|group| group.id == wanted);
    if known.groups.is_empty() {
        return Err(Fault::not_found("group").into());
    }
    wire::json(&GraphOut::new(&known.groups, &known.sources, &known.access))
}

/// Changes what was sent. It must have been read as it is now, unless it is forced.
pub(crate) async fn update(call: Call) -> Answer {
    let grant = call.permit(AdministerGroups {}).await?;
    let known = known(&call).await?;
    let body = call.object()?;
    let change = map::graph::read(&body, &known.groups, &known.sources, &known.access)?;
    let is_forced = call.param("force").is_some_and(is_true);
    let text = "the graph was changed meanwhile; read it again and repeat the change";
    match change.revision {
        _ if is_forced => {}
        None => return Err(Refusal::field("revision", "value must be an integer.")),
        Some(read) if read == revision(&known.access) => {}
        Some(_) => return Err(Fault::new(Code::Conflict, text).into()),
    }
    let groups = &call.state.kit.access.groups;
    groups.change_access(&grant, &known.access, &change.changes).await?;
    let overview = call.permit(OverviewGroups {}).await?;
    let access = groups.access(&overview).await?;
    if call.param("skip-graph").is_some_and(is_true) {
        return wire::json(&json!({ "revision": revision(&access) }));
    }
    wire::json(&GraphOut::new(&known.groups, &known.sources, &access))
}
