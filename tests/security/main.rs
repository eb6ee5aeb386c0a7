//! Guarantees of security, through the real binary.

mod audit;
mod bombs;
mod callers;
mod csrf;
mod escalation;
mod exports;
mod injection;
mod keys;
mod leaks;
mod matrix;
mod networks;
mod pages;
mod secrets;
mod ssrf;
