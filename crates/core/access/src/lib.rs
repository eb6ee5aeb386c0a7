//! Who may do what: users, groups, keys, sessions, and the gate that turns a credential into the
//! right to do one thing.
//!
//! The result of a check is a value, [`Authorized`], that only the gate can make; every method of
//! the core that reads or changes something takes one. This crate knows no HTTP, no SQL and no
//! product: how a credential is carried is told by [`Transport`], what a refusal looks like on the
//! wire is the business of an edge. Entry points: [`Access`], which holds one service
//! for each feature, and [`Gate`]; what storage has to offer is in [`ports`].

mod action;
mod acts;
mod attributes;
mod audit;
mod caller;
mod credential;
mod editors;
mod gate;
mod groups;
mod keys;
mod organization;
mod passwords;
pub mod ports;
mod seal;
mod service;
mod sessions;
mod settings;
mod setup;
pub mod signin;
mod throttle;
mod usage;
mod users;

pub use action::{Action, Need, PermissionWord, permission_actions};
pub use acts::*;
pub use attributes::{Attributes, check_attributes, check_given_attributes};
pub use audit::{
    Audit, AuditBreak, AuditEntry, AuditEvent, AuditExportLines, AuditFilter, AuditPage,
    AuditRecord, AuditVerification, AuditVerifier, BreakKind, ChainHead, Changes, Checkpoint,
    CheckpointKey, CheckpointSigner, StoredRecord, canonical_json, events, read_checkpoints,
};
pub use caller::{
    AccessLevel, Caller, DashboardPrincipal, QueryPrincipal, UserPrincipal, Viewer, Visible,
    WorkspacePrincipal,
};
pub use credential::{Credential, Transport};
pub use gate::{Authorized, Gate, RequestContext, Verdict};
pub use groups::{Group, GroupChange, Groups, NewGroup};
pub use keys::{
    ActiveKey, Approval, BoundedKey, Key, KeyKind, KeyOwner, Keys, LastUse, MintedKey, NewKey,
    Peppers, SigningSecret, TokenFacts, is_key_shaped, terms,
};
pub use passwords::Passwords;
pub use seal::{Sealed, Sealer};
pub use service::Access;
pub use sessions::{NewSession, Session, Sessions};
pub use settings::{AccessSettings, TransportRule, UsageSettings};
pub use setup::{Setup, SetupRequest};
pub use signin::{
    Challenge, Claims, Completed, Enrolment, FactorPolicy, FactorStatus, Federation, FlowEnd,
    FlowStart, Identity, Method, Pending, PendingKind, SecondFactor, SecondFactors, SignIn,
    SignInSettings, SignIns, Way,
};
pub use throttle::Throttle;
pub use usage::{
    Counted, Entry, KeyUse, Ledger, LimitState, Observed, ObservedUse, Period, Proposal, Refusal,
    Served, Usage, UsageEvent, UsageHour, Word, client_class, client_of, observed_terms,
};
pub use users::{
    Invitation, NewUser, TokenPurpose, User, UserChange, UserFilter, UserOrder, UserToken, Users,
};

/// The permission words that the built-in default group starts with.
pub const DEFAULT_PERMISSIONS: [&str; 12] = [
    "create_dashboard",
    "create_query",
    "edit_dashboard",
    "edit_query",
    "view_query",
    "view_source",
    "execute_query",
    "list_users",
    "schedule_query",
    "list_dashboards",
    "list_alerts",
    "list_data_sources",
];

/// The permission words of the built-in group of administrators.
pub const ADMIN_PERMISSIONS: [&str; 2] = ["admin", "super_admin"];
