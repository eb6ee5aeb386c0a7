//! What was done with keys: one record for each request.

mod ledger;

pub use ledger::{Entry, Ledger, LimitState};
