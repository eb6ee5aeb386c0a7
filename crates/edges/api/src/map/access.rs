//! Users, groups, keys and sessions on the wire.

use tessera_access as core;
use tessera_access::{AccessLevel, Caller, UserPrincipal};

use crate::wire::common::{Person, Tag};
use crate::wire::groups::{Group, GroupCount, Level};
use crate::wire::service_accounts::ServiceAccount;
use crate::wire::session::Me;
use crate::wire::users::{Link, User};

pub(crate) fn user(user: &core::User) -> User {
    User {
        id: user.id.0,
        uid: user.uid,
        kind: user.kind.as_str(),
        name: user.name.clone(),
        email: user.email.clone(),
        group_ids: user.groups.iter().map(|group| group.0).collect(),
        is_disabled: user.disabled_at.is_some(),
        disabled_at: user.disabled_at,
        is_invitation_pending: user.invitation_pending,
        active_at: user.active_at,
        created_at: user.created_at,
        updated_at: user.updated_at,
    }
}

pub(crate) fn service_account(user: &core::User) -> ServiceAccount {
    ServiceAccount {
        id: user.id.0,
        uid: user.uid,
        name: user.name.clone(),
        group_ids: user.groups.iter().map(|group| group.0).collect(),
        disabled_at: user.disabled_at,
        active_at: user.active_at,
        created_at: user.created_at,
        updated_at: user.updated_at,
    }
}

/// Somebody in short; who owns what is not told to the holder of a public link.
pub(crate) fn person(user: &core::User, caller: &Caller) -> Option<Person> {
    caller.user()?;
    Some(Person { id: user.id.0, uid: user.uid, name: user.name.clone() })
}

pub(crate) fn link(link: &core::Invitation, is_mailed: bool) -> Link {
    Link { token: link.token.expose().to_owned(), expires_at: link.expires_at, is_mailed }
}

pub(crate) fn group_count(known: &core::Group, member_count: u64) -> GroupCount {
    GroupCount { group: group(known), member_count }
}

pub(crate) fn group(group: &core::Group) -> Group {
    Group {
        id: group.id.0,
        uid: group.uid,
        name: group.name.clone(),
        is_builtin: group.builtin,
        permissions: group.permissions.clone(),
        created_at: group.created_at,
    }
}

pub(crate) const fn level(level: AccessLevel) -> Level {
    match level {
        AccessLevel::ViewOnly => Level::ViewOnly,
        AccessLevel::Full => Level::Full,
    }
}

pub(crate) const fn access_level(level: Level) -> AccessLevel {
    match level {
        Level::ViewOnly => AccessLevel::ViewOnly,
        Level::Full => AccessLevel::Full,
    }
}

pub(crate) fn me(user: &UserPrincipal) -> Me {
    let held = core::Action::ALL.iter().copied().filter(|action| user.holds(*action));
    Me {
        id: user.id.0,
        uid: user.uid,
        name: user.name.clone(),
        email: user.email.clone(),
        group_ids: user.groups.iter().map(|group| group.0).collect(),
        is_admin: user.is_admin(),
        permissions: user.permissions.clone(),
        actions: held.map(core::Action::as_str).collect(),
    }
}

pub(crate) fn tag(tag: tessera_bi::TagCount) -> Tag {
    Tag { name: tag.name, count: tag.count }
}
