//! Users.

use axum::extract::Path;
use http::StatusCode;
use serde_json::json;
use tessera_access::{
    AdministerUser, CreateUser, DeleteUser, Invitation, ListUsers, NewUser, ReadUser, ReadUserKey,
    RegenerateUserKey, TokenPurpose, UpdateUser, User,
};
use tessera_httpkit::cookies;
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, Fault, Result, Secret};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, not_owner};
use crate::map::{Paging, id, param, text_field, user_change, user_filter, user_order};
use crate::quirks;
use crate::wire::{self, Answer, UserOut};

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListUsers {}).await?;
    let paging = Paging::read(&call.query)?;
    let access = &call.state.kit.access;
    let groups = access.groups.names(&grant).await?;
    let (order, descending) = user_order(&call.query);
    let filter = user_filter(&call.query);
    let page = access.users.list(&grant, &filter, order, descending, paging.request()).await?;
    wire::json(&paging.envelope(&page, |user| Ok(UserOut::named(user, &groups)))?)
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateUser {}).await?;
    let body = call.object()?;
    let (name, email) = (text_field(&body, "name")?, text_field(&body, "email")?);
    let new = NewUser { name, email, groups: Vec::new() };
    let created = call.state.kit.access.users.create(&grant, new).await;
    let (user, invitation) = created.worded(Code::Invalid, field_words)?;
    // With `no_invite`, or without a mail server, the administrator carries the link.
    let by_hand = param(&call.query, "no_invite").is_some();
    invited(&call, &user, &invitation, by_hand).await
}

/// A user who was invited: by mail, or by the link in the answer.
async fn invited(call: &Call, user: &User, link: &Invitation, by_hand: bool) -> Answer {
    let users = &call.state.kit.access.users;
    let mailed = !by_hand && users.mail_link(user, TokenPurpose::Invite, link).await?;
    let out = UserOut::new(user);
    wire::json(&if mailed { out } else { out.with_invite(self::link(call, "invite", &link.token)) })
}

pub(crate) async fn get(Path(user): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadUser { user: id(&user)? }).await?;
    let user = call.state.kit.access.users.get(&grant).await?;
    with_key(&call, &user).await
}

pub(crate) async fn update(Path(user): Path<String>, call: Call) -> Answer {
    let act = UpdateUser { user: id(&user)? };
    let grant = call.permit(act).await.worded(Code::Forbidden, not_owner)?;
    let change = user_change(&call.object()?)?;
    let knows_old = change.old_password.is_some();
    let updated = call.state.kit.access.users.update(&grant, change).await;
    let user = updated.map_err(|fault| match fault.code() {
        Code::Forbidden => forbidden_change(&fault, knows_old),
        Code::Invalid => field_words(&fault),
        _ => fault.into(),
    })?;
    // All other sessions end; the one in which it was done goes on.
    if call.caller.is_session()
        && let Some(token) = cookies::session_token(&call.parts.headers)
    {
        call.state.kit.access.sessions.keep(&user, &token).await?;
    }
    with_key(&call, &user).await
}

pub(crate) async fn delete(Path(user): Path<String>, call: Call) -> Answer {
    let user: UserId = id(&user)?;
    let grant = call.permit(DeleteUser { user }).await?;
    let key = key_of(&call, user).await?;
    let deleted = call.state.kit.access.users.delete(&grant).await;
    let is_self = call.caller.user().is_some_and(|caller| caller.id == user);
    let user = deleted.worded(Code::Invalid, |_| own_account("delete", is_self))?;
    wire::json(&UserOut::new(&user).with_key(key.as_ref()))
}

pub(crate) async fn disable(Path(user): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerUser { user: id(&user)? }).await?;
    let changed = call.state.kit.access.users.set_disabled(&grant, true).await;
    let user = changed.worded(Code::Invalid, |_| own_account("disable", true))?;
    with_key(&call, &user).await
}

