//! What was done with keys: one record for each request, kept in a log that can be asked.

mod buffer;
mod client;
mod event;
mod ledger;
mod log;
mod proposal;
mod service;

pub use client::{client_class, client_of};
pub use event::{Served, UsageEvent, Word};
pub use ledger::{Entry, Ledger, LimitState};
pub use log::{KeyUse, Observed, ObservedUse, Period, Refusal, UsageHour, UsageLog};
pub use proposal::{Proposal, observed_terms};
pub use service::{Counted, Usage};
