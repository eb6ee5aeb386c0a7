//! What was done is written down, shows when it is tampered with, and is told to whom it belongs;
//! what is built in is known.

mod chain;
mod supply;
mod usage;
