//! Users and groups.

use serde::Serialize;
use tessera_access::{Group, User};
use tessera_kernel::Secret;
use tessera_kernel::ids::GroupId;

use super::time;

/// The picture of every user: addresses are not told to a picture service. It is below `/api/`, which
/// comes here also where the web client's own files are served by something in front.
pub(crate) const AVATAR: &str = "/api/users/avatar.svg";

/// A user. `G` are numbers of groups, or in lists groups with names.
#[derive(Debug, Serialize)]
pub(crate) struct UserOut<'a, G: Serialize = i64> {
    id: i64,
    name: &'a str,
    email: &'a str,
    profile_image_url: &'static str,
    groups: Vec<G>,
    updated_at: String,
    created_at: String,
    disabled_at: Option<String>,
    is_disabled: bool,
    active_at: Option<String>,
    is_invitation_pending: bool,
    is_email_verified: bool,
    auth_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<String>,
}

/// A group of a user in a list.
#[derive(Debug, Serialize)]
pub(crate) struct GroupName {
    id: i64,
    name: String,
}

impl<'a> UserOut<'a> {
    /// With the numbers of its groups.
    pub(crate) fn new(user: &'a User) -> Self {
        Self::with_groups(user, user.groups.iter().map(|group| group.0).collect())
    }
}

impl<'a> UserOut<'a, GroupName> {
    /// With the names of its groups.
    pub(crate) fn named(user: &'a User, names: &[(GroupId, String)]) -> Self {
        let known = |id: &GroupId| names.iter().find(|(known, _)| known == id);
        let groups = user.groups.iter().filter_map(known);
        let groups = groups.map(|(id, name)| GroupName { id: id.0, name: name.clone() });
        Self::with_groups(user, groups.collect())
    }
}

impl<'a, G: Serialize> UserOut<'a, G> {
    fn with_groups(user: &'a User, groups: Vec<G>) -> Self {
        Self {
            id: user.id.0,
            name: &user.name,
            email: &user.email,
            profile_image_url: AVATAR,
            groups,
            updated_at: time(user.updated_at),
            created_at: time(user.created_at),
            disabled_at: user.disabled_at.map(time),
            is_disabled: user.disabled_at.is_some(),
            active_at: user.active_at.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            is_invitation_pending: user.invitation_pending,
            is_email_verified: user.email_verified,
            auth_type: if user.password_hash.is_some() { "password" } else { "external" },
            api_key: None,
            invite_link: None,
        }
    }

    /// With the key, for the user itself and administrators.
    pub(crate) fn with_key(self, key: Option<&Secret>) -> Self {
        Self { api_key: key.map(|key| key.expose().to_owned()), ..self }
    }

    /// With the link to accept the invitation.
    pub(crate) fn with_invite(self, link: String) -> Self {
        Self { invite_link: Some(link), ..self }
    }
}

/// A user at a dashboard.
#[derive(Debug, Serialize)]
pub(crate) struct UserBrief<'a> {
    id: i64,
    name: &'a str,
    email: &'a str,
    profile_image_url: &'static str,
}

impl<'a> UserBrief<'a> {
    pub(crate) fn new(user: &'a User) -> Self {
        Self { id: user.id.0, name: &user.name, email: &user.email, profile_image_url: AVATAR }
    }
}

/// A group.
#[derive(Debug, Serialize)]
pub(crate) struct GroupOut<'a> {
    id: i64,
    name: &'a str,
    permissions: &'a [String],
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
}

impl<'a> GroupOut<'a> {
    pub(crate) fn new(group: &'a Group) -> Self {
        Self {
            id: group.id.0,
            name: &group.name,
            permissions: &group.permissions,
            kind: if group.builtin { "builtin" } else { "regular" },
            created_at: time(group.created_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_kernel::ids::{GroupId, Uid, UserId};

    use super::*;

    #[test]
    fn a_user_looks_as_recorded() {
        let at = "2026-11-21T09:16:49.439Z".parse().unwrap();
        let user = User {
            id: UserId(1),
            kind: tessera_access::UserKind::Person,
            uid: Uid::nil(),
            name: "Ada Admin".to_owned(),
            email: "admin@example.com".to_owned(),
            password_hash: Some("x".to_owned()),
            groups: vec![GroupId(1), GroupId(2)],
            disabled_at: None,
            invitation_pending: false,
            email_verified: true,
            active_at: None,
            epoch: 0,
            created_at: at,
            updated_at: at,
        };
        let key = Secret::new("k");
        let out = serde_json::to_value(UserOut::new(&user).with_key(Some(&key))).unwrap();
        assert_eq!(
            out,
            json!({
                "id": 1, "name": "Ada Admin", "email": "admin@example.com",
                "profile_image_url": AVATAR, "groups": [1, 2],
                "updated_at": "2026-11-21T09:16:49.439Z",
                "created_at": "2026-11-21T09:16:49.439Z", "disabled_at": null,
                "is_disabled": false, "active_at": null, "is_invitation_pending": false,
                "is_email_verified": true, "auth_type": "password", "api_key": "k"
            })
        );
    }
}
