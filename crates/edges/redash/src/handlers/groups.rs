//! Groups, their members and their data sources.

use axum::extract::Path;
use http::StatusCode;
use tessera_access::{
    AccessLevel, AdministerGroup, Authorized, CreateGroup, GroupChange, ListGroups, ListSources,
    NewGroup, ReadGroup, ReadSource, UserKind,
};
use tessera_kernel::ids::SourceId;
use tessera_kernel::{Code, Fault};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, missing_field};
use crate::map::{bool_if, id, id_field, text_field, text_if};
use crate::quirks;
use crate::wire::{self, Answer, GroupOut, SourceOut, UserOut};

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListGroups {}).await?;
    let groups = call.state.kit.access.groups.list(&grant).await?;
    wire::json(&groups.iter().map(GroupOut::new).collect::<Vec<_>>())
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateGroup {}).await?;
    quirks::groups_want_a_json_type(&call.parts.headers)?;
    let new = NewGroup { name: text_field(&call.object()?, "name")? };
    let group = call.state.kit.access.groups.create(&grant, new).await?;
    wire::json(&GroupOut::new(&group))
}

pub(crate) async fn get(Path(group): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadGroup { group: id(&group)? }).await?;
    let group = call.state.kit.access.groups.get(&grant).await?;
    wire::json(&GroupOut::new(&group))
}

pub(crate) async fn update(Path(group): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    quirks::groups_want_a_json_type(&call.parts.headers)?;
    let change = GroupChange { name: text_if(&call.object()?, "name")? };
    let updated = call.state.kit.access.groups.update(&grant, change).await;
    let group = updated.worded(Code::Invalid, |fault| builtin(fault, "modify"))?;
    wire::json(&GroupOut::new(&group))
}

pub(crate) async fn delete(Path(group): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    let deleted = call.state.kit.access.groups.delete(&grant).await;
    deleted.worded(Code::Invalid, |fault| builtin(fault, "delete"))?;
    wire::null()
}

pub(crate) async fn members(Path(group): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadGroup { group: id(&group)? }).await?;
    let mut users = call.state.kit.access.groups.members(&grant).await?;
    users.retain(|user| user.kind == UserKind::Person);
    wire::json(&users.iter().map(UserOut::new).collect::<Vec<_>>())
}

pub(crate) async fn add_member(Path(group): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    quirks::groups_want_a_json_type(&call.parts.headers)?;
    let user = id_field(&call.object()?, "user_id")?;
    let user = call.state.kit.access.groups.add_member(&grant, user).await?;
    wire::json(&UserOut::new(&user))
}

pub(crate) async fn remove_member(
    Path((group, user)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    call.state.kit.access.groups.remove_member(&grant, id(&user)?).await?;
    wire::null()
}

pub(crate) async fn sources(Path(group): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    let reached = call.state.kit.access.groups.sources(&grant).await?;
    let views = call.state.bi.sources.list(&call.permit(ListSources {}).await?).await?;
    let level = |source: SourceId| reached.iter().find(|(known, _)| *known == source);
    let out: Vec<_> = views
        .iter()
        .filter_map(|view| {
            level(view.source.id).map(|(_, level)| SourceOut::brief(view).with_level(*level))
        })
        .collect();
    wire::json(&out)
}

pub(crate) async fn add_source(Path(group): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    quirks::groups_want_a_json_type(&call.parts.headers)?;
    let source = id_field(&call.object()?, "data_source_id")?;
    set(&call, &grant, source, AccessLevel::Full).await
}

pub(crate) async fn set_source(
    Path((group, source)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    quirks::groups_want_a_json_type(&call.parts.headers)?;
    // What is not said must not widen.
    let view_only =
        bool_if(&call.object()?, "view_only")?.ok_or_else(|| missing_field("view_only"))?;
    let level = if view_only { AccessLevel::ViewOnly } else { AccessLevel::Full };
    set(&call, &grant, id(&source)?, level).await
}

async fn set(
    call: &Call,
    grant: &Authorized<AdministerGroup>,
    source: SourceId,
    level: AccessLevel,
) -> Answer {
    let view = call.state.bi.sources.get(&call.permit(ReadSource { source }).await?).await?;
    call.state.kit.access.groups.set_source(grant, source, level).await?;
    wire::json(&SourceOut::brief(&view).with_level(level))
}

pub(crate) async fn remove_source(
    Path((group, source)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    call.state.kit.access.groups.remove_source(&grant, id(&source)?).await?;
    wire::null()
}

fn builtin(fault: &Fault, verb: &str) -> Refusal {
    match fault.field() {
        Some("group") => {
            let text = format!("Can't {verb} built-in groups.");
            Refusal::say(StatusCode::BAD_REQUEST, text)
        }
        _ => Refusal::say(StatusCode::BAD_REQUEST, crate::errors::sentence(fault)),
    }
}
