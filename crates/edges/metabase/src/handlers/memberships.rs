//! Who is in which group.

use std::collections::BTreeMap;

use axum::extract::Path;
use tessera_access::{AdministerGroup, Group, OverviewGroups, ReadGroup};
use tessera_kernel::ids::{GroupId, UserId};
use tessera_kernel::{Code, Fault};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, sentence};
use crate::map::{bool_if, id, number};
use crate::quirks;
use crate::wire::{self, Answer, MemberOut, MembershipOut};

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(OverviewGroups {}).await?;
    let mut out: BTreeMap<i64, Vec<MembershipOut>> = BTreeMap::new();
    for (user, group) in call.state.kit.access.groups.memberships(&grant).await? {
        out.entry(user.0).or_default().push(MembershipOut::new(group, user));
    }
    wire::json(&out)
}

pub(crate) async fn create(call: Call) -> Answer {
    call.permit(OverviewGroups {}).await?;
    let body = call.object()?;
    let (group, user): (GroupId, UserId) = (number(&body, "group_id")?, number(&body, "user_id")?);
    if bool_if(&body, "is_group_manager")? == Some(true) {
        return Err(Refusal::field("is_group_manager", "groups have no managers here"));
    }
    let grant = call.permit(AdministerGroup { group }).await?;
    check_joinable(&group_of(&call, group).await?)?;
    let groups = &call.state.kit.access.groups;
    groups.add_member(&grant, user).await?;
    let members = groups.members(&call.permit(ReadGroup { group }).await?).await?;
    wire::json(&MemberOut::all(group, &members))
}

pub(crate) async fn delete(Path(membership): Path<String>, call: Call) -> Answer {
    call.permit(OverviewGroups {}).await?;
    let pair = quirks::membership(id(&membership)?);
    let (group, user) = pair.ok_or_else(|| Fault::not_found("membership"))?;
    let grant = call.permit(AdministerGroup { group }).await?;
    if !grant.facts().members.contains(&user) {
        return Err(Fault::not_found("membership").into());
    }
    check_joinable(&group_of(&call, group).await?)?;
    let removed = call.state.kit.access.groups.remove_member(&grant, user).await;
    removed.worded(Code::Invalid, |fault| Refusal::field("id", sentence(fault)))?;
    wire::nothing()
}

/// Takes everybody out of a group.
pub(crate) async fn clear(Path(group): Path<String>, call: Call) -> Answer {
    let group: GroupId = id(&group)?;
    let grant = call.permit(AdministerGroup { group }).await?;
    let known = group_of(&call, group).await?;
    check_joinable(&known)?;
    if known.is_admin() {
        return Err(Refusal::field("group-id", "the group of administrators cannot be emptied"));
    }
    for user in grant.facts().members.clone() {
        call.state.kit.access.groups.remove_member(&grant, user).await?;
    }
    wire::nothing()
}

async fn group_of(call: &Call, group: GroupId) -> Result<Group, Fault> {
    let grant = call.permit(ReadGroup { group }).await?;
    call.state.kit.access.groups.get(&grant).await
}

/// Everybody is in the default group, always.
pub(crate) fn check_joinable(group: &Group) -> Result<(), Refusal> {
    if group.is_default() {
        let text = "You cannot add or remove users to/from the 'All Users' group.";
        return Err(Refusal::field("group_id", text));
    }
    Ok(())
}
