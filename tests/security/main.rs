//! Guarantees of security, through the real binary.

#![expect(clippy::disallowed_methods, reason = "tests wait for processes in real time")]

mod callers;
mod csrf;
mod escalation;
mod exports;
mod keys;
mod leaks;
mod matrix;
