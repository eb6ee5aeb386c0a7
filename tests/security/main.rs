//! Guarantees of security, through the real binary.

mod attenuation;
mod attributes;
mod audit;
mod bombs;
mod callers;
mod csrf;
mod enumeration;
mod escalation;
mod exports;
mod injection;
mod keys;
mod leaks;
mod lifecycle;
mod limits;
mod matrix;
mod networks;
mod pages;
mod pinned;
mod proof;
mod query_results;
mod secrets;
mod ssrf;
mod usage;
