//! Groups and memberships.

use serde::Serialize;
use tessera_access::{Group, User, UserKind};
use tessera_kernel::ids::{GroupId, UserId};

use crate::quirks;

/// A group in short.
#[derive(Debug, Serialize)]
pub(crate) struct GroupTag<'a> {
    id: i64,
    name: &'a str,
}

impl<'a> GroupTag<'a> {
    pub(crate) fn new(group: &'a Group) -> Self {
        Self { id: group.id.0, name: quirks::group_name(group) }
    }
}

/// A group in a list.
#[derive(Debug, Serialize)]
pub(crate) struct GroupOut<'a> {
    id: i64,
    name: &'a str,
    member_count: u64,
}

impl<'a> GroupOut<'a> {
    pub(crate) fn new(group: &'a Group, member_count: u64) -> Self {
        Self { id: group.id.0, name: quirks::group_name(group), member_count }
    }
}

/// A group with its members.
#[derive(Debug, Serialize)]
pub(crate) struct GroupDetail<'a> {
    id: i64,
    name: &'a str,
    members: Vec<MemberOut<'a>>,
}

impl<'a> GroupDetail<'a> {
    /// Of the members only those who are active.
    pub(crate) fn new(group: &'a Group, members: &'a [User]) -> Self {
        Self {
            id: group.id.0,
            name: quirks::group_name(group),
            members: MemberOut::all(group.id, members),
        }
    }
}

/// A member of a group.
#[derive(Debug, Serialize)]
pub(crate) struct MemberOut<'a> {
    user_id: i64,
    membership_id: i64,
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    is_group_manager: bool,
}

impl<'a> MemberOut<'a> {
    /// The active members of a group.
    pub(crate) fn all(group: GroupId, members: &'a [User]) -> Vec<Self> {
        let active = members.iter().filter(|user| user.disabled_at.is_none());
        active
            .map(|user| {
                let is_program = user.kind == UserKind::Service;
                let (first_name, last_name) = quirks::names(&user.name, is_program);
                Self {
                    user_id: user.id.0,
                    membership_id: quirks::membership_id(group, user.id),
                    first_name,
                    last_name,
                    email: &user.email,
                    is_group_manager: false,
                }
            })
            .collect()
    }
}

/// Who is in which group.
#[derive(Debug, Serialize)]
pub(crate) struct MembershipOut {
    membership_id: i64,
    group_id: i64,
    user_id: i64,
    is_group_manager: bool,
}

impl MembershipOut {
    pub(crate) fn new(group: GroupId, user: UserId) -> Self {
        Self {
            membership_id: quirks::membership_id(group, user),
            group_id: group.0,
            user_id: user.0,
            is_group_manager: false,
        }
    }
}
