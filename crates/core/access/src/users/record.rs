//! People: their records, one-use links, and what lists and changes are made of.

use tessera_kernel::ids::{GroupId, Uid, UserId};
use tessera_kernel::{Secret, Timestamp};

/// Who or what a user is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum UserKind {
    /// Somebody who can sign in.
    #[default]
    Person,
    /// A program: it has keys, and no password or session.
    Service,
}

impl UserKind {
    /// The spelling in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Person, Self::Service].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A person, or a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The number.
    pub id: UserId,
    /// Who or what it is.
    pub kind: UserKind,
    /// The public identifier.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// The address, in lower case, unique.
    pub email: String,
    /// The password in PHC form (Argon2id); `None` until one is set.
    pub password_hash: Option<String>,
    /// The groups the user is in, in order of joining.
    pub groups: Vec<GroupId>,
    /// Since when the user is shut out.
    pub disabled_at: Option<Timestamp>,
    /// Whether the invitation has not been accepted yet.
    pub invitation_pending: bool,
    /// Whether the address has been proved.
    pub email_verified: bool,
    /// When the user was last seen.
    pub active_at: Option<Timestamp>,
    /// Counts what ends all sessions: a session of an earlier epoch is void.
    pub epoch: i64,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

/// What a new user is made of.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// Groups besides the default one.
    pub groups: Vec<GroupId>,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// A new name.
    pub name: Option<String>,
    /// A new address.
    pub email: Option<String>,
    /// A new password.
    pub password: Option<Secret>,
    /// The present password; needed for a new one.
    pub old_password: Option<Secret>,
    /// New groups; administrators only.
    pub groups: Option<Vec<GroupId>>,
}

/// Which users to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// People, or service accounts instead.
    pub kind: UserKind,
    /// Those shut out and those who are not; `disabled` is not looked at then.
    pub any_state: bool,
    /// Only members of this group.
    pub group: Option<GroupId>,
    /// Those shut out, instead of those who are not.
    pub disabled: bool,
    /// Only those who have (`false`) or have not (`true`) accepted their invitation.
    pub pending: Option<bool>,
    /// Only those whose name or address contains this.
    pub search: Option<String>,
}

/// In which order to list users.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UserOrder {
    /// By name.
    Name,
    /// By time of creation.
    #[default]
    CreatedAt,
    /// By when they were last seen.
    ActiveAt,
}

/// What a one-use link allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPurpose {
    /// To accept an invitation.
    Invite,
    /// To set a new password.
    Reset,
    /// To prove the e-mail address.
    Verify,
}

/// A one-use link as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserToken {
    /// Keyed digest of the token.
    pub digest: [u8; 32],
    /// Whom it is for.
    pub user: UserId,
    /// What it allows.
    pub purpose: TokenPurpose,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A one-use link, shown once.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The token to put into a link.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
}
