//! Guarantees of security, through the real binary.

mod callers;
mod csrf;
mod enumeration;
mod escalation;
mod exports;
mod keys;
mod leaks;
mod lifecycle;
mod matrix;
