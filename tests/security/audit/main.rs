//! What was done is written down, shows when it is tampered with, and is told to whom it belongs.

mod chain;
mod usage;
