//! Alerts: conditions on results of queries, and what is told when they come true.

mod notice;

pub use notice::{AlertNotice, AlertState, ChannelType};
