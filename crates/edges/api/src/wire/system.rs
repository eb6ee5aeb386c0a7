//! The server itself: actions, kinds of problems, queues.

use serde::Serialize;
use utoipa::ToSchema;

/// One action of the registry.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActionInfo {
    pub(crate) name: &'static str,
    /// What it demands in relation to the object: `nothing`, `admin`, `oneself_or_admin`,
    /// `source_view`, `source_full`, `editor`, `owner`, `participant`, `member_or_admin`.
    pub(crate) need: &'static str,
    /// The permission words that a user must hold, all of them.
    pub(crate) permissions: &'static [&'static str],
    /// Whether every use is written into the audit log.
    pub(crate) is_audited: bool,
}

/// A kind of problem.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemKind {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) title: &'static str,
    /// What to do about it.
    pub(crate) remedy: &'static str,
}

/// How much there is to do.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queues {
    pub(crate) queued: u64,
    pub(crate) running: u64,
    /// Of those that wait: the ones that schedules asked for.
    pub(crate) scheduled_queued: u64,
    /// Of those that run: the ones that schedules asked for.
    pub(crate) scheduled_running: u64,
}
