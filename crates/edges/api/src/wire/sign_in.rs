//! Ways to sign in, second factors, and sessions in a list.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The ways to sign in that are open.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ways {
    /// Whether there are passwords, at `POST /v1/session`.
    pub(crate) passwords: bool,
    /// Identity providers; a browser goes to `path`, with `?next=` and where to go in the end.
    pub(crate) providers: Vec<Provider>,
    /// Where a browser goes if a trusted proxy tells who it is.
    pub(crate) remote_user_path: Option<&'static str>,
}

/// An identity provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct Provider {
    pub(crate) name: String,
    /// What to write on the button.
    pub(crate) label: String,
    pub(crate) path: String,
}

/// Who needs a second factor after the password.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// `optional`, `required_for_admins` or `required`.
    pub(crate) second_factor: String,
}

/// The code for a challenge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeForChallenge {
    /// The token of the challenge.
    pub(crate) challenge: String,
    /// Six digits, or a recovery code.
    pub(crate) code: String,
    /// Whether the session is to live on while it is not used (`sessions.remembered_seconds`).
    #[serde(default)]
    pub(crate) remember: bool,
}

/// A challenge that waits for a second factor to be set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeToken {
    /// The token of the challenge.
    pub(crate) challenge: String,
}

/// A code of the second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactorCode {
    /// Six digits; where the factor counts already, also a recovery code.
    pub(crate) code: String,
}

/// The present password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresentPassword {
    /// Empty for a user who has none.
    #[schema(format = Password)]
    pub(crate) password: String,
}

/// How one's own second factor is.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorStatus {
    pub(crate) is_enabled: bool,
    /// Since when it counts.
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    pub(crate) recovery_codes_left: u64,
    /// Whether one must have one.
    pub(crate) is_required: bool,
}

/// What an authenticator has to be told; shown here and never again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Enrollment {
    /// In base 32, to be typed.
    pub(crate) secret: String,
    /// An `otpauth://` address.
    pub(crate) uri: String,
    /// The address as a picture (QR code).
    pub(crate) qr_svg: String,
}

/// Codes for the day the second factor is lost. Each works once; they are not shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    pub(crate) recovery_codes: Vec<String>,
}

/// A running session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunningSession {
    pub(crate) uid: Uuid,
    /// Whether it is the one that asks.
    pub(crate) is_current: bool,
    /// How the person proved who they are: `password`, `password_and_code`, `link`, `setup`,
    /// `provider` or `remote_user`.
    pub(crate) method: &'static str,
    pub(crate) created_at: DateTime<Utc>,
    /// Within five minutes.
    pub(crate) last_seen_at: DateTime<Utc>,
    /// When it ends unless it is used.
    pub(crate) expires_at: DateTime<Utc>,
    /// The address it was last used from.
    pub(crate) address: Option<String>,
    /// What the browser says about itself, shortened.
    pub(crate) client: Option<String>,
}

/// An account of an identity provider that belongs to a user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// The address that the issuer named when the two were linked.
    pub(crate) email: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) used_at: DateTime<Utc>,
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedSessions {
    pub(crate) ended: u64,
}
