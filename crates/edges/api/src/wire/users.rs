//! Users, invitations and the one key of a user that can be shown again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    /// `person`, or `service` for a program.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) group_ids: Vec<i64>,
    pub(crate) is_disabled: bool,
    pub(crate) disabled_at: Option<DateTime<Utc>>,
    /// Whether the invitation has not been accepted yet.
    pub(crate) is_invitation_pending: bool,
    pub(crate) active_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// The attributes of a user, which queries read as `{{ user.name }}`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserAttributes {
    /// By name: texts, numbers or truth values.
    #[schema(value_type = Object)]
    pub(crate) attributes: BTreeMap<String, Value>,
}

/// A new user, who joins the default group and those named.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    pub(crate) name: String,
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) group_ids: Vec<i64>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    /// A new password; needs `old_password`.
    #[schema(format = Password)]
    pub(crate) password: Option<String>,
    #[schema(format = Password)]
    pub(crate) old_password: Option<String>,
    /// Administrators only.
    pub(crate) group_ids: Option<Vec<i64>>,
}

/// A user, and the link to accept the invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedUser {
    pub(crate) user: User,
    pub(crate) invitation: Link,
}

/// A one-use token. It is shown here and never again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Link {
    pub(crate) token: String,
    pub(crate) expires_at: DateTime<Utc>,
    /// Whether it is on its way to the user by mail. If not, somebody has to carry it.
    pub(crate) is_mailed: bool,
}

/// A token from an invitation or reset link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    pub(crate) token: String,
}

/// Whom a link is for.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkOwner {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// A token and the password to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptedLink {
    pub(crate) token: String,
    #[schema(format = Password)]
    pub(crate) password: String,
}

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgottenPassword {
    pub(crate) email: String,
}

/// Whether a mail is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailOutcome {
    /// Whether it is; not without a mail server.
    pub(crate) is_mailed: bool,
}
