//! Guarantees of security, through the real binary.

mod audit;
mod callers;
mod csrf;
mod escalation;
mod exports;
mod keys;
mod leaks;
mod matrix;
