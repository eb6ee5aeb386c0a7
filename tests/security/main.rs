//! Guarantees of security, through the real binary.

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
mod matrix;
mod networks;
mod pages;
mod secrets;
mod ssrf;
