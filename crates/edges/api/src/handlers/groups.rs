//! Groups, their members and the data sources they reach.

use axum::response::Response;
use tessera_access::{Action, AdministerGroup, CreateGroup, ListGroups, OverviewGroups, ReadGroup};
use tessera_kernel::Result;
use tessera_kernel::ids::{GroupId, SourceId, UserId};

use crate::call::Call;
use crate::map::access;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::groups::{Group, GroupChange, GroupCount, GroupSource, NewGroup, NewLevel};
use crate::wire::users::User;

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/groups", "/v1/groups/{id}");
    let (members, member) = ("/v1/groups/{id}/members", "/v1/groups/{id}/members/{sub_id}");
    let (sources, source) = ("/v1/groups/{id}/sources", "/v1/groups/{id}/sources/{sub_id}");
    let administer = Action::GroupsAdminister;
    vec![
        Route::new(Verb::Get, all, Action::GroupsList, "list_groups", "List groups", list)
            .about("An administrator sees all, others their own.")
            .lists::<Group>(),
        Route::new(
            Verb::Get,
            "/v1/groups/overview",
            Action::GroupsOverview,
            "overview_groups",
            "List groups with how many active users each has",
            overview,
        )
        .lists::<GroupCount>(),
        Route::new(Verb::Post, all, administer, "create_group", "Create a group", create)
            .reads::<NewGroup>()
            .creates()
            .gives::<Group>(201),
        Route::new(Verb::Get, one, Action::GroupsRead, "read_group", "Read a group", get)
            .gives::<Group>(200),
        Route::new(Verb::Patch, one, administer, "update_group", "Rename a group", update)
            .reads::<GroupChange>()
            .gives::<Group>(200),
        Route::new(Verb::Delete, one, administer, "delete_group", "Delete a group", delete).empty(),
        Route::new(
            Verb::Get,
            members,
            Action::GroupsRead,
            "list_group_members",
            "List the members of a group",
            list_members,
        )
        .lists::<User>(),
        Route::new(Verb::Put, member, administer, "add_group_member", "Add a member", add_member)
            .gives::<User>(200),
        Route::new(
            Verb::Delete,
            member,
            administer,
            "remove_group_member",
            "Remove a member",
            remove_member,
        )
        .empty(),
        Route::new(
            Verb::Get,
            sources,
            administer,
            "list_group_sources",
            "List the data sources a group reaches",
            list_sources,
        )
        .lists::<GroupSource>(),
        Route::new(
            Verb::Put,
            source,
            administer,
            "set_group_source",
            "Let a group reach a data source, or change how far",
            set_source,
        )
        .reads::<NewLevel>()
        .gives::<GroupSource>(200),
        Route::new(
            Verb::Delete,
            source,
            administer,
            "remove_group_source",
            "Close a data source to a group",
            remove_source,
        )
        .empty(),
    ]
}

fn group_id(call: &Call) -> Result<GroupId> {
    call.number(0, "group")
}

async fn overview(call: Call) -> Result<Response> {
    let grant = call.permit(OverviewGroups {}).await?;
    let groups = call.access().groups.overview(&grant).await?;
    let counts = groups.iter().map(|(group, members)| access::group_count(group, *members));
    reply::ok(&call.paging()?.cut(counts.collect()))
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListGroups {}).await?;
    let groups = call.access().groups.list(&grant).await?;
    reply::ok(&call.paging()?.cut(groups.iter().map(access::group).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateGroup {}).await?;
    let body: NewGroup = call.json()?;
    let new = tessera_access::NewGroup { name: body.name };
    let group = call.access().groups.create(&grant, new).await?;
    reply::created(&format!("/v1/groups/{}", group.id), &access::group(&group))
}

async fn get(call: Call) -> Result<Response> {
    let grant = call.permit(ReadGroup { group: group_id(&call)? }).await?;
    reply::ok(&access::group(&call.access().groups.get(&grant).await?))
}

async fn update(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerGroup { group: group_id(&call)? }).await?;
    let body: GroupChange = call.json()?;
    let change = tessera_access::GroupChange { name: body.name };
    reply::ok(&access::group(&call.access().groups.update(&grant, change).await?))
}

async fn delete(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerGroup { group: group_id(&call)? }).await?;
    call.access().groups.delete(&grant).await?;
    reply::no_content()
}

async fn list_members(call: Call) -> Result<Response> {
    let grant = call.permit(ReadGroup { group: group_id(&call)? }).await?;
    let members = call.access().groups.members(&grant).await?;
    reply::ok(&call.paging()?.cut(members.iter().map(access::user).collect()))
}

async fn add_member(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerGroup { group: group_id(&call)? }).await?;
    let user: UserId = call.number(1, "user")?;
    reply::ok(&access::user(&call.access().groups.add_member(&grant, user).await?))
}

async fn remove_member(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerGroup { group: group_id(&call)? }).await?;
    let user: UserId = call.number(1, "user")?;
    call.access().groups.remove_member(&grant, user).await?;
    reply::no_content()
}

async fn list_sources(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerGroup { group: group_id(&call)? }).await?;
    let sources = call.access().groups.sources(&grant).await?;
    let view = |(source, level): (SourceId, _)| GroupSource {
        source_id: source.0,
        level: access::level(level),
    };
    reply::ok(&call.paging()?.cut(sources.into_iter().map(view).collect()))
}

async fn set_source(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerGroup { group: group_id(&call)? }).await?;
    let source: SourceId = call.number(1, "data source")?;
    let body: NewLevel = call.json()?;
    let level = access::access_level(body.level);
    call.access().groups.set_source(&grant, source, level).await?;
    reply::ok(&GroupSource { source_id: source.0, level: body.level })
}

async fn remove_source(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerGroup { group: group_id(&call)? }).await?;
    let source: SourceId = call.number(1, "data source")?;
    call.access().groups.remove_source(&grant, source).await?;
    reply::no_content()
}
