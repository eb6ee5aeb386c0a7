//! Users, and the key of a user that can be shown again.

use axum::response::Response;
use tessera_access::{
    Action, AdministerUser, CreateUser, DeleteUser, Invitation, ListUsers, ReadUser, ReadUserKey,
    RegenerateUserKey, TokenPurpose, UpdateUser, UserFilter, UserOrder,
};
use tessera_kernel::ids::GroupId;
use tessera_kernel::{Result, Secret};

use crate::call::Call;
use crate::map::access;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::keys::KeyText;
use crate::wire::users::{InvitedUser, Link, NewUser, User, UserChange};

const ORDERS: [(&str, UserOrder); 3] = [
    ("name", UserOrder::Name),
    ("created_at", UserOrder::CreatedAt),
    ("active_at", UserOrder::ActiveAt),
];

const FILTERS: [Param; 4] = [
    Param::new("q", "string", "Only users whose name or address contains this."),
    Param::new("disabled", "boolean", "Those shut out, instead of those who are not."),
    Param::new("pending", "boolean", "Only those who have (not) accepted their invitation."),
    Param::new("order", "string", "`name`, `created_at`, `active_at`; a minus reverses."),
];

const MAILING: [Param; 1] =
    [Param::new("mail", "boolean", "`false` sends no mail, so that you carry the link yourself.")];

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/users", "/v1/users/{id}");
    let (disabled, key) = ("/v1/users/{id}/disabled", "/v1/users/{id}/key");
    let administer = Action::AccountsAdminister;
    vec![
        Route::new(Verb::Get, all, Action::AccountsList, "list_users", "List users", list)
            .params(&FILTERS)
            .lists::<User>(),
        Route::new(Verb::Post, all, Action::AccountsCreate, "create_user", "Invite a user", create)
            .about(
                "The invitation goes by mail if there is a mail server, and its token is in the \
                 answer.",
            )
            .params(&MAILING)
            .reads::<NewUser>()
            .creates()
            .gives::<InvitedUser>(201),
        Route::new(Verb::Get, one, Action::AccountsRead, "read_user", "Read a user", get)
            .gives::<User>(200),
        Route::new(
            Verb::Patch,
            one,
            Action::AccountsUpdate,
            "update_user",
            "Change a user",
            update,
        )
        .about("A new address or password ends all other sessions and voids all links.")
        .reads::<UserChange>()
        .gives::<User>(200),
        Route::new(
            Verb::Delete,
            one,
            Action::AccountsDelete,
            "delete_user",
            "Delete a user",
            delete,
        )
        .about("Only a user who never signed in can be deleted; shut others out.")
        .empty(),
        Route::new(Verb::Put, disabled, administer, "disable_user", "Shut a user out", disable)
            .gives::<User>(200),
        Route::new(Verb::Delete, disabled, administer, "enable_user", "Let a user in", enable)
            .gives::<User>(200),
        Route::new(
            Verb::Post,
            "/v1/users/{id}/invitation",
            administer,
            "renew_invitation",
            "Make a new invitation for a user",
            invite,
        )
        .params(&MAILING)
        .creates()
        .gives::<Link>(201),
        Route::new(
            Verb::Post,
            "/v1/users/{id}/password-reset",
            administer,
            "begin_password_reset",
            "Make a link to set a new password",
            reset,
        )
        .params(&MAILING)
        .creates()
        .gives::<Link>(201),
        Route::new(
            Verb::Get,
            key,
            Action::AccountsReadKey,
            "read_user_key",
            "Show the user's recoverable key",
            read_key,
        )
        .gives::<KeyText>(200),
        Route::new(
            Verb::Post,
            key,
            Action::AccountsRegenerateKey,
            "regenerate_user_key",
            "Replace the user's recoverable key",
            regenerate_key,
        )
        .about("The old one stops working at once. Showing the new one needs `accounts.read_key`.")
        .creates()
        .gives::<KeyText>(200),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListUsers {}).await?;
    let paging = call.paging()?;
    let filter = UserFilter {
        disabled: call.flag("disabled")?,
        pending: call.text("pending").map(|_| call.flag("pending")).transpose()?,
        search: call.text("q").map(str::to_owned),
        ..UserFilter::default()
    };
    let (order, descending) = call.order(&ORDERS, (UserOrder::CreatedAt, false))?;
    let users = &call.access().users;
    let page = users.list(&grant, &filter, order, descending, paging.request).await?;
    reply::ok(&paging.view(page.map(|user| access::user(&user))))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateUser {}).await?;
    let body: NewUser = call.json()?;
    let new = tessera_access::NewUser {
        name: body.name,
        email: body.email,
        groups: body.group_ids.into_iter().map(GroupId).collect(),
    };
    let (user, invitation) = call.access().users.create(&grant, new).await?;
    let mailed = mailed(&call, &user, TokenPurpose::Invite, &invitation).await?;
    let invitation = access::link(&invitation, mailed);
    let view = InvitedUser { user: access::user(&user), invitation };
    reply::created(&format!("/v1/users/{}", user.id), &view)
}

async fn get(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(ReadUser { user }).await?;
    reply::ok(&access::user(&call.access().users.get(&grant).await?))
}

async fn update(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(UpdateUser { user }).await?;
    let body: UserChange = call.json()?;
    let change = tessera_access::UserChange {
        name: body.name,
        email: body.email,
        password: body.password.map(Secret::new),
        old_password: body.old_password.map(Secret::new),
        groups: body.group_ids.map(|groups| groups.into_iter().map(GroupId).collect()),
    };
    let user = call.access().users.update(&grant, change).await?;
    super::sessions::keep_own(&call, &user).await?;
    reply::ok(&access::user(&user))
}

async fn delete(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(DeleteUser { user }).await?;
    call.access().users.delete(&grant).await?;
    reply::no_content()
}

async fn disable(call: Call) -> Result<Response> {
    set_disabled(call, true).await
}

async fn enable(call: Call) -> Result<Response> {
    set_disabled(call, false).await
}

async fn set_disabled(call: Call, disabled: bool) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(AdministerUser { user }).await?;
    reply::ok(&access::user(&call.access().users.set_disabled(&grant, disabled).await?))
}

async fn invite(call: Call) -> Result<Response> {
    issue(call, TokenPurpose::Invite).await
}

async fn reset(call: Call) -> Result<Response> {
    issue(call, TokenPurpose::Reset).await
}

async fn issue(call: Call, purpose: TokenPurpose) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(AdministerUser { user }).await?;
    let (user, link) = call.access().users.issue_link(&grant, purpose).await?;
    let mailed = mailed(&call, &user, purpose, &link).await?;
    reply::created(&format!("/v1/users/{}", user.id), &access::link(&link, mailed))
}

/// Sends a link by mail, unless the caller does not want that or there is no mail server.
async fn mailed(
    call: &Call,
    user: &tessera_access::User,
    purpose: TokenPurpose,
    link: &Invitation,
) -> Result<bool> {
    let wanted = call.text("mail").is_none() || call.flag("mail")?;
    Ok(wanted && call.access().users.mail_link(user, purpose, link).await?)
}

async fn read_key(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(ReadUserKey { user }).await?;
    let secret = call.access().users.key(&grant).await?;
    reply::ok(&KeyText { secret: secret.expose().to_owned() })
}

async fn regenerate_key(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(RegenerateUserKey { user }).await?;
    let reading = call.permit(ReadUserKey { user }).await?;
    call.access().users.regenerate_key(&grant).await?;
    let secret = call.access().users.key(&reading).await?;
    reply::ok(&KeyText { secret: secret.expose().to_owned() })
}