pub(crate) async fn enable(Path(user): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerUser { user: id(&user)? }).await?;
    let user = call.state.kit.access.users.set_disabled(&grant, false).await?;
    with_key(&call, &user).await
}

pub(crate) async fn invite(Path(user): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerUser { user: id(&user)? }).await?;
    let users = &call.state.kit.access.users;
    let (user, invitation) = users.issue_link(&grant, TokenPurpose::Invite).await?;
    invited(&call, &user, &invitation, false).await
}

pub(crate) async fn reset_password(Path(user): Path<String>, call: Call) -> Answer {
    let grant = call.permit(AdministerUser { user: id(&user)? }).await?;
    check_enabled(&call, id(&user)?).await?;
    let users = &call.state.kit.access.users;
    let (user, reset) = users.issue_link(&grant, TokenPurpose::Reset).await?;
    users.mail_link(&user, TokenPurpose::Reset, &reset).await?;
    wire::json(&json!({ "reset_link": link(&call, "reset", &reset.token) }))
}

pub(crate) async fn regenerate_key(Path(user): Path<String>, call: Call) -> Answer {
    let grant = call.permit(RegenerateUserKey { user: id(&user)? }).await?;
    check_enabled(&call, id(&user)?).await?;
    let user = call.state.kit.access.users.regenerate_key(&grant).await?;
    with_key(&call, &user).await
}

/// Who is shut out gets no new key and no link to set a password: for those, clients expect not to
/// find the user.
async fn check_enabled(call: &Call, user: UserId) -> Result<(), Refusal> {
    if call.caller.user().is_some_and(|caller| caller.id == user) {
        return Ok(());
    }
    let grant = call.permit(ReadUser { user }).await?;
    let found = call.state.kit.access.users.get(&grant).await?;
    quirks::disabled_users_get_no_new_credentials(found.disabled_at.is_some())
}

/// A user, with the key if the caller may see it.
async fn with_key(call: &Call, user: &User) -> Answer {
    let key = key_of(call, user.id).await?;
    wire::json(&UserOut::new(user).with_key(key.as_ref()))
}

async fn key_of(call: &Call, user: UserId) -> Result<Option<Secret>> {
    match call.permit_if(ReadUserKey { user }).await? {
        Some(grant) => match call.state.kit.access.users.key(&grant).await {
            Err(fault) if fault.code() == Code::NotFound => Ok(None),
            key => key.map(Some),
        },
        None => Ok(None),
    }
}

fn link(call: &Call, purpose: &str, token: &Secret) -> String {
    format!("{}/{purpose}/{}", call.info.base_url, token.expose())
}

fn field_words(fault: &Fault) -> Refusal {
    let text = match fault.field() {
        Some("email") => "Bad email address.".to_owned(),
        // The core's sentence ends with the number of the group.
        Some("groups") => match fault.detail().rsplit(' ').next().map(str::parse::<i64>) {
            Some(Ok(group)) => format!("Group id {group} is invalid."),
            _ => crate::errors::sentence(fault),
        },
        _ => crate::errors::sentence(fault),
    };
    Refusal::say(StatusCode::BAD_REQUEST, text)
}

fn forbidden_change(fault: &Fault, knows_old: bool) -> Refusal {
    let text = match (fault.field(), knows_old) {
        (Some("groups"), _) => "Must be admin to change groups membership.",
        (Some("old_password"), false) => "Must provide current password to update password.",
        (Some("old_password"), true) => "Incorrect current password.",
        _ => crate::errors::NOT_OWNER,
    };
    Refusal::say(StatusCode::FORBIDDEN, text)
}

fn own_account(verb: &str, is_self: bool) -> Refusal {
    let text = if is_self {
        format!("You cannot {verb} your own account. Please ask another admin to do this for you.")
    } else {
        "You cannot delete activated users. Please disable the user instead.".to_owned()
    };
    Refusal::say(StatusCode::FORBIDDEN, text)
}
