//! Limits: how much a key, and whoever it belongs to, may use in how much time.
//!
//! Everything is counted with the generic cell rate algorithm ([`Rate`]): a bucket is one moment,
//! at which all that was used is paid off. Requests are paid before they are served; rows, bytes and
//! seconds of databases after they were used, and then the next request waits until the debt is
//! small enough. [`Limits`] keeps the buckets of this node and exchanges them with the store, so that
//! several nodes share them; a [`Meter`] is what one request sees of them.

mod bucket;
mod failures;
mod meter;
mod plan;
mod rate;
mod service;

pub use bucket::BucketReport;
pub use meter::{Allowance, Meter, Payer, SlotClaim};
pub use rate::Rate;
pub use service::Limits;

#[cfg(test)]
mod tests;
