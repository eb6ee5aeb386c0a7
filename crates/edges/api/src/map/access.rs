//! Users, groups, keys and sessions on the wire.

use tessera_access as core;
use tessera_access::{AccessLevel, Caller, UserPrincipal};

use crate::wire::common::{Person, Tag};
use crate::wire::groups::{Group, Level};
use crate::wire::keys::{CreatedKey, Key};
use crate::wire::session::Me;
use crate::wire::users::{Link, User};

pub(crate) fn user(user: &core::User) -> User {
    User {
        id: user.id.0,
        uid: user.uid,
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

/// Somebody in short; who owns what is not told to the holder of a public link.
pub(crate) fn person(user: &core::User, caller: &Caller) -> Option<Person> {
    caller.user()?;
    Some(Person { id: user.id.0, uid: user.uid, name: user.name.clone() })
}

pub(crate) fn link(link: &core::Invitation) -> Link {
    Link { token: link.token.expose().to_owned(), expires_at: link.expires_at }
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

pub(crate) fn key(key: &core::Key) -> Key {
    Key {
        id: key.id.0,
        uid: key.uid,
        name: key.name.clone(),
        hint: key.hint.clone(),
        is_recoverable: key.sealed.is_some(),
        not_before: key.not_before,
        expires_at: key.expires_at,
        disabled_at: key.disabled_at,
        last_used_at: key.last_used_at,
        last_used_address: key.last_use.address.clone(),
        last_used_client: key.last_use.client.clone(),
        last_used_transport: key.last_use.transport.clone(),
        created_at: key.created_at,
    }
}

pub(crate) fn minted(minted: &core::MintedKey) -> CreatedKey {
    CreatedKey { key: key(&minted.key), secret: minted.secret.expose().to_owned() }
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
