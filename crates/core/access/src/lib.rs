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
mod attempts;
mod attributes;
mod audit;
mod caller;
mod credential;
mod editors;
mod gate;
mod groups;
mod keys;
mod limits;
mod mail;
mod mails;
mod once;
mod organization;
mod passwords;
pub mod ports;
mod reseal;
mod seal;
mod service;
mod service_accounts;
mod sessions;
mod settings;
mod setup;
pub mod signin;
mod throttle;
mod usage;
mod users;
mod workspaces;

pub use action::{Action, Need, PermissionWord, permission_actions};
pub use acts::*;
pub use attempts::AttemptRepo;
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
pub use groups::{Group, GroupAccess, GroupChange, Groups, NewGroup};
pub use keys::{
    AccountKey, AccountKeyChange, AccountKeyView, AccountKeys, ActiveKey, Approval, BoundedKey,
    BulkRevocation, DeclaredKey, Expiry, FoundKey, Key, KeyChange, KeyFilter, KeyFormat, KeyKind,
    KeyOwner, KeyPolicy, KeyShape, KeyState, Keys, LastUse, LeakReport, LeakRule, MintedKey,
    NewAccountKey, NewKey, NewPermissionKey, NewWidening, OVERLAPS_SECONDS, Peppers, PlannedKey,
    Proof, ProofKey, SignedRequest, SigningSecret, Tended, TokenFacts, Widening, is_key_shaped,
    key_texts, masked, partner_key, terms, texts_of,
};
pub use limits::{Allowance, BucketReport, Limits, Meter, Payer, Rate, SlotClaim};
pub use mail::{Mail, Mailer};
pub use mails::{MailCounts, MailQueueSettings, MailState, Mails, QueuedMail};
pub use once::{Mine, Once, OnceClaim, OnceRecord, OnceRepo, OnceRequest, OnceSettings, Turn};
pub use organization::{Organization, OrganizationSettings};
pub use passwords::Passwords;
pub use reseal::{SealedCount, SealedKind, SealedRepo, SealedValue, check_sealed, reseal};
pub use seal::{Sealed, Sealer};
pub use service::{Access, Services};
pub use service_accounts::{NewServiceAccount, ServiceAccountChange};
pub use sessions::{NewSession, Recognised, Session, Sessions};
pub use settings::{AccessSettings, TransportRule, UsageSettings};
pub use setup::{Setup, SetupRequest};
pub use signin::{
    Challenge, Claims, Completed, Enrolment, FactorPolicy, FactorStatus, Federation, FlowEnd,
    FlowStart, ForeignFactor, Identity, Method, Pending, PendingKind, SecondFactor, SecondFactors,
    SignIn, SignInSettings, SignIns, Way,
};
pub use throttle::Throttle;
pub use usage::{
    Counted, Entry, KeyUse, Ledger, LimitState, Observed, ObservedUse, Period, Proposal, Refusal,
    Served, Usage, UsageEvent, UsageHour, Word, client_class, client_of, observed_terms,
};
pub use users::{
    Invitation, NewUser, TokenPurpose, User, UserChange, UserFilter, UserKind, UserOrder,
    UserToken, Users,
};
pub use workspaces::{NewWorkspace, Workspace, Workspaces};

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
