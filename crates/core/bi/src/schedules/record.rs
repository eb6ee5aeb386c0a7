//! What is kept of schedules: where each stands, and the log of its runs.

use tessera_kernel::Timestamp;
use tessera_kernel::ids::{QueryId, ResultId, Uid, UserId};

use crate::{JobError, Query, QueryResult};

/// Why a query whose moment has come is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockedReason {
    /// Its data source was deleted.
    SourceMissing,
    /// Its data source is paused.
    SourcePaused,
    /// Its owner, in whose name it runs, is switched off.
    OwnerInactive,
    /// Its owner may not run it any more.
    OwnerNotAllowed,
    /// The run before it goes on.
    StillRunning,
    /// Its schedule cannot be read.
    ScheduleInvalid,
}

impl BlockedReason {
    const ALL: [Self; 6] = [
        Self::SourceMissing,
        Self::SourcePaused,
        Self::OwnerInactive,
        Self::OwnerNotAllowed,
        Self::StillRunning,
        Self::ScheduleInvalid,
    ];

    /// The stable spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SourceMissing => "source_missing",
            Self::SourcePaused => "source_paused",
            Self::OwnerInactive => "owner_inactive",
            Self::OwnerNotAllowed => "owner_not_allowed",
            Self::StillRunning => "still_running",
            Self::ScheduleInvalid => "schedule_invalid",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Why a query is not run, in detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// The reason.
    pub reason: BlockedReason,
    /// The reason in a sentence.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}

/// Where the schedule of a query stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleState {
    /// The query.
    pub query: QueryId,
    /// Counts the changes of this record: who changes it names the one it saw.
    pub revision: i64,
    /// When the schedule was set.
    pub set_at: Timestamp,
    /// The moment that is due next; `None` if there is none, or before it was found out.
    pub due_at: Option<Timestamp>,
    /// When the scheduler has to look at it; `None` for never.
    pub wake_at: Option<Timestamp>,
    /// The moment that was run last.
    pub last_due_at: Option<Timestamp>,
    /// The job of the run that goes on.
    pub job: Option<Uid>,
    /// The latest result of the schedule's own runs.
    pub result: Option<ResultId>,
    /// How many runs failed since the last one that did not.
    pub failures: i64,
    /// Why the moment that has come is not run.
    pub blocked: Option<Blocked>,
}

/// How a scheduled run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduledRunState {
    /// Its job waits or runs.
    Running,
    /// It gave a result.
    Succeeded,
    /// It failed.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl ScheduledRunState {
    /// The stable spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One run of a query by its schedule: there is at most one for each moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduledRun {
    /// The query.
    pub query: QueryId,
    /// The moment it was due.
    pub due_at: Timestamp,
    /// When it was begun.
    pub started_at: Timestamp,
    /// Its job; `None` if it failed before there was one.
    pub job: Option<Uid>,
    /// How it stands.
    pub state: ScheduledRunState,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<JobError>,
    /// What it gave.
    pub result: Option<ResultId>,
}

/// What the schedule of a query is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusWord {
    /// It has no schedule.
    None,
    /// Its schedule is switched off.
    Disabled,
    /// It waits for the next moment.
    Waiting,
    /// It waits longer, because it failed.
    Delayed,
    /// Its moment has come, and it is not run: see [`ScheduleStatus::blocked`].
    Blocked,
    /// It runs.
    Running,
}

impl StatusWord {
    /// The stable spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Disabled => "disabled",
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
            Self::Blocked => "blocked",
            Self::Running => "running",
        }
    }
}

/// All about the schedule of a query.
#[derive(Debug, Clone)]
pub struct ScheduleStatus {
    /// The query.
    pub query: Query,
    /// In whose name it runs.
    pub runs_as: UserId,
    /// What it is about to do.
    pub word: StatusWord,
    /// Why the moment that has come is not run.
    pub blocked: Option<Blocked>,
    /// How many runs failed since the last one that did not.
    pub failures: i64,
    /// The zone in which dates of parameters are meant.
    pub zone: chrono_tz::Tz,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
    /// The moments to come, the next one first.
    pub next: Vec<Timestamp>,
    /// The latest runs, newest first.
    pub runs: Vec<ScheduledRun>,
    /// Its latest result.
    pub latest: Option<QueryResult>,
}
