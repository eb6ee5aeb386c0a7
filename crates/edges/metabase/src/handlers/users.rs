//! Users.

use axum::extract::Path;
use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use tessera_access::{
    AdministerGroup, AdministerUser, CreateUser, Group, ListUsers, NewUser, OverviewGroups,
    ReadSession, ReadUser, TokenPurpose, UpdateUser, User, UserChange, UserOrder,
};
use tessera_kernel::ids::{GroupId, UserId};
use tessera_kernel::{Code, Fault, PageRequest, Result, Secret};

use super::memberships::check_joinable;
use crate::credential::Call;
use crate::errors::{Refusal, Worded, sentence};
use crate::map::{self, Window, bool_if, id, text, text_if};
use crate::quirks;
use crate::wire::{self, Answer, ListOut, UserBrief, UserOut};

/// How many users are read at a time where a list comes whole.
const BATCH: u64 = 1000;

pub(crate) async fn current(call: Call) -> Answer {
    let grant = call.permit(ReadSession {}).await?;
    let user = call.state.kit.access.users.own(&grant).await?;
    let admins = admins(&call).await?;
    wire::json(&UserOut::new(&user, admins))
}

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListUsers {}).await?;
    let (filter, for_admins) = map::users::filter(&call.query)?;
    if for_admins && !call.is_admin() {
        return Err(Fault::new(Code::Forbidden, "only administrators see who is shut out").into());
    }
    let window = Window::read(&call.query)?;
    let users = &call.state.kit.access.users;
    let (mut found, mut total) = (Vec::new(), 0);
    let mut page = PageRequest { number: 1, size: BATCH };
    for wanted in window.map(Window::pages).unwrap_or_default() {
        let part = users.list(&grant, &filter, UserOrder::Name, false, wanted).await?;
        total = part.total;
        found.extend(part.items);
    }
    while window.is_none() {
        let part = users.list(&grant, &filter, UserOrder::Name, false, page).await?;
        total = part.total;
        found.extend(part.items);
        page.number += 1;
        if page.offset() >= total {
            break;
        }
    }
    if let Some(window) = window {
        found = window.cut(found);
    }
    let (limit, offset) = (window.map(|w| w.limit), window.map(|w| w.offset));
    if call.is_admin() {
        let admins = admins(&call).await?;
        let data = found.iter().map(|user| UserOut::new(user, admins)).collect();
        return wire::json(&ListOut { data, total, limit, offset });
    }
    let data = found.iter().map(UserBrief::new).collect();
    wire::json(&ListOut { data, total, limit, offset })
}

pub(crate) async fn get(Path(user): Path<String>, call: Call) -> Answer {
    let user: UserId = id(&user)?;
    quirks::internal_user(user)?;
    quirks::oneself_or_admin(&call.caller, user)?;
    let user = record(&call, user).await?;
    shown(&call, &user).await
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateUser {}).await?;
    let body = call.object()?;
    let email = text(&body, "email")?;
    let name = map::users::name(&body, None)?;
    let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let groups = map::users::memberships(&body)?.unwrap_or_default();
    let new = NewUser { name, email, groups };
    let (user, invitation) =
        call.state.kit.access.users.create(&grant, new).await.map_err(|fault| {
            match fault.code() {
                Code::Duplicate => Refusal::field("email", "Email address already in use."),
                Code::Invalid => field_words(&fault),
                _ => fault.into(),
            }
        })?;
    let users = &call.state.kit.access.users;
    users.mail_link(&user, TokenPurpose::Invite, &invitation).await?;
    shown(&call, &user).await
}

pub(crate) async fn update(Path(user): Path<String>, call: Call) -> Answer {
    let user: UserId = id(&user)?;
    quirks::internal_user(user)?;
    let grant = call.permit(UpdateUser { user }).await?;
    let users = &call.state.kit.access.users;
    let known = record(&call, user).await?;
    let body = call.object()?;
    let groups = wanted_groups(&call, &body, &known).await?;
    let change = UserChange {
        name: map::users::name(&body, Some(&known))?,
        email: text_if(&body, "email")?,
        ..UserChange::default()
    };
    let changed = users.update(&grant, change).await;
    changed.map_err(|fault| match fault.code() {
        Code::Duplicate => {
            Refusal::field("email", "Email address already associated to another user.")
        }
        Code::Invalid => field_words(&fault),
        _ => fault.into(),
    })?;
    for (group, joins) in groups {
        let grant = call.permit(AdministerGroup { group }).await?;
        let groups = &call.state.kit.access.groups;
        let done = if joins {
            groups.add_member(&grant, user).await.map(drop)
        } else {
            groups.remove_member(&grant, user).await
        };
        done.worded(Code::Invalid, |fault| Refusal::field("is_superuser", sentence(fault)))?;
    }
    let known = record(&call, user).await?;
    shown(&call, &known).await
}

