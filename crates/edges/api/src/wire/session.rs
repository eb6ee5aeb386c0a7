//! Signing in, and who one is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::users::User;

/// Address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    pub(crate) email: String,
    #[schema(format = Password)]
    pub(crate) password: String,
    /// Whether the session is to live on while it is not used (`sessions.remembered_seconds`).
    #[serde(default)]
    pub(crate) remember: bool,
}

/// A session that has begun; its token is in the cookie `session`.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewSession {
    pub(crate) user: User,
    /// When it ends unless it is used.
    pub(crate) expires_at: DateTime<Utc>,
    /// To be sent as `X-CSRF-Token` with every request that changes something.
    pub(crate) csrf_token: String,
    /// Where a second factor was set up on the way: codes for the day it is lost, shown once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) recovery_codes: Vec<String>,
}

/// Who one is and what one may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    pub(crate) user: Me,
    /// Whether it is a session of the web interface, and not a key.
    pub(crate) is_session: bool,
    /// The key in use.
    pub(crate) key_id: Option<i64>,
    /// The name of the organization.
    pub(crate) organization: Option<String>,
    pub(crate) server_version: String,
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) group_ids: Vec<i64>,
    pub(crate) is_admin: bool,
    /// Permission words of the groups.
    pub(crate) permissions: Vec<String>,
    /// The actions that follow from them; some also depend on the object.
    pub(crate) actions: Vec<&'static str>,
}

/// What the first administrator tells.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSetup {
    pub(crate) name: String,
    pub(crate) email: String,
    #[schema(format = Password)]
    pub(crate) password: String,
    pub(crate) organization: String,
}

/// Whether the first setup is still to be done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Setup {
    pub(crate) needed: bool,
}
