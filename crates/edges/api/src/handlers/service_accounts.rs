//! Service accounts: users that are programs.

use axum::response::Response;
use tessera_access::{
    Action, AdministerUser, CreateUser, DeleteUser, ListUsers, ReadUser, UserFilter, UserKind,
    UserOrder,
};
use tessera_kernel::Result;
use tessera_kernel::ids::{GroupId, UserId};

use crate::call::Call;
use crate::map::access;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::service_accounts::{NewServiceAccount, ServiceAccount, ServiceAccountChange};

const FILTERS: [Param; 2] = [
    Param::new("q", "string", "Only those whose name contains this."),
    Param::new("disabled", "boolean", "Those shut out, instead of those who are not."),
];

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/service-accounts", "/v1/service-accounts/{id}");
    vec![
        Route::new(
            Verb::Get,
            all,
            Action::AccountsList,
            "list_service_accounts",
            "List service accounts",
            list,
        )
        .params(&FILTERS)
        .lists::<ServiceAccount>(),
        Route::new(
            Verb::Post,
            all,
            Action::AccountsCreate,
            "create_service_account",
            "Create a service account",
            create,
        )
        .about("It has no key yet: make one at `POST /v1/keys` with it as the owner.")
        .reads::<NewServiceAccount>()
        .creates()
        .gives::<ServiceAccount>(201),
        Route::new(
            Verb::Get,
            one,
            Action::AccountsRead,
            "read_service_account",
            "Read a service account",
            get,
        )
        .gives::<ServiceAccount>(200),
        Route::new(
            Verb::Patch,
            one,
            Action::AccountsAdminister,
            "update_service_account",
            "Rename a service account, or change its groups",
            update,
        )
        .reads::<ServiceAccountChange>()
        .gives::<ServiceAccount>(200),
        Route::new(
            Verb::Delete,
            one,
            Action::AccountsDelete,
            "delete_service_account",
            "Delete a service account and its keys",
            delete,
        )
        .about("One that owns queries or dashboards cannot be deleted; shut it out.")
        .empty(),
    ]
}

fn account_id(call: &Call) -> Result<UserId> {
    call.number(0, "service account")
}

fn groups(ids: Vec<i64>) -> Vec<GroupId> {
    ids.into_iter().map(GroupId).collect()
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListUsers {}).await?;
    let paging = call.paging()?;
    let filter = UserFilter {
        kind: UserKind::Service,
        disabled: call.flag("disabled")?,
        search: call.text("q").map(str::to_owned),
        ..UserFilter::default()
    };
    let users = &call.access().users;
    let page = users.list(&grant, &filter, UserOrder::CreatedAt, false, paging.request).await?;
    reply::ok(&paging.view(page.map(|user| access::service_account(&user))))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateUser {}).await?;
    let body: NewServiceAccount = call.json()?;
    let new = tessera_access::NewServiceAccount { name: body.name, groups: groups(body.group_ids) };
    let user = call.access().users.create_service(&grant, new).await?;
    let location = format!("/v1/service-accounts/{}", user.id);
    reply::created(&location, &access::service_account(&user))
}

async fn get(call: Call) -> Result<Response> {
    let grant = call.permit(ReadUser { user: account_id(&call)? }).await?;
    reply::ok(&access::service_account(&call.access().users.service(&grant).await?))
}

async fn update(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerUser { user: account_id(&call)? }).await?;
    let body: ServiceAccountChange = call.json()?;
    let change = tessera_access::ServiceAccountChange {
        name: body.name,
        groups: body.group_ids.map(groups),
    };
    let user = call.access().users.update_service(&grant, change).await?;
    reply::ok(&access::service_account(&user))
}

async fn delete(call: Call) -> Result<Response> {
    let grant = call.permit(DeleteUser { user: account_id(&call)? }).await?;
    call.access().users.delete_service(&grant).await?;
    reply::no_content()
}
