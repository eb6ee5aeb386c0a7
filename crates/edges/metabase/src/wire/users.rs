//! Users.

use serde::Serialize;
use serde_json::{Value as Json, json};
use tessera_access::{User, UserKind};
use tessera_kernel::ids::GroupId;

use super::time;
use crate::quirks;

/// A user as others see it.
#[derive(Debug, Serialize)]
pub(crate) struct UserBrief<'a> {
    id: i64,
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    common_name: &'a str,
}

impl<'a> UserBrief<'a> {
    pub(crate) fn new(user: &'a User) -> Self {
        let is_program = user.kind == UserKind::Service;
        let (first_name, last_name) = quirks::names(&user.name, is_program);
        Self { id: user.id.0, email: &user.email, first_name, last_name, common_name: &user.name }
    }
}

/// A user as it sees itself, and as administrators do.
#[derive(Debug, Serialize)]
pub(crate) struct UserOut<'a> {
    #[serde(flatten)]
    brief: UserBrief<'a>,
    is_active: bool,
    is_superuser: bool,
    is_qbnewb: bool,
    date_joined: String,
    last_login: Option<String>,
    updated_at: String,
    locale: Option<&'static str>,
    login_attributes: Option<Json>,
    sso_source: Option<&'static str>,
    group_ids: Vec<i64>,
    user_group_memberships: Vec<Json>,
    personal_collection_id: Option<i64>,
}

impl<'a> UserOut<'a> {
    /// `admins` is the group of administrators.
    pub(crate) fn new(user: &'a User, admins: Option<GroupId>) -> Self {
        let groups = user.groups.iter().map(|group| group.0);
        Self {
            brief: UserBrief::new(user),
            is_active: user.disabled_at.is_none(),
            is_superuser: user.groups.iter().any(|group| Some(*group) == admins),
            is_qbnewb: false,
            date_joined: time(user.created_at),
            last_login: user.active_at.map(time),
            updated_at: time(user.updated_at),
            locale: None,
            login_attributes: None,
            sso_source: None,
            group_ids: groups.clone().collect(),
            user_group_memberships: groups
                .map(|id| json!({ "id": id, "is_group_manager": false }))
                .collect(),
            personal_collection_id: None,
        }
    }
}

/// A list that may be a part of a longer one.
#[derive(Debug, Serialize)]
pub(crate) struct ListOut<T> {
    pub(crate) data: Vec<T>,
    pub(crate) total: u64,
    /// Null unless a part was asked for.
    pub(crate) limit: Option<u64>,
    /// Null unless a part was asked for.
    pub(crate) offset: Option<u64>,
}