/// The groups to join (`true`) and to leave, as far as the body says. They are for administrators.
async fn wanted_groups(
    call: &Call,
    body: &Map<String, Json>,
    known: &User,
) -> Result<Vec<(GroupId, bool)>, Refusal> {
    let wanted = map::users::memberships(body)?;
    let superuser = bool_if(body, "is_superuser")?;
    if wanted.is_none() && superuser.is_none() {
        return Ok(Vec::new());
    }
    let grant = call.permit(OverviewGroups {}).await?;
    let groups: Vec<Group> =
        call.state.kit.access.groups.overview(&grant).await?.into_iter().map(|(g, _)| g).collect();
    let mut all: Vec<GroupId> = wanted.unwrap_or_else(|| known.groups.clone());
    if let Some(unknown) = all.iter().find(|id| !groups.iter().any(|group| group.id == **id)) {
        let text = format!("there is no group {unknown}");
        return Err(Refusal::field("user_group_memberships", text));
    }
    for group in groups.iter().filter(|group| group.is_admin()) {
        match superuser {
            Some(true) if !all.contains(&group.id) => all.push(group.id),
            Some(false) => all.retain(|id| *id != group.id),
            _ => {}
        }
    }
    let mut changes = Vec::new();
    for group in &groups {
        let (is, shall) = (known.groups.contains(&group.id), all.contains(&group.id));
        if is != shall {
            check_joinable(group).map_err(|_| {
                Refusal::field("user_group_memberships", "everybody is in All Users")
            })?;
            changes.push((group.id, shall));
        }
    }
    Ok(changes)
}

pub(crate) async fn delete(Path(user): Path<String>, call: Call) -> Answer {
    set_disabled(&call, &user, true).await?;
    wire::json(&json!({ "success": true }))
}

pub(crate) async fn reactivate(Path(user): Path<String>, call: Call) -> Answer {
    let user = set_disabled(&call, &user, false).await?;
    shown(&call, &user).await
}

async fn set_disabled(call: &Call, user: &str, disabled: bool) -> Result<User, Refusal> {
    let user: UserId = id(user)?;
    quirks::internal_user(user)?;
    let grant = call.permit(AdministerUser { user }).await?;
    let users = &call.state.kit.access.users;
    let known = record(call, user).await?;
    if !disabled && known.disabled_at.is_none() {
        return Err(Refusal::text(
            StatusCode::BAD_REQUEST,
            "Not able to reactivate an active user",
        ));
    }
    users.set_disabled(&grant, disabled).await.worded(Code::Invalid, field_words)
}

/// Everybody changes the own password, and tells the present one.
pub(crate) async fn set_password(Path(user): Path<String>, call: Call) -> Answer {
    let user: UserId = id(&user)?;
    quirks::internal_user(user)?;
    let grant = call.permit(UpdateUser { user }).await?;
    let body = call.object()?;
    let change = UserChange {
        password: Some(Secret::new(text(&body, "password")?)),
        old_password: text_if(&body, "old_password")?.map(Secret::new),
        ..UserChange::default()
    };
    call.state.kit.access.users.update(&grant, change).await.map_err(|fault| {
        match (fault.code(), fault.field()) {
            (Code::Forbidden, Some("old_password")) => {
                Refusal::field("old_password", "Invalid password")
            }
            (Code::Invalid, _) => field_words(&fault),
            _ => fault.into(),
        }
    })?;
    wire::nothing()
}

/// A user's record. One's own needs no right to look at users.
async fn record(call: &Call, user: UserId) -> Result<User> {
    let users = &call.state.kit.access.users;
    if call.caller.user().is_some_and(|own| own.id == user) {
        return users.own(&call.permit(ReadSession {}).await?).await;
    }
    users.get(&call.permit(ReadUser { user }).await?).await
}

async fn shown(call: &Call, user: &User) -> Answer {
    let admins = admins(call).await?;
    wire::json(&UserOut::new(user, admins))
}

/// The group of administrators, if the caller may know of it: whoever may not is not in it.
async fn admins(call: &Call) -> Result<Option<GroupId>, Fault> {
    let grant = call.permit(ReadSession {}).await?;
    call.state.kit.access.groups.admins(&grant).await
}

fn field_words(fault: &Fault) -> Refusal {
    let field = match fault.field() {
        Some("groups") => "user_group_memberships",
        Some("name") => "first_name",
        Some(field) => field,
        None => "body",
    };
    Refusal::field(field, sentence(fault))
}
