//! Schedules of queries: when they run by themselves.
//!
//! [`Schedule`] is what a query says, read from its JSON; [`due`](self) answers when that is, as a
//! pure function; [`Schedules`] is what people and the scheduler do with it.

mod cron;
mod due;
mod form;
mod port;
mod record;
mod reports;
mod service;
mod tick;

pub use due::{Next, Past};
pub use form::Schedule;
pub use port::{
    FailureReport, FailureToReport, ReportClaim, ScheduleClaim, SchedulePlan, ScheduleRepo,
};
pub use record::{
    Blocked, BlockedReason, ScheduleState, ScheduleStatus, ScheduledRun, ScheduledRunState,
    StatusWord,
};
pub use reports::ReportSettings;
pub use service::{ScheduleSettings, Schedules};
