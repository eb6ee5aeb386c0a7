//! Groups.

use axum::extract::Path;
use tessera_access::{
    AdministerGroup, CreateGroup, Group, GroupChange, NewGroup, OverviewGroups, ReadGroup,
};
use tessera_kernel::Code;
use tessera_kernel::ids::GroupId;

use crate::credential::Call;
use crate::errors::{Refusal, Worded, sentence};
use crate::map::{id, text};
use crate::quirks::group_name;
use crate::wire::{self, Answer, GroupDetail, GroupOut, GroupTag};

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(OverviewGroups {}).await?;
    let mut groups = call.state.kit.access.groups.overview(&grant).await?;
    groups.sort_by_key(|(group, _)| group_name(group).to_lowercase());
    let out: Vec<_> = groups.iter().map(|(group, n)| GroupOut::new(group, *n)).collect();
    wire::json(&out)
}

pub(crate) async fn get(Path(group): Path<String>, call: Call) -> Answer {
    call.permit(OverviewGroups {}).await?;
    let grant = call.permit(ReadGroup { group: id(&group)? }).await?;
    let groups = &call.state.kit.access.groups;
    let (group, members) = (groups.get(&grant).await?, groups.members(&grant).await?);
    wire::json(&GroupDetail::new(&group, &members))
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateGroup {}).await?;
    let name = text(&call.object()?, "name")?;
    check_name(&call, &name, None).await?;
    let group = call.state.kit.access.groups.create(&grant, NewGroup { name }).await?;
    wire::json(&GroupTag::new(&group))
}

pub(crate) async fn update(Path(group): Path<String>, call: Call) -> Answer {
    let group: GroupId = id(&group)?;
    let grant = call.permit(AdministerGroup { group }).await?;
    let name = text(&call.object()?, "name")?;
    check_name(&call, &name, Some(group)).await?;
    let change = GroupChange { name: Some(name) };
    let changed = call.state.kit.access.groups.update(&grant, change).await;
    wire::json(&GroupTag::new(&changed.worded(Code::Invalid, |fault| {
        Refusal::field(fault.field().unwrap_or("name"), sentence(fault))
    })?))
}

pub(crate) async fn delete(Path(group): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerGroup { group: id(&group)? }).await?;
    call.state.kit.access.groups.delete(&grant).await?;
    wire::nothing()
}

/// Clients look groups up by name, so no two have the same in any case of letters.
async fn check_name(call: &Call, name: &str, own: Option<GroupId>) -> Result<(), Refusal> {
    let grant = call.permit(OverviewGroups {}).await?;
    let wanted = name.trim().to_lowercase();
    let same = |group: &Group| group_name(group).to_lowercase() == wanted && Some(group.id) != own;
    let groups = call.state.kit.access.groups.overview(&grant).await?;
    if groups.iter().any(|(group, _)| same(group)) {
        return Err(Refusal::field("name", "A group with that name already exists."));
    }
    Ok(())
}
